//! F-23: answers that break HTTP/1.1, byte for byte.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::act::Act;
use super::reply::{Reply, status_line};

/// In which way an answer is not HTTP/1.1. Section numbers are those of RFC 9112.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is its bytes; the table below shows them")]
pub enum Malformed {
    LengthAndChunked,
    TwoLengths,
    LengthPlus,
    LengthNegative,
    LengthHex,
    LengthEmpty,
    LengthHuge,
    ChunkedNotLast,
    UnknownCoding,
    ChunkedTwice,
    ChunkSizeHuge,
    ChunkSizePrefix,
    ChunkSizeNegative,
    ChunkSizeJunk,
    ChunkWithoutEnd,
    ChunkBareLf,
    ChunkExtensionFlood,
    LastChunkMissing,
    ObsFold,
    SpaceBeforeColon,
    LeadingSpace,
    NoColon,
    EmptyName,
    BareLf,
    BareCr,
    NulInValue,
    BadVersion,
    StatusTwoDigits,
    StatusBeyond,
    NotHttp,
    NoHead,
    BodyOn204,
}

impl Malformed {
    /// Every case, for tables of tests.
    pub const ALL: [Self; 32] = [
        Self::LengthAndChunked,
        Self::TwoLengths,
        Self::LengthPlus,
        Self::LengthNegative,
        Self::LengthHex,
        Self::LengthEmpty,
        Self::LengthHuge,
        Self::ChunkedNotLast,
        Self::UnknownCoding,
        Self::ChunkedTwice,
        Self::ChunkSizeHuge,
        Self::ChunkSizePrefix,
        Self::ChunkSizeNegative,
        Self::ChunkSizeJunk,
        Self::ChunkWithoutEnd,
        Self::ChunkBareLf,
        Self::ChunkExtensionFlood,
        Self::LastChunkMissing,
        Self::ObsFold,
        Self::SpaceBeforeColon,
        Self::LeadingSpace,
        Self::NoColon,
        Self::EmptyName,
        Self::BareLf,
        Self::BareCr,
        Self::NulInValue,
        Self::BadVersion,
        Self::StatusTwoDigits,
        Self::StatusBeyond,
        Self::NotHttp,
        Self::NoHead,
        Self::BodyOn204,
    ];

    /// The broken answer; it closes only where the break needs it, so that reuse would be seen.
    pub(super) fn acts(self, reply: &Reply) -> Vec<Act> {
        let bytes = Act::Write(Bytes::from(self.bytes(reply)));
        let needs_end = matches!(
            self,
            Self::LastChunkMissing | Self::NoHead | Self::UnknownCoding | Self::ChunkedNotLast
        );
        if needs_end { vec![bytes, Act::Close] } else { vec![bytes] }
    }

    fn bytes(self, reply: &Reply) -> Vec<u8> {
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        let length = body.len();
        let chunk = format!("{length:x}\r\n{body}\r\n");
        let framed = |framing: &str, body: &str| format!("{}{body}", reply.head(framing));
        let chunked = |body: &str| framed("Transfer-Encoding: chunked", body);
        let sized = |field: &str| framed(&format!("{field}\r\nContent-Length: {length}"), &body);
        let text = match self {
            Self::LengthAndChunked => framed(
                &format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
                &format!("{chunk}0\r\n\r\n"),
            ),
            Self::TwoLengths => {
                framed(&format!("Content-Length: {length}\r\nContent-Length: 1"), &body)
            }
            Self::LengthPlus => framed(&format!("Content-Length: +{length}"), &body),
            Self::LengthNegative => framed("Content-Length: -1", &body),
            Self::LengthHex => framed(&format!("Content-Length: 0x{length:x}"), &body),
            Self::LengthEmpty => framed("Content-Length:", &body),
            Self::LengthHuge => framed("Content-Length: 99999999999999999999", &body),
            Self::ChunkedNotLast => framed("Transfer-Encoding: chunked, identity", &chunk),
            Self::UnknownCoding => framed("Transfer-Encoding: xchunked", &chunk),
            Self::ChunkedTwice => framed(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                &format!("{chunk}0\r\n\r\n"),
            ),
            Self::ChunkSizeHuge => chunked(&format!("fffffffffffffffff\r\n{body}")),
            Self::ChunkSizePrefix => chunked(&format!("0x{chunk}0\r\n\r\n")),
            Self::ChunkSizeNegative => chunked(&format!("-{chunk}0\r\n\r\n")),
            Self::ChunkSizeJunk => chunked(&format!("{length:x} x\r\n{body}\r\n0\r\n\r\n")),
            Self::ChunkWithoutEnd => chunked(&format!("{length:x}\r\n{body}xx0\r\n\r\n")),
            Self::ChunkBareLf => chunked(&format!("{length:x}\n{body}\n0\n\n")),
            Self::ChunkExtensionFlood => {
                chunked(&format!("{length:x};{}\r\n{body}\r\n0\r\n\r\n", "e".repeat(1 << 20)))
            }
            Self::LastChunkMissing => chunked(&chunk),
            Self::ObsFold => sized("X-Folded: one\r\n two"),
            Self::SpaceBeforeColon => sized("X-Space : one"),
            Self::LeadingSpace => {
                format!(
                    "{} X-First: one\r\nContent-Length: {length}\r\n\r\n{body}",
                    status_line(reply.status)
                )
            }
            Self::NoColon => sized("X-No-Colon"),
            Self::EmptyName => sized(": one"),
            Self::BareLf => sized("X-One: 1\nX-Two: 2").replace("\r\n", "\n"),
            Self::BareCr => sized("X-One: 1\rX-Two: 2"),
            Self::NulInValue => sized("X-Nul: a\0b"),
            Self::BadVersion => sized("X-One: 1").replacen("HTTP/1.1", "HTTP/7.3", 1),
            Self::StatusTwoDigits => {
                format!("HTTP/1.1 20 OK\r\nContent-Length: {length}\r\n\r\n{body}")
            }
            Self::StatusBeyond => {
                format!("HTTP/1.1 1000 Far\r\nContent-Length: {length}\r\n\r\n{body}")
            }
            Self::NotHttp => "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
            Self::NoHead => body.clone(),
            Self::BodyOn204 => {
                format!("HTTP/1.1 204 No Content\r\nContent-Length: {length}\r\n\r\n{body}")
            }
        };
        text.into_bytes()
    }
}
