//! The joint grant: breaker, hold, credential, windows and slot, all or nothing.

/// All shared state of one provider.
#[derive(Debug)]
pub struct Gates {}
