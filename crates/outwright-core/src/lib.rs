//! The engine of outwright: decides what one call to a provider may do next.
//!
//! It has no clock, socket, file, thread or async code.
//! The time, a random draw and what the world answered are arguments; what it says is a [`step::Step`].
//! Production, simulation, drill and tests drive the same two values:
//!
//! - a [`call::Call`]: private to one call, stepped by `admit`, `handle` and `poll`;
//! - the [`gates::Gates`] of a provider: shared by all its calls behind one lock.
//!
//! Facts that concern one call enter through `Call::handle`, facts that concern everyone through `Gates`.
//! Read `call.rs` next: it is the order of a call and nothing else.

// The path of a call, in its order.
pub mod admission;
pub mod breaker;
pub mod bulkhead;
pub mod cache;
pub mod call;
pub mod classify;
pub mod credential;
pub mod deadline;
pub mod fallback;
pub mod flight;
pub mod gates;
pub mod idempotency;
pub mod ratelimit;
pub mod retry;
pub mod step;
pub mod timeout;

// The words they share.
pub mod dice;
pub mod event;
pub mod limits;
pub mod outcome;
pub mod provider;
pub mod record;
pub mod redact;
pub mod refusal;
pub mod time;
