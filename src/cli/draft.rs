//! Texts that the compiler puts together out of tables, so that the program
//! holds their bytes and neither pointers to the parts nor code to join them.

/// A text that grows at compile time. Bytes that `N` has no room for are
/// counted and dropped, so that a first pass with none measures the text.
pub struct Draft<const N: usize> {
    /// The text, as far as there is room.
    pub bytes: [u8; N],
    /// Bytes of the whole text.
    pub length: usize,
}

#[expect(
    clippy::indexing_slicing,
    reason = "runs in the compiler, which reports a bad index"
)]
impl<const N: usize> Draft<N> {
    /// Nothing yet.
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

/// A number of bytes, as a byte; a larger one does not compile.
#[expect(
    clippy::as_conversions,
    reason = "try_from is not const; the assertion stands for it"
)]
pub const fn small(length: usize) -> u8 {
    assert!(length <= 255, "this is kept in a byte");
    length as u8
}
