//! The program: where the kernel starts it, and the kernel as the library
//! wants to see it. Everything that it decides is in the library.
#![no_std]
#![no_main]

mod sys;
