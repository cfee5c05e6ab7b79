//! The wire tests once more, with the library in the place of the gateway.
//!
//! The front is a server that hands requests to `Outwright::call` and writes back what it says, and does nothing else;
//! so what these tests hold of the gateway they hold of calls in process. What is not here is the gateway's own: the
//! guard before its heads, hosts and browsers, doors, links led back, HTTP/2 from callers, the admin port, several listeners on a port.

#[cfg(test)]
#[path = "cache_tests.rs"]
mod cache_tests;
#[cfg(test)]
#[path = "coalesce.rs"]
mod coalesce;
#[cfg(test)]
#[path = "coalesce_apart.rs"]
mod coalesce_apart;
#[cfg(test)]
#[path = "door.rs"]
mod door;
#[cfg(test)]
#[path = "egress.rs"]
mod egress;
#[cfg(test)]
#[path = "fallback.rs"]
mod fallback;
#[cfg(test)]
#[path = "forwarding.rs"]
mod forwarding;
#[cfg(test)]
mod front;
#[cfg(test)]
#[path = "leaving.rs"]
mod leaving;
#[cfg(test)]
#[path = "media.rs"]
mod media;
#[cfg(test)]
#[path = "reload.rs"]
mod reload;
#[cfg(test)]
#[path = "report.rs"]
mod report;
#[cfg(test)]
#[path = "signals.rs"]
mod signals;
#[cfg(test)]
mod stage;
#[cfg(test)]
#[path = "streaming.rs"]
mod streaming;
