//! From argv to exit status.
//!
//! `command` runs a command line, `batch` the lines of a file. Both read a line by `line`, and the
//! names in its --owner by `owner`; then it goes through `check`, and through `create`, object by
//! object, to `sysv` and `posix`, which create or find it, or through `remove`. `undo` removes what
//! was created if anything fails. They share a `Job`, in `job`; `memory` is the stack and what a
//! run maps, `known` what the lines of a batch name.

mod batch;
mod check;
mod command;
mod create;
mod job;
mod known;
mod line;
pub mod memory;
mod owner;
mod posix;
mod remove;
mod sysv;
mod undo;

pub use command::run;
