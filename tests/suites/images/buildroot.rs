//! The package for Buildroot: its variables, read by make, and what is built and installed by them.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use ipcmk_tests::board::Board;
use ipcmk_tests::files::{Bound, Scratch};
use ipcmk_tests::{namespace, suite};

use super::{root, run};

/// make(1) on the package, with these words.
fn make(target: &str, words: &[String]) -> Command {
    let mut command = Command::new("make");
    command
        .args(["--silent", "--file"])
        .arg(root().join("tests/suites/images/buildroot.mk"))
        .arg(format!("SOURCES={}", root().display()))
        .arg(format!(
            "PACKAGE={}",
            root().join("dist/buildroot/ipcmk").display()
        ))
        .args(words)
        .arg(target)
        .env_remove("MAKEFLAGS");
    command
}

/// What a configuration of Buildroot says for a board.
fn settings(board: &Board) -> Vec<String> {
    let normalized = match board.name {
        "armv7" => "arm",
        "i686" => "i386",
        other => other,
    };
    vec![
        format!("NORMALIZED_ARCH={normalized}"),
        format!("RUSTC_TARGET_NAME={}", board.target),
    ]
}

/// The environment of cargo in Buildroot.
fn environment(words: &[String]) -> HashMap<String, String> {
    let printed = run(&mut make("environment", words));
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').expect("a variable");
        (name.to_owned(), value.to_owned())
    };
    printed.lines().map(pair).collect()
}

pub fn overrides() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let (_, profile) = manifest
        .split_once("[profile.release]\n")
        .expect("a profile");
    let profile: HashMap<&str, &str> = profile
        .lines()
        .map_while(|line| line.split_once(" = "))
        .map(|(name, value)| (name, value.trim_matches('"')))
        .collect();
    assert!(profile.len() > 3, "{profile:?}");
    // cargo's defaults where the profile says nothing.
    let default = HashMap::from([
        ("debug", "0"),
        ("debug-assertions", "false"),
        ("incremental", "false"),
        ("overflow-checks", "false"),
        ("split-debuginfo", "off"),
    ]);
    for board in Board::all() {
        let mut words = settings(board);
        words.extend(["OPT_LEVEL=0", "CHECKS=true"].map(str::to_owned));
        let environment = environment(&words);
        let prefix = "CARGO_PROFILE_RELEASE_";
        let mut seen = 0;
        for (name, value) in &environment {
            let Some(setting) = name.strip_prefix(prefix) else {
                continue;
            };
            let setting = setting.to_lowercase().replace('_', "-");
            let wanted = profile
                .get(setting.as_str())
                .or(default.get(setting.as_str()));
            assert_eq!(Some(&value.as_str()), wanted, "{}: {name}", board.name);
            seen += 1;
        }
        assert_eq!(seen, 8, "{environment:?}");
        // .cargo/config.toml is not in the crate, and Buildroot writes its own.
        let flags = format!(
            "CARGO_TARGET_{}_RUSTFLAGS",
            board.target.to_uppercase().replace('-', "_")
        );
        let wanted = matches!(board.name, "armv7" | "i686").then_some("-C relocation-model=static");
        assert_eq!(
            environment.get(&flags).map(String::as_str),
            wanted,
            "{}",
            board.name
        );
    }
}

/// Makes the image's file for this init. Returns the folder of the image.
fn image(init: &str) -> Scratch {
    let target = Scratch::new().expect("a directory");
    let folder = format!("TARGET_DIR={}", target.join("").display());
    run(&mut make(&format!("init-{init}"), &[folder]));
    target
}

pub fn install() {
    for (init, path, mode, source) in [
        (
            "SYSTEMD",
            "usr/lib/systemd/system/ipcmk.service",
            0o644,
            "ipcmk.service",
        ),
        ("OPENRC", "etc/init.d/ipcmk", 0o755, "ipcmk.initd"),
        ("SYSV", "etc/init.d/S03ipcmk", 0o755, "ipcmk.sysvinit"),
    ] {
        let target = image(init);
        let file = target.join(path);
        let is = fs::metadata(&file).expect("a file").permissions().mode() & 0o7777;
        assert_eq!(is, mode, "{path}");
        let source = fs::read(root().join("dist").join(source)).expect("a file");
        assert!(fs::read(&file).expect("a file") == source, "{path}");
        let listed = run(Command::new("find")
            .arg(target.join(""))
            .args(["-type", "f"]));
        assert_eq!(listed.lines().count(), 1, "{listed}");
    }
}

