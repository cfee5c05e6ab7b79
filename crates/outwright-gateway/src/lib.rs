//! Serve: the HTTP door, the admin port and the demo provider's sockets.

pub mod demo;
