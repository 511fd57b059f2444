//! Links the program by its own script, without start files or libc. All options of the linker are
//! here, so that a plain `cargo build` needs no flags.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=linker");

    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let arch = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets it");
    if !Path::new(&format!("{root}/linker/{arch}.ld")).exists() {
        println!(
            "cargo::error=ERROR(ipcmk): there is no code for {arch}. tests/README.md says what a \
             new architecture takes"
        );
        return;
    }
    let link = |argument: &str| println!("cargo::rustc-link-arg-bins={argument}");
    for argument in ["-nostartfiles", "-nostdlib", "-static", "-no-pie"] {
        link(argument);
    }
    // Unoptimised code has writable data, which the script refuses: a debug build has the linker's
    // own layout.
    if env::var("OPT_LEVEL").is_ok_and(|level| level == "0") {
        return;
    }
    for argument in [
        "-Wl,--build-id=none",
        "-Wl,--no-eh-frame-hdr",
        "-Wl,-z,norelro",
        &format!("-L{root}/linker"),
        &format!("-T{root}/linker/{arch}.ld"),
    ] {
        link(argument);
    }
}
