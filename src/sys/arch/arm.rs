//! armv7, EABI with hardware floating point: the entry.

use core::arch::asm;

use super::plain::Routines;

/// The body of `ipcmk_start`: calls `$start` with the stack pointer as the kernel set it.
macro_rules! entry {
    ($start:path) => {
        core::arch::naked_asm!(
            "mov fp, #0",       // no caller: debuggers stop here
            "mov r0, sp",       // argc, argv, envp and auxv are on the stack
            "bl {start}",       // aligned by 8 at exec, as calls want it
            start = sym $start,
        )
    };
}
pub(super) use entry;

/// Dies by SIGILL, which a mask does not hold back.
pub fn trap() -> ! {
    // SAFETY: ends the process.
    unsafe { asm!("udf #0", options(noreturn, nostack, nomem)) }
}

/// This architecture.
pub struct Arch;

impl Routines for Arch {}
