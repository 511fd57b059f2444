//! No panic can be reached. In a release build that is proven by the linker:
//! a panic that the optimiser cannot remove keeps this handler, and the
//! handler calls a function that does not exist.

use core::panic::PanicInfo;

#[cfg(not(debug_assertions))]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        #[link_name = "ipcmk: a panic can be reached in this release build"]
        fn a_panic_can_be_reached() -> !;
    }
    // SAFETY: never linked, so never run.
    unsafe { a_panic_can_be_reached() }
}

#[cfg(debug_assertions)]
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    super::linux::panicked()
}

/// Unoptimised code of `core` names it, though panics do not unwind here.
#[cfg(debug_assertions)]
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
