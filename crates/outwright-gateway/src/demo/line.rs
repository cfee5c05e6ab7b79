//! A connection of the demo provider, plain or TLS, and the ways in which it can end.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A connection.
pub(super) enum Line {
    /// TCP as it is.
    Plain(TcpStream),
    /// TLS over it.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Line {
    /// Reads what is there, at least one byte; 0 means that the peer left.
    pub(super) async fn read(&mut self, into: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(into).await,
            Self::Tls(stream) => stream.read_buf(into).await,
        }
    }

    /// Writes all of it and flushes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Ends in order: `close_notify` under TLS, then FIN.
    pub(super) async fn close(mut self) {
        let shut = async {
            match &mut self {
                Self::Plain(stream) => stream.shutdown().await,
                Self::Tls(stream) => stream.shutdown().await,
            }
        };
        // A peer that reads nothing must not keep the provider; and a peer that left has nothing to be told.
        let _told = tokio::time::timeout(CLOSE_MAX, shut).await;
        self.discard();
    }

    /// Ends with FIN alone.
    pub(super) fn cut(self) {
        // It fails only when the peer is gone already.
        let _told = SockRef::from(self.tcp()).shutdown(Shutdown::Write);
        self.discard();
    }

    /// Ends with RST.
    pub(super) fn reset(self) {
        // Linger of zero makes the close that follows on drop an RST.
        let _set = SockRef::from(self.tcp()).set_linger(Some(Duration::ZERO));
    }

    /// Takes what lies unread: a close with unread bytes is an RST on Linux.
    fn discard(self) {
        let mut rest = [0; 4096];
        while matches!(self.tcp().try_read(&mut rest), Ok(1..)) {}
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// How long an orderly end may take; chosen.
const CLOSE_MAX: Duration = Duration::from_secs(1);
