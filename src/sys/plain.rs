//! The memory routines in plain Rust, byte by byte. An architecture that has shorter ones overrides
//! them.

/// The memory routines of an architecture.
///
/// Reads and writes are volatile here: in the place of any other loop over bytes the compiler calls
/// one of these routines.
pub trait Routines {
    /// Copies bytes.
    ///
    /// # Safety
    /// That of memcpy(3).
    #[inline(always)] // it is the body of one function
    unsafe fn copy(to: *mut u8, from: *const u8, bytes: usize) {
        for place in 0..bytes {
            // SAFETY: the caller's.
            let byte = unsafe { from.wrapping_add(place).read_volatile() };
            // SAFETY: the caller's.
            unsafe { to.wrapping_add(place).write_volatile(byte) };
        }
    }

    /// Sets bytes.
    ///
    /// # Safety
    /// That of memset(3).
    #[inline(always)] // it is the body of one function
    unsafe fn set(to: *mut u8, byte: u8, bytes: usize) {
        for place in 0..bytes {
            // SAFETY: the caller's.
            unsafe { to.wrapping_add(place).write_volatile(byte) };
        }
    }

    /// Compares bytes. Returns the difference of the first ones that differ, or 0.
    ///
    /// # Safety
    /// That of memcmp(3).
    #[inline(always)] // it is the body of one function
    unsafe fn compare(a: *const u8, b: *const u8, bytes: usize) -> i32 {
        for place in 0..bytes {
            // SAFETY: the caller's.
            let one = unsafe { a.wrapping_add(place).read_volatile() };
            // SAFETY: the caller's.
            let other = unsafe { b.wrapping_add(place).read_volatile() };
            if one != other {
                return i32::from(one) - i32::from(other);
            }
        }
        0
    }

    /// Counts the bytes before a NUL.
    ///
    /// # Safety
    /// That of strlen(3).
    #[inline(always)] // it is the body of one function
    unsafe fn length(string: *const u8) -> usize {
        let mut length = 0;
        // SAFETY: the caller's.
        while unsafe { string.wrapping_add(length).read_volatile() } != 0 {
            length += 1;
        }
        length
    }
}
