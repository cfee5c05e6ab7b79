//! Calls over real sockets to the demo provider.

#[cfg(test)]
mod adversary;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod coalesce;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod in_process;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod names;
#[cfg(all(test, feature = "reqwest"))]
mod reqwest;
#[cfg(test)]
mod room;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod tower;
#[cfg(test)]
mod world;
