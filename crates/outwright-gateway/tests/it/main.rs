//! The gateway over real sockets.

#[cfg(test)]
mod demo_provider;
