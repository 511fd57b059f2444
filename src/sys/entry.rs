//! The first instructions of the program, written for each architecture in `arch`.

use super::arch::entry;
use super::start::start;

/// The entry point of the file: the kernel jumps here.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    entry!(start)
}
