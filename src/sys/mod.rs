//! The only unsafe code: start-up, system calls and memory routines.
//!
//! `entry` is where the kernel starts the program; `start` finds argv, envp and the auxiliary
//! vector on the stack, and runs the library on `linux`, which makes each system call by `call`.
//! `arch` has all that is written in assembly, under the same names for each architecture.
//! `variants` has the calls whose arguments differ between the architectures; `memory` the routines
//! that the compiler calls, each `plain` Rust unless `arch` overrides it. `auxiliary` reads the
//! auxiliary vector; `panic` makes the linker prove that no panic can be reached.

#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
#[cfg_attr(target_arch = "riscv64", path = "arch/riscv64.rs")]
#[cfg_attr(target_arch = "arm", path = "arch/arm.rs")]
#[cfg_attr(target_arch = "x86", path = "arch/x86.rs")]
mod arch;
mod auxiliary;
mod call;
mod entry;
mod linux;
mod memory;
mod panic;
mod plain;
mod start;
mod variants;
