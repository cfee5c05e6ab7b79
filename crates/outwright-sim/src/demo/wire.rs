//! The wire log: every request that arrived, also in part, with what was answered.

use std::collections::VecDeque;

use outwright_core::time::Mono;

use super::request::{Head, Request, fingerprint};

/// Requests kept; chosen. Older ones are dropped and counted.
pub const REQUESTS_MAX: usize = 20_000;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// From 1, in the order in which requests were complete, or given up.
    pub number: u64,
    /// When, since the start of the provider.
    pub at: Mono,
    /// The connection it came on, from 1.
    pub connection: u64,
    /// The head; nothing when its bytes never made one.
    pub head: Option<Head>,
    /// How many bytes of body arrived.
    pub body_bytes: usize,
    /// A fingerprint of these bytes.
    pub body_digest: u64,
    /// How far it came.
    pub arrived: Arrived,
    /// The fault that it met, by its name on the control port.
    pub fault: Option<String>,
    /// The status that was answered, where one was.
    pub status: Option<u16>,
    /// How many effects it had: 0 or 1.
    pub effects: usize,
}

impl Seen {
    /// The method and path, such as `POST /v1/charges`; empty without a head.
    #[must_use]
    pub fn operation(&self) -> String {
        self.head.as_ref().map_or_else(String::new, |h| format!("{} {}", h.method, h.path()))
    }

    /// A header field of the request.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.as_ref().and_then(|head| head.header(name))
    }

    /// The idempotency key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.head.as_ref().and_then(Head::key)
    }
}

/// How much of a request arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// All of it.
    Whole,
    /// Its head and perhaps a part of its body.
    Part,
    /// Bytes that were no request head.
    Nonsense,
}

impl Arrived {
    /// The word on the control port.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
            Self::Nonsense => "nonsense",
        }
    }
}

/// The requests that arrived, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct WireLog {
    seen: VecDeque<Seen>,
    arrived: u64,
    dropped: u64,
}

impl WireLog {
    pub(super) fn list(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter()
    }

    /// How many requests arrived, the dropped ones counted.
    pub(super) const fn arrived(&self) -> u64 {
        self.arrived
    }

    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn whole(&mut self, at: Mono, connection: u64, request: &Request) -> u64 {
        let head = Some(request.head.clone());
        self.add(at, connection, head, &request.body, Arrived::Whole)
    }

    pub(super) fn add(
        &mut self,
        at: Mono,
        connection: u64,
        head: Option<Head>,
        body: &[u8],
        arrived: Arrived,
    ) -> u64 {
        self.arrived += 1;
        if self.seen.len() >= REQUESTS_MAX {
            self.seen.pop_front();
            self.dropped += 1;
        }
        self.seen.push_back(Seen {
            number: self.arrived,
            at,
            connection,
            head,
            body_bytes: body.len(),
            body_digest: fingerprint(body),
            arrived,
            fault: None,
            status: None,
            effects: 0,
        });
        self.arrived
    }

    /// The entry that was added last, to note its end.
    pub(super) fn last(&mut self) -> Option<&mut Seen> {
        self.seen.back_mut()
    }
}
