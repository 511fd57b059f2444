//! Links the program by its own script, without start files or libc. All options of the linker are
//! here, so that a plain `cargo build` needs no flags.
//!
//! A build that cannot keep the promises of src/lib.rs ends with a line that names the setting at
//! fault: here, in src/sys/panic.rs, or in the linker's message.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=linker");

    let variable = |name: &str| env::var(name).expect("cargo sets it");
    let root = variable("CARGO_MANIFEST_DIR");
    let arch = variable("CARGO_CFG_TARGET_ARCH");
    let endian = variable("CARGO_CFG_TARGET_ENDIAN");
    let width = variable("CARGO_CFG_TARGET_POINTER_WIDTH");
    let is_32_bit = ["arm", "x86"].contains(&&*arch);
    let is_release = variable("PROFILE") == "release";
    let is_unoptimised = variable("OPT_LEVEL") == "0";

    let refusal = if variable("CARGO_CFG_TARGET_OS") != "linux" {
        Some("the target is not Linux, whose system calls this program makes".to_owned())
    } else if !Path::new(&format!("{root}/linker/{arch}.ld")).exists() {
        Some(format!(
            "there is no code for {arch}. tests/README.md says what a new architecture takes"
        ))
    } else if endian != "little" || (width == "32") != is_32_bit {
        Some(format!(
            "there is no code for {arch} with {endian}-endian words of {width} bits"
        ))
    } else if is_release && is_unoptimised {
        Some(
            "opt-level = 0 leaves panics and writable data in a release build. Set opt-level = \
             \"z\" (CARGO_PROFILE_RELEASE_OPT_LEVEL=z)"
                .to_owned(),
        )
    } else if is_release && overridden("OVERFLOW_CHECKS", "true") {
        Some(
            "overflow-checks are panics, and a release build must have none. Set \
             overflow-checks = false (CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=false)"
                .to_owned(),
        )
    } else if is_release && overridden("PANIC", "unwind") {
        Some(
            "panic = \"unwind\" takes a library for unwinding. Set panic = \"abort\" \
             (CARGO_PROFILE_RELEASE_PANIC=abort)"
                .to_owned(),
        )
    } else {
        None
    };
    if let Some(refusal) = refusal {
        println!("cargo::error=ERROR(ipcmk): {refusal}");
        return;
    }

    println!("cargo::rustc-check-cfg=cfg(release)");
    if is_release {
        println!("cargo::rustc-cfg=release");
    }
    let link = |argument: &str| println!("cargo::rustc-link-arg-bins={argument}");
    for argument in [
        "-nostartfiles",
        "-nostdlib",
        "-static",
        "-no-pie",
        "-Wl,--entry=ipcmk_start",
        // Code of `core` that is not optimised with the program names it, though panics do not
        // unwind here.
        "-Wl,--defsym=rust_eh_personality=0",
    ] {
        link(argument);
    }
    // Unoptimised code has writable data, which the script refuses: a debug build has the linker's
    // own layout.
    if is_unoptimised {
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

/// Whether the environment gives this setting of the release profile this value, as Buildroot's may.
/// Cargo tells build scripts nothing else of it: set elsewhere, it is the compiler's or the linker's
/// to refuse, see src/sys/panic.rs.
fn overridden(setting: &str, value: &str) -> bool {
    let variable = format!("CARGO_PROFILE_RELEASE_{setting}");
    println!("cargo::rerun-if-env-changed={variable}");
    env::var(variable).is_ok_and(|set| set == value)
}
