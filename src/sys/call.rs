//! How a system call is made: what its registers hold, and what it returns.

use core::ffi::CStr;
use core::marker::PhantomData;
use core::ptr;

use ipcmk::kernel::abi::AT_FDCWD;
use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::port::Fd;
use syscalls::{Sysno, syscall4, syscall5, syscall6};

/// What a register holds: a number, or the address of something that is borrowed until the call
/// has returned.
#[derive(Clone, Copy)]
pub struct Argument<'a>(usize, PhantomData<&'a ()>);

impl Argument<'_> {
    const fn new(register: usize) -> Self {
        Self(register, PhantomData)
    }

    /// The number 0, or a null pointer.
    pub const ZERO: Self = Self::new(0);

    /// Relative paths start at the working directory.
    pub const CWD: Self = Self::new(AT_FDCWD.cast_unsigned());

    /// No file descriptor: -1.
    pub const NO_FD: Self = Self::new(usize::MAX);
}

/// A number. One that is too large for a register becomes the largest that is not.
pub fn number<'a>(number: impl TryInto<usize>) -> Argument<'a> {
    Argument::new(number.try_into().unwrap_or(usize::MAX))
}

/// A file descriptor.
pub fn raw_fd<'a>(fd: Fd) -> Argument<'a> {
    Argument::new(fd.0)
}

/// The address of something that the kernel reads.
pub fn by_ref<T>(value: &T) -> Argument<'_> {
    Argument::new(ptr::from_ref(value).expose_provenance())
}

/// The address of something that the kernel reads, or null.
pub fn by_ref_or_null<T>(value: Option<&T>) -> Argument<'_> {
    value.map_or(Argument::ZERO, by_ref)
}

/// The address of something that the kernel writes.
pub fn by_mut<T: ?Sized>(value: &mut T) -> Argument<'_> {
    Argument::new(ptr::from_mut(value).expose_provenance())
}

/// The address of bytes that the kernel reads.
pub fn bytes(bytes: &[u8]) -> Argument<'_> {
    Argument::new(bytes.as_ptr().expose_provenance())
}

/// The address of bytes that the kernel writes.
pub fn bytes_mut(bytes: &mut [u8]) -> Argument<'_> {
    Argument::new(bytes.as_mut_ptr().expose_provenance())
}

/// The address of a string.
pub fn c_str(string: &CStr) -> Argument<'_> {
    bytes(string.to_bytes_with_nul())
}

/// Makes a system call with up to six arguments.
///
/// # Safety
/// The call's: what the arguments point to has the type and the size that the call takes.
#[inline(always)]
pub unsafe fn call<const N: usize>(
    call: Sysno,
    arguments: [Argument<'_>; N],
) -> Result<usize, Errno> {
    const { assert!(N <= 6, "a system call has six arguments at most") };
    let at = |place| {
        arguments
            .get(place)
            .map_or(0, |argument: &Argument<'_>| argument.0)
    };
    match N {
        // SAFETY: the caller's.
        0..5 => unsafe { with_four(call, at(0), at(1), at(2), at(3)) },
        // SAFETY: the caller's.
        5 => outcome(unsafe { syscall5(call, at(0), at(1), at(2), at(3), at(4)) }),
        // SAFETY: the caller's.
        _ => outcome(unsafe { syscall6(call, at(0), at(1), at(2), at(3), at(4), at(5)) }),
    }
}

/// Makes a system call with up to four arguments. The check of what it returns is as large as many
/// calls, so nearly all are made here.
///
/// # Safety
/// The call's.
#[inline(never)] // `make size`: a copy at its caller is larger
unsafe fn with_four(call: Sysno, a: usize, b: usize, c: usize, d: usize) -> Result<usize, Errno> {
    // SAFETY: the caller's.
    outcome(unsafe { syscall4(call, a, b, c, d) })
}

/// What a system call has returned.
fn outcome(returned: Result<usize, syscalls::Errno>) -> Result<usize, Errno> {
    returned.map_err(|errno| Errno::new(errno.into_raw().unsigned_abs().into()))
}

/// What a register holds, as a number.
pub fn wide(register: usize) -> u64 {
    register.try_into().unwrap_or(u64::MAX)
}
