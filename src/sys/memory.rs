//! The memory routine that is the same for all architectures.

use super::arch::memcmp;

/// bcmp(3), which the compiler calls where only equality matters.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
#[inline(never)] // size: -128 bytes on x86_64, 248 on aarch64 (make inline)
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, bytes: usize) -> i32 {
    // SAFETY: the caller's.
    unsafe { memcmp(a, b, bytes) }
}
