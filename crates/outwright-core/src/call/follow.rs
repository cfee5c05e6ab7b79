//! A read that waits for the reply of another one, which asks for the same, instead of being sent.
//!
//! It takes no grant while it waits and none for what it is given; sent by itself, it begins where every call begins.
//! Its deadline is its own.

use crate::event::What;
use crate::flight::{Coalesced, Landed};
use crate::outcome::BodyEnd;
use crate::refusal::{Reason, Refusal};
use crate::step::{CallId, Reply, Source, Step};

use super::{After, Call, Cx, Mutates, Stage};

impl Call {
    /// It waits for this call, if nothing of it was begun; a mutation never waits for another's reply.
    pub(super) fn follow(&mut self, cx: &mut Cx<'_>, leader: CallId) {
        if self.stage == Stage::Enter && self.sends == 0 && self.mutates == Mutates::No {
            self.stage = Stage::Following(leader);
        } else {
            cx.gates.bug("only a read that was not sent follows another");
        }
    }

    /// It is known what becomes of it.
    pub(super) fn landed(&mut self, cx: &mut Cx<'_>, landed: Landed) {
        let Stage::Following(leader) = self.stage else { return };
        match landed {
            Landed::Shared => {
                self.tell(cx, What::Coalesced(Coalesced::Shared));
                self.stage = Stage::Share(leader);
            }
            Landed::Apart => {
                self.tell(cx, What::Coalesced(Coalesced::Forwarded));
                self.asked = cx.now.mono;
                self.stage = Stage::Enter;
            }
        }
    }

    /// The reply is its caller's too.
    pub(super) const fn share(&mut self, leader: CallId) -> Step {
        self.stage = Stage::Sharing;
        Step::Relay(Source::Flight(leader))
    }

    /// Its time is over before anything came: nothing of it was sent.
    pub(super) fn waited_too_long(&mut self, cx: &mut Cx<'_>) {
        self.tell(cx, What::Coalesced(Coalesced::Late));
        let refusal = Refusal::now(Reason::DeadlineTooShort);
        self.tell(cx, What::Refused(refusal.reason));
        self.fall(cx, After::Done(Reply::Refused(refusal)));
    }

    /// The body that it was given is over; the attempt was not its own, and is judged where it was made.
    pub(super) fn shared_end(&mut self, end: BodyEnd) {
        self.stage = Stage::Done(Reply::Relayed(end));
    }
}
