//! TLS of the listeners, tried with clients that we did not write.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use outwright_contract::deployment::Tls;
use outwright_gateway::{Config, Server, StartError, TlsError};

use super::certificates::Certificates;
use super::{curl, status};
use crate::peer::{Peer, Says};
use crate::stage::Stage;

fn stage(tls: Tls) -> (Peer, Stage) {
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::set_up(&peer, |contract| contract, |config| config.tls = Some(tls));
    (peer, stage)
}

/// on the data port and on the admin port, in both versions of HTTP.
#[test]
fn callers_and_operators_speak_tls() {
    let files = Certificates::new();
    files.sign("ours", |_| {});
    let (_peer, stage) = stage(files.tls("ours"));
    let ca = files.text("ca.pem");
    let url = format!("https://{}/demo/v1/charges", stage.data());
    let https = |more: &[&str]| curl(&[&["--cacert", &ca][..], more].concat());
    assert_eq!(status(&https(&["--http1.1", &url])), "200 1.1");
    assert_eq!(status(&https(&["--http2", &url])), "200 2", "agreed on in the handshake");
    let local = format!("https://localhost:{}/demo/v1/charges", stage.data().port());
    assert_eq!(status(&https(&[&local])), "200 2");
    // A head that is refused is answered under TLS too.
    let bad = https(&["--http1.1", "-H", "Content-Length: 1, 2", &url]);
    assert_eq!(status(&bad), "400 1.1", "{bad:?}");
    let admin = format!("https://{}/metrics", stage.gateway().admin());
    assert!(status(&https(&[&admin])).starts_with("200"));
    let plain = curl(&[&url.replace("https", "http")]);
    assert!(!plain.status.success(), "in the clear nothing is said: {plain:?}");
    assert!(!curl(&[&url]).status.success(), "curl knows this authority only where it is told");
}

/// Links of the provider lead back to where the caller came in, under TLS too.
#[test]
fn links_lead_back_under_tls() {
    let files = Certificates::new();
    files.sign("ours", |_| {});
    let peer = Peer::knowing(|port| {
        let link = format!("Link: <http://127.0.0.1:{port}/v1/charges?page=2>; rel=\"next\"\r\n");
        vec![Says::ok(&link, "fine")]
    });
    let rewrite = |contract: String| contract.replace("\negress:", "\nlinks: rewrite\negress:");
    let stage = Stage::set_up(&peer, rewrite, |config| config.tls = Some(files.tls("ours")));
    let ca = files.text("ca.pem");
    let url = format!("https://{}/demo/v1/charges", stage.data());
    let said = curl(&["--cacert", &ca, "-D", "-", &url]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(&format!("<{url}?page=2>; rel=\"next\"")), "{said}");
}

///
#[test]
fn old_protocols_and_weak_suites_are_refused() {
    let files = Certificates::new();
    files.sign("ours", |_| {});
    let (_peer, stage) = stage(files.tls("ours"));
    let address = stage.data().to_string();
    for (how, works) in [
        (&["-tls1_3"][..], true),
        (&["-tls1_2"], true),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], true),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], false),
        (&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], false),
        (&["-tls1", "-cipher", "ALL:@SECLEVEL=0"], false),
    ] {
        let said = Command::new("openssl")
            .args(["s_client", "-brief", "-connect", &address])
            .args(how)
            .stdin(Stdio::null())
            .output()
            .expect("openssl is on every machine of the test command");
        assert_eq!(said.status.success(), works, "{how:?}: {said:?}");
    }
}

/// where callers have certificates, one that our roots do not vouch for comes no further.
#[test]
fn a_caller_without_the_certificate_that_is_asked_for_is_not_served() {
    let (files, others) = (Certificates::new(), Certificates::new());
    files.sign("ours", |_| {});
    files.sign("caller", |_| {});
    others.sign("caller", |_| {});
    let tls = Tls { client_ca: Some(files.path("ca.pem")), ..files.tls("ours") };
    let (peer, stage) = stage(tls);
    let (ca, url) = (files.text("ca.pem"), format!("https://{}/demo/v1/charges", stage.data()));
    let with = |files: &Certificates| {
        let (cert, key) = (files.text("caller.pem"), files.text("caller.key"));
        curl(&["--cacert", &ca, "--cert", &cert, "--key", &key, &url])
    };
    assert_eq!(status(&with(&files)), "200 2");
    assert!(!with(&others).status.success());
    assert!(!curl(&["--cacert", &ca, &url]).status.success());
    assert_eq!(peer.seen().len(), 1);
}

