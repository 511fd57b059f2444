//! The first instructions of the program, written for each architecture in `arch`.

use super::arch::entry;
use super::start::start;

/// The entry point of the file, which build.rs names to the linker: the kernel jumps here. Rust's
/// targets of musl link a start file of their own, which has a `_start`.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn ipcmk_start() -> ! {
    entry!(start)
}
