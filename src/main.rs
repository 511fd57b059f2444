//! The program. `sys` starts the library and is the kernel for it; all decisions are the library's.
#![no_std]
#![no_main]

mod sys;
