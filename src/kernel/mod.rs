//! What the kernel and the C libraries fixed.
//!
//! `object` has the kinds of objects and their names; `abi` the numbers and structs of the kernel's
//! headers, `errno` its error numbers; `arch` and `calls` what differs between the architectures;
//! `posix` what the C libraries fixed of POSIX objects: their paths and the bytes of a semaphore.
//! `list` is a list in memory that it does not own. `port` is the one way to the system: the trait
//! that `sys` implements by system calls and the tests by a script.

pub mod abi;
pub mod arch;
pub mod calls;
pub mod errno;
pub mod list;
pub mod object;
pub mod port;
pub mod posix;
