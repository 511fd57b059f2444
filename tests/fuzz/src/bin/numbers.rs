//! The target `numbers`, for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipcmk_fuzz::numbers::run(data));
