//! Builds and installs seccomp filters: a few instructions of classic BPF, by include/uapi/linux/
//! {filter,seccomp,audit}.h. (The crate seccompiler knows neither armv7 nor i686.)

use std::io;

use crate::case::Filter;
use crate::syscalls;

/// AUDIT_ARCH_... of this architecture: e_machine of its ELF files; a bit for 64 bits and one for
/// little-endian.
const ARCHITECTURE: u32 = {
    const MACHINE: u16 = if cfg!(target_arch = "x86_64") {
        libc::EM_X86_64
    } else if cfg!(target_arch = "aarch64") {
        libc::EM_AARCH64
    } else if cfg!(target_arch = "riscv64") {
        libc::EM_RISCV
    } else if cfg!(target_arch = "arm") {
        libc::EM_ARM
    } else if cfg!(target_arch = "x86") {
        libc::EM_386
    } else {
        panic!("seccomp.rs: unknown architecture")
    };
    const IS_64_BIT: u32 = if cfg!(target_pointer_width = "64") {
        0x8000_0000
    } else {
        0
    };
    const IS_LITTLE_ENDIAN: u32 = 0x4000_0000;
    MACHINE as u32 | IS_64_BIT | IS_LITTLE_ENDIAN
};

/// Offsets in struct seccomp_data.
const NUMBER: usize = 0;
const ARCH: usize = 4;
const ARGUMENTS: usize = 16;

/// A condition: the 32 bits at an offset of struct seccomp_data, of which the bits of a mask count,
/// have a value.
struct Is {
    offset: usize,
    mask: u32,
    value: u32,
}

impl Is {
    fn number(number: i64) -> Self {
        Self::exactly(NUMBER, number as u32)
    }

    /// The lower half of an argument.
    fn argument(index: usize, mask: u32, value: u32) -> Self {
        let offset = ARGUMENTS + index * size_of::<u64>();
        Self {
            offset,
            mask,
            value,
        }
    }

    const fn exactly(offset: usize, value: u32) -> Self {
        let mask = u32::MAX;
        Self {
            offset,
            mask,
            value,
        }
    }
}

/// A filter that refuses one system call, in all its forms, or one command of it, with an error.
pub fn program(filter: &Filter) -> Vec<libc::sock_filter> {
    let flags = syscalls::flags_argument(filter.call);
    let argument = syscalls::command_argument(filter.call).or(flags);
    let command = argument.zip(filter.command);
    let forms = syscalls::forms(filter.call).into_iter().map(|form| {
        let ipc = form.ipc.map(|call| Is::argument(0, 0xffff, call as u32));
        let command = command.map(|(argument, command)| {
            let command = command.unsigned_abs();
            let mask = match flags {
                // All bits of it.
                Some(_) => command,
                None => !(syscalls::IPC_64 as u32),
            };
            Is::argument(form.argument(argument), mask, command)
        });
        [Some(Is::number(form.number)), ipc, command]
    });
    refuse(
        forms.map(|all| all.into_iter().flatten().collect()),
        filter.errno,
    )
}

/// A filter that refuses the System V calls but for those by ipc(2), with ENOSYS.
pub fn ipc_alone() -> Vec<libc::sock_filter> {
    let calls = ["shmget", "shmctl", "msgget", "msgctl", "semget", "semctl"];
    let forms = calls.into_iter().flat_map(syscalls::forms);
    let others = forms.filter(|form| form.ipc.is_none());
    let lists = others.map(|form| vec![Is::number(form.number)]);
    refuse(lists, libc::ENOSYS)
}

/// A filter that refuses a call of which all conditions of one of the lists hold, with an error. It
/// allows every call of another architecture.
fn refuse(lists: impl Iterator<Item = Vec<Is>>, errno: i32) -> Vec<libc::sock_filter> {
    let instruction = |code: u32, k, jf| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf,
        k,
    };
    let give = |action| instruction(libc::BPF_RET | libc::BPF_K, action, 0);
    let mut program = Vec::new();
    for list in lists {
        // Three instructions a condition; a jump over the rest of them, and over the refusal.
        let mut after = 3 * (list.len() as u8 + 1);
        for is in [Is::exactly(ARCH, ARCHITECTURE)].into_iter().chain(list) {
            let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
            after -= 3;
            program.extend([
                instruction(load, is.offset as u32, 0),
                instruction(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, is.mask, 0),
                instruction(
                    libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
                    is.value,
                    after + 1,
                ),
            ]);
        }
        program.push(give(libc::SECCOMP_RET_ERRNO | errno.unsigned_abs()));
    }
    program.push(give(libc::SECCOMP_RET_ALLOW));
    program
}

/// Installs a filter for this thread and its children. It only makes system calls.
pub fn apply(program: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: numbers, and then a program that the kernel only reads.
    let results = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            ),
        ]
    };
    match results {
        [0, 0] => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
