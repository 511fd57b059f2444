//! Texts in fewer bytes. They are printable ASCII and newlines, so that all
//! other bytes are free to stand for pairs of bytes: again and again the most
//! frequent pair of neighbours is replaced by a byte that is not in use (byte
//! pair encoding). The compiler does it; the program holds the outcome alone.
#![expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "runs in the compiler, which reports a bad index; try_from is not const"
)]

/// The first byte that stands for a pair. From there they go on to 255, and
/// from 0 to below the printable ones.
const FIRST_PAIR: u8 = 128;

/// Most pairs: as many as there are such bytes.
const MOST_PAIRS: usize = 128 + 32;

/// The place among the pairs of the one that a byte stands for.
pub const fn place(byte: u8) -> usize {
    byte.wrapping_sub(FIRST_PAIR) as usize
}

/// Whether a byte stands for no pair, though it has a place among them.
const fn is_itself(byte: u8) -> bool {
    matches!(byte, 0 | b'\n')
}

/// Bytes that there is room for; more do not compile.
const ROOM: usize = 8192;

/// A pair that occurs as often as this takes two bytes and saves more.
const WORTHWHILE: u16 = 4;

/// Texts, with a NUL behind each.
#[derive(Clone, Copy)]
pub struct Plain {
    bytes: [u8; ROOM],
    length: usize,
}

impl Plain {
    pub const EMPTY: Self = Self {
        bytes: [0; ROOM],
        length: 0,
    };

    /// Bytes of the texts and their NULs.
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
                place(text[i]) >= MOST_PAIRS || text[i] == b'\n',
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
            pairs: [[0; 2]; MOST_PAIRS],
            count: 0,
        };
        while packed.count + 1 < MOST_PAIRS {
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
    pairs: [[u8; 2]; MOST_PAIRS],
    /// Pairs in use.
    pub count: usize,
}

impl Packed {
    /// The packed texts, with a NUL behind each.
    pub const fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        let mut i = 0;
        while i < N {
            bytes[i] = self.plain.bytes[i];
            i += 1;
        }
        bytes
    }

    /// The pairs, each at its [`place`].
    pub const fn pairs<const N: usize>(&self) -> [[u8; 2]; N] {
        let mut pairs = [[0; 2]; N];
        let mut i = 0;
        while i < N {
            pairs[i] = self.pairs[i];
            i += 1;
        }
        pairs
    }

    /// A pair of neighbours, and how often it occurs. Written for the compiler,
    /// which runs this slowly and often.
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
            // Behind the last byte is a NUL, in no pair.
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
