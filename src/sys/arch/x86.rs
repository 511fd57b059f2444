//! i686: the entry.

use core::arch::asm;

use super::plain::Routines;

/// The body of `ipcmk_start`: calls `$start` with the stack pointer as the kernel set it.
macro_rules! entry {
    ($start:path) => {
        core::arch::naked_asm!(
            "xor ebp, ebp",     // no caller: debuggers stop here
            "mov eax, esp",     // argc, argv, envp and auxv are on the stack
            "sub esp, 12",      // aligned by 16 at exec, and so again behind the argument
            "push eax",
            "call {start}",
            start = sym $start,
        )
    };
}
pub(super) use entry;

/// Dies by SIGILL, which a mask does not hold back.
pub fn trap() -> ! {
    // SAFETY: ends the process.
    unsafe { asm!("ud2", options(noreturn, nostack, nomem)) }
}

/// This architecture.
pub struct Arch;

impl Routines for Arch {}
