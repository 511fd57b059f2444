//! Reads and changes the registers of a stopped process: the one part of the tracer that depends on
//! the processor.

use std::io;
use std::mem::MaybeUninit;

use super::request;

/// The set of general registers: include/uapi/linux/elf.h, NT_PRSTATUS.
const NT_PRSTATUS: usize = 1;

fn get(pid: libc::pid_t) -> io::Result<libc::user_regs_struct> {
    let mut registers = MaybeUninit::<libc::user_regs_struct>::zeroed();
    let mut buffer = libc::iovec {
        iov_base: registers.as_mut_ptr().cast(),
        iov_len: size_of::<libc::user_regs_struct>(),
    };
    request(
        libc::PTRACE_GETREGSET,
        pid,
        NT_PRSTATUS,
        &raw mut buffer as usize,
    )?;
    // SAFETY: all bytes are zero or written by the kernel, and every bit pattern is a value of
    // these integers.
    Ok(unsafe { registers.assume_init() })
}

fn set(pid: libc::pid_t, mut registers: libc::user_regs_struct) -> io::Result<()> {
    let mut buffer = libc::iovec {
        iov_base: (&raw mut registers).cast(),
        iov_len: size_of::<libc::user_regs_struct>(),
    };
    request(
        libc::PTRACE_SETREGSET,
        pid,
        NT_PRSTATUS,
        &raw mut buffer as usize,
    )
    .map(drop)
}

/// Reads the stack pointer.
pub(super) fn stack_pointer(pid: libc::pid_t) -> io::Result<u64> {
    let registers = get(pid)?;
    #[cfg(target_arch = "x86_64")]
    return Ok(registers.rsp);
    #[cfg(target_arch = "aarch64")]
    return Ok(registers.sp);
}

/// Makes the kernel skip the system call that the process is about to make.
#[cfg(target_arch = "x86_64")]
pub(super) fn skip_syscall(pid: libc::pid_t) -> io::Result<()> {
    let mut registers = get(pid)?;
    registers.orig_rax = u64::MAX;
    set(pid, registers)
}

/// Makes the kernel skip the system call that the process is about to make.
#[cfg(target_arch = "aarch64")]
pub(super) fn skip_syscall(pid: libc::pid_t) -> io::Result<()> {
    /// The number of the system call: include/uapi/linux/elf.h, NT_ARM_SYSTEM_CALL.
    const NT_ARM_SYSTEM_CALL: usize = 0x404;
    let mut number: libc::c_int = -1;
    let mut buffer = libc::iovec {
        iov_base: (&raw mut number).cast(),
        iov_len: size_of::<libc::c_int>(),
    };
    request(
        libc::PTRACE_SETREGSET,
        pid,
        NT_ARM_SYSTEM_CALL,
        &raw mut buffer as usize,
    )
    .map(drop)
}

/// Sets the third argument of the system call that the process is about to make, or has made.
pub(super) fn set_third_argument(pid: libc::pid_t, value: u64) -> io::Result<()> {
    let mut registers = get(pid)?;
    #[cfg(target_arch = "x86_64")]
    {
        registers.rdx = value;
    }
    #[cfg(target_arch = "aarch64")]
    {
        registers.regs[2] = value;
    }
    set(pid, registers)
}

/// Sets the return value of a system call, after it.
pub(super) fn set_result(pid: libc::pid_t, value: i64) -> io::Result<()> {
    let mut registers = get(pid)?;
    #[cfg(target_arch = "x86_64")]
    {
        registers.rax = value.cast_unsigned();
    }
    #[cfg(target_arch = "aarch64")]
    {
        registers.regs[0] = value.cast_unsigned();
    }
    set(pid, registers)
}
