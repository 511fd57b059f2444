//! ipcmk: create System V and POSIX IPC objects from a shell.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod cli;
pub mod kernel;
pub mod plan;
pub mod report;
pub mod run;
