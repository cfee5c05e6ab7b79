//! The gateway over real sockets.

#[cfg(test)]
mod access;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod cache_tests;
#[cfg(test)]
mod coalesce;
#[cfg(test)]
mod coalesce_apart;
#[cfg(test)]
mod coalesce_cores;
#[cfg(test)]
mod demo_provider;
#[cfg(test)]
mod door;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod egress;
#[cfg(test)]
mod fallback;
#[cfg(test)]
mod forwarding;
#[cfg(test)]
mod held;
#[cfg(test)]
mod http2;
#[cfg(test)]
#[expect(clippy::duplicate_mod, reason = "the same tests, with the library in the gateway's place")]
mod in_process;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod links;
#[cfg(test)]
mod media;
#[cfg(test)]
mod own;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod report;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod signals;
#[cfg(test)]
mod smuggling;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod streaming;
#[cfg(test)]
mod unnamed;
