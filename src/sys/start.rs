//! From the stack at exec to the library's `run`, and out.
//!
//! The kernel leaves this on the stack, in words, addresses growing downwards:
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
//! sp is a multiple of 16. argc is 0, and argv only its NULL, where the caller of execve(2) gave no
//! arguments and the kernel is older than 5.18.

use core::ffi::{CStr, c_char};

use super::auxiliary::Auxiliary;
use super::linux::{self, Linux};

/// Runs the program and exits. `_start` calls it.
///
/// # Safety
/// `sp` is the stack pointer as the kernel set it at exec.
pub unsafe extern "C" fn start(sp: *const usize) -> ! {
    // SAFETY: the caller's.
    let vectors = unsafe { Vectors::find(sp) };
    let mut argv = vectors.argv;
    let _program_name = argv.next();
    // SAFETY: strings of argv end with a NUL and stay as they are.
    let arguments = argv.map(|string| unsafe { CStr::from_ptr(string) }.to_bytes());
    let mut environment = vectors.envp;
    // SAFETY: strings of envp end with a NUL.
    let posixly_correct = environment.any(|string| unsafe { begins(string, b"POSIXLY_CORRECT=") });
    let mut kernel = Linux::new(vectors.auxiliary);
    linux::exit(ipcmk::run::run(arguments, posixly_correct, &mut kernel))
}

/// What the kernel leaves on the stack.
pub struct Vectors {
    /// Strings of the command line, with the program's name.
    pub argv: Pointers,
    /// Strings of the environment.
    pub envp: Pointers,
    /// What the kernel says of itself and of this process.
    pub auxiliary: Auxiliary,
}

impl Vectors {
    /// Finds all three. A debug build panics where the stack is not as drawn above.
    ///
    /// # Safety
    /// `sp` is the stack pointer as the kernel set it at exec.
    pub unsafe fn find(sp: *const usize) -> Self {
        debug_assert!(sp.addr().is_multiple_of(16), "sp is a multiple of 16");
        // SAFETY: argc stands at the stack pointer.
        let argc = unsafe { sp.read() };
        // SAFETY: argv follows argc.
        let argv = unsafe { sp.add(1) }.cast::<*const c_char>();
        // SAFETY: argc strings follow.
        let null = unsafe { argv.add(argc) };
        debug_assert!(Pointers(null).next().is_none(), "argv has argc strings");
        // SAFETY: envp follows argv's null.
        let envp = Pointers(unsafe { null.add(1) });
        let mut null = envp.clone();
        while null.next().is_some() {}
        // SAFETY: auxv follows envp's null.
        let auxv = unsafe { null.0.add(1) };
        Self {
            argv: Pointers(argv),
            envp,
            // SAFETY: it ends with AT_NULL, and the stack stays.
            auxiliary: unsafe { Auxiliary::new(auxv.cast()) },
        }
    }
}

/// The strings of argv or envp, up to the null that ends them.
#[derive(Clone)]
pub struct Pointers(*const *const c_char);

impl Iterator for Pointers {
    type Item = *const c_char;

    fn next(&mut self) -> Option<*const c_char> {
        // SAFETY: never moved past the null.
        let string = unsafe { self.0.read() };
        if string.is_null() {
            return None;
        }
        // SAFETY: this was not the null.
        self.0 = unsafe { self.0.add(1) };
        Some(string)
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
