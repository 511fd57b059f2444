//! No panic can be reached. In a release build the linker proves it: a panic that the optimiser
//! cannot remove keeps this handler, and the handler calls a function that does not exist.

use core::panic::PanicInfo;

#[cfg(debug_assertions)]
use super::auxiliary::Auxiliary;
#[cfg(debug_assertions)]
use super::linux::{self, Linux};
#[cfg(debug_assertions)]
use ipcmk::kernel::port::{Fd, write_all};

#[cfg(not(debug_assertions))]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        #[link_name = "ERROR(ipcmk): a panic can be reached in this release build, through the code \
                       that was changed last. Use get, checked arithmetic or a match there"]
        fn a_panic_can_be_reached() -> !;
    }
    // SAFETY: never linked, so never run.
    unsafe { a_panic_can_be_reached() }
}

/// Prints a line and exits as Rust programs do.
#[cfg(debug_assertions)]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    /// Exit status of a Rust program that panics.
    const STATUS: u8 = 101;
    let mut kernel = Linux::new(Auxiliary::EMPTY);
    _ = write_all(&mut kernel, Fd::ERR, b"ipcmk: panicked\n");
    linux::exit(STATUS)
}

/// Unoptimised code of `core` names it, though panics do not unwind here.
#[cfg(debug_assertions)]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
