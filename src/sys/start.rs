//! From the stack that the kernel made to the library's `run`, and out.

use core::ffi::{CStr, c_char};

use super::auxiliary::Auxiliary;
use super::linux::{self, Linux};

/// Runs the program. `_start` calls it.
///
/// # Safety
/// `stack` is the stack pointer as the kernel set it at exec: argc, argv, a
/// null, envp, a null, pairs of auxv.
pub unsafe extern "C" fn start(stack: *const usize) -> ! {
    // SAFETY: argc stands at the stack pointer.
    let argc = unsafe { stack.read() };
    // SAFETY: argv follows argc.
    let argv = unsafe { stack.add(1) };
    // SAFETY: envp follows argv's null.
    let envp = unsafe { argv.add(argc + 1) };

    let mut arguments = Strings(argv.cast());
    let _program_name = arguments.next_pointer();
    let mut environment = Strings(envp.cast());
    let mut posixly_correct = false;
    while let Some(variable) = environment.next_pointer() {
        // SAFETY: variables end with a NUL.
        posixly_correct |= unsafe { begins(variable, b"POSIXLY_CORRECT=") };
    }
    // SAFETY: auxv follows envp's null, at which `environment` stopped.
    let auxv = unsafe { environment.0.add(1) };
    let mut kernel = Linux::new(unsafe { Auxiliary::new(auxv.cast()) });
    linux::exit(ipcmk::run::run(arguments, posixly_correct, &mut kernel))
}

/// A list of strings that a null ends, argv or envp.
#[derive(Clone)]
struct Strings(*const *const c_char);

impl Strings {
    fn next_pointer(&mut self) -> Option<*const c_char> {
        // SAFETY: never moved past the null that ends the list.
        let string = unsafe { self.0.read() };
        if string.is_null() {
            return None;
        }
        // SAFETY: this was not the null.
        self.0 = unsafe { self.0.add(1) };
        Some(string)
    }
}

impl Iterator for Strings {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        let string = self.next_pointer()?;
        // SAFETY: strings of argv and envp end with a NUL and stay as they are.
        Some(unsafe { CStr::from_ptr(string) }.to_bytes())
    }
}

/// Whether a string begins with `prefix`, without reading it to its end.
///
/// # Safety
/// `string` ends with a NUL, and `prefix` holds none.
unsafe fn begins(string: *const c_char, prefix: &[u8]) -> bool {
    let mut next = string.cast::<u8>();
    prefix.iter().all(|&byte| {
        // SAFETY: all before this one were equal to bytes that are no NUL.
        let same = unsafe { next.read() } == byte;
        next = next.wrapping_add(1);
        same
    })
}
