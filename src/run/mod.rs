//! From argv to exit status.
//!
//! `command` runs a command line, `batch` the lines of a file. Both read a line by `line`, and the
//! names in its --owner by `owner`; then they go through `create`, object by object, to `sysv` and
//! `posix`, which create or find it. `undo` removes what was created if anything fails. They share
//! a `Job`, in `job`; `memory` has the sizes of the stack and of the memory that a run maps.

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