#[test]
fn a_certificate_that_was_renewed_is_shown_and_a_bad_one_is_not() {
    let (files, others) = (Certificates::new(), Certificates::new());
    files.sign("ours", |_| {});
    others.sign("ours", |_| {});
    let (_peer, stage) = stage(files.tls("ours"));
    let url = format!("https://{}/demo/v1/charges", stage.data());
    let trusts =
        |files: &Certificates| curl(&["--cacert", &files.text("ca.pem"), &url]).status.success();
    assert_eq!((trusts(&files), trusts(&others)), (true, false));
    std::fs::copy(others.path("ours.pem"), files.path("ours.pem")).unwrap();
    let refused = stage.gateway().renew_tls();
    assert!(matches!(refused, Err(TlsError::Pair(..))), "half a pair: {refused:?}");
    assert_eq!((trusts(&files), trusts(&others)), (true, false));
    std::fs::copy(others.path("ours.key"), files.path("ours.key")).unwrap();
    stage.gateway().renew_tls().unwrap();
    assert_eq!((trusts(&files), trusts(&others)), (false, true));
}

/// who shakes hands for ever holds up nobody else.
#[test]
fn a_handshake_that_stalls_blocks_nobody() {
    let files = Certificates::new();
    files.sign("ours", |_| {});
    let (_peer, stage) = stage(files.tls("ours"));
    let mut stalled: Vec<_> = (0..50).map(|_| TcpStream::connect(stage.data()).unwrap()).collect();
    for socket in &mut stalled {
        // The beginning of a record that never ends.
        socket.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    }
    let ca = files.text("ca.pem");
    let url = format!("https://{}/demo/v1/charges", stage.data());
    assert_eq!(status(&curl(&["--cacert", &ca, &url])), "200 2");
    // The drain does not wait for them, and cuts them.
    drop(stage);
    for mut socket in stalled {
        let mut rest = Vec::new();
        let _ended = socket.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{rest:?}");
    }
}

/// what is wrong with the files is said at the start.
#[test]
fn files_that_could_not_be_served_are_refused_at_the_start() {
    let files = Certificates::new();
    files.sign("ours", |_| {});
    files.sign("other", |_| {});
    files.sign("old", |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    });
    files.sign("new", |params| {
        params.not_before = rcgen::date_time_ymd(2090, 1, 1);
        params.not_after = rcgen::date_time_ymd(2090, 2, 1);
    });
    std::fs::write(files.path("empty.pem"), "no certificate\n").unwrap();
    let peer = Peer::start(vec![Says::ok("", "fine")]);
    let stage = Stage::before(&peer, |contract| contract);
    let start = |tls: Tls| {
        let free = "127.0.0.1:0".parse().unwrap();
        let config = Config { data: free, admin: free, tls: Some(tls), ..Config::default() };
        match Server::start(&config, Arc::clone(stage.gateway().shared())) {
            Err(StartError::Tls(error)) => error,
            other => panic!("it started, or did not for another reason: {other:?}"),
        }
    };
    let ours = || files.tls("ours");
    let error = start(Tls { key: files.path("other.key"), ..ours() });
    assert!(matches!(error, TlsError::Pair(..)) && error.is_unsafe(), "{error:?}");
    let error = start(files.tls("old"));
    assert!(matches!(error, TlsError::NotNow(_)) && error.is_unsafe(), "{error:?}");
    assert!(matches!(start(files.tls("new")), TlsError::NotNow(_)));
    let error = start(Tls { certificate: files.path("empty.pem"), ..ours() });
    assert!(matches!(error, TlsError::NoCertificate(_)), "{error:?}");
    let error = start(Tls { key: files.path("ours.pem"), ..ours() });
    assert!(matches!(error, TlsError::Key(_)), "{error:?}");
    let error = start(Tls { certificate: files.path("nowhere.pem"), ..ours() });
    assert!(matches!(error, TlsError::Certificates(..)) && !error.is_unsafe(), "{error:?}");
    let error = start(Tls { client_ca: Some(files.path("empty.pem")), ..ours() });
    assert!(matches!(error, TlsError::NoCertificate(_)), "{error:?}");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(files.path("ours.key"), open).unwrap();
    let error = start(ours());
    assert!(matches!(error, TlsError::Key(_)) && error.is_unsafe(), "{error:?}");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("chmod"));
}

/// callers that connect and say nothing keep nobody out, however many they are.
#[test]
fn silent_connections_keep_nobody_from_shaking_hands() {
    /// Handshakes that a core has at once, and as many again that came too late for a place.
    const SILENT: usize = 2 * 1_024;
    let files = Certificates::new();
    files.sign("ours", |_| {});
    let (_peer, stage) = stage(files.tls("ours"));
    // Both ends of each stand in this process.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, most).unwrap();
    let silent: Vec<_> = (0..SILENT).map(|_| TcpStream::connect(stage.data()).unwrap()).collect();
    let url = format!("https://{}/demo/v1/charges", stage.data());
    let begun = Instant::now();
    let said = curl(&["--cacert", &files.text("ca.pem"), "--max-time", "60", &url]);
    assert_eq!(status(&said), "200 2");
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "not by waiting for the bound of a head, 10 s"
    );
    drop(silent);
}
