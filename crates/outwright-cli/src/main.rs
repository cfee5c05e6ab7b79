//! Command: the binary outwright, its words and its exit codes.

fn main() {}
