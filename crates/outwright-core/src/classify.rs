//! What an outcome means: signal, class, effect at the provider, and when to come back.

/// How a provider speaks of its limits (`requirements.md` 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `RateLimit`, `RateLimit-Policy` of the current draft, and its earlier generations.
    Ietf,
    /// GitHub.
    Github,
    /// Stripe.
    Stripe,
    /// Twilio.
    Twilio,
    /// Shopify, REST.
    ShopifyRest,
    /// Shopify, GraphQL.
    ShopifyGraphql,
    /// OpenAI.
    Openai,
    /// Anthropic.
    Anthropic,
    /// Slack.
    Slack,
    /// HubSpot.
    Hubspot,
    /// Salesforce.
    Salesforce,
    /// AWS and its likes.
    Aws,
    /// `X-RateLimit-*`, with the unit of its reset declared; none: the reset is not used.
    Generic(Option<ResetUnit>),
}

/// The unit of a reset field; never guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetUnit {
    /// Seconds since the Unix epoch.
    EpochS,
    /// Milliseconds since the Unix epoch.
    EpochMs,
    /// Seconds from now.
    DeltaS,
    /// Milliseconds from now.
    DeltaMs,
    /// Such as `6m0s`.
    Duration,
    /// A date of RFC 3339.
    Rfc3339,
}
