//! The target `argv`, for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ipcmk_fuzz::argv::run(data));
