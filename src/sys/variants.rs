//! The calls whose arguments differ between the architectures: numbers of 64 bits in registers of
//! 32, and ipc(2), by which i686 makes all calls of System V on kernels before 5.1.

use core::ffi::CStr;

#[cfg(target_arch = "x86")]
use super::call::by_ref;
#[cfg(target_pointer_width = "32")]
use super::call::halves;
use super::call::{Argument, by_mut, c_str, call, number, raw_fd};
#[cfg(target_arch = "x86")]
use ipcmk::kernel::abi::IPC_64;
use ipcmk::kernel::abi::Statfs;
#[cfg(target_arch = "x86")]
use ipcmk::kernel::calls::SEMOP;
use ipcmk::kernel::calls::{FTRUNCATE, STATFS};
use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::port::Fd;
use syscalls::Sysno;

/// Makes a get or a ctl call, or semop(2), or any other call with up to four arguments.
///
/// # Safety
/// The call's.
#[cfg(not(target_arch = "x86"))]
#[inline(always)] // as is `call`
pub unsafe fn system_v(sysno: Sysno, arguments: [Argument<'_>; 4]) -> Result<usize, Errno> {
    // SAFETY: the caller's.
    unsafe { call(sysno, arguments) }
}

/// The same. ipc(2) makes the call where the kernel has none of that name: semop(2), and before
/// Linux 5.1 each of them.
///
/// # Safety
/// The call's.
#[cfg(target_arch = "x86")]
pub unsafe fn system_v(sysno: Sysno, arguments: [Argument<'_>; 4]) -> Result<usize, Errno> {
    if sysno != SEMOP {
        // SAFETY: the caller's.
        let done = unsafe { call(sysno, arguments) };
        if done != Err(Errno::ENOSYS) {
            return done;
        }
    }
    let [first, second, third, fourth] = arguments;
    let zero = Argument::ZERO;
    // The numbers are those of `linux/ipc.h`: SEMOP, SEMGET and so on.
    let [part, first, second, third, fourth] = match sysno {
        SEMOP => [number(1_u32), first, third, zero, second],
        Sysno::semget => [number(2_u32), first, second, third, zero],
        // Its fourth argument stands at an address.
        Sysno::semctl => [
            number(3_u32),
            first,
            second,
            third.with_bits(IPC_64),
            by_ref(&fourth),
        ],
        Sysno::msgget => [number(13_u32), first, second, zero, zero],
        Sysno::msgctl => [number(14_u32), first, second.with_bits(IPC_64), zero, third],
        Sysno::shmget => [number(23_u32), first, second, third, zero],
        Sysno::shmctl => [number(24_u32), first, second.with_bits(IPC_64), zero, third],
        _ => return Err(Errno::ENOSYS),
    };
    // SAFETY: the caller's.
    unsafe { call(Sysno::ipc, [part, first, second, third, fourth]) }
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
