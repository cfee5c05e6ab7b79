//! What must come of each starter, typed apart from contracts and facts.

/// One starter.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) contract: &'static str,
    pub(super) facts: &'static str,
    /// A read without a fallback.
    pub(super) read: &'static str,
    /// How often it is sent while the provider is down.
    pub(super) attempts: &'static str,
    /// The call that meets a full quota, its body, and the status of the refusal.
    pub(super) throttle: (&'static str, &'static str),
    pub(super) throttled: u16,
    pub(super) wait: Wait,
    /// A call that acts, its body, and what becomes of it when its answer is lost.
    pub(super) act: (&'static str, &'static str),
    pub(super) lost: Lost,
    /// A read that a window counts, and the seconds of the window.
    pub(super) counted: (&'static str, u64),
    pub(super) request_id: Option<&'static str>,
    pub(super) stop: &'static str,
    /// What each row of the facts is judged to be, and what comes of it, in their order.
    pub(super) errors: &'static [(&'static str, Told)],
}

/// How long a throttled call waits.
pub(super) enum Wait {
    /// As long as the provider said.
    Told,
    /// At least so many milliseconds of its own backoff, since the provider says nothing.
    Own(u64),
}

/// What becomes of a call whose answer is lost.
#[derive(Clone, Copy)]
pub(super) enum Lost {
    /// It is sent again under its key, and the provider tells what it did.
    Replayed,
    /// It is not sent again.
    Unknown,
}

/// What comes of an error.
pub(super) enum Told {
    /// Another attempt, which is good.
    Again,
    /// The provider's own answer.
    Through,
    /// The same, and the next call is not sent: a quota or a bill is spent.
    Spent,
}

use Lost::{Replayed, Unknown};
use Told::{Again, Spent, Through};

macro_rules! starter {
    ($name:literal) => {
        Row {
            name: $name,
            contract: include_str!(concat!("../../../../../contracts/", $name, ".yaml")),
            facts: include_str!(concat!("../../../../../facts/", $name, ".yaml")),
            ..NONE
        }
    };
}

const NONE: Row = Row {
    name: "",
    contract: "",
    facts: "",
    read: "",
    attempts: "3",
    throttle: ("", ""),
    throttled: 429,
    wait: Wait::Told,
    act: ("", ""),
    lost: Unknown,
    counted: ("", 60),
    request_id: None,
    stop: "x-should-retry",
    errors: &[],
};

