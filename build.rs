//! How the program is linked: by its own script, without start files or libc.
//! Everything is said here, so that a plain `cargo build` needs no flags.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=linker");

    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it");
    if !matches!(arch.as_str(), "x86_64" | "aarch64") {
        println!("cargo::error=ipcmk runs on x86_64 and aarch64, not on {arch}");
        return;
    }
    for argument in [
        "-nostartfiles",
        "-nostdlib",
        "-static",
        "-no-pie",
        "-Wl,--build-id=none",
        "-Wl,--no-eh-frame-hdr",
        "-Wl,-z,norelro",
        &format!("-Wl,-L{here}/linker"),
        &format!("-Wl,-T,{here}/linker/{arch}.ld"),
    ] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
