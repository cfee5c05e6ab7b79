//! A read that several callers wait for: who may join it, whom its reply is for, and when nobody is left.
//!
//! A flight is led by the call whose request is sent; the calls that follow it ask for the same and wait.
//! It is bookkeeping only: whoever drives calls has one for each read that may be shared, under a lock, beside the
//! bytes that travel, and knows by its key which calls ask for the same.
//!
//! ```text
//! Asking ─ sent ─► Sent ─ head of a reply that may be shared ─► Shared
//!    └─────────────┴──── any other end ──────────────────────► Apart: each follower is sent by itself
//! ```
//!
//! Nobody joins once a head is there, so that no reply is older than the question that it answers.
//! It goes on for as long as anybody waits for it, whoever that is: no follower has to take its leader's place.
//! A call that became apart neither leads nor follows another time: what could not be shared once is not waited for
//! twice.

use crate::limits::FOLLOWERS_MAX;
use crate::provider::Priority;
use crate::step::CallId;

/// A read that others may join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flight {
    leader: CallId,
    priority: Priority,
    stage: Stage,
    /// Those who want the reply of the leading call: its caller, until it goes away.
    leading: u32,
    followers: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its request has not been sent.
    Asking,
    /// It is with the provider, or between two attempts.
    Sent,
    Landed(Landed),
}

/// In which part somebody is aboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// As the caller of the call that is sent.
    Leads,
    /// As the caller of one that waits.
    Follows,
}

/// Whether a call may join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Join {
    /// It follows this call.
    Follows(CallId),
    /// It is sent by itself.
    Apart,
}

/// What becomes of those who follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Landed {
    /// They get the reply of the call that leads.
    Shared,
    /// Each is sent by itself.
    Apart,
}

/// What came of a read that waited for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coalesced {
    /// It got the reply of the other.
    Shared,
    /// It was sent by itself after all.
    Forwarded,
    /// Its time was over first.
    Late,
}

impl Coalesced {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Shared, Self::Forwarded, Self::Late];

    /// Its word in metrics; stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Forwarded => "forwarded",
            Self::Late => "late",
        }
    }
}

/// Whether anybody still waits for a flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Somebody does.
    Yes,
    /// The last one is gone.
    No,
}

impl Flight {
    /// A read that this call leads, with its caller aboard.
    #[must_use]
    pub const fn new(leader: CallId, priority: Priority) -> Self {
        Self { leader, priority, stage: Stage::Asking, leading: 1, followers: 0 }
    }

    /// Lets a call of this urgency follow, if it may.
    ///
    /// One that is more urgent does not stand in the queue at another's place; once the request is sent, that does
    /// not matter any more.
    pub fn join(&mut self, priority: Priority) -> Join {
        let waits = match self.stage {
            Stage::Asking => priority >= self.priority,
            Stage::Sent => true,
            Stage::Landed(_) => false,
        };
        if !waits || self.followers >= FOLLOWERS_MAX || self.wanted() == Wanted::No {
            return Join::Apart;
        }
        self.followers += 1;
        Join::Follows(self.leader)
    }

    /// The caller of the leading call stands at another place too: it gets the reply and has not yet left its wait.
    pub const fn board(&mut self) {
        self.leading += 1;
    }

    /// The request of the leading call is sent.
    pub const fn sent(&mut self) {
        if let Stage::Asking = self.stage {
            self.stage = Stage::Sent;
        }
    }

    /// It is known what becomes of those who follow: once, nothing is changed by a second word.
    pub const fn land(&mut self, landed: Landed) {
        if let Stage::Asking | Stage::Sent = self.stage {
            self.stage = Stage::Landed(landed);
        }
    }

    /// Somebody who was aboard goes, with what it came for or without.
    pub const fn leave(&mut self, part: Part) -> Wanted {
        let place = match part {
            Part::Leads => &mut self.leading,
            Part::Follows => &mut self.followers,
        };
        *place = place.saturating_sub(1);
        self.wanted()
    }

    /// What becomes of those who follow, once that is known.
    #[must_use]
    pub const fn landed(&self) -> Option<Landed> {
        match self.stage {
            Stage::Asking | Stage::Sent => None,
            Stage::Landed(landed) => Some(landed),
        }
    }

    /// Whether anybody still waits for it. Those who are sent by themselves do not.
    #[must_use]
    pub const fn wanted(&self) -> Wanted {
        let followers = match self.stage {
            Stage::Asking | Stage::Sent | Stage::Landed(Landed::Shared) => self.followers,
            Stage::Landed(Landed::Apart) => 0,
        };
        if self.leading == 0 && followers == 0 { Wanted::No } else { Wanted::Yes }
    }

    /// How many follow.
    #[must_use]
    pub const fn followers(&self) -> u32 {
        self.followers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEADER: CallId = CallId(7);

    fn flight() -> Flight {
        Flight::new(LEADER, Priority::Default)
    }

    /// R-179.
    #[test]
    fn a_read_is_joined_until_its_head_has_come() {
        let mut flight = flight();
        assert_eq!(flight.join(Priority::Default), Join::Follows(LEADER));
        flight.sent();
        assert_eq!(flight.join(Priority::Default), Join::Follows(LEADER));
        flight.land(Landed::Shared);
        assert_eq!(flight.join(Priority::Default), Join::Apart);
        assert_eq!((flight.followers(), flight.landed()), (2, Some(Landed::Shared)));
    }

    #[test]
    fn who_is_more_urgent_does_not_queue_at_anothers_place() {
        let mut flight = flight();
        assert_eq!(flight.join(Priority::Critical), Join::Apart);
        assert_eq!(flight.join(Priority::Background), Join::Follows(LEADER));
        flight.sent();
        assert_eq!(flight.join(Priority::Critical), Join::Follows(LEADER));
    }

    #[test]
    fn it_goes_on_for_whoever_is_left() {
        for order in [[Part::Leads, Part::Follows], [Part::Follows, Part::Leads]] {
            let mut flight = flight();
            assert_eq!(flight.join(Priority::Default), Join::Follows(LEADER));
            flight.sent();
            assert_eq!(flight.leave(order[0]), Wanted::Yes, "{order:?}");
            assert_eq!(flight.leave(order[1]), Wanted::No, "{order:?}");
            assert_eq!(flight.join(Priority::Default), Join::Apart, "it is about to end");
        }
    }

    #[test]
    fn a_caller_who_takes_the_reply_is_aboard_all_the_while() {
        let mut flight = flight();
        flight.land(Landed::Shared);
        flight.board();
        assert_eq!(flight.leave(Part::Leads), Wanted::Yes);
        assert_eq!(flight.leave(Part::Leads), Wanted::No);
    }

    #[test]
    fn those_who_are_sent_by_themselves_keep_no_leader_going() {
        let mut flight = flight();
        assert_eq!(flight.join(Priority::Default), Join::Follows(LEADER));
        flight.land(Landed::Apart);
        flight.land(Landed::Shared);
        assert_eq!(flight.landed(), Some(Landed::Apart), "what is said once stays");
        assert_eq!(flight.leave(Part::Leads), Wanted::No);
        assert_eq!(flight.leave(Part::Follows), Wanted::No);
    }

    #[test]
    fn the_number_of_followers_has_a_bound() {
        let mut flight = flight();
        for _ in 0..FOLLOWERS_MAX {
            assert_eq!(flight.join(Priority::Default), Join::Follows(LEADER));
        }
        assert_eq!(flight.join(Priority::Default), Join::Apart);
        assert_eq!(flight.leave(Part::Follows), Wanted::Yes);
        assert_eq!(flight.join(Priority::Default), Join::Follows(LEADER));
    }
}
