//! The binary as its users meet it: exit codes, stdout, stderr, and real clients in front of a running gateway.

#[cfg(test)]
mod access;
#[cfg(test)]
mod check;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod descriptors;
#[cfg(test)]
mod dossiers;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod init;
#[cfg(test)]
mod life;
#[cfg(test)]
mod process;
#[cfg(test)]
mod publish;
#[cfg(test)]
mod skill;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod tracing;
#[cfg(test)]
mod words;
