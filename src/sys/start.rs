//! Finds argv, envp and auxv on the stack, calls [`ipcmk::run::run`], and exits with its status.
//!
//! At exec, sp points to these words, from the lowest address to the highest:
//!
//! ```text
//! sp ──> argc
//!        argv[0]              the program's name
//!        argv[1]              the first argument
//!        ...
//!        argv[argc - 1]
//!        NULL
//!        envp[0]              NAME=value
//!        ...
//!        NULL
//!        AT_...   value       the auxiliary vector, two words an entry
//!        ...
//!        AT_NULL  0
//! ```
//!
//! sp is a multiple of 16. argc is 0 if execve(2) was given an empty argv on a kernel older than
//! 5.18; newer ones insert an empty `argv[0]`.

use core::ffi::{CStr, c_char};

use super::auxiliary::Auxiliary;
use super::linux::{self, Linux};

/// Runs the program and exits. `ipcmk_start` calls it.
///
/// # Safety
/// `sp` is the stack pointer as the kernel set it at exec.
pub unsafe extern "C" fn start(sp: *const usize) -> ! {
    // SAFETY: the contract of `sp` is the same.
    let vectors = unsafe { Vectors::find(sp) };
    let mut argv = vectors.argv;
    let _program_name = argv.next();
    // SAFETY: strings of argv end with a NUL, and nothing writes to them.
    let arguments = argv.map(|string| unsafe { CStr::from_ptr(string) }.to_bytes());
    let mut environment = vectors.envp;
    // SAFETY: strings of envp end with a NUL.
    let posixly_correct = environment.any(|string| unsafe { begins(string, b"POSIXLY_CORRECT=") });
    let mut kernel = Linux::new(vectors.auxiliary);
    linux::exit(ipcmk::run::run(arguments, posixly_correct, &mut kernel))
}

/// The three vectors that the kernel leaves on the stack.
pub struct Vectors {
    /// argv: the program's name and its arguments.
    pub argv: Pointers,
    /// envp: the environment, `NAME=value`.
    pub envp: Pointers,
    /// auxv: AT_RANDOM, AT_EUID, AT_EGID and others.
    pub auxiliary: Auxiliary,
}

impl Vectors {
    /// Finds all three. A debug build panics unless the stack is as drawn above.
    ///
    /// # Safety
    /// `sp` is the stack pointer as the kernel set it at exec.
    pub unsafe fn find(sp: *const usize) -> Self {
        debug_assert!(sp.addr().is_multiple_of(16), "sp is a multiple of 16");
        // SAFETY: sp points to argc.
        let argc = unsafe { sp.read() };
        // SAFETY: argv follows argc.
        let argv = unsafe { sp.add(1) }.cast::<*const c_char>();
        // SAFETY: argv has argc strings, then its NULL.
        let null = unsafe { argv.add(argc) };
        debug_assert!(Pointers(null).next().is_none(), "argv has argc strings");
        // SAFETY: envp follows argv's NULL.
        let envp = Pointers(unsafe { null.add(1) });
        let mut end = envp.clone();
        while end.next().is_some() {}
        // SAFETY: auxv follows envp's NULL, where `end` has stopped.
        let auxv = unsafe { end.0.add(1) };
        Self {
            argv: Pointers(argv),
            envp,
            // SAFETY: auxv ends with AT_NULL, and stays on the stack.
            auxiliary: unsafe { Auxiliary::new(auxv.cast()) },
        }
    }
}

/// Iterates over the strings of argv or envp. Stops at the NULL that ends them, and stays there.
#[derive(Clone)]
pub struct Pointers(*const *const c_char);

impl Iterator for Pointers {
    type Item = *const c_char;

    fn next(&mut self) -> Option<*const c_char> {
        // SAFETY: the pointer never moves past the NULL.
        let string = unsafe { self.0.read() };
        if string.is_null() {
            return None;
        }
        // SAFETY: this was not the NULL.
        self.0 = unsafe { self.0.add(1) };
        Some(string)
    }
}

/// Whether a string begins with `prefix`. Reads no further than the first byte that differs.
///
/// # Safety
/// `string` ends with a NUL, and `prefix` holds none.
unsafe fn begins(string: *const c_char, prefix: &[u8]) -> bool {
    let mut next = string.cast::<u8>();
    prefix.iter().all(|&byte| {
        // SAFETY: the bytes before equal those of `prefix`, so the string has not ended yet.
        let same = unsafe { next.read() } == byte;
        next = next.wrapping_add(1);
        same
    })
}
