//! Contracts that tests write, for peers whose ports are known only then.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

/// Writes the contract of a provider in the clear on loopback, with these operations, and its secret.
pub(crate) fn write(folder: &Path, provider: &str, peer: SocketAddr, operations: &str) {
    write_with(folder, (provider, "{ bearer: {} }"), peer, operations);
}

/// The same, with another way in which the credential is sent.
pub(crate) fn write_with(
    folder: &Path,
    (provider, inject): (&str, &str),
    peer: SocketAddr,
    operations: &str,
) {
    let contracts = folder.join("contracts");
    fs::create_dir_all(&contracts).expect("the test's own folder can be written");
    let secret = folder.join("secret");
    fs::write(&secret, "sk_test_12345\n").expect("the test's own folder can be written");
    private(&secret);
    let text = format!(
        r#"outwright: 1
provider: {provider}
base_url: http://{peer}
owner: {{ team: tests, contact: tests@example.com }}
tier: important
reviewed: 2026-11-01
slo: {{ availability: 99%, latency: {{ p99: 8s }}, window: 30d }}
timeouts: {{ connect: 1s, first_byte: 1s, idle: 1s, attempt: 2s, total: 10s }}
retry: {{ attempts: 3, backoff: {{ base: 50ms, cap: 500ms, jitter: full }}, budget: {{ ratio: 20%, burst: 20 }} }}
breaker: {{ window: 10s, min_calls: 20, failure_ratio: 90%, open: {{ base: 2s, cap: 60s }}, probes: 1 }}
concurrency: {{ max: 400, queue: 400, queue_wait: 1s }}
alerts: {{ page: tests-pager, ticket: tests-queue, runbook: docs/runbooks/tests.md }}
egress: {{ private: [127.0.0.0/8], plain_http: loopback }}
credentials:
  key:
    source: {{ file: {secret} }}
    inject: {inject}
    hosts: ["127.0.0.1"]
    scopes: [all]
    rotation: {{ strategy: dual, max_age: 90d, overlap: 24h, verify: list }}
    revoke: {{ manual: https://example.com/revoke }}
lifecycle: {{ notice: 90d }}
waivers: []
operations:
{operations}"#,
        secret = secret.display(),
    );
    fs::write(contracts.join(format!("{provider}.yaml")), text)
        .expect("the test's own folder can be written");
}

/// Secrets that others can read are refused, so the test's own has the mode of a real one.
pub(crate) fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the file is the test's");
}
