//! Callers from elsewhere: what starts, what does not and why, and clients that we did not write.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use outwright_gateway::demo::{Demo, Ports, Settings};
use serde_json::Value;

use crate::contracts;
use crate::process::{Gateway, beside, gateway, outwright, tool};

const LIST: &str = "  list:
    request: GET /v1/charges
    needs: [all]
    fallback: none
";
const TOKEN: &str = "checkout-6cf7f0c1d2e94b85";

/// A folder with a contract, a token, a certificate for loopback and its key.
fn folder(demo: &Demo, deployment: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    contracts::write(folder.path(), "demo", demo.plain(), LIST);
    let token = folder.path().join("checkout");
    fs::write(&token, TOKEN).unwrap();
    contracts::private(&token);
    certificate(folder.path());
    let here = folder.path().display().to_string();
    let text = format!("outwright: 1\n{}", deployment.replace("{here}", &here));
    fs::write(folder.path().join("outwright.yaml"), text).unwrap();
    folder
}

fn certificate(folder: &Path) {
    let key = folder.join("key.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-days", "2", "-subj", "/CN=gateway"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(folder.join("cert.pem"))
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl is on every machine of the test command").success());
    contracts::private(&key);
}

const TLS: &str = "tls: { certificate: {here}/cert.pem, key: {here}/key.pem }\n";
const CALLERS: &str = "callers: { checkout: { token: { file: {here}/checkout } } }\n";

fn demo() -> Demo {
    Demo::spawn_thread(Ports::default(), Settings::default()).unwrap()
}

fn served() -> (Demo, Gateway, tempfile::TempDir) {
    let demo = demo();
    let folder = folder(&demo, &[TLS, CALLERS, "tokens: required\n"].concat());
    let gateway = gateway(folder.path());
    (demo, gateway, folder)
}

/// What `outwright` says to these arguments.
fn says(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = outwright();
    command.args(arguments).arg("--state").arg(folder.join("state"));
    command.output().expect("the binary under test starts")
}

#[test]
fn operators_ask_for_the_status_under_tls() {
    let _beside = beside();
    let (_demo, gateway, folder) = served();
    let (admin, ca) = (gateway.admin.to_string(), folder.path().join("cert.pem"));
    let ca = ca.to_str().unwrap();
    let said = says(folder.path(), &["status", "--admin", &admin, "--ca", ca]);
    assert_eq!(said.status.code(), Some(0), "{said:?}");
    let named = ["status", "--admin", &admin, "--ca", ca, "--name", "localhost"];
    assert_eq!(says(folder.path(), &named).status.code(), Some(0));
    let other = ["status", "--admin", &admin, "--ca", ca, "--name", "other.example"];
    let said = says(folder.path(), &other);
    assert_eq!(said.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&said.stderr).contains("cannot speak TLS"), "{said:?}");
    assert_eq!(says(folder.path(), &["status", "--admin", &admin]).status.code(), Some(4));
}

#[test]
fn a_renewed_certificate_is_shown_after_a_hangup() {
    let _beside = beside();
    let (_demo, mut gateway, folder) = served();
    let (cert, old) = (folder.path().join("cert.pem"), folder.path().join("old.pem"));
    fs::copy(&cert, &old).unwrap();
    certificate(folder.path());
    let admin = gateway.admin.to_string();
    let trusts = |ca: &Path| {
        let ask = ["status", "--admin", &admin, "--ca", ca.to_str().unwrap()];
        says(folder.path(), &ask).status.code() == Some(0)
    };
    assert_eq!((trusts(&old), trusts(&cert)), (true, false));
    gateway.signal("HUP");
    gateway.says(&["new contracts are in force"]);
    assert_eq!((trusts(&old), trusts(&cert)), (false, true));
    fs::write(&cert, "no certificate\n").unwrap();
    gateway.signal("HUP");
    let said = gateway.says(&["new contracts are in force"]);
    assert!(said.contains("the last good certificate stays"), "{said}");
}

/// `product.md` 4: an official client needs only base URL and key.
#[test]
fn python_requests_calls_with_a_user_and_a_password() {
    let _beside = beside();
    let Some(python) = tool("python requests", "OUTWRIGHT_PYTHON") else { return };
    let (demo, gateway, folder) = served();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients/requests_basic.py");
    let url = format!("https://{}/demo/v1/charges", gateway.data);
    let ask = |token: &str| {
        let mut command = Command::new(&python);
        command.arg(&script).args([&url, token]).arg(folder.path().join("cert.pem"));
        let said = command.output().expect("the client starts");
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        serde_json::from_str::<Value>(&text).unwrap_or_else(|_| panic!("{said:?}"))
    };
    assert_eq!(ask(TOKEN)["status"], 200);
    assert_eq!(ask("stranger-0123456789")["status"], 401);
    assert_eq!(demo.arrived(), 1);
    let log = fs::read_to_string(folder.path().join("access.log")).unwrap_or_default();
    assert!(!log.contains("6cf7f0c1") && !log.contains("stranger"), "{log}");
}

/// The code with which `outwright run` ends, and what it says.
fn ends(folder: &Path, more: &[&str]) -> (Option<i32>, String) {
    let contracts = folder.join("contracts");
    let run =
        ["run", "--dev", "--admin", "127.0.0.1:0", "--contracts", contracts.to_str().unwrap()];
    let said = says(folder, &[&run[..], more].concat());
    (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
}

/// R-570: whatever is missing, it does not start.
#[test]
fn what_is_not_safe_does_not_start_and_says_why() {
    let _beside = beside();
    let demo = demo();
    let open = "listen: { data: 0.0.0.0:0 }\n";
    for (deployment, listen, code, word) in [
        (vec![open], None, 5, "OW704"),
        (vec![open, TLS], None, 5, "OW704"),
        (vec![open, CALLERS], None, 5, "OW704"),
        (vec![TLS], Some("0.0.0.0:0"), 5, "off loopback"),
        (vec![CALLERS], Some("0.0.0.0:0"), 5, "off loopback"),
        (vec!["tokens: required\n"], None, 5, "OW706"),
        (
            vec!["tls: { certificate: {here}/key.pem, key: {here}/key.pem }\n"],
            None,
            5,
            "certificate",
        ),
        (
            vec!["tls: { certificate: {here}/nowhere.pem, key: {here}/key.pem }\n"],
            None,
            4,
            "nowhere",
        ),
        (vec!["listen: { socket: {here}/outwright.yaml }\n"], None, 4, "something else"),
        (vec!["listen: { socket: {here}/nowhere/x.sock }\n"], None, 4, "socket"),
    ] {
        let folder = folder(&demo, &deployment.concat());
        let listen = listen.map(|address| ["--listen", address]);
        let (ended, said) = ends(folder.path(), &listen.into_iter().flatten().collect::<Vec<_>>());
        assert_eq!(ended, Some(code), "{deployment:?}: {said}");
        assert!(said.contains(word), "{deployment:?}: {said}");
    }
    let folder = folder(&demo, TLS);
    fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    let (ended, said) = ends(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(ended, Some(5), "{said}");
    assert!(said.contains("others can read") && said.contains("chmod o-r"), "{said}");
}

#[test]
fn a_socket_that_somebody_listens_on_ends_the_start() {
    let _beside = beside();
    let demo = demo();
    let folder = folder(&demo, "listen: { socket: {here}/callers.sock }\n");
    let _first = gateway(folder.path());
    let (ended, said) = ends(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(ended, Some(4), "{said}");
    assert!(said.contains("somebody listens there"), "{said}");
}
