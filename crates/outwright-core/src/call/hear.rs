//! What a call makes of an outcome: its meaning, and whether there is another attempt.
//!
//! The meaning is the classify room's, the decision the retry room's; here stands only what of the call they ask.

use crate::classify::{self, Lens};
use crate::deadline::Cut;
use crate::dice::Salt;
use crate::limits::{ATTEMPT_MIN, RESERVE};
use crate::outcome::{Evidence, Fault, Sent, Verdict};
use crate::record::Told;
use crate::retry::{self, Decision};
use crate::step::{Head, Input};

use super::{Call, Cx};

impl Call {
    /// What a head means, and how many bytes of the body decide it; none: it is enough by itself.
    pub(crate) fn would_hear(
        &self,
        cx: &Cx<'_>,
        head: &Head<'_>,
        sent: Sent,
    ) -> (Verdict, Option<usize>) {
        let lens = Lens::of(cx.provider, cx.provider.operation(self.request.operation));
        let verdict = classify::head(&lens, head, sent, None, cx.now.wall);
        (self.reread(cx, head, verdict), classify::wants_prefix(&lens, head))
    }

    /// What a head and the beginning of its body mean.
    pub(crate) fn would_hear_all(&self, cx: &Cx<'_>, head: &Head<'_>, prefix: &[u8]) -> Verdict {
        let lens = Lens::of(cx.provider, cx.provider.operation(self.request.operation));
        let verdict = classify::head(&lens, head, self.sent, Some(prefix), cx.now.wall);
        self.reread(cx, head, verdict)
    }

    /// Notes an input where inputs are recorded.
    pub(super) fn note_input(&self, cx: &mut Cx<'_>, input: &Input<'_>) {
        if let Some(mut record) = cx.gates.lend_record() {
            record.input(cx, self, input);
            cx.gates.return_record(record);
        }
    }

    /// Notes a question where inputs are recorded.
    pub(super) fn note_told(cx: &mut Cx<'_>, told: impl FnOnce() -> Told) {
        if let Some(mut record) = cx.gates.lend_record() {
            record.note(cx.now, told());
            cx.gates.return_record(record);
        }
    }

    /// What an answer means in the light of the attempts before it.
    fn reread(&self, cx: &Cx<'_>, head: &Head<'_>, verdict: Verdict) -> Verdict {
        let operation = cx.provider.operation(self.request.operation);
        self.trail.reread(&operation.method, head.status, verdict)
    }

    /// What ran out of time because the caller had less of it says nothing of the provider's health.
    pub(super) fn excused(&self, cx: &Cx<'_>, fault: Fault, verdict: Verdict) -> Verdict {
        if self.cut == Cut::ByCaller && fault.is_late() && cx.now.mono >= self.deadline.ends() {
            return Verdict { evidence: Evidence::Neutral, ..verdict };
        }
        verdict
    }

    /// Whether there is another attempt after this verdict.
    pub(super) fn ask_retry(&self, cx: &Cx<'_>, verdict: &Verdict) -> Decision {
        let operation = cx.provider.operation(self.request.operation);
        let body = &self.request.body;
        let untouched = self.sent == Sent::Nothing || body.bytes == Some(0);
        let replayable = body.replayable || untouched;
        let ask = retry::Ask {
            policy: &operation.retry,
            plan: operation.plan,
            overrides: &operation.overrides,
            attempt: self.attempt,
            left: self.deadline.ends().since(cx.now.mono).saturating_add(RESERVE),
            attempt_min: ATTEMPT_MIN.min(operation.timeouts.attempt()),
            body: if replayable { retry::Body::Replayable } else { retry::Body::Gone },
            budget: cx.gates.budget(cx.standing, cx.now.mono),
        };
        let number = self.attempt.number();
        let salt = if verdict.hint.is_some() { Salt::Hint(number) } else { Salt::Backoff(number) };
        retry::decide(&ask, verdict, &self.tally, cx.dice.draw(self.request.id.0, salt))
    }
}
