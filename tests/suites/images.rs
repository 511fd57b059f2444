//! What builders of images take from dist/ makes images that work: the hook for initramfs-tools, the
//! module for dracut, README.md's lines from a clean machine to an initramfs, the OCI image, the
//! package for Buildroot and the recipe for Yocto.
//!
//! The slow tests are ignored: `make images` runs them.

use std::process::{Command, ExitCode};

use ipcmk_tests::files::repository as root;
use ipcmk_tests::suite;

#[path = "images/buildroot.rs"]
mod buildroot;
#[path = "images/initramfs.rs"]
mod initramfs;
#[path = "images/oci.rs"]
mod oci;
#[path = "images/yocto.rs"]
mod yocto;

fn main() -> ExitCode {
    suite::run(|privilege| {
        let of_root = |name, test, missing| suite::of_root(privilege, (name, test), missing);
        let slow = |name, test| of_root(name, test, None).with_ignored_flag(true);
        let mut trials = suite::trials(&[
            ("oci_has_an_image_for_each_board", oci::boards),
            ("oci_tools_accept_the_images", oci::tools),
            ("oci_images_are_the_same_twice", oci::reproducible),
            (
                "buildroot_is_told_what_the_profile_says",
                buildroot::overrides,
            ),
            (
                "buildroot_installs_the_boot_file_of_the_init",
                buildroot::install,
            ),
            ("buildroot_knows_the_license", buildroot::hash),
            ("yocto_fetches_what_cargo_locks", yocto::crates),
            ("yocto_knows_the_license", yocto::license),
        ]);
        trials.extend([
            of_root("containers_share_objects", oci::containers, oci::missing()),
            of_root(
                "buildroot_init_brings_objects_up_and_down",
                buildroot::script,
                None,
            ),
            slow("initramfs_tools_bookworm", || initramfs::hook("bookworm")),
            slow("initramfs_tools_trixie", || initramfs::hook("trixie")),
            slow("dracut_bookworm", || initramfs::dracut("bookworm")),
            slow("dracut_trixie", || initramfs::dracut("trixie")),
            slow("readme_bookworm", || initramfs::readme("bookworm")),
            slow("readme_trixie", || initramfs::readme("trixie")),
            slow(
                "buildroot_builds_the_file_that_make_builds",
                buildroot::build,
            ),
        ]);
        trials
    })
}

/// Runs a command, which must succeed, and returns what it prints.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stdout}{stderr}",
        output.status
    );
    stdout
}
