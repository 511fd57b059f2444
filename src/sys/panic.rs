//! No panic can be reached. In a release build the linker proves it: a panic that the optimiser
//! cannot remove keeps this handler, and the handler calls a function that does not exist.

use core::panic::PanicInfo;

#[cfg(not(release))]
use super::auxiliary::Auxiliary;
#[cfg(not(release))]
use super::linux::{self, Linux};
#[cfg(not(release))]
use ipcmk::kernel::port::{Fd, write_all};

#[cfg(all(release, debug_assertions))]
compile_error!(
    "ERROR(ipcmk): debug-assertions are panics, and a release build must have none. Set \
     debug-assertions = false (CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=false)"
);

#[cfg(release)]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        #[link_name = "ERROR(ipcmk): a panic can be reached in this release build, through the code \
                       that was changed last: use get, checked arithmetic or a match there. If no \
                       code was changed, a setting of the profile is at fault: set \
                       CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=false, _OPT_LEVEL=z, _LTO=fat and \
                       _CODEGEN_UNITS=1"]
        fn a_panic_can_be_reached() -> !;
    }
    // SAFETY: never linked, so never run.
    unsafe { a_panic_can_be_reached() }
}

/// Prints a line and exits as Rust programs do.
#[cfg(not(release))]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    /// Exit status of a Rust program that panics.
    const STATUS: u8 = 101;
    let mut kernel = Linux::new(Auxiliary::EMPTY);
    _ = write_all(&mut kernel, Fd::ERR, b"ipcmk: panicked\n");
    linux::exit(STATUS)
}
