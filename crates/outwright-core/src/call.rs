//! The order of a call.
