//! ipcmk: create System V and POSIX IPC objects from a shell.
//!
//! Everything but the system itself, which `src/sys` of the binary is. Data
//! flows one way:
//!
//! ```text
//! argv -> getopt -> grammar -> Request -> plan -> Steps -> Kernel -> ids -> report -> fd 1
//!                                                            `-> refusal -> hint -> report -> fd 2
//! ```
//!
//! Which room a line belongs to: did a kernel header fix the number? [`abi`].
//! Did the user type it? [`getopt`] splits, [`grammar`] means, [`number`]
//! measures. Will a user read it? [`options`], [`words`], [`report`],
//! [`render`]. Does it say why the kernel refused? [`hint`]. Is it a number in
//! a file of the kernel's? `measure`. Did a C library fix it? [`posix`]. Does it order
//! calls? [`plan`]. Does it make them? [`run`], through [`kernel`]. Does only
//! the compiler run it? `draft`.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod abi;
pub mod batch;
mod draft;
pub mod errno;
pub mod getopt;
pub mod grammar;
pub mod hint;
pub mod kernel;
mod measure;
pub mod number;
pub mod options;
pub mod plan;
pub mod posix;
pub mod render;
pub mod report;
pub mod request;
pub mod run;
pub mod usage;
pub mod words;
