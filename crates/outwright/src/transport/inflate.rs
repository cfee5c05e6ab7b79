//! How large a compressed body is once its reader has decoded it: counted while it passes (R-560, R-561).
//!
//! The bytes themselves go on as they came. What is decoded here is thrown away at once; what stays is one window of
//! 32 KiB per body, because gzip and deflate need no more. Codings with larger windows are not asked for.

use std::io::{self, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, HeaderMap};
use outwright_core::outcome::Fault;

/// So many bytes are let through whatever their ratio (R-560: 1 MiB).
const FREE_BYTES: u64 = 1024 * 1024;
/// Decoded bytes per coded one beyond that (R-560: 100; text of real services stays below 20).
const RATIO_MAX: u64 = 100;

/// Counts the decoded bytes of one body.
pub(crate) struct Gauge {
    decoder: Decoder,
    coded: u64,
    decoded_max: u64,
}

/// gzip may consist of several members; deflate stands within zlib, or alone as some servers send it.
enum Decoder {
    Gzip(Box<MultiGzDecoder<Count>>),
    /// Nothing of it has come yet.
    Unknown,
    Zlib(Box<ZlibDecoder<Count>>),
    Raw(Box<DeflateDecoder<Count>>),
}

/// Where decoded bytes end.
#[derive(Debug, Default)]
struct Count {
    bytes: u64,
    bytes_max: u64,
}

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Gauge {
    /// A gauge for a body with these fields; none for one that is not coded.
    ///
    /// # Errors
    ///
    /// The coding is none that can be bounded, or there are several.
    pub(crate) fn of(headers: &HeaderMap, decoded_max: u64) -> Result<Option<Box<Self>>, Fault> {
        let Some(coding) = headers.get(CONTENT_ENCODING) else { return Ok(None) };
        let several = headers.get_all(CONTENT_ENCODING).into_iter().nth(1).is_some();
        let coding = coding.as_bytes().trim_ascii();
        let decoder = if several {
            return Err(Fault::ContentCoding);
        } else if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
            return Ok(None);
        } else if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
            Decoder::Gzip(Box::new(MultiGzDecoder::new(Count::default())))
        } else if coding.eq_ignore_ascii_case(b"deflate") {
            Decoder::Unknown
        } else {
            return Err(Fault::ContentCoding);
        };
        Ok(Some(Box::new(Self { decoder, coded: 0, decoded_max })))
    }

    /// Looks at the next part.
    ///
    /// # Errors
    ///
    /// Decoded it would be larger than allowed, or it cannot be decoded.
    pub(crate) fn pass(&mut self, part: &[u8]) -> Result<(), Fault> {
        let Some(first) = part.first() else { return Ok(()) };
        self.coded = self.coded.saturating_add(part.len() as u64);
        let bytes_max = self.decoded_max.min(self.coded.saturating_mul(RATIO_MAX).max(FREE_BYTES));
        if matches!(self.decoder, Decoder::Unknown) {
            // RFC 1950 section 2.2: method 8 with a window of at most 32 KiB; raw deflate begins otherwise.
            self.decoder = if first & 0x0f == 8 && first >> 4 <= 7 {
                Decoder::Zlib(Box::new(ZlibDecoder::new(Count::default())))
            } else {
                Decoder::Raw(Box::new(DeflateDecoder::new(Count::default())))
            };
        }
        let done = match &mut self.decoder {
            Decoder::Gzip(decoder) => {
                decoder.get_mut().bytes_max = bytes_max;
                decoder.write_all(part).and_then(|()| decoder.flush())
            }
            Decoder::Zlib(decoder) => {
                decoder.get_mut().bytes_max = bytes_max;
                decoder.write_all(part).and_then(|()| decoder.flush())
            }
            Decoder::Raw(decoder) => {
                decoder.get_mut().bytes_max = bytes_max;
                decoder.write_all(part).and_then(|()| decoder.flush())
            }
            Decoder::Unknown => Ok(()),
        };
        done.map_err(|error| {
            let too_large = error.kind() == io::ErrorKind::FileTooLarge;
            if too_large { Fault::BodyTooLarge } else { Fault::ContentCoding }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use http::HeaderValue;

    const MAX: u64 = 8 * 1024 * 1024;

    fn gauge(coding: &'static str) -> Box<Gauge> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        Gauge::of(&headers, MAX).unwrap().expect("it is coded")
    }

    fn coded(coding: &str, bytes: &[u8]) -> Vec<u8> {
        let level = Compression::best();
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            "zlib" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            _ => {
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    /// In parts of every size up to the whole: the verdict is the same.
    fn passes(field: &'static str, bytes: &[u8]) -> Result<(), Fault> {
        let whole = gauge(field).pass(bytes);
        for size in [1, 7, 4_096] {
            let mut gauge = gauge(field);
            let parts = bytes.chunks(size).try_for_each(|part| gauge.pass(part));
            assert_eq!(parts, whole, "in parts of {size}");
        }
        whole
    }

    #[test]
    fn what_is_honestly_compressed_passes() {
        let text: Vec<u8> = (0..400_000_u32).flat_map(|n| n.to_string().into_bytes()).collect();
        for (field, kind) in
            [("gzip", "gzip"), ("X-GZIP", "gzip"), ("deflate", "zlib"), ("deflate", "raw")]
        {
            assert_eq!(passes(field, &coded(kind, &text)), Ok(()), "{field} {kind}");
            assert_eq!(passes(field, &coded(kind, b"")), Ok(()));
        }
        let twice = [coded("gzip", &text), coded("gzip", b"more")].concat();
        assert_eq!(passes("gzip", &twice), Ok(()), "two members are one body");
        // Zeros are compressed a thousandfold; a little of them harms nobody.
        assert_eq!(passes("gzip", &coded("gzip", &vec![0; 1024 * 1024])), Ok(()));
    }

    /// R-560, R-561.
    #[test]
    fn a_bomb_is_stopped_by_its_ratio_or_its_size() {
        for (field, kind) in [("gzip", "gzip"), ("deflate", "zlib"), ("deflate", "raw")] {
            let bomb = coded(kind, &vec![0; 4 * 1024 * 1024]);
            assert_eq!(passes(field, &bomb), Err(Fault::BodyTooLarge), "{kind}");
        }
        let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        assert!(bytes.len() as u64 > MAX);
        let mut gauge = gauge("gzip");
        let coded = coded("gzip", &bytes);
        let stopped = coded.chunks(4_096).try_for_each(|part| gauge.pass(part));
        assert_eq!(stopped, Err(Fault::BodyTooLarge), "too large at any ratio");
    }

    #[test]
    fn what_cannot_be_bounded_or_decoded_is_refused() {
        for coding in ["br", "zstd", "gzip, gzip", "deflate,gzip", "compress", "aws-chunked"] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            assert_eq!(Gauge::of(&headers, MAX).err(), Some(Fault::ContentCoding), "{coding}");
        }
        let mut twice = HeaderMap::new();
        twice.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        twice.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(Gauge::of(&twice, MAX).err(), Some(Fault::ContentCoding));
        for plain in ["identity", "IDENTITY", ""] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(plain));
            assert!(Gauge::of(&headers, MAX).unwrap().is_none(), "{plain:?}");
        }
        assert_eq!(passes("gzip", b"this is not gzip at all"), Err(Fault::ContentCoding));
    }
}
