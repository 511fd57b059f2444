//! Texts that the compiler joins from tables: the file holds their bytes, and neither pointers to
//! the parts nor code to join them.

/// A text that grows at compile time. Bytes over `N` are counted and dropped, so that a first pass
/// with `N` 0 measures the text.
pub struct Draft<const N: usize> {
    /// Its first `N` bytes.
    pub bytes: [u8; N],
    /// Its length in bytes.
    pub length: usize,
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
impl<const N: usize> Draft<N> {
    /// The empty text.
    pub const EMPTY: Self = Self {
        bytes: [0; N],
        length: 0,
    };

    /// Adds a byte.
    #[must_use]
    pub const fn byte(mut self, byte: u8) -> Self {
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
        self
    }

    /// Adds a text.
    #[must_use]
    pub const fn put(mut self, text: &str) -> Self {
        let mut i = 0;
        while i < text.len() {
            self = self.byte(text.as_bytes()[i]);
            i += 1;
        }
        self
    }
}

/// A length of at most 255 as a byte. A longer one does not compile.
#[expect(
    clippy::as_conversions,
    reason = "try_from is not const; the assertion stands for it"
)]
pub const fn small(length: usize) -> u8 {
    assert!(length <= 255, "this is kept in a byte");
    length as u8
}
