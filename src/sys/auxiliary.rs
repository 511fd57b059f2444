//! The auxiliary vector.

use ipcmk::kernel::abi::AT_NULL;

/// The auxiliary vector: what the kernel told at exec. It points to pairs of a
/// kind and a value, the last of which is AT_NULL.
pub struct Auxiliary(*const [usize; 2]);

impl Auxiliary {
    /// The vector at this address.
    ///
    /// # Safety
    /// It stays there, and ends with AT_NULL.
    pub const unsafe fn new(start: *const [usize; 2]) -> Self {
        Self(start)
    }

    /// Nothing was told.
    #[cfg(debug_assertions)]
    pub const NONE: Self = {
        static END: [usize; 2] = [AT_NULL, 0];
        Self(&raw const END)
    };

    /// The value of this kind, if there is one.
    #[inline(never)] // `make size`: a copy at its caller is larger
    pub fn find(&self, kind: usize) -> Option<usize> {
        let mut entry = self.0;
        loop {
            // SAFETY: entries follow each other up to AT_NULL.
            let [found, value] = unsafe { entry.read() };
            if found == kind {
                return Some(value);
            }
            if found == AT_NULL {
                return None;
            }
            // SAFETY: this was not the last entry.
            entry = unsafe { entry.add(1) };
        }
    }
}
