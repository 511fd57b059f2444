//! A machine of its own whose init is busybox's: a kernel under qemu, and an initramfs that holds
//! busybox, ipcmk and little else.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use ipcmk_tests::suite;

/// The programs that busybox is.
const PROGRAMS: [&str; 15] = [
    "/bin/base64",
    "/bin/cat",
    "/bin/echo",
    "/bin/find",
    "/bin/gzip",
    "/bin/mkdir",
    "/bin/mount",
    "/bin/sh",
    "/bin/stat",
    "/sbin/halt",
    "/sbin/init",
    "/sbin/poweroff",
    "/sbin/reboot",
    "/sbin/sysctl",
    "/usr/bin/[",
];

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A machine that is switched off.
pub struct Machine {
    arch: &'static str,
    /// What its initramfs holds.
    folder: PathBuf,
}

impl Machine {
    /// A machine of this architecture, with this /etc/inittab between the line that mounts the file
    /// systems and the one that switches the machine off. `name` is the test's.
    pub fn new(name: &str, arch: &'static str, inittab: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{arch}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("what an earlier run has left");
        }
        let machine = Self { arch, folder };
        for directory in ["proc", "dev", "tmp", "var"] {
            fs::create_dir_all(machine.folder.join(directory)).expect("it is ours");
        }
        let kernel = root().join("target/kernels").join(arch);
        let read = |file: PathBuf| {
            fs::read(&file).unwrap_or_else(|error| {
                panic!("{}: {error}; `make kernels` fetches it", file.display())
            })
        };
        machine.put("bin/busybox", 0o755, read(kernel.join("busybox")));
        for program in PROGRAMS {
            let path = machine.folder.join(&program[1..]);
            let directory = path.parent().expect("a folder");
            fs::create_dir_all(directory).expect("it is ours");
            symlink("/bin/busybox", path).expect("it is new");
        }
        let ipcmk = match arch {
            "aarch64" => suite::aarch64(),
            _ => suite::x86_64(),
        };
        machine.put("usr/bin/ipcmk", 0o755, read(ipcmk));
        machine.put("etc/passwd", 0o644, "root:x:0:0::/:\ndaemon:x:1:1::/:\n");
        machine.put("etc/group", 0o644, "root:x:0:\ndaemon:x:1:\n");
        machine.put("etc/rcS", 0o755, include_str!("rcS"));
        machine.put("bin/show", 0o755, include_str!("show"));
        let inittab = format!("::sysinit:/etc/rcS\n{inittab}::once:/sbin/poweroff\n");
        machine.put("etc/inittab", 0o644, inittab);
        machine
    }

    /// Puts a file into the initramfs.
    pub fn put(&self, path: &str, mode: u32, content: impl AsRef<[u8]>) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it is ours");
        fs::write(&path, content).expect("it is ours");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    /// Boots it with so many MiB of memory, and returns what it prints until it is off.
    pub fn boot(&self, memory: u32) -> String {
        let output = Command::new(root().join("tests/tools/qemu.sh"))
            .args([self.arch.as_ref(), self.folder.as_os_str()])
            .args([&memory.to_string(), "rdinit=/sbin/init"])
            .output()
            .expect("qemu.sh starts");
        let console = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{}{console}",
            String::from_utf8_lossy(&output.stderr)
        );
        console
    }
}

/// What the machine printed from a line `== <title>` to `== end`, by the titles of its parts: each
/// begins with a line `= <title>`.
#[track_caller]
pub fn parts(console: &str, title: &str) -> HashMap<String, String> {
    let begin = format!("== {title}\n");
    let text = console
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once("== end\n"));
    let (text, _) = text.unwrap_or_else(|| panic!("no {title}:\n{console}"));
    let mut parts = HashMap::new();
    let mut part: Option<&mut String> = None;
    for line in text.lines() {
        match (line.strip_prefix("= "), &mut part) {
            (Some(title), _) => part = Some(parts.entry(title.to_owned()).or_default()),
            (None, Some(part)) => part.extend([line, "\n"]),
            (None, None) => panic!("{title}: {line}"),
        }
    }
    parts
}
