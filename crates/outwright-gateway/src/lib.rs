//! Serve: the HTTP door, the admin port and the demo provider's sockets.

mod access;
mod admin;
mod config;
mod door;
mod guard;
mod listener;
pub mod problem;
mod server;
mod token;

pub mod demo;
pub mod story;

pub use self::config::{ADMIN_PORT, Config, DATA_PORT, StartError};
pub use self::listener::TlsError;
pub use self::server::{Handle, Look, Server, Signals};
pub use self::token::TOKEN_FILE;
