//! The auxiliary vector: what the kernel tells a program at exec, beside argv and envp.

use ipcmk::kernel::abi::AT_NULL;
#[cfg(debug_assertions)]
use ipcmk::kernel::abi::{AT_PAGESZ, AT_RANDOM};

/// Points to pairs of a kind, AT_..., and a value. The last pair is AT_NULL and 0.
pub struct Auxiliary(*const [usize; 2]);

impl Auxiliary {
    /// The vector at this address.
    ///
    /// # Safety
    /// The vector stays there, and ends with AT_NULL.
    pub unsafe fn new(start: *const [usize; 2]) -> Self {
        let vector = Self(start);
        #[cfg(debug_assertions)]
        vector.check();
        vector
    }

    /// A vector that tells nothing.
    #[cfg(debug_assertions)]
    pub const EMPTY: Self = {
        static END: [usize; 2] = [AT_NULL, 0];
        Self(&raw const END)
    };

    /// Panics unless the vector is as the kernel makes it.
    #[cfg(debug_assertions)]
    fn check(&self) {
        assert_eq!(
            self.find(AT_NULL),
            Some(0),
            "auxv ends with a pair of zeros"
        );
        let page = self.find(AT_PAGESZ);
        assert!(
            page.is_none_or(usize::is_power_of_two),
            "a page is a power of two"
        );
        assert_ne!(self.find(AT_RANDOM), Some(0), "AT_RANDOM points to bytes");
    }

    /// The value of this kind, if there is one.
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
