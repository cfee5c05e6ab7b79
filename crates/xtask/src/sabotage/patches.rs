//! The promises that are broken on purpose, and what must notice each.

use super::{Check, Edit, Sabotage};

/// All sabotages; a new one is one row.
pub(crate) const SABOTAGES: &[Sabotage] = &[
    Sabotage {
        name: "new-key-per-attempt",
        what: "every attempt of a call carries another idempotency key",
        edits: &[Edit {
            file: "crates/outwright/src/driver/prepare.rs",
            find: "        *request.headers_mut() = headers;\n",
            replace: "        *request.headers_mut() = headers;
        let fresh = uuid::Uuid::new_v4().simple().to_string().parse();
        let there = request.headers_mut().get_mut(key::IDEMPOTENCY_KEY);
        if let (Some(there), Ok(fresh)) = (there, fresh) {
            *there = fresh;
        }\n",
        }],
        check: Check::Demo,
    },
    Sabotage {
        name: "retry-after-ignored",
        what: "what a provider says about when to come back is heard and not obeyed",
        edits: &[
            Edit {
                file: "crates/outwright-core/src/gates/hold.rs",
                find: "Wish::Until(until) if now < until => Look::Until(until),",
                replace: "Wish::Until(until) if now < until => Look::Free,",
            },
            Edit {
                file: "crates/outwright-core/src/retry.rs",
                find: "fitting(ask, verdict.hint, tally, (delay, draw))",
                replace: "fitting(ask, None, tally, (delay, draw))",
            },
        ],
        check: Check::Simulation("whatever_happens_the_promises_hold"),
    },
    Sabotage {
        name: "no-budget",
        what: "retries cost nothing",
        edits: &[
            Edit {
                file: "crates/outwright-core/src/retry/budget.rs",
                find: "if self.tokens >= TOKEN {",
                replace: "if self.tokens < u64::MAX {",
            },
            Edit {
                file: "crates/outwright-core/src/retry/budget.rs",
                find: "self.tokens -= TOKEN;",
                replace: "self.tokens = self.tokens.saturating_sub(TOKEN);",
            },
        ],
        check: Check::Simulation("in_a_total_outage_the_budget_alone"),
    },
    Sabotage {
        name: "stale-probe-closes",
        what: "a probe that reports after its lease, or a call from before, closes the breaker",
        edits: &[
            Edit {
                file: "crates/outwright-core/src/breaker.rs",
                find: "            return false;\n        };\n        let lease = self.leases.swap_remove(at);",
                replace: "            return true;\n        };\n        let lease = self.leases.swap_remove(at);",
            },
            Edit {
                file: "crates/outwright-core/src/breaker.rs",
                find: "        now < lease.until\n    }\n\n    fn turn",
                replace: "        let _ = (now, lease);\n        true\n    }\n\n    fn turn",
            },
        ],
        check: Check::Simulation("a_late_success_does_not_close"),
    },
    Sabotage {
        name: "head-not-armed",
        what: "the head of a lane is not told when its window opens sooner",
        edits: &[Edit {
            file: "crates/outwright-core/src/gates/pump.rs",
            find: "if head.waiter.armed > until {",
            replace: "if head.waiter.armed > until && until == Mono::ZERO {",
        }],
        check: Check::Simulation("whatever_happens_the_promises_hold"),
    },
    Sabotage {
        name: "nobody-served-after-a-caller-left",
        what: "who leaves the queue does not make way for the next",
        edits: &[Edit {
            file: "crates/outwright-core/src/gates.rs",
            find: "            self.give_back(p, now, issued, Left::Unsent);\n        }\n        self.pump(p, now);",
            replace: "            self.give_back(p, now, issued, Left::Unsent);\n        }",
        }],
        check: Check::Simulation("whatever_happens_the_promises_hold"),
    },
    Sabotage {
        name: "handed-grant-kept",
        what: "a caller that leaves keeps the grant that was made for it",
        edits: &[Edit {
            file: "crates/outwright-core/src/gates.rs",
            find: "if let Some(Place::Handed(issued)) = place {\n            self.give_back",
            replace: "if let Some(Place::Handed(issued)) = place.filter(|_| now == Mono::MAX) {\n            self.give_back",
        }],
        check: Check::Simulation("whatever_happens_the_promises_hold"),
    },
    Sabotage {
        name: "grant-not-asked-again",
        what: "a grant made before a hold is sent after it began",
        edits: &[Edit {
            file: "crates/outwright-core/src/gates.rs",
            find: "if held || stale {",
            replace: "if stale && held && granted == now {",
        }],
        check: Check::Simulation("whatever_happens_the_promises_hold"),
    },
    Sabotage {
        name: "share-ignored",
        what: "a caller takes slots beyond its share",
        edits: &[Edit {
            file: "crates/outwright-core/src/gates/shares.rs",
            find: "looked == Some(bulkhead::Look::Taken)",
            replace: "looked.is_none()",
        }],
        check: Check::Simulation("shares_hold_in_a_world_where_everything_happens"),
    },
    Sabotage {
        name: "one-line-for-all-callers",
        what: "a caller at its share stands in front of the others",
        edits: &[Edit {
            file: "crates/outwright-core/src/gates/shares.rs",
            find: ".saturating_add(own)",
            replace: ".saturating_add(own.min(0))",
        }],
        check: Check::Simulation("a_caller_that_floods_takes_nothing"),
    },
];
