//! x86_64: the entry, and the memory routines that the compiler calls.

use core::arch::asm;

use super::plain::Routines;

/// The body of `ipcmk_start`: calls `$start` with the stack pointer as the kernel set it.
macro_rules! entry {
    ($start:path) => {
        core::arch::naked_asm!(
            "xor ebp, ebp",     // no caller: debuggers stop here
            "mov rdi, rsp",     // argc, argv, envp and auxv are on the stack
            "call {start}",     // aligned by 16 at exec, and so one word off, as calls leave it
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

impl Routines for Arch {
    #[inline(always)] // it is the body of one function
    unsafe fn copy(to: *mut u8, from: *const u8, bytes: usize) {
        // SAFETY: copies `bytes` bytes; the direction flag is clear.
        unsafe {
            asm!(
                "rep movsb",
                inout("rcx") bytes => _, inout("rdi") to => _, inout("rsi") from => _,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)] // it is the body of one function
    unsafe fn set(to: *mut u8, byte: u8, bytes: usize) {
        // SAFETY: sets `bytes` bytes; the direction flag is clear.
        unsafe {
            asm!(
                "rep stosb",
                inout("rcx") bytes => _, inout("rdi") to => _, in("al") byte,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)] // it is the body of one function
    unsafe fn compare(a: *const u8, b: *const u8, bytes: usize) -> i32 {
        let order;
        // SAFETY: reads at most `bytes` bytes of each; the direction flag is clear.
        unsafe {
            asm!(
                "xor eax, eax",     // also says "equal", for no bytes at all
                "repe cmpsb",
                "seta al",
                "sbb eax, 0",       // 1 - 0, 0 - 0, or 0 - 1
                inout("rcx") bytes => _, inout("rsi") a => _, inout("rdi") b => _, out("eax") order,
                options(nostack, readonly),
            );
        }
        order
    }

    #[inline(always)] // it is the body of one function
    unsafe fn length(string: *const u8) -> usize {
        let length;
        // SAFETY: reads up to the NUL.
        unsafe {
            asm!(
                "2: inc {length}",
                "cmp byte ptr [{string} + {length}], 0",
                "jne 2b",
                string = in(reg) string, length = inout(reg) -1_isize => length,
                options(nostack, readonly),
            );
        }
        length
    }
}
