//! ipcmk creates and removes System V and POSIX IPC objects from a shell. This library is all of it
//! but the system calls, which are in `src/sys` of the binary.
//!
//! # What the program promises
//!
//! - All or nothing. Exit status 0: each object exists, and its id or name is on standard output.
//!   Exit status 1: nothing that this run created is left, or an error line names it.
//! - No other user sees a half-made object. A System V object has mode 0 (a set 0600) until its
//!   properties are set. A file of /dev/shm has no name until it is complete.
//! - No panic can be reached. The panic handler of a release build calls a symbol that does not
//!   exist, so that a panic which the optimiser cannot remove fails the link.
//! - No unsafe code outside `src/sys`.
//!
//! # The data
//!
//! ```text
//! argv -> getopt -> grammar -> Request -> Step -> Kernel -> ids -> report -> fd 1
//!                                                   `-> errno -> hint -> report -> fd 2
//! ```
//!
//! # The folders
//!
//! A folder imports only folders below it in this table, and no file imports, straight or by a
//! detour, a file that imports it. `tests/suites/rooms.rs` reads the imports and fails otherwise.
//!
//! | folder | a line of code belongs there if |
//! | --- | --- |
//! | `src/sys` | it needs unsafe code, or differs between processors |
//! | [`run`] | it does what was planned |
//! | [`report`] | it makes what a user reads |
//! | [`plan`] | it says what is to be done, and in which order |
//! | [`cli`] | it is about what the user typed |
//! | [`kernel`] | a kernel header or a C library fixed it, or it is the [port](kernel::port) or the memory that it gives |
//!
//! What is true of a test machine only belongs to `tests`.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod cli;
pub mod kernel;
pub mod plan;
pub mod report;
pub mod run;