/// The script of the image, as busybox's init and that of System V run it.
pub fn script() {
    let target = image("SYSV");
    let script = target.join("etc/init.d/S03ipcmk");
    let etc = Bound::new(Scratch::new().expect("a directory"), "/etc");
    let conf = etc.ours.join("ipcmk.conf");
    let bin = Scratch::new().expect("a directory");
    fs::copy(suite::x86_64(), bin.join("ipcmk")).expect("it is ours");
    fs::copy("/usr/bin/dash", bin.join("dash")).expect("it is ours");
    let _bin = Bound::new(bin, "/usr/bin");
    let busybox = root().join("target/kernels/x86_64/busybox");
    let text = || -> Vec<String> {
        let objects = namespace::objects().expect("what the namespace holds");
        objects
            .iter()
            .map(|object| format!("{} {:#x}", object.kind, object.key))
            .collect()
    };
    let shells = [(Path::new("/usr/bin/dash"), &[][..]), (&busybox, &["sh"])];
    for (shell, words) in shells {
        let call = |word: &str| {
            let Output {
                status,
                stdout,
                stderr,
            } = Command::new(shell)
                .args(words)
                .arg(&script)
                .arg(word)
                .env_clear()
                .output()
                .expect("a shell");
            let [stdout, stderr] =
                [stdout, stderr].map(|text| String::from_utf8(text).expect("ASCII"));
            (status.code(), stdout, stderr)
        };
        let said = |status, text: &str| (Some(status), text.to_owned(), String::new());
        let up = "Creating the IPC objects of /etc/ipcmk.conf: OK\n";
        let down = "Removing the IPC objects of /etc/ipcmk.conf: OK\n";
        for word in ["start", "stop"] {
            assert_eq!(call(word), said(0, ""), "without a configuration");
        }
        fs::write(&conf, "-Q -k 0x5301 -e\n-S 2 -k 0x5302 -e\n").expect("it is ours");
        for _ in 0..2 {
            assert_eq!(call("start"), said(0, up));
            assert_eq!(text(), ["msg 0x5301", "sem 0x5302"]);
        }
        assert_eq!(call("restart"), said(0, &format!("{down}{up}")));
        assert_eq!(text(), ["msg 0x5301", "sem 0x5302"]);
        assert_eq!(call("stop"), said(0, down));
        assert_eq!(text(), Vec::<String>::new());
        fs::write(&conf, "-Q -p 999\n").expect("it is ours");
        let (status, stdout, stderr) = call("start");
        assert_eq!(status, Some(1));
        assert!(stdout.ends_with(": FAIL\n"), "{stdout}");
        assert!(
            stderr.starts_with("ipcmk: line 1: failed to parse mode: '999'"),
            "{stderr}"
        );
        assert_eq!(call("help").0, Some(1));
        // What `make install` puts there comes first: /usr/bin/ipcmk can be util-linux's.
        let local = Scratch::new().expect("a directory");
        fs::copy("/usr/bin/ipcmk", local.join("ipcmk")).expect("it is ours");
        fs::write("/usr/bin/ipcmk", "another").expect("it is ours");
        fs::write(&conf, "-Q -k 0x5301 -e\n").expect("it is ours");
        let local = Bound::new(local, "/usr/local/bin");
        assert_eq!(call("start"), said(0, up));
        assert_eq!(call("stop"), said(0, down));
        fs::copy("/usr/local/bin/ipcmk", "/usr/bin/ipcmk").expect("it is ours");
        drop(local);
        fs::remove_file(&conf).expect("it is ours");
    }
}

pub fn hash() {
    let folder = root().join("dist/buildroot/ipcmk");
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("a file");
    let hashes = read("ipcmk.hash");
    let package = read("ipcmk.mk");
    let files = package
        .lines()
        .find_map(|line| line.strip_prefix("IPCMK_LICENSE_FILES = "));
    for file in files.expect("its licenses").split(' ') {
        let sums = run(Command::new("sha256sum").current_dir(root()).arg(file));
        let sum = sums.split(' ').next().expect("a sum");
        assert!(
            hashes.contains(&format!("\nsha256  {sum}  {file}\n")),
            "{hashes}"
        );
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let version = version.expect("a version");
    let line = format!("IPCMK_VERSION = {version}\n");
    assert!(read("ipcmk.mk").contains(&line), "{line}");
}

/// Builds with the settings of Buildroot that are farthest from those of the profile. The file is that of a plain
/// `cargo build --release --target <target>`, as `make build` makes it for boards other than x86_64.
pub fn build() {
    let cross = || {
        let mut command = Command::new(root().join("tests/tools/cross.sh"));
        command.env_remove("RUSTFLAGS");
        command
    };
    for name in ["x86_64", "i686"] {
        let board = Board::named(name).expect("a board");
        run(cross().args([name, "build", "--release", "--bin", "ipcmk"]));
        let plain = root().join(format!("target/cross/{}/release/ipcmk", board.target));
        let plain = fs::read(plain).expect("a file");
        let compiler = run(cross().args([name, "--which"]));
        let linker = format!(
            "CARGO_TARGET_{}_LINKER",
            board.target.to_uppercase().replace('-', "_")
        );
        let target = Scratch::new().expect("a directory");
        let mut words = settings(board);
        let farthest = [
            "OPT_LEVEL=0",
            "CHECKS=true",
            "DEBUG=2",
            "BR2_ENABLE_DEBUG=y",
        ];
        words.extend(farthest.map(str::to_owned));
        words.push(format!("TARGET_DIR={}", target.join("").display()));
        run(make("build", &words)
            .env("CARGO_TARGET_DIR", target.join("build"))
            .env("RUSTC", compiler.trim_end())
            .env(&linker, board.compiler)
            .env_remove("RUSTFLAGS"));
        let built = fs::read(target.join("usr/bin/ipcmk")).expect("a file");
        assert!(
            built == plain,
            "{name}: {} bytes, not the {} of a plain build",
            built.len(),
            plain.len()
        );
    }
}
