//! riscv64: the entry.

use core::arch::asm;

use super::plain::Routines;

/// The body of `ipcmk_start`: calls `$start` with the stack pointer as the kernel set it.
macro_rules! entry {
    ($start:path) => {
        core::arch::naked_asm!(
            "mv fp, zero",      // no caller: debuggers stop here
            "mv a0, sp",        // argc, argv, envp and auxv are on the stack
            "call {start}",     // aligned by 16 at exec, as calls want it
            start = sym $start,
        )
    };
}
pub(super) use entry;

/// Dies by SIGTRAP, which a mask does not hold back.
pub fn trap() -> ! {
    // SAFETY: ends the process.
    unsafe { asm!("ebreak", options(noreturn, nostack, nomem)) }
}

/// This architecture.
pub struct Arch;

impl Routines for Arch {}
