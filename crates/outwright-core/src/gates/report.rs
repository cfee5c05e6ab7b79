//! Gates that only report: they go on counting as if they bound, and let every call pass.
//!
//! A call that they would have let pass is counted as ever.
//! One that they would have refused or let wait is not counted anywhere, because under gates that bind it would not
//! have been at the provider then; so what they report of later calls stays what would have been.

use super::{
    Ask, Entry, Gates, Grant, Issued, Look, Mono, OpIndex, Provider, Reason, Refusal, Stamp,
    Taught, credential,
};
use crate::breaker;
use crate::event::Would;

impl Gates {
    /// What becomes of a newcomer that does not pass: it passes all the same, if its credential is there.
    pub(super) fn report(&mut self, p: &Provider, now: Mono, ask: &Ask, look: Look) -> Entry {
        let would = match look {
            Look::Refused(refusal) => Would::Refuse(refusal.reason),
            Look::Time(refusal, _) if refusal.reason == Reason::BreakerOpen => {
                Would::Refuse(refusal.reason)
            }
            Look::Time(refusal, opens) if opens > ask.latest => Would::Refuse(refusal.reason),
            Look::Time(refusal, _) => self.would_wait(p, refusal.reason),
            Look::Share => self.would_wait(p, Reason::ShareFull),
            Look::Pass { .. } | Look::Slot | Look::Credential => {
                self.would_wait(p, Reason::QueueWait)
            }
        };
        match self.version_now(ask.operation, now) {
            credential::Look::Fresh(version) => {
                Entry::Reported(Grant(uncounted(now, ask.operation, version)), would)
            }
            credential::Look::Fetching => self.wait(p, now, ask, Look::Credential),
            credential::Look::Missing => Entry::Refused(Refusal::now(Reason::CredentialMissing)),
        }
    }

    /// The credential that a call of this operation is sent with.
    pub(super) fn version_now(&self, operation: OpIndex, now: Mono) -> credential::Look {
        let lane = self.lanes.get(usize::from(self.lane_of(operation)));
        let slot = lane.and_then(|lane| lane.slot);
        let known = slot.and_then(|slot| self.credentials.get(usize::from(slot)));
        known.map_or(credential::Look::Fresh(0), |credential| credential.look(now))
    }

    /// Nobody waits for real, so that the queue never is full; one that does not exist is.
    fn would_wait(&self, p: &Provider, reason: Reason) -> Would {
        if p.bulkhead.queue() == 0 {
            Would::Refuse(Reason::QueueFull)
        } else {
            Would::Queue(reason)
        }
    }
}

/// A grant that was counted nowhere.
pub(super) const fn uncounted(now: Mono, operation: OpIndex, version: u32) -> Issued {
    let pass = breaker::Pass::NONE;
    Issued {
        stamp: Stamp(0),
        at: now,
        authority: pass,
        by_operation: pass,
        version,
        operation,
        caller: None,
        taught: Taught::Never,
    }
}
