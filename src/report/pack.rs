//! Packs texts. The most frequent pair of neighbours becomes a symbol of its own, again and again.
//! Then the symbols are ranked by how often they occur, and each is written in as few bits as its
//! rank takes: three bits say how many follow. Only the compiler runs this file, but for what is at
//! its end; the program holds the result.
#![expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "runs in the compiler, which reports a bad index; try_from is not const"
)]

/// The first symbol that stands for a pair. Those before are bytes.
const FIRST_PAIR: usize = 128;

/// Most pairs. More would make the table of symbols larger than the texts smaller.
const MAX_PAIRS: usize = 424;

/// Most symbols.
const MAX_SYMBOLS: usize = FIRST_PAIR + MAX_PAIRS;

/// Most bytes of the texts; more do not compile.
const MAX_BYTES: usize = 12288;

/// Least occurrences of a pair that becomes a symbol.
const WORTHWHILE: u16 = 3;

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
            assert!(text[i].is_ascii(), "texts are ASCII");
            self.bytes[self.length] = text[i];
            self.length += 1;
            i += 1;
        }
        // The NUL is there.
        self.length += 1;
        self
    }

    /// Makes symbols of pairs, the most frequent one first, and writes the bits.
    pub const fn pack(self) -> Packed {
        let mut symbols = Symbols {
            text: [0; MAX_BYTES],
            length: self.length,
            pairs: [[0; 2]; MAX_PAIRS],
            count: 0,
        };
        let mut i = 0;
        while i < self.length {
            symbols.text[i] = self.bytes[i] as u16;
            i += 1;
        }
        // No text has a pair of NULs: nothing is replaced yet.
        let (mut pair, mut times);
        (symbols, pair, times) = symbols.replace([0; 2], 0);
        while symbols.count < MAX_PAIRS && times >= WORTHWHILE {
            let symbol = FIRST_PAIR + symbols.count;
            symbols.pairs[symbols.count] = pair;
            symbols.count += 1;
            (symbols, pair, times) = symbols.replace(pair, symbol as u16);
        }
        symbols.write()
    }
}

/// Texts of symbols.
struct Symbols {
    text: [u16; MAX_BYTES],
    length: usize,
    pairs: [[u16; 2]; MAX_PAIRS],
    /// Pairs in use.
    count: usize,
}

impl Symbols {
    /// Replaces a pair by a symbol. Returns the most frequent pair of neighbours that is then
    /// there, and how often it occurs. (In one loop: the compiler runs it slowly and often.)
    const fn replace(mut self, [first, second]: [u16; 2], symbol: u16) -> (Self, [u16; 2], u16) {
        let mut times = [0_u16; 1 << 20];
        let (mut best, mut most) = ([0; 2], 0);
        let mut last = 0;
        let (mut from, mut to) = (0, 0);
        while from < self.length {
            let mut here = self.text[from];
            // The last symbol is a NUL, which no pair has.
            if here == first && here != 0 && self.text[from + 1] == second {
                here = symbol;
                from += 1;
            }
            self.text[to] = here;
            from += 1;
            to += 1;
            let place = (last as usize) << 10 | here as usize;
            let count = times[place] + 1;
            times[place] = count;
            if count > most && last != 0 && here != 0 {
                (best, most) = ([last, here], count);
            }
            last = here;
        }
        self.length = to;
        (self, best, most)
    }

