//! From argv to exit status.
//!
//! `command` runs a command line, `batch` the lines of a file. Both go through `create`, object by
//! object, to `sysv` and `posix`, which create or find it. `undo` removes what was created if
//! anything fails. They share a
//! `Job`, in `job`; `memory` is what a run takes of it.

mod batch;
mod command;
mod create;
mod job;
mod line;
pub mod memory;
mod owner;
mod posix;

mod sysv;
mod undo;

pub use command::run;
