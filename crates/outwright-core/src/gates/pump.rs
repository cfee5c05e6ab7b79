//! Looking at all gates, and handing grants to those who wait.

use super::report::uncounted;
use super::{
    Draw, Gates, Head, Issued, Look, Mode, Mono, OpIndex, Place, Provider, Reason, Refusal, Wish,
    breaker, bulkhead, credential, hold, opens, ratelimit,
};

impl Gates {
    /// Serves everybody who can be served now: the most urgent first, then the oldest.
    ///
    /// Afterwards the head of every lane that waits for a time knows that time, or is woken to learn it.
    pub(super) fn pump(&mut self, p: &Provider, now: Mono) {
        while self.queue.waiting() > 0 {
            let Some((head, version)) = self.next(p, now) else { break };
            let wish = head.waiter.wish();
            let issued: Issued = match p.mode {
                Mode::Enforce => self.take(p, now, wish, version),
                // It waited for its credential alone.
                Mode::Report => uncounted(now, wish.operation, version),
            };
            self.queue.answer(head.ticket, Place::Handed(issued));
            self.woken.push(head.ticket);
        }
    }

    /// The one to be served next; refuses heads that cannot be served and arms those that wait for a time.
    fn next(&mut self, p: &Provider, now: Mono) -> Option<(Head, u32)> {
        let mut best: Option<(Head, u32)> = None;
        let mut from = 0;
        while let Some(lane) = self.queue.busy_lane(from) {
            let Some(head) = self.queue.head(lane) else {
                from = lane + 1;
                continue;
            };
            let look = self.look(p, now, head.waiter.wish(), Who::Waiter);
            if let Look::Refused(refusal) = look {
                self.queue.answer(head.ticket, Place::Refused(refusal));
                self.woken.push(head.ticket);
                if self.queue.head(lane).is_some() {
                    continue;
                }
            }
            from = lane + 1;
            match look {
                Look::Pass { version } => {
                    let rank = |head: &Head| (head.waiter.priority, head.order);
                    if best.as_ref().is_none_or(|(other, _)| rank(&head) < rank(other)) {
                        best = Some((head, version));
                    }
                }
                Look::Time(_, opens) => self.arm(&head, opens),
                Look::Slot | Look::Share | Look::Credential | Look::Refused(_) => {}
            }
        }
        best
    }

    /// Wakes a head whose timer would fire too late, so that it sets another.
    fn arm(&mut self, head: &Head, opens: Mono) {
        let until = opens.min(head.waiter.latest);
        if head.waiter.armed > until {
            self.queue.arm(head.ticket, until);
            self.woken.push(head.ticket);
        }
    }

    /// What stands between a call and its grant now. Takes nothing.
    pub(super) fn look(&mut self, p: &Provider, now: Mono, wish: Wish, who: Who) -> Look {
        let operation = wish.operation;
        if p.mode == Mode::Report && matches!(who, Who::Waiter) {
            return self.look_of_one_who_waits(operation, now);
        }
        let mut wait: Option<Refusal> = None;
        let authority = self.authority.look(&p.breaker, now);
        let own = self.operations.get(usize::from(operation.0));
        let own = own.map_or(breaker::Look::Pass, |own| own.look(&p.breaker, now));
        for look in [authority, own] {
            if let Some(refusal) = who.refused(look) {
                return Look::Refused(refusal);
            }
        }
        match (authority, own) {
            (breaker::Look::Open(until), _) | (_, breaker::Look::Open(until)) => {
                return Look::Refused(Refusal { reason: Reason::BreakerOpen, until });
            }
            // Whoever waited behind one operation's probe would hold up the other operations.
            (_, breaker::Look::Busy(until)) => {
                return Look::Refused(Refusal::until(Reason::BreakerOpen, until));
            }
            (breaker::Look::Busy(until), _) => later(&mut wait, Reason::BreakerOpen, until),
            (
                breaker::Look::Pass | breaker::Look::Probe | breaker::Look::Ramp { .. },
                breaker::Look::Pass | breaker::Look::Probe | breaker::Look::Ramp { .. },
            ) => {}
        }
        let lane = self.lanes.get(usize::from(self.lane_of(operation)));
        let (slot, held) = lane.map_or((None, hold::Look::Free), |l| (l.slot, l.hold.look(now)));
        match held {
            hold::Look::Free => {}
            hold::Look::Until(until) => later(&mut wait, Reason::Hold, until),
            hold::Look::Exhausted(until) => {
                return Look::Refused(Refusal::until(Reason::Exhausted, until));
            }
        }
        self.each_window(operation, |window| {
            window.advance(now);
            match window.look() {
                ratelimit::Look::Room => {}
                ratelimit::Look::Full(until) => later(&mut wait, Reason::LimiterFull, until),
            }
        });
        let credential = slot.and_then(|slot| self.credentials.get(usize::from(slot)));
        let version = match credential.map(|credential| credential.look(now)) {
            None => Some(0),
            Some(credential::Look::Fresh(version)) => Some(version),
            Some(credential::Look::Fetching) => None,
            Some(credential::Look::Missing) => {
                return Look::Refused(Refusal::now(Reason::CredentialMissing));
            }
        };
        if let Some(refusal) = wait {
            return Look::Time(refusal, refusal.until.unwrap_or(now));
        }
        let Some(version) = version else { return Look::Credential };
        if self.share_is_used(p, wish) {
            return Look::Share;
        }
        match self.slots.look(&p.bulkhead, wish.priority) {
            bulkhead::Look::Free => Look::Pass { version },
            bulkhead::Look::Taken => Look::Slot,
        }
    }

    /// Where gates only report, what a call waits for is its credential.
    fn look_of_one_who_waits(&self, operation: OpIndex, now: Mono) -> Look {
        match self.version_now(operation, now) {
            credential::Look::Fresh(version) => Look::Pass { version },
            credential::Look::Fetching => Look::Credential,
            credential::Look::Missing => Look::Refused(Refusal::now(Reason::CredentialMissing)),
        }
    }

    /// The refusal of those who wait when the authority's breaker opens.
    pub(super) fn authority_opens(&self, p: &Provider, now: Mono) -> Refusal {
        let until = opens(self.authority.look(&p.breaker, now));
        Refusal { reason: Reason::BreakerOpen, until }
    }
}

/// Who looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// Somebody who comes now; the draw decides whether it passes while a breaker lets only a share pass.
    Newcomer(Draw),
    /// Somebody who was let in before.
    Waiter,
}

impl Who {
    /// The refusal of a newcomer that is not in the share which a breaker lets pass after closing.
    fn refused(self, look: breaker::Look) -> Option<Refusal> {
        match (self, look) {
            (Self::Newcomer(draw), breaker::Look::Ramp { share, until }) => {
                let passes = draw.unit() * 1000.0 < f64::from(share);
                (!passes).then(|| Refusal::until(Reason::BreakerOpen, until))
            }
            (Self::Newcomer(_) | Self::Waiter, _) => None,
        }
    }
}

/// Notes that a gate opens only then, if that is later than what is known.
fn later(wait: &mut Option<Refusal>, reason: Reason, until: Mono) {
    if wait.is_none_or(|known| known.until.is_none_or(|known| known < until)) {
        *wait = Some(Refusal::until(reason, until));
    }
}
