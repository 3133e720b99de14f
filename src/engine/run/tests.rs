//! Tests of the engine with its threads.