    /// Ranks the symbols, and writes the table and the texts.
    const fn write(self) -> Packed {
        let mut times = [0; MAX_SYMBOLS];
        let mut is_used = [false; MAX_SYMBOLS];
        let mut i = 0;
        while i < self.length {
            times[self.text[i] as usize] += 1;
            is_used[self.text[i] as usize] = true;
            i += 1;
        }
        i = 0;
        while i < self.count {
            is_used[FIRST_PAIR + i] = true;
            is_used[self.pairs[i][0] as usize] = true;
            is_used[self.pairs[i][1] as usize] = true;
            i += 1;
        }
        // The symbols by rank, and the rank of each.
        let mut ranked = [0; MAX_SYMBOLS];
        let mut ranks = [0_u32; MAX_SYMBOLS];
        let mut count = 0;
        loop {
            let mut best = MAX_SYMBOLS;
            let mut symbol = 0;
            while symbol < MAX_SYMBOLS {
                if is_used[symbol] && (best == MAX_SYMBOLS || times[symbol] > times[best]) {
                    best = symbol;
                }
                symbol += 1;
            }
            if best == MAX_SYMBOLS {
                break;
            }
            is_used[best] = false;
            ranked[count] = best;
            ranks[best] = count as u32;
            count += 1;
        }
        assert!(count <= BYTE as usize, "a rank has nine bits");
        let mut packed = Packed {
            bits: [0; MAX_BYTES],
            length: 0,
            texts: 0,
            end: ranks[0],
        };
        i = 0;
        while i < count {
            let symbol = ranked[i];
            let [first, second] = if symbol < FIRST_PAIR {
                [BYTE, symbol as u32]
            } else {
                let [first, second] = self.pairs[symbol - FIRST_PAIR];
                [ranks[first as usize], ranks[second as usize]]
            };
            packed = packed.put(first, RANK).put(second, RANK);
            i += 1;
        }
        packed.texts = packed.length as u32;
        i = 0;
        while i < self.length {
            let rank = ranks[self.text[i] as usize];
            let mut width = LEAST_WIDTH;
            while rank >= first_of(width + 1) {
                width += 1;
            }
            packed = packed
                .put(width - LEAST_WIDTH, WIDTH)
                .put(rank - first_of(width), width);
            i += 1;
        }
        packed
    }
}

/// Packed texts.
pub struct Packed {
    bits: [u8; MAX_BYTES],
    length: usize,
    /// Where the texts begin, behind the table of symbols.
    pub texts: u32,
    /// The rank of the symbol that ends a text.
    pub end: u32,
}

impl Packed {
    /// Adds a number of so many bits, the lowest one first.
    const fn put(mut self, number: u32, width: u32) -> Self {
        let mut bit = 0;
        while bit < width {
            self.bits[self.length / 8] |= ((number >> bit & 1) << (self.length % 8)) as u8;
            self.length += 1;
            bit += 1;
        }
        self
    }

    /// Bytes of all bits, and some more, since four are read at once.
    pub const fn size(&self) -> usize {
        self.length / 8 + 4
    }

    /// All bits.
    pub const fn bits<const N: usize>(&self) -> [u8; N] {
        let mut bits = [0; N];
        let mut i = 0;
        while i < N {
            bits[i] = self.bits[i];
            i += 1;
        }
        bits
    }
}

/// Bits of a rank in the table of symbols.
const RANK: u32 = 9;
/// Bits of a symbol there: two ranks, or [`BYTE`] and a byte.
pub const ENTRY: u32 = 2 * RANK;
/// Stands before a byte.
const BYTE: u32 = (1 << RANK) - 1;
/// Bits of the number that says how many bits more than [`LEAST_WIDTH`] a rank has in a text.
const WIDTH: u32 = 3;
/// Least bits of a rank in a text.
const LEAST_WIDTH: u32 = 2;

/// The first rank that has so many bits in a text.
const fn first_of(width: u32) -> u32 {
    (1 << width) - (1 << LEAST_WIDTH)
}

/// Reads a rank of a text from the bits that begin here, and returns it and where the next one
/// begins.
pub const fn rank(bits: u32, here: u32) -> (u32, u32) {
    let width = LEAST_WIDTH + bits % (1 << WIDTH);
    let place = (bits >> WIDTH) & ((1 << width) - 1);
    (first_of(width) + place, here + WIDTH + width)
}

/// A symbol.
pub enum Symbol {
    /// A byte of a text.
    Byte(u8),
    /// The ranks of two symbols.
    Pair(u32, u32),
}

/// Reads a symbol of the table from the bits that begin there.
pub const fn symbol(bits: u32) -> Symbol {
    match (bits & BYTE, bits >> RANK & BYTE) {
        (BYTE, byte) => Symbol::Byte(byte as u8),
        (first, second) => Symbol::Pair(first, second),
    }
}
