//! which TLS is spoken, tried on a server that we did not write (`openssl s_server`).

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use outwright::Outcome;
use outwright_core::outcome::Fault;

use crate::world::{Got, Terms, World, demo, on_a_core};

/// Ends its process when the test ends, however it ends.
struct Server(Child, u16);

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn openssl(arguments: &[&str]) -> Command {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A certificate for loopback that vouches for itself.
pub(crate) fn certificate(folder: &Path) {
    let made = openssl(&["req", "-x509", "-nodes", "-newkey", "ec"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2", "-subj", "/CN=peer"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("cert.pem"))
        .status();
    assert!(made.expect("openssl is on every machine of the test command").success());
}

/// A server that speaks TLS like this.
fn server(folder: &Path, how: &[&str]) -> Server {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let child = openssl(&["s_server", "-www", "-quiet", "-accept"])
        .arg(format!("127.0.0.1:{port}"))
        .arg("-cert")
        .arg(folder.join("cert.pem"))
        .arg("-key")
        .arg(folder.join("key.pem"))
        .args(how)
        .spawn()
        .unwrap();
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed().as_secs() < 20, "openssl did not listen: {how:?}");
        std::thread::yield_now();
    }
    Server(child, port)
}

///
#[test]
fn old_protocols_and_weak_suites_are_refused_and_modern_ones_spoken() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let demo = demo();
    let weak = "ALL:@SECLEVEL=0";
    for (how, works) in [
        (&["-tls1_3"][..], true),
        (&["-tls1_2"], true),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], true),
        (&["-tls1_1", "-cipher", weak], false),
        (&["-tls1", "-cipher", weak], false),
        // Without authenticated encryption.
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"], false),
    ] {
        let server = server(folder.path(), how);
        on_a_core(async {
            let world = World::new(&Terms {
                base_url: format!("https://127.0.0.1:{}", server.1),
                egress: format!(
                    "{{ private: [127.0.0.0/8], ca: {} }}",
                    folder.path().join("cert.pem").display()
                ),
                ..Terms::plain(&demo)
            });
            let (got, _) = world.get("/v1/charges").await;
            match (got, works) {
                (Got::Reply(status, body), true) => {
                    assert_eq!(status, 200, "{how:?}");
                    assert!(!body.unwrap().is_empty());
                }
                (Got::Other(outcome), false) => {
                    let Outcome::Failed(failure) = *outcome else { panic!("{how:?}: {outcome:?}") };
                    let refused = [Fault::TlsRefused, Fault::TlsTransport].contains(&failure.fault);
                    assert!(refused, "{how:?}: {failure:?}");
                }
                (got, _) => panic!("{how:?}: {got:?}"),
            }
            world.assert_at_rest();
        });
    }
}

/// the roots of a contract stand in place of the machine's, not beside them.
#[test]
fn a_certificate_that_the_contracts_roots_do_not_vouch_for_is_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificate(one.path());
    certificate(other.path());
    let demo = demo();
    let server = server(one.path(), &[]);
    on_a_core(async {
        let world = World::new(&Terms {
            base_url: format!("https://127.0.0.1:{}", server.1),
            egress: format!(
                "{{ private: [127.0.0.0/8], ca: {} }}",
                other.path().join("cert.pem").display()
            ),
            ..Terms::plain(&demo)
        });
        let (got, _) = world.get("/v1/charges").await;
        let Outcome::Failed(failure) = got.other() else { panic!("no failure") };
        assert_eq!(failure.fault, Fault::TlsRefused);
    });
}
