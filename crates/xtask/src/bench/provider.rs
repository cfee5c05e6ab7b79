//! The provider of the load: nginx with one worker, in the clear and under TLS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::case::Wire;
use super::machine::LOAD_CORE;
use super::process::{self, Running};
use super::{capture, template};
use crate::job;

/// A certificate for `localhost` and 127.0.0.1 that is no authority: rustls takes no authority as a server.
const CERTIFICATE: &str = "[req]\ndistinguished_name = dn\nprompt = no\nx509_extensions = ext\n\
    [dn]\nCN = localhost\n[ext]\nbasicConstraints = critical,CA:FALSE\n\
    subjectAltName = DNS:localhost,IP:127.0.0.1\n";

/// A running provider.
pub(crate) struct Provider {
    /// Its process.
    pub running: Running,
    /// The certificate that it shows.
    pub ca: PathBuf,
    plain: u16,
    tls: u16,
    h2: u16,
}

impl Provider {
    /// Starts one that answers, on these cores.
    ///
    /// # Errors
    ///
    /// What nginx or openssl said.
    pub(crate) fn start(dir: &Path, cores: Option<&str>, heavy: bool) -> Result<Self, String> {
        let answer = format!("default_type application/json; return 200 '{}'", capture::body());
        Self::that(&answer, dir, cores, heavy)
    }

    /// Starts one that hands its calls on to a provider on this port, and only ends TLS.
    ///
    /// # Errors
    ///
    /// As [`Provider::start`].
    pub(crate) fn in_front_of(dir: &Path, port: u16) -> Result<Self, String> {
        // No bound of its own: it stands for a provider that takes its time.
        let times = "proxy_read_timeout 1h; proxy_send_timeout 1h; send_timeout 1h";
        Self::that(&format!("{times}; proxy_pass http://127.0.0.1:{port}"), dir, None, false)
    }

    fn that(answers: &str, dir: &Path, cores: Option<&str>, heavy: bool) -> Result<Self, String> {
        let dir = dir.join("provider");
        fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        let ca = certify(&dir)?;
        let [plain, tls, h2] = free_ports()?;
        let path = job::root().join("bench/peers/provider.conf");
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let place = dir.display().to_string();
        let values = [
            ("PORT", plain.to_string()),
            ("TLS_PORT", tls.to_string()),
            ("H2_PORT", h2.to_string()),
            ("DIR", place.clone()),
            ("ANSWERS", answers.to_owned()),
            ("BODY", capture::body()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let file = dir.join("provider.conf");
        let filled = template::fill(&text, &[], &values)?;
        fs::write(&file, filled).map_err(|e| format!("{}: {e}", file.display()))?;
        let line = ["nginx", "-p", &place, "-e", "stderr", "-c", &file.display().to_string()];
        let line: Vec<String> = line.iter().map(|w| (*w).to_owned()).collect();
        let mut running = Running::start("provider", &dir, cores, &line)?;
        if heavy {
            running.weigh(-20);
        }
        running.until_listening(plain, &dir)?;
        Ok(Self { running, ca, plain, tls, h2 })
    }

    /// Starts it on the load core.
    ///
    /// # Errors
    ///
    /// As [`Provider::start`].
    pub(crate) fn beside_the_load(dir: &Path, heavy: bool) -> Result<Self, String> {
        Self::start(dir, Some(LOAD_CORE), heavy)
    }

    /// Where it listens.
    pub(crate) fn port(&self, wire: Wire) -> u16 {
        match wire {
            Wire::Plain => self.plain,
            Wire::Tls => self.tls,
            Wire::H2 => self.h2,
        }
    }
}

fn free_ports() -> Result<[u16; 3], String> {
    Ok([process::free_port()?, process::free_port()?, process::free_port()?])
}

/// Makes an ECDSA P-256 certificate and its key; answers the certificate.
fn certify(dir: &Path) -> Result<PathBuf, String> {
    let (config, key, cert) = (dir.join("cert.cnf"), dir.join("key.pem"), dir.join("cert.pem"));
    fs::write(&config, CERTIFICATE).map_err(|e| format!("{}: {e}", config.display()))?;
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    openssl.args(["-nodes", "-days", "30", "-config"]).arg(&config);
    openssl.arg("-keyout").arg(&key).arg("-out").arg(&cert);
    let output = openssl.output().map_err(|e| format!("start openssl: {e}"))?;
    if output.status.success() {
        Ok(cert)
    } else {
        Err(format!("openssl: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
