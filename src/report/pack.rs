//! Packs texts by byte pair encoding. The texts are printable ASCII and newlines, so that all other
//! bytes are free to stand for pairs: the most frequent pair of neighbours is replaced by a free
//! byte, until no pair is worth it. Only the compiler runs this file; the program holds the result.
#![expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "runs in the compiler, which reports a bad index; try_from is not const"
)]

/// The first byte that stands for a pair. The next ones follow up to 255, then from 0 up to the
/// first printable one.
const FIRST_PAIR: u8 = 128;

/// Most pairs: the number of such bytes.
const MAX_PAIRS: usize = 128 + 32;

/// The index of the pair that a byte stands for.
pub const fn place(byte: u8) -> usize {
    byte.wrapping_sub(FIRST_PAIR) as usize
}

/// Whether a byte stands for itself, though it has an index among the pairs.
const fn is_itself(byte: u8) -> bool {
    matches!(byte, 0 | b'\n')
}

/// Most bytes of the texts; more do not compile.
const MAX_BYTES: usize = 12288;

/// Least occurrences of a pair that is replaced: it takes two bytes and saves more.
const WORTHWHILE: u16 = 4;

/// Texts, each with a NUL behind it.
#[derive(Clone, Copy)]
pub struct Plain {
    bytes: [u8; MAX_BYTES],
    length: usize,
}

impl Plain {
    pub const EMPTY: Self = Self {
        bytes: [0; MAX_BYTES],
        length: 0,
    };

    /// Bytes of the texts with their NULs.
    #[cfg(test)]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Adds these texts.
    pub const fn rows(mut self, rows: &[&[&str]]) -> Self {
        let mut row = 0;
        while row < rows.len() {
            let mut i = 0;
            while i < rows[row].len() {
                self = self.text(rows[row][i]);
                i += 1;
            }
            row += 1;
        }
        self
    }

    /// Adds these texts of error numbers.
    pub const fn errno(mut self, texts: &[(u8, &str)]) -> Self {
        let mut row = 0;
        while row < texts.len() {
            self = self.text(texts[row].1);
            row += 1;
        }
        self
    }

    const fn text(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() {
            assert!(
                place(text[i]) >= MAX_PAIRS || text[i] == b'\n',
                "texts are printable ASCII"
            );
            self.bytes[self.length] = text[i];
            self.length += 1;
            i += 1;
        }
        // The NUL is there.
        self.length += 1;
        self
    }

    /// Replaces pairs, the most frequent one first.
    pub const fn pack(self) -> Packed {
        let mut packed = Packed {
            plain: self,
            length: self.length,
            pairs: [[0; 2]; MAX_PAIRS],
            count: 0,
        };
        // No text has a pair of NULs: nothing is replaced yet.
        let (mut pair, mut times);
        (packed, pair, times) = packed.replace(0, 0);
        while packed.count + 1 < MAX_PAIRS && times >= WORTHWHILE {
            let mut byte = FIRST_PAIR.wrapping_add(packed.count as u8);
            if is_itself(byte) {
                packed.count += 1;
                byte += 1;
            }
            packed.pairs[packed.count] = pair.to_be_bytes();
            packed.count += 1;
            (packed, pair, times) = packed.replace(pair, byte);
        }
        packed
    }
}

/// Packed texts.
#[derive(Clone, Copy)]
pub struct Packed {
    plain: Plain,
    /// Bytes of the packed texts.
    pub length: usize,
    pairs: [[u8; 2]; MAX_PAIRS],
    /// Pairs in use.
    pub count: usize,
}

impl Packed {
    /// The packed texts, each with a NUL behind it.
    pub const fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        let mut i = 0;
        while i < N {
            bytes[i] = self.plain.bytes[i];
            i += 1;
        }
        bytes
    }

    /// The pairs, each at its index.
    pub const fn pairs<const N: usize>(&self) -> [[u8; 2]; N] {
        let mut pairs = [[0; 2]; N];
        let mut i = 0;
        while i < N {
            pairs[i] = self.pairs[i];
            i += 1;
        }
        pairs
    }

    /// Replaces a pair by a byte. Returns the most frequent pair of neighbours that is then there, and
    /// how often it occurs. (In one loop: the compiler runs it slowly and often.)
    const fn replace(mut self, pair: u16, byte: u8) -> (Self, u16, u16) {
        let [first, second] = pair.to_be_bytes();
        let mut times = [0_u16; 1 << 16];
        let (mut best, mut most) = (0, 0);
        let mut last = 0;
        let (mut from, mut to) = (0, 0);
        while from < self.length {
            let mut here = self.plain.bytes[from];
            // The last byte is a NUL, which no pair has.
            if here == first && here != 0 && self.plain.bytes[from + 1] == second {
                here = byte;
                from += 1;
            }
            self.plain.bytes[to] = here;
            from += 1;
            to += 1;
            last = (last << 8) | here as u16;
            let count = times[last as usize] + 1;
            times[last as usize] = count;
            if count > most && last & 0xff != 0 && last >> 8 != 0 {
                (best, most) = (last, count);
            }
        }
        self.length = to;
        (self, best, most)
    }
}
