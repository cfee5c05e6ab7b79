//! What is measured: how the provider is spoken to, how callers come in, and what they ask for.

use super::peers::Program;

/// How the provider is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// HTTP/1.1 in the clear.
    Plain,
    /// HTTP/1.1 under TLS 1.3, its certificate checked by everyone.
    Tls,
    /// HTTP/2 under the same.
    H2,
}

impl Wire {
    /// Its name in files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "tls",
            Self::H2 => "h2",
        }
    }

    /// Scheme and host of the provider's address.
    pub(crate) const fn base(self) -> &'static str {
        match self {
            Self::Plain => "http://127.0.0.1",
            Self::Tls | Self::H2 => "https://localhost",
        }
    }

    /// What the provider must read in `Host`.
    pub(crate) fn host(self, port: u16) -> String {
        match self {
            Self::Plain => format!("127.0.0.1:{port}"),
            Self::Tls | Self::H2 => format!("localhost:{port}"),
        }
    }

    /// What a peer offers in its handshake (RFC 7301).
    pub(crate) const fn alpn(self) -> &'static str {
        match self {
            Self::Plain | Self::Tls => "http/1.1",
            Self::H2 => "h2",
        }
    }
}

/// How callers come in, and what they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// GET over HTTP/1.1.
    Get,
    /// POST with 1 KiB over HTTP/1.1.
    Post,
    /// GET over HTTP/2 in the clear, many streams on few connections.
    Streams,
}

/// One case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    /// Its name on the command line and in files.
    pub name: &'static str,
    /// How the provider is spoken to.
    pub wire: Wire,
    /// What the callers do.
    pub load: Load,
    /// The target that the others are compared with in its table.
    pub base: &'static str,
}

/// HTTP/1.1 in the clear on both sides.
pub(crate) const PLAIN: Case =
    Case { name: "plain", wire: Wire::Plain, load: Load::Get, base: "nginx" };

/// All cases.
pub(crate) const CASES: [Case; 5] = [
    PLAIN,
    Case { name: "tls", wire: Wire::Tls, load: Load::Get, base: "nginx" },
    Case { name: "h2", wire: Wire::H2, load: Load::Get, base: "haproxy" },
    Case { name: "post", wire: Wire::Plain, load: Load::Post, base: "nginx" },
    Case { name: "h2c", wire: Wire::Plain, load: Load::Streams, base: "nginx" },
];

impl Case {
    /// Whether a program can do it: nginx calls nobody over HTTP/2.
    pub(crate) fn suits(&self, program: Program) -> bool {
        self.wire != Wire::H2 || program != Program::Nginx
    }

    /// The markers of the lines that stay in a template.
    pub(crate) const fn markers(wire: Wire, load: Load) -> &'static [&'static str] {
        match (wire, load) {
            (Wire::Plain, Load::Get | Load::Post) => &["%plain ", "%h1c "],
            (Wire::Plain, Load::Streams) => &["%plain ", "%h2c "],
            (Wire::Tls, Load::Get | Load::Post) => &["%tls ", "%h1c "],
            (Wire::Tls, Load::Streams) => &["%tls ", "%h2c "],
            (Wire::H2, Load::Get | Load::Post) => &["%tls ", "%h2 ", "%h1c "],
            (Wire::H2, Load::Streams) => &["%tls ", "%h2 ", "%h2c "],
        }
    }
}
