//! The only unsafe code: start-up, system calls and memory routines.

#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
mod arch;
mod auxiliary;
mod linux;
mod panic;
mod start;

/// bcmp(3), which the compiler calls where only equality matters.
///
/// # Safety
/// As memcmp's.
#[unsafe(no_mangle)]
#[inline(never)] // `make size`: a copy at its caller is larger
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, bytes: usize) -> i32 {
    // SAFETY: the caller's.
    unsafe { arch::memcmp(a, b, bytes) }
}
