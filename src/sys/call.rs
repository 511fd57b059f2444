//! How a system call is made: what its registers hold, and what it returns.

use core::ffi::CStr;
use core::marker::PhantomData;
use core::ptr;

use ipcmk::kernel::abi::AT_FDCWD;
use ipcmk::kernel::arch::narrow;
use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::port::Fd;
use syscalls::{Sysno, syscall4, syscall5, syscall6};

/// What a register holds at a call: a number, or an address. What stands at the address is borrowed
/// until the call has returned.
#[derive(Clone, Copy)]
pub struct Argument<'a>(usize, PhantomData<&'a ()>);

impl Argument<'_> {
    const fn new(register: usize) -> Self {
        Self(register, PhantomData)
    }

    /// Passes 0, or a null pointer.
    pub const ZERO: Self = Self::new(0);

    /// Passes AT_FDCWD: a relative path starts at the working directory.
    pub const CWD: Self = Self::new(AT_FDCWD.cast_unsigned());

    /// Passes -1: no file descriptor.
    pub const NO_FD: Self = Self::new(usize::MAX);

    /// Adds bits to a number.
    #[cfg(target_arch = "x86")]
    pub const fn with_bits(self, bits: usize) -> Self {
        Self::new(self.0 | bits)
    }
}

/// Passes a number. One that is too large for a register becomes the largest that fits.
pub fn number<'a>(number: impl TryInto<usize>) -> Argument<'a> {
    Argument::new(narrow(number))
}

/// Passes the low half of a number in one register and the high half in the next, as calls take a
/// number of 64 bits where a register has 32.
#[cfg(target_pointer_width = "32")]
pub fn halves<'a>(whole: u64) -> [Argument<'a>; 2] {
    let low = whole & u64::from(u32::MAX);
    [number(low), number(whole >> 32)]
}

/// Passes a file descriptor.
pub fn raw_fd<'a>(fd: Fd) -> Argument<'a> {
    Argument::new(fd.0)
}

/// Passes the address of something that the kernel reads.
pub fn by_ref<T>(value: &T) -> Argument<'_> {
    Argument::new(ptr::from_ref(value).expose_provenance())
}

/// Passes the address of something that the kernel reads, or null.
pub fn by_ref_or_null<T>(value: Option<&T>) -> Argument<'_> {
    value.map_or(Argument::ZERO, by_ref)
}

/// Passes the address of something that the kernel writes.
pub fn by_mut<T>(value: &mut T) -> Argument<'_> {
    Argument::new(ptr::from_mut(value).expose_provenance())
}

/// Passes the address of elements that the kernel reads. Their number is an argument of its own.
pub fn elements<T>(elements: &[T]) -> Argument<'_> {
    Argument::new(elements.as_ptr().expose_provenance())
}

/// Passes the address of bytes that the kernel writes. Their number is an argument of its own.
pub fn bytes_mut(bytes: &mut [u8]) -> Argument<'_> {
    Argument::new(bytes.as_mut_ptr().expose_provenance())
}

/// Passes the address of a string.
pub fn c_str(string: &CStr) -> Argument<'_> {
    Argument::new(string.as_ptr().expose_provenance())
}

/// Makes a system call with up to six arguments, and returns what it returns or its errno.
///
/// # Safety
/// The call's: at each address stands what the call takes there, of the size that it takes.
#[inline(always)] // N is known at each caller: one arm of the match is left
pub unsafe fn call<const N: usize>(
    sysno: Sysno,
    arguments: [Argument<'_>; N],
) -> Result<usize, Errno> {
    const { assert!(N <= 6, "a system call has six arguments at most") };
    let at = |place| match arguments.get(place) {
        Some(&Argument(register, _)) => register,
        None => 0,
    };
    match N {
        // SAFETY: the caller's.
        0..5 => unsafe { with_four(sysno, at(0), at(1), at(2), at(3)) },
        // SAFETY: the caller's.
        5 => outcome(unsafe { syscall5(sysno, at(0), at(1), at(2), at(3), at(4)) }),
        // SAFETY: the caller's.
        _ => outcome(unsafe { syscall6(sysno, at(0), at(1), at(2), at(3), at(4), at(5)) }),
    }
}

/// Makes a system call with up to four arguments: nearly all of them. The check for an errno is as
/// large as some calls, and stands here once.
///
/// # Safety
/// The call's.
#[inline(never)] // size: 0 bytes on x86_64, 248 on aarch64 (make inline)
unsafe fn with_four(sysno: Sysno, a: usize, b: usize, c: usize, d: usize) -> Result<usize, Errno> {
    // SAFETY: the caller's.
    outcome(unsafe { syscall4(sysno, a, b, c, d) })
}

/// Wraps the errno of a call.
fn outcome(returned: Result<usize, syscalls::Errno>) -> Result<usize, Errno> {
    returned.map_err(|errno| Errno::new(narrow(errno.into_raw())))
}
