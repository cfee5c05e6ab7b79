//! F-15: a gzip body that unpacks to far more than it weighs, made without a compressor.
//!
//! One fixed-Huffman block (RFC 1951 section 3.2.6) of a literal zero and matches of length 258 at distance 1.
//! A match has 13 bits, so 8 of them fill 13 bytes: the body is one pattern again and again, about 159 to 1.

use bytes::Bytes;

/// A body in three parts: a beginning, a pattern that repeats, an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bomb {
    pub(super) start: Bytes,
    pub(super) pattern: Bytes,
    pub(super) times: u64,
    pub(super) end: Bytes,
}

/// Zero bytes of one match.
const MATCH: u64 = 258;
/// Matches in one pattern: 8 fill whole bytes, and 1,024 times that makes 13 KiB per write.
const PATTERN_MATCHES: u64 = 8 * 1024;

impl Bomb {
    pub(super) fn of(decoded_bytes: u64) -> Self {
        let matches = decoded_bytes.saturating_sub(1) / MATCH;
        let literals = decoded_bytes.saturating_sub(matches * MATCH);
        // One round goes before the repetition, so that the bits carried over are the pattern's own.
        let times = (matches / PATTERN_MATCHES).saturating_sub(1);
        let before = matches - times * PATTERN_MATCHES;

        let mut bits = Bits::default();
        bits.bytes.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
        bits.lsb_first(0b011, 3);
        for _ in 0..literals {
            bits.code(0b0011_0000, 8);
        }
        bits.matches(before);
        let start = Bytes::from(std::mem::take(&mut bits.bytes));
        let mut pattern = Bytes::new();
        if times > 0 {
            bits.matches(PATTERN_MATCHES);
            pattern = Bytes::from(std::mem::take(&mut bits.bytes));
        }
        bits.code(0, 7);
        bits.fill();
        bits.bytes.extend_from_slice(&crc32_of_zeros(decoded_bytes).to_le_bytes());
        let low = u32::try_from(decoded_bytes & 0xffff_ffff).unwrap_or(0);
        bits.bytes.extend_from_slice(&low.to_le_bytes());
        Self { start, pattern, times, end: Bytes::from(bits.bytes) }
    }

    /// How many bytes go over the wire.
    pub(super) fn len(&self) -> u64 {
        let fixed = self.start.len() + self.end.len();
        self.pattern.len() as u64 * self.times + fixed as u64
    }
}

/// Bits in the order of RFC 1951 section 3.1.1.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    open: u8,
    used: u8,
}

impl Bits {
    fn bit(&mut self, bit: u8) {
        self.open |= bit << self.used;
        self.used += 1;
        if self.used == 8 {
            self.bytes.push(self.open);
            (self.open, self.used) = (0, 0);
        }
    }

    fn lsb_first(&mut self, value: u8, width: u8) {
        (0..width).for_each(|n| self.bit((value >> n) & 1));
    }

    /// Huffman codes go in from their highest bit.
    fn code(&mut self, value: u8, width: u8) {
        (0..width).rev().for_each(|n| self.bit((value >> n) & 1));
    }

    fn matches(&mut self, times: u64) {
        for _ in 0..times {
            self.code(0b1100_0101, 8);
            self.code(0, 5);
        }
    }

    fn fill(&mut self) {
        while self.used != 0 {
            self.bit(0);
        }
    }
}

/// The CRC-32 of this many zero bytes: the register times x^(8n) in GF(2), so that a large body costs nothing.
fn crc32_of_zeros(bytes: u64) -> u32 {
    let mut power = 1_u32 << 31;
    let mut square = 1_u32 << 30;
    let mut bits = u128::from(bytes) * 8;
    while bits > 0 {
        if bits & 1 == 1 {
            power = times(square, power);
        }
        square = times(square, square);
        bits >>= 1;
    }
    !times(power, u32::MAX)
}

/// Multiplication of polynomials modulo the one of CRC-32 (0xedb88320, bits reversed).
const fn times(a: u32, b: u32) -> u32 {
    let mut product = 0;
    let mut shifted = b;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        if a >> bit & 1 == 1 {
            product ^= shifted;
        }
        shifted = if shifted & 1 == 1 { (shifted >> 1) ^ 0xedb8_8320 } else { shifted >> 1 };
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_of_zeros_is_the_known_one() {
        for (zeros, crc) in [(0, 0), (1, 0xd202_ef8d), (4, 0x2144_df1c), (32, 0x190a_55ad)] {
            assert_eq!(crc32_of_zeros(zeros), crc, "{zeros}");
        }
    }

    #[test]
    fn a_bomb_of_a_gigabyte_weighs_less_than_seven_megabytes_and_holds_26_kib() {
        let bomb = Bomb::of(1 << 30);
        assert!(bomb.len() < 7_000_000, "{}", bomb.len());
        assert!(bomb.start.len() + bomb.pattern.len() + bomb.end.len() < 64 * 1024);
        assert_eq!(bomb.end.last_chunk::<4>(), Some(&(1_u32 << 30).to_le_bytes()));
    }
}