pub(super) static ROWS: &[Row] = &[
    Row {
        read: "GET /v1/messages/batches/b1",
        attempts: "2",
        throttle: ("GET /v1/messages/batches/b1", ""),
        act: ("POST /v1/messages/batches", r#"{"requests":[]}"#),
        counted: ("GET /v1/messages/batches/b1", 60),
        request_id: Some("request-id"),
        errors: &[
            ("exhausted", Spent),
            ("exhausted", Spent),
            ("transient", Again),
            ("overloaded", Again),
        ],
        ..starter!("anthropic")
    },
    Row {
        read: "GET /async-invoke",
        throttle: ("GET /async-invoke", ""),
        throttled: 400,
        wait: Wait::Own(500),
        act: ("POST /async-invoke", r#"{"modelId":"m"}"#),
        lost: Replayed,
        counted: ("GET /async-invoke", 60),
        request_id: Some("x-amzn-requestid"),
        errors: &[
            ("throttled", Again),
            ("throttled", Again),
            ("transient", Again),
            ("exhausted", Spent),
            ("transient", Again),
        ],
        ..starter!("aws")
    },
    Row {
        read: "GET /repos/o/r/issues",
        throttle: ("GET /repos/o/r/issues", ""),
        throttled: 403,
        act: ("POST /repos/o/r/issues", r#"{"title":"t"}"#),
        counted: ("GET /repos/o/r/issues", 60),
        request_id: Some("x-github-request-id"),
        errors: &[("rejected", Through)],
        ..starter!("github")
    },
    Row {
        read: "GET /crm/v3/objects/contacts/1",
        throttle: ("GET /crm/v3/objects/contacts/1", ""),
        act: ("POST /crm/v3/objects/deals", r#"{"properties":{}}"#),
        counted: ("GET /crm/v3/objects/contacts/1", 10),
        request_id: Some("x-hubspot-correlation-id"),
        errors: &[("exhausted", Spent), ("throttled", Again), ("throttled", Again)],
        ..starter!("hubspot")
    },
    Row {
        read: "GET /v1/batches/b1",
        throttle: ("GET /v1/batches/b1", ""),
        act: ("POST /v1/batches", r#"{"input_file_id":"f"}"#),
        counted: ("GET /v1/batches/b1", 60),
        request_id: Some("x-request-id"),
        errors: &[
            ("exhausted", Spent),
            ("exhausted", Spent),
            ("exhausted", Spent),
            ("exhausted", Spent),
            ("exhausted", Spent),
            ("throttled", Again),
            ("overloaded", Again),
        ],
        ..starter!("openai")
    },
    Row {
        read: "GET /services/data/v66.0/sobjects/Account/1",
        throttle: ("GET /services/data/v66.0/sobjects/Account/1", ""),
        throttled: 403,
        wait: Wait::Own(1_000),
        act: ("POST /services/data/v66.0/sobjects/Account", r#"{"Name":"n"}"#),
        counted: ("GET /services/data/v66.0/sobjects/Account/1", 86_400),
        errors: &[
            ("exhausted", Spent),
            ("throttled", Again),
            ("unauthorized", Through),
            ("transient", Again),
        ],
        ..starter!("salesforce")
    },
    Row {
        read: "GET /v3/suppression/bounces",
        throttle: ("GET /v3/suppression/bounces", ""),
        act: ("POST /v3/mail/send", r#"{"subject":"s"}"#),
        counted: ("GET /v3/suppression/bounces", 60),
        request_id: Some("x-message-id"),
        errors: &[("rejected", Through), ("rejected", Through)],
        ..starter!("sendgrid")
    },
    Row {
        read: "GET /admin/api/2026-07/orders/1.json",
        throttle: ("POST /admin/api/2026-07/graphql.json", r#"{"query":"{shop{name}}"}"#),
        throttled: 200,
        act: ("POST /admin/api/2026-07/graphql.json", r#"{"query":"mutation{a}"}"#),
        counted: ("GET /admin/api/2026-07/orders/1.json", 20),
        request_id: Some("x-request-id"),
        errors: &[("throttled", Again), ("exhausted", Spent), ("rejected", Through)],
        ..starter!("shopify")
    },
    Row {
        read: "GET /api/users.lookupByEmail",
        throttle: ("GET /api/users.lookupByEmail", ""),
        act: ("POST /api/chat.postMessage", r#"{"channel":"c","text":"t"}"#),
        counted: ("GET /api/users.lookupByEmail", 60),
        request_id: Some("x-slack-req-id"),
        errors: &[
            ("unauthorized", Through),
            ("unauthorized", Through),
            ("transient", Again),
            ("transient", Again),
        ],
        ..starter!("slack")
    },
    Row {
        read: "GET /v2/payments/p1",
        throttle: ("GET /v2/payments/p1", ""),
        act: ("POST /v2/payments", r#"{"source_id":"s"}"#),
        lost: Replayed,
        counted: ("GET /v2/payments/p1", 1),
        errors: &[("throttled", Again), ("rejected", Through), ("rejected", Through)],
        ..starter!("square")
    },
    Row {
        read: "GET /v1/payment_intents/pi_1",
        throttle: ("GET /v1/payment_intents/pi_1", ""),
        wait: Wait::Own(500),
        act: ("POST /v1/refunds", "payment_intent=pi_1"),
        lost: Replayed,
        counted: ("GET /v1/payment_intents/pi_1", 1),
        request_id: Some("request-id"),
        stop: "stripe-should-retry",
        errors: &[("transient", Again), ("transient", Again), ("rejected", Through)],
        ..starter!("stripe")
    },
    Row {
        read: "GET /2010-04-01/Accounts/AC1/Messages/SM1.json",
        throttle: ("POST /2010-04-01/Accounts/AC1/Messages.json", "To=1&Body=b"),
        wait: Wait::Own(500),
        act: ("POST /2010-04-01/Accounts/AC1/Calls.json", "To=1&Url=u"),
        counted: ("GET /2010-04-01/Accounts/AC1/Messages/SM1.json", 1),
        request_id: Some("twilio-request-id"),
        errors: &[("throttled", Again), ("transient", Again)],
        ..starter!("twilio")
    },
];
