//! How each provider speaks of its limits and errors: tables, no code.
//!
//! A rule says which answers mean something else than their status; the first that matches counts.

use super::{Dialect, ResetUnit};
use crate::outcome::{Class, Signal};

/// Everything about one dialect.
#[derive(Debug)]
pub(super) struct Profile {
    /// What answers mean where it is not what their status says.
    pub rules: &'static [Rule],
    /// Fields that tell of a quota.
    pub windows: &'static [Window],
    /// Fields that tell of a quota as `used/size`.
    pub shares: &'static [Share],
    /// A leaky bucket that the body tells of.
    pub bucket: Option<Bucket>,
}

/// What an answer means.
#[derive(Debug)]
pub(super) struct Rule {
    /// The statuses that it is about.
    pub statuses: &'static [u16],
    /// What must be there, all of it.
    pub marks: &'static [Mark],
    /// What it means.
    pub signal: Signal,
    /// A class that differs from the signal's own.
    pub class: Option<Class>,
    /// A wait in seconds that the provider's documents ask for when no field does.
    pub wait: Option<u64>,
}

/// Something to look for in an answer.
#[derive(Debug)]
pub(super) enum Mark {
    /// A field is there.
    Field(&'static str),
    /// A field is not there.
    NoField(&'static str),
    /// A field has this value.
    FieldIs(&'static str, &'static str),
    /// A field up to its first colon is one of these.
    FieldCode(&'static str, &'static [&'static str]),
    /// A scalar of the JSON body reads as one of these.
    Json(&'static str, &'static [&'static str]),
    /// A text of the JSON body, behind its last `#`, is one of these.
    JsonCode(&'static str, &'static [&'static str]),
    /// A text of the JSON body contains this.
    JsonHas(&'static str, &'static str),
    /// An element of the XML body is one of these.
    Xml(&'static str, &'static [&'static str]),
}

impl Mark {
    /// Whether it looks into the body.
    pub(super) const fn reads_body(&self) -> bool {
        match self {
            Self::Json(..) | Self::JsonCode(..) | Self::JsonHas(..) | Self::Xml(..) => true,
            Self::Field(_) | Self::NoField(_) | Self::FieldIs(..) | Self::FieldCode(..) => false,
        }
    }
}

/// The fields of one quota; an empty name is a field that does not exist.
#[derive(Debug)]
pub(super) struct Window {
    pub name: &'static str,
    pub named_by: &'static str,
    pub limit: &'static str,
    pub remaining: &'static str,
    pub reset: &'static str,
    /// None: the contract declares it.
    pub unit: Option<ResetUnit>,
}

/// A field that holds `used/size`, under a key where it holds several.
#[derive(Debug)]
pub(super) struct Share {
    pub field: &'static str,
    pub key: &'static str,
}

/// JSON pointers to the numbers of a leaky bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    pub asked: &'static str,
    pub available: &'static str,
    pub per_second: &'static str,
}

/// The tables of a dialect.
pub(super) const fn profile(dialect: Dialect) -> &'static Profile {
    match dialect {
        // Its fields are structured, and read for every dialect.
        Dialect::Ietf => &EMPTY,
        Dialect::Github => &GITHUB,
        Dialect::Stripe => &STRIPE,
        Dialect::Twilio => &TWILIO,
        Dialect::ShopifyRest => &SHOPIFY_REST,
        Dialect::ShopifyGraphql => &SHOPIFY_GRAPHQL,
        Dialect::Openai => &OPENAI,
        Dialect::Anthropic => &ANTHROPIC,
        Dialect::Slack => &SLACK,
        Dialect::Hubspot => &HUBSPOT,
        Dialect::Salesforce => &SALESFORCE,
        Dialect::Aws => &AWS,
        Dialect::Generic(_) => &GENERIC,
    }
}

const fn rule(statuses: &'static [u16], marks: &'static [Mark], signal: Signal) -> Rule {
    Rule { statuses, marks, signal, class: None, wait: None }
}

/// `<stem>limit`, `<stem>remaining`, `<stem>reset` as literals.
macro_rules! window {
    ($name:literal, $stem:literal, $tail:literal, $unit:expr) => {
        Window {
            name: $name,
            named_by: "",
            limit: concat!($stem, "limit", $tail),
            remaining: concat!($stem, "remaining", $tail),
            reset: concat!($stem, "reset", $tail),
            unit: $unit,
        }
    };
}

const EMPTY: Profile = Profile { rules: &[], windows: &[], shares: &[], bucket: None };

/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
const GITHUB: Profile = Profile {
    rules: &[
        rule(&[403], &[Mark::FieldIs("x-ratelimit-remaining", "0")], Signal::S403Throttled),
        rule(&[403], &[Mark::Field("retry-after")], Signal::S403Throttled),
        Rule {
            wait: Some(60),
            ..rule(
                &[403],
                &[Mark::JsonHas("/message", "secondary rate limit")],
                Signal::S403Throttled,
            )
        },
        Rule { wait: Some(60), ..rule(&[429], &[], Signal::S429) },
    ],
    windows: &[Window {
        name: "",
        named_by: "x-ratelimit-resource",
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        unit: Some(ResetUnit::EpochS),
    }],
    ..EMPTY
};

/// <https://docs.stripe.com/rate-limits>, <https://docs.stripe.com/error-low-level>
const STRIPE: Profile = Profile {
    rules: &[
        // A lock on the object, not a rate.
        rule(
            &[429],
            &[
                Mark::NoField("stripe-rate-limited-reason"),
                Mark::Json("/error/code", &["lock_timeout"]),
            ],
            Signal::S409InProgress,
        ),
        rule(
            &[409],
            &[Mark::Json("/error/code", &["lock_timeout", "idempotency_key_in_use"])],
            Signal::S409InProgress,
        ),
        rule(&[500], &[], Signal::S500Replayed),
    ],
    ..EMPTY
};

/// <https://www.twilio.com/docs/api/errors/20429>
const TWILIO: Profile = Profile {
    rules: &[rule(&[400, 403, 503], &[Mark::Json("/code", &["20429"])], Signal::S429)],
    windows: &[],
    ..EMPTY
};

/// <https://shopify.dev/docs/api/usage/rate-limits>
const SHOPIFY_REST: Profile =
    Profile { shares: &[Share { field: "x-shopify-shop-api-call-limit", key: "" }], ..EMPTY };

/// <https://shopify.dev/docs/api/usage/rate-limits>
const SHOPIFY_GRAPHQL: Profile = Profile {
    rules: &[rule(
        &[200],
        &[Mark::Json("/errors/*/extensions/code", &["THROTTLED"])],
        Signal::S429,
    )],
    bucket: Some(Bucket {
        asked: "/extensions/cost/requestedQueryCost",
        available: "/extensions/cost/throttleStatus/currentlyAvailable",
        per_second: "/extensions/cost/throttleStatus/restoreRate",
    }),
    ..EMPTY
};

/// <https://platform.openai.com/docs/guides/rate-limits>
const OPENAI: Profile = Profile {
    rules: &[
        rule(&[403, 429], &[Mark::Json("/error/code", OPENAI_BILLING)], Signal::Exhausted),
        rule(&[403, 429], &[Mark::Json("/error/type", OPENAI_BILLING)], Signal::Exhausted),
    ],
    windows: &[
        window!("requests", "x-ratelimit-", "-requests", Some(ResetUnit::Duration)),
        window!("tokens", "x-ratelimit-", "-tokens", Some(ResetUnit::Duration)),
    ],
    ..EMPTY
};

const OPENAI_BILLING: &[&str] = &[
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "insufficient_quota",
];

/// <https://docs.anthropic.com/en/api/rate-limits>
const ANTHROPIC: Profile = Profile {
    windows: &[
        window!("requests", "anthropic-ratelimit-requests-", "", Some(ResetUnit::Rfc3339)),
        window!("tokens", "anthropic-ratelimit-tokens-", "", Some(ResetUnit::Rfc3339)),
        window!("input-tokens", "anthropic-ratelimit-input-tokens-", "", Some(ResetUnit::Rfc3339)),
        window!(
            "output-tokens",
            "anthropic-ratelimit-output-tokens-",
            "",
            Some(ResetUnit::Rfc3339)
        ),
    ],
    ..EMPTY
};

/// <https://api.slack.com/apis/rate-limits>, <https://api.slack.com/web#evaluating_responses>
const SLACK: Profile = Profile {
    rules: &[
        rule(
            &[200],
            &[NOT_OK, Mark::Json("/error", &["ratelimited", "rate_limited"])],
            Signal::S429,
        ),
        rule(&[200], &[NOT_OK, Mark::Json("/error", &["token_expired"])], Signal::S401),
        rule(
            &[200],
            &[NOT_OK, Mark::Json("/error", &["internal_error", "fatal_error", "request_timeout"])],
            Signal::S500,
        ),
        rule(
            &[200],
            &[NOT_OK, Mark::Json("/error", &["service_unavailable", "team_added_to_org"])],
            Signal::S503,
        ),
        rule(&[200], &[NOT_OK], Signal::SuccessWithError),
    ],
    ..EMPTY
};

const NOT_OK: Mark = Mark::Json("/ok", &["false"]);

/// <https://developers.hubspot.com/docs/api/usage-details>
const HUBSPOT: Profile = Profile {
    rules: &[
        rule(&[429], &[Mark::Json("/policyName", &["DAILY"])], Signal::Exhausted),
        // Its documents: a 401 is no sign that a token must be refreshed.
        Rule { class: Some(Class::Unauthorized), ..rule(&[401], &[], Signal::S4xx) },
    ],
    windows: &[
        Window {
            name: "daily",
            named_by: "",
            limit: "x-hubspot-ratelimit-daily",
            remaining: "x-hubspot-ratelimit-daily-remaining",
            reset: "",
            unit: None,
        },
        Window {
            name: "interval",
            named_by: "",
            limit: "x-hubspot-ratelimit-max",
            remaining: "x-hubspot-ratelimit-remaining",
            // The length of the window: the longest that its reset can be away.
            reset: "x-hubspot-ratelimit-interval-milliseconds",
            unit: Some(ResetUnit::DeltaMs),
        },
        Window {
            name: "secondly",
            named_by: "",
            limit: "x-hubspot-ratelimit-secondly",
            remaining: "x-hubspot-ratelimit-secondly-remaining",
            reset: "",
            unit: None,
        },
    ],
    ..EMPTY
};

/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm>
const SALESFORCE: Profile = Profile {
    rules: &[rule(
        &[403],
        &[Mark::Json("/*/errorCode", &["REQUEST_LIMIT_EXCEEDED"])],
        Signal::S403Throttled,
    )],
    shares: &[
        Share { field: "sforce-limit-info", key: "api-usage" },
        Share { field: "sforce-limit-info", key: "per-app-api-usage" },
    ],
    ..EMPTY
};

/// The throttling codes of the AWS SDKs: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const AWS: Profile = Profile {
    rules: &[
        rule(AWS_STATUSES, &[Mark::FieldCode("x-amzn-errortype", AWS_THROTTLES)], Signal::S429),
        rule(AWS_STATUSES, &[Mark::JsonCode("/__type", AWS_THROTTLES)], Signal::S429),
        rule(AWS_STATUSES, &[Mark::JsonCode("/code", AWS_THROTTLES)], Signal::S429),
        rule(AWS_STATUSES, &[Mark::Xml("Code", AWS_THROTTLES)], Signal::S429),
        rule(&[400], &[Mark::FieldCode("x-amzn-errortype", AWS_TIMEOUTS)], Signal::S408),
        rule(&[400], &[Mark::JsonCode("/__type", AWS_TIMEOUTS)], Signal::S408),
        rule(&[400], &[Mark::Xml("Code", AWS_TIMEOUTS)], Signal::S408),
    ],
    ..EMPTY
};

const AWS_STATUSES: &[u16] = &[400, 403, 429, 500, 503];
const AWS_THROTTLES: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];
const AWS_TIMEOUTS: &[&str] = &["RequestTimeout", "RequestTimeoutException"];

const GENERIC: Profile = Profile {
    windows: &[window!("", "x-ratelimit-", "", None), window!("", "x-rate-limit-", "", None)],
    ..EMPTY
};
