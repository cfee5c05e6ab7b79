//! The parts about secrets: where one is read, how it is sent, how it is renewed and withdrawn.

use crate::shape::{Shape, also, may, must};

use Shape::{Any, Duration, Flag, List, ListOr, Map, Name, OneOf, Text, Word};

pub(super) const SOURCE: Shape = OneOf(&[
    may("file", Text, "A file, re-read when it changes."),
    may("env", Name, "An environment variable: development only."),
    may("exec", ListOr(&List(&Text), &Text), "A program and its arguments."),
    may(
        "vault",
        Map(&[
            must("path", Text, "The secret's path."),
            may("field", Name, "The field of the secret."),
            may("address", Text, "The server."),
        ]),
        "A Vault server.",
    ),
    may("store", Name, "A sealed entry of the store."),
    also("mode_ok", Flag, "Accepts a file that others can read; needs `because`. Default false."),
    also("because", Text, "Why."),
    also(
        "delay",
        Duration,
        "How long a new version takes to every machine. Default 2m for `file`, 1m for `exec` and `vault`, 2s for `store`.",
    ),
]);
pub(super) const CREDENTIAL: Shape = Map(&[
    must("source", SOURCE, "Where the secret is read."),
    must("inject", INJECT, "How it is put on a request."),
    may(
        "hosts",
        List(&Text),
        "The only hosts that may see it; a leading `*.` stands for one or more labels.",
    ),
    may("scopes", List(&Text), "Scopes that it carries."),
    may(
        "rotation",
        Map(&[
            must("strategy", Word(&["dual", "replace", "reissue"]), "How the next version comes."),
            may("max_age", Duration, "Longest life of a version."),
            may("overlap", Duration, "How long two versions are valid. Default 24h."),
            may("verify", Name, "A read that proves a new version."),
        ]),
        "How it is renewed.",
    ),
    may(
        "revoke",
        OneOf(&[
            may("manual", Text, "The page or runbook where it is done by hand."),
            may("operation", Name, "An operation that revokes it."),
            may("exec", List(&Text), "A program that revokes it."),
        ]),
        "How it is withdrawn.",
    ),
]);
const INJECT: Shape = OneOf(&[
    may("bearer", Map(&[]), "`Authorization: Bearer …`."),
    may(
        "header",
        Map(&[
            must("name", Name, "The field."),
            may("prefix", Any, "What stands before the secret. Default nothing."),
        ]),
        "A field of its own.",
    ),
    may(
        "basic",
        Map(&[may("user", Text, "The user; without it the secret is `user:password`.")]),
        "`Authorization: Basic …`.",
    ),
    may(
        "query",
        Map(&[
            must("name", Name, "The parameter; it is redacted everywhere."),
            may("unavoidable", Flag, "Must be true: the provider accepts nothing else."),
        ]),
        "A query parameter.",
    ),
    may(
        "oauth2",
        Map(&[
            must("token_url", Text, "Where tokens are asked for."),
            may("client_id", Text, "The client."),
            may("grant", Word(GRANTS), "How; `password` and `implicit` are refused."),
            may("scopes", List(&Text), "What is asked for."),
            may("audience", Text, "For whom."),
        ]),
        "An access token.",
    ),
    may(
        "sigv4",
        Map(&[must("region", Name, "The region."), must("service", Name, "The service.")]),
        "AWS signature version 4.",
    ),
    may(
        "hmac",
        Map(&[
            must("header", Name, "The field of the signature."),
            may("algorithm", Word(&["sha256", "sha512"]), "The hash. Default sha256."),
            may("signs", List(&Text), "What is signed."),
        ]),
        "A signature over the request.",
    ),
    may(
        "mtls",
        Map(&[may("certificate", Text, "PEM file with the certificate.")]),
        "A client certificate.",
    ),
]);
/// Grants of OAuth; the last two are refused, with their reason.
const GRANTS: &[&str] = &[
    "client_credentials",
    "refresh_token",
    "authorization_code",
    "jwt_bearer",
    "token_exchange",
    "device_code",
    "password",
    "implicit",
];
