//! The store: a journal is the truth, sled is the state behind it.
