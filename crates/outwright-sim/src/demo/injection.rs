//! Faults on command: which requests meet which fault, and how often.

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::request::Head;

/// A fault, the requests that meet it, and for how many of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Injection {
    /// What goes wrong.
    pub fault: Fault,
    /// `METHOD /path`, where the method may be `*` and the path may end in `*`; every request when absent.
    #[serde(default)]
    pub operation: Option<String>,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests meet it; all of them when absent.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Injection {
    /// This fault for every request from now on.
    #[must_use]
    pub const fn always(fault: Fault) -> Self {
        Self { fault, operation: None, skip: 0, times: None }
    }

    /// This fault for the next request.
    #[must_use]
    pub const fn once(fault: Fault) -> Self {
        Self::times(fault, 1)
    }

    /// This fault for the next `times` requests.
    #[must_use]
    pub const fn times(fault: Fault, times: u32) -> Self {
        Self { fault, operation: None, skip: 0, times: Some(times) }
    }

    /// Only for requests of this operation, such as `POST /v1/charges`.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only after this many matching requests.
    #[must_use]
    pub const fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    fn matches(&self, head: &Head) -> bool {
        self.operation.as_deref().is_none_or(|operation| {
            let (method, path) = operation.split_once(' ').unwrap_or(("*", operation));
            let path_fits = path
                .strip_suffix('*')
                .map_or(path == head.path(), |start| head.path().starts_with(start));
            (method == "*" || method == head.method) && path_fits
        })
    }
}

impl From<Fault> for Injection {
    /// For the next request.
    fn from(fault: Fault) -> Self {
        Self::once(fault)
    }
}

/// When a fault is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before any byte of a request.
    Connect,
    /// When a request's head is in.
    Head,
    /// When the whole request is in.
    Request,
}

impl Moment {
    pub(super) const fn of(fault: &Fault) -> Self {
        if matches!(fault, Fault::AtConnect { .. }) {
            Self::Connect
        } else if matches!(fault, Fault::Expect { .. } | Fault::EarlyFinal { .. }) {
            Self::Head
        } else {
            Self::Request
        }
    }
}

/// The faults in force, in the order of their commands: the first that matches is met.
#[derive(Clone, Debug, Default)]
pub(super) struct Injections(Vec<Injection>);

impl Injections {
    pub(super) fn add(&mut self, injection: Injection) {
        self.0.push(injection);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn list(&self) -> &[Injection] {
        &self.0
    }

    /// The fault that this request meets at this moment; its command is used up by one.
    pub(super) fn meet(&mut self, moment: Moment, head: Option<&Head>) -> Option<Fault> {
        let matching = |one: &&mut Injection| {
            Moment::of(&one.fault) == moment
                && head.is_none_or(|head| one.matches(head) && concerns(&one.fault, head))
        };
        let mut met = None;
        for one in self.0.iter_mut().filter(matching) {
            if one.skip == 0 {
                met = Some(one);
                break;
            }
            one.skip -= 1;
        }
        let met = met?;
        if let Some(left) = met.times.as_mut() {
            *left = left.saturating_sub(1);
        }
        let fault = met.fault.clone();
        self.0.retain(|one| one.times != Some(0));
        Some(fault)
    }
}

/// Whether this request can show the fault at all.
pub(super) fn concerns(fault: &Fault, head: &Head) -> bool {
    (head.expects_continue() || !matches!(fault, Fault::Expect { .. }))
        && (head.has_body() || !matches!(fault, Fault::EarlyFinal { .. }))
}
