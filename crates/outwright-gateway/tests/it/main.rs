//! The gateway over real sockets.

mod demo_provider;
