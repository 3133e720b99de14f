//! Accounts, rating and the decision on a request: pure, and without any knowledge of Diameter.
