//! aarch64: the entry, and the memory routines that the compiler calls.

use core::arch::asm;

use super::plain::Routines;

/// The body of `ipcmk_start`: calls `$start` with the stack pointer as the kernel set it.
macro_rules! entry {
    ($start:path) => {
        core::arch::naked_asm!(
            "mov x29, xzr",     // no caller: debuggers stop here
            "mov x0, sp",       // argc, argv, envp and auxv are on the stack
            "bl {start}",       // aligned by 16 at exec, as calls want it
            start = sym $start,
        )
    };
}
pub(super) use entry;

/// Dies by SIGTRAP, which a mask does not hold back.
pub fn trap() -> ! {
    // SAFETY: ends the process.
    unsafe { asm!("brk #1", options(noreturn, nostack, nomem)) }
}

/// This architecture.
pub struct Arch;

impl Routines for Arch {
    #[inline(always)] // it is the body of one function
    unsafe fn copy(to: *mut u8, from: *const u8, bytes: usize) {
        // SAFETY: copies `bytes` bytes, the last one first.
        unsafe {
            asm!(
                "2: cbz {bytes}, 3f",
                "sub {bytes}, {bytes}, #1",
                "ldrb {byte:w}, [{from}, {bytes}]",
                "strb {byte:w}, [{to}, {bytes}]",
                "b 2b",
                "3:",
                bytes = inout(reg) bytes => _, to = in(reg) to, from = in(reg) from, byte = out(reg) _,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)] // it is the body of one function
    unsafe fn set(to: *mut u8, byte: u8, bytes: usize) {
        // SAFETY: sets `bytes` bytes, the last one first.
        unsafe {
            asm!(
                "2: cbz {bytes}, 3f",
                "sub {bytes}, {bytes}, #1",
                "strb {byte:w}, [{to}, {bytes}]",
                "b 2b",
                "3:",
                bytes = inout(reg) bytes => _, to = in(reg) to, byte = in(reg) byte,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)] // it is the body of one function
    unsafe fn compare(a: *const u8, b: *const u8, bytes: usize) -> i32 {
        let order;
        // SAFETY: reads at most `bytes` bytes of each.
        unsafe {
            asm!(
                "2: cbz {bytes}, 3f",
                "sub {bytes}, {bytes}, #1",
                "ldrb {order:w}, [{a}], #1",
                "ldrb {other:w}, [{b}], #1",
                "subs {order:w}, {order:w}, {other:w}",
                "b.eq 2b",
                "3:",
                bytes = inout(reg) bytes => _, a = inout(reg) a => _, b = inout(reg) b => _,
                order = inout(reg) 0 => order, other = out(reg) _,
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
                "2: add {length}, {length}, #1",
                "ldrb {byte:w}, [{string}, {length}]",
                "cbnz {byte:w}, 2b",
                string = in(reg) string, length = inout(reg) -1_isize => length, byte = out(reg) _,
                options(nostack, readonly, preserves_flags),
            );
        }
        length
    }
}
