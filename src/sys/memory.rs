//! The memory routines that the compiler calls, under the names of C.

use super::arch::Arch;
use super::plain::Routines;

/// memcpy(3).
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    // SAFETY: the caller's.
    unsafe { Arch::copy(to, from, bytes) };
    to
}

/// memset(3).
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, bytes: usize) -> *mut u8 {
    let [byte, ..] = byte.to_le_bytes();
    // SAFETY: the caller's.
    unsafe { Arch::set(to, byte, bytes) };
    to
}

/// memcmp(3): negative, 0 or positive.
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, bytes: usize) -> i32 {
    // SAFETY: the caller's.
    unsafe { Arch::compare(a, b, bytes) }
}

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

/// strlen(3).
///
/// # Safety
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(string: *const u8) -> usize {
    // SAFETY: the caller's.
    unsafe { Arch::length(string) }
}
