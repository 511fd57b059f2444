//! The calls whose arguments differ between the architectures: numbers of 64 bits in registers of
//! 32, and ipc(2), by which i686 makes all calls of System V on kernels before 5.1.

use core::ffi::CStr;

#[cfg(target_arch = "x86")]
use super::call::by_ref;
#[cfg(target_pointer_width = "32")]
use super::call::halves;
use super::call::{Argument, by_mut, c_str, call, elements, number, raw_fd};
#[cfg(target_arch = "x86")]
use ipcmk::kernel::abi::IPC_64;
use ipcmk::kernel::abi::{Sembuf, Statfs};
use ipcmk::kernel::calls::{FTRUNCATE, STATFS};
use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::object::Id;
use ipcmk::kernel::port::Fd;
use syscalls::Sysno;

/// Makes a get or a ctl call.
///
/// # Safety
/// The call's.
#[cfg(not(target_arch = "x86"))]
pub unsafe fn system_v(sysno: Sysno, arguments: [Argument<'_>; 4]) -> Result<usize, Errno> {
    // SAFETY: the caller's.
    unsafe { call(sysno, arguments) }
}

/// Makes a get or a ctl call, or has ipc(2) make it where the kernel does not know the call. Any
/// other call stays as it is.
///
/// # Safety
/// The call's.
#[cfg(target_arch = "x86")]
pub unsafe fn system_v(sysno: Sysno, arguments: [Argument<'_>; 4]) -> Result<usize, Errno> {
    // SAFETY: the caller's.
    let done = unsafe { call(sysno, arguments) };
    if done != Err(Errno::ENOSYS) {
        return done;
    }
    let [first, second, third, fourth] = arguments;
    let zero = Argument::ZERO;
    // `linux/ipc.h`: SHMGET and so on. semctl(2) has its fourth argument at an address there.
    let (number_of_call, arguments) = match sysno {
        Sysno::semget => (2_u32, [first, second, third, zero]),
        Sysno::semctl => (3, [first, second, third.with_bits(IPC_64), by_ref(&fourth)]),
        Sysno::msgget => (13, [first, second, zero, zero]),
        Sysno::msgctl => (14, [first, second.with_bits(IPC_64), zero, third]),
        Sysno::shmget => (23, [first, second, third, zero]),
        Sysno::shmctl => (24, [first, second.with_bits(IPC_64), zero, third]),
        _ => return done,
    };
    let [first, second, third, fourth] = arguments;
    let arguments = [number(number_of_call), first, second, third, fourth];
    // SAFETY: the caller's.
    unsafe { call(Sysno::ipc, arguments) }
}

/// semop(2).
///
/// # Errors
/// Its own.
#[cfg(not(target_arch = "x86"))]
pub fn semop(id: Id, operations: &[Sembuf]) -> Result<(), Errno> {
    let arguments = [number(id), elements(operations), number(operations.len())];
    // SAFETY: so many operations to read.
    unsafe { call(Sysno::semop, arguments) }.map(drop)
}

/// The same by ipc(2): there is no semop(2).
///
/// # Errors
/// Its own.
#[cfg(target_arch = "x86")]
pub fn semop(id: Id, operations: &[Sembuf]) -> Result<(), Errno> {
    /// SEMOP of `linux/ipc.h`.
    const SEMOP: u32 = 1;
    let count = number(operations.len());
    let arguments = [
        number(SEMOP),
        number(id),
        count,
        Argument::ZERO,
        elements(operations),
    ];
    // SAFETY: so many operations to read.
    unsafe { call(Sysno::ipc, arguments) }.map(drop)
}

/// ftruncate(2).
///
/// # Errors
/// Its own.
pub fn ftruncate(fd: Fd, size: u64) -> Result<(), Errno> {
    #[cfg(target_pointer_width = "64")]
    let arguments = [raw_fd(fd), number(size)];
    #[cfg(target_arch = "x86")]
    let arguments = {
        let [low, high] = halves(size);
        [raw_fd(fd), low, high]
    };
    // The EABI begins a pair in an even register.
    #[cfg(target_arch = "arm")]
    let arguments = {
        let [low, high] = halves(size);
        [raw_fd(fd), Argument::ZERO, low, high]
    };
    // SAFETY: takes numbers only.
    unsafe { call(FTRUNCATE, arguments) }.map(drop)
}

/// fallocate(2), from the start of the file.
///
/// # Errors
/// Its own.
pub fn fallocate(fd: Fd, size: u64) -> Result<(), Errno> {
    let zero = Argument::ZERO;
    #[cfg(target_pointer_width = "64")]
    let arguments = [raw_fd(fd), zero, zero, number(size)];
    #[cfg(target_pointer_width = "32")]
    let arguments = {
        let [low, high] = halves(size);
        [raw_fd(fd), zero, zero, zero, low, high]
    };
    // SAFETY: takes numbers only.
    unsafe { call(Sysno::fallocate, arguments) }.map(drop)
}

/// statfs(2); with numbers of 64 bits it takes the size of the struct too.
///
/// # Errors
/// Its own.
pub fn statfs(path: &CStr, all: &mut Statfs) -> Result<(), Errno> {
    #[cfg(target_pointer_width = "64")]
    let arguments = [c_str(path), by_mut(all)];
    #[cfg(target_pointer_width = "32")]
    let arguments = [c_str(path), number(size_of_val(all)), by_mut(all)];
    // SAFETY: the path ends with a NUL; a statfs to write to.
    unsafe { call(STATFS, arguments) }.map(drop)
}
