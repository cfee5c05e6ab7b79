//! Step 11: what a read says when no attempt went well, as far as its contract has something to say.
//!
//! Whether it may is the fallback room's, whether what is kept may be shown the cache room's.

use crate::cache::{self, Found, Shown};
use crate::event::What;
use crate::fallback::{self, Decision, Degraded, Lack};
use crate::gates::Left;
use crate::step::Reply;

use super::{After, Call, Caller, Cx, Mutates, Stage};

impl Call {
    /// Ends like this, unless the contract has something better to say.
    pub(super) fn fall(&mut self, cx: &mut Cx<'_>, after: After) {
        let policy = &cx.provider.operation(self.request.operation).fallback;
        let lack = match after {
            // A kept reply was the last that was heard.
            After::Relay | After::Done(Reply::Last { .. }) => Some(Lack::Replied(self.heard.class)),
            After::Done(Reply::Refused(refusal)) => Some(Lack::Refused(refusal.reason)),
            After::Done(Reply::Failed(failure)) => Some(Lack::Failed(failure.fault)),
            After::Done(Reply::Relayed(_) | Reply::Degraded(_) | Reply::Known | Reply::Gone) => {
                None
            }
        };
        // A mutation never gets a made-up success, and who is gone needs none.
        let lack = lack.filter(|_| self.mutates == Mutates::No && self.caller == Caller::Here);
        match lack.map_or(Decision::Honest, |lack| fallback::decide(policy, lack)) {
            Decision::Honest => self.finish(after),
            Decision::Recall => self.stage = Stage::Recall(after),
            Decision::Static => self.degrade(cx, after, Degraded::Static),
        }
    }

    /// What is kept for this read; none: nothing.
    pub(super) fn recalled(&mut self, cx: &mut Cx<'_>, found: Option<&Found>) {
        let Stage::Recalling(after) = self.stage else { return };
        let operation = cx.provider.operation(self.request.operation);
        let shown = operation
            .cache
            .as_ref()
            .map_or(Shown::Absent, |policy| cache::look(policy, found, cx.now.mono));
        self.tell(cx, What::Recalled(shown));
        match shown {
            Shown::Yes => self.degrade(cx, after, Degraded::Stale),
            Shown::Absent | Shown::TooOld | Shown::Barred(_) | Shown::Unwanted => {
                self.finish(after);
            }
        }
    }

    fn degrade(&mut self, cx: &mut Cx<'_>, after: After, degraded: Degraded) {
        self.tell(cx, What::Degraded(degraded));
        let reply = Reply::Degraded(degraded);
        match after {
            After::Relay => {
                self.leave(cx, Left::Sent);
                self.stage = Stage::Abort(reply);
            }
            After::Done(_) => self.finish(After::Done(reply)),
        }
    }
}
