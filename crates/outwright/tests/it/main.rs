//! Calls over real sockets to the demo provider.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod world;
