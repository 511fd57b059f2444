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
    let link = |argument: &str| println!("cargo::rustc-link-arg-bins={argument}");
    for argument in ["-nostartfiles", "-nostdlib", "-static", "-no-pie"] {
        link(argument);
    }
    // Unoptimised code has data, which the script refuses: a debug build takes
    // the linker's own layout.
    if env::var("OPT_LEVEL").is_ok_and(|level| level == "0") {
        return;
    }
    for argument in [
        "-Wl,--build-id=none",
        "-Wl,--no-eh-frame-hdr",
        "-Wl,-z,norelro",
        &format!("-L{here}/linker"),
        &format!("-T{here}/linker/{arch}.ld"),
    ] {
        link(argument);
    }
}
