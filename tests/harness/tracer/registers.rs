//! Reads and changes the registers of a stopped process: the one part of the tracer that depends on
//! the processor.

use std::io;

use super::request;

/// The set of general registers: include/uapi/linux/elf.h, NT_PRSTATUS.
const NT_PRSTATUS: usize = 1;

/// The general registers, in the order of struct user_regs_struct (struct pt_regs on armv7) of the
/// architecture's asm/ptrace.h or sys/user.h.
type Registers = [usize; COUNT];

#[cfg(target_arch = "x86_64")]
mod place {
    pub const COUNT: usize = 27;
    pub const STACK_POINTER: usize = 19; // rsp
    pub const THIRD_ARGUMENT: usize = 12; // rdx
    pub const RESULT: usize = 10; // rax
    pub const NUMBER: usize = 15; // orig_rax
}
#[cfg(target_arch = "aarch64")]
mod place {
    pub const COUNT: usize = 34;
    pub const STACK_POINTER: usize = 31; // sp
    pub const THIRD_ARGUMENT: usize = 2; // x2
    pub const RESULT: usize = 0; // x0
}
#[cfg(target_arch = "riscv64")]
mod place {
    pub const COUNT: usize = 32;
    pub const STACK_POINTER: usize = 2; // sp
    pub const THIRD_ARGUMENT: usize = 12; // a2
    pub const RESULT: usize = 10; // a0
    pub const NUMBER: usize = 17; // a7
}
#[cfg(target_arch = "arm")]
mod place {
    pub const COUNT: usize = 18;
    pub const STACK_POINTER: usize = 13; // r13
    pub const THIRD_ARGUMENT: usize = 2; // r2
    pub const RESULT: usize = 0; // r0
}
#[cfg(target_arch = "x86")]
mod place {
    pub const COUNT: usize = 17;
    pub const STACK_POINTER: usize = 15; // esp
    pub const THIRD_ARGUMENT: usize = 2; // edx
    pub const RESULT: usize = 6; // eax
    pub const NUMBER: usize = 11; // orig_eax
}

use place::{COUNT, RESULT, STACK_POINTER, THIRD_ARGUMENT};

/// A request about a set of registers, which `data` holds.
fn of_set<T>(kind: libc::c_uint, pid: libc::pid_t, set: usize, data: &mut T) -> io::Result<()> {
    let mut buffer = libc::iovec {
        iov_base: (&raw mut *data).cast(),
        iov_len: size_of::<T>(),
    };
    request(kind, pid, set, &raw mut buffer as usize)
}

fn get(pid: libc::pid_t) -> io::Result<Registers> {
    let mut registers = [0; COUNT];
    of_set(libc::PTRACE_GETREGSET, pid, NT_PRSTATUS, &mut registers)?;
    Ok(registers)
}

fn set(pid: libc::pid_t, register: usize, value: usize) -> io::Result<()> {
    let mut registers = get(pid)?;
    registers[register] = value;
    of_set(libc::PTRACE_SETREGSET, pid, NT_PRSTATUS, &mut registers)
}

/// Reads the stack pointer.
pub(super) fn stack_pointer(pid: libc::pid_t) -> io::Result<u64> {
    Ok(get(pid)?[STACK_POINTER] as u64)
}

/// Sets the number of the system call that the process is about to make; -1 makes the kernel skip
/// it.
#[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "riscv64"))]
fn set_number(pid: libc::pid_t, number: i64) -> io::Result<()> {
    set(pid, place::NUMBER, number as usize)
}

#[cfg(target_arch = "aarch64")]
fn set_number(pid: libc::pid_t, number: i64) -> io::Result<()> {
    /// The number of the system call: include/uapi/linux/elf.h, NT_ARM_SYSTEM_CALL.
    const NT_ARM_SYSTEM_CALL: usize = 0x404;
    let mut number = number as libc::c_int;
    of_set(libc::PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &mut number)
}

#[cfg(target_arch = "arm")]
fn set_number(pid: libc::pid_t, number: i64) -> io::Result<()> {
    /// arch/arm/include/uapi/asm/ptrace.h.
    const PTRACE_SET_SYSCALL: libc::c_uint = 23;
    request(PTRACE_SET_SYSCALL, pid, 0, number as usize)
}

/// Makes the kernel skip the system call that the process is about to make.
pub(super) fn skip_syscall(pid: libc::pid_t) -> io::Result<()> {
    set_number(pid, -1)
}

/// Restores the register that had the number of a system call that was skipped, after it. Only on
/// riscv64 is that one of the program's own registers.
pub(super) fn restore_number(pid: libc::pid_t, number: i64) -> io::Result<()> {
    if cfg!(target_arch = "riscv64") {
        set_number(pid, number)
    } else {
        Ok(())
    }
}

/// Sets the third argument of the system call that the process is about to make, or has made.
pub(super) fn set_third_argument(pid: libc::pid_t, value: u64) -> io::Result<()> {
    set(pid, THIRD_ARGUMENT, value as usize)
}

/// Sets the return value of a system call, after it.
pub(super) fn set_result(pid: libc::pid_t, value: i64) -> io::Result<()> {
    set(pid, RESULT, value as usize)
}

/// A result that is no error: a word of this architecture, without a sign.
pub(super) const fn unsigned(result: i64) -> i64 {
    (result as usize as u64).cast_signed()
}
