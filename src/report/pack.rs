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
        while packed.count + 1 < MAX_PAIRS {
            let (pair, times) = packed.most_frequent();
            if times < WORTHWHILE {
                break;
            }
            packed = packed.replace(pair);
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

    /// The most frequent pair of neighbours, and how often it occurs. The compiler runs this slowly
    /// and often.
    const fn most_frequent(&self) -> (u16, u16) {
        let mut times = [0_u16; 1 << 16];
        let (mut best, mut most) = (0, 0);
        let mut pair = 0;
        let mut i = 0;
        while i < self.length {
            pair = (pair << 8) | self.plain.bytes[i] as u16;
            let count = times[pair as usize] + 1;
            times[pair as usize] = count;
            if count > most && pair & 0xff != 0 && pair >> 8 != 0 {
                (best, most) = (pair, count);
            }
            i += 1;
        }
        (best, most)
    }

    const fn replace(mut self, pair: u16) -> Self {
        let [first, second] = pair.to_be_bytes();
        let mut byte = FIRST_PAIR.wrapping_add(self.count as u8);
        if is_itself(byte) {
            self.count += 1;
            byte += 1;
        }
        let (mut from, mut to) = (0, 0);
        while from < self.length {
            let mut here = self.plain.bytes[from];
            // The last byte is a NUL, which no pair has.
            if here == first && self.plain.bytes[from + 1] == second {
                here = byte;
                from += 1;
            }
            self.plain.bytes[to] = here;
            from += 1;
            to += 1;
        }
        self.length = to;
        self.pairs[self.count] = [first, second];
        self.count += 1;
        self
    }
}
