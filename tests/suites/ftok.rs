//! The keys of --ftok beside those of ftok(3), as a C program on either architecture has them: on
//! every file system that this machine has or can mount, for all ids, and for paths that lead
//! nowhere.
//!
//! Each test mounts what it needs in a mount namespace of its own.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::LazyLock;
use std::{env, thread};

use ipcmk_tests::case::Start;
use ipcmk_tests::files::Scratch;
use ipcmk_tests::namespace::{self, Privilege};
use ipcmk_tests::subject::Subject;
use ipcmk_tests::{spawn, suite};
use libtest_mimic::{Completion, Failed, Trial};

fn main() -> ExitCode {
    suite::run(|privilege| {
        let mut trials: Vec<Trial> = FILE_SYSTEMS.iter().map(of_file_system).collect();
        trials.extend([
            test("what_no_directory_shows", no_directory),
            test("file_systems_without_a_device", no_device),
            test("devices_over_255", many_devices),
            test("relative_paths", relative),
            test("how_an_id_is_written", ids),
        ]);
        trials.push(Trial::ignorable_test(
            "paths_that_lead_nowhere",
            move || {
                if privilege != Privilege::Root {
                    return Ok(Completion::ignored_with("another user takes root"));
                }
                enter()?;
                nowhere();
                Ok(Completion::Completed)
            },
        ));
        trials
    })
}

fn test(name: &'static str, test: fn()) -> Trial {
    Trial::test(name, move || {
        enter()?;
        test();
        Ok(())
    })
}

/// Moves this thread into IPC and mount namespaces of its own.
fn enter() -> Result<(), Failed> {
    namespace::unshare()?;
    // SAFETY: the call takes no pointer, and changes this thread alone.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(io::Error::last_os_error().into());
    }
    shell("mount --make-rprivate /", Path::new("/"))?;
    Ok(())
}

/// Runs a script in a directory.
fn shell(script: &str, directory: &Path) -> Result<(), String> {
    let mut command = Command::new("/bin/sh");
    // A user who is not root has no /sbin in it.
    command
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .args(["-euc", script])
        .current_dir(directory);
    let output = command.output().expect("a shell");
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{script}\n{errors}"))
}

/// A file system, and what it has.
struct FileSystem {
    name: &'static str,
    /// Run in an empty directory; behind it `path` is there, from that directory.
    script: &'static str,
    path: &'static str,
    /// The kind of file system that must be in /proc/filesystems, if it needs a loop device.
    on_loop: Option<&'static str>,
}

const fn at_hand(name: &'static str, path: &'static str) -> FileSystem {
    FileSystem {
        name,
        script: ":",
        path,
        on_loop: None,
    }
}

const fn made(name: &'static str, script: &'static str) -> FileSystem {
    FileSystem {
        name,
        script,
        path: "m",
        on_loop: None,
    }
}

/// The image is in the file `image`.
const fn on_loop(kind: &'static str, script: &'static str) -> FileSystem {
    FileSystem {
        name: kind,
        script,
        path: "m",
        on_loop: Some(kind),
    }
}

const FILE_SYSTEMS: &[FileSystem] = &[
    at_hand("root", "/"),
    at_hand("etc", "/etc"),
    at_hand("proc", "/proc"),
    at_hand("proc_sys", "/proc/sys"),
    at_hand("sys", "/sys"),
    at_hand("dev", "/dev"),
    at_hand("dev_pts", "/dev/pts"),
    at_hand("dev_shm", "/dev/shm"),
    made(
        "tmpfs",
        "mkdir m; mount -t tmpfs -o mode=755,inode64 tmpfs m; cd m
         mkdir d; touch f d/g; ln -s f link; ln -s d dlink; ln f hard; mkfifo fifo",
    ),
    made(
        "bind",
        "mkdir -p m/d; touch m/f file m/file; mkdir dir
         mount --bind file m/f; mount --bind dir m/d; mount --bind /proc/version m/file",
    ),
    made(
        "overlay",
        "mkdir m t; mount -t tmpfs tmpfs t; cd t; mkdir lower upper work
         touch lower/old lower/changed; mkdir lower/dir lower/merged upper/merged; ln -s old lower/link
         cd ..; mount -t overlay -o lowerdir=t/lower,upperdir=t/upper,workdir=t/work overlay m
         echo >>m/changed; touch m/new m/merged/new",
    ),
    on_loop(
        "ext4",
        "truncate -s 8M image; mkfs.ext4 -q image; mkdir m; mount -o loop image m
         touch m/f; mkdir m/d; ln -s f m/link; mknod m/fifo p",
    ),
    on_loop(
        "squashfs",
        "mkdir m content; touch content/f; mkdir content/d; ln -s f content/link
         mksquashfs content image -quiet -no-progress >/dev/null; mount -o loop,ro image m",
    ),
    on_loop(
        "btrfs",
        "truncate -s 128M image; mkfs.btrfs -q image; mkdir m; mount -o loop image m
         touch m/f; mkdir m/d; ln -s f m/link
         btrfs -q subvolume create m/sub; touch m/sub/f; btrfs -q subvolume snapshot m/sub m/shot",
    ),
    // Lower and upper files on two devices.
    FileSystem {
        name: "overlay_of_two",
        script: "truncate -s 8M image; mkfs.ext4 -q image; mkdir m l u; mount -o loop image l
             touch l/old l/changed; mkdir l/dir; mount -t tmpfs tmpfs u; mkdir u/upper u/work
             mount -t overlay -o lowerdir=l,upperdir=u/upper,workdir=u/work overlay m
             echo >>m/changed; touch m/new",
        path: "m",
        on_loop: Some("ext4"),
    },
];

fn of_file_system(system: &'static FileSystem) -> Trial {
    Trial::ignorable_test(format!("on_{}", system.name), move || {
        if let Some(kind) = system.on_loop {
            let kinds = fs::read_to_string("/proc/filesystems")?;
            let is_known = kinds.split_whitespace().any(|word| word == kind);
            let control = OpenOptions::new()
                .read(true)
                .write(true)
                .open("/dev/loop-control");
            if !is_known || control.is_err() {
                return Ok(Completion::ignored_with(format!(
                    "no {kind}, or no loop device"
                )));
            }
        }
        enter()?;
        let scratch = Site::new();
        shell(system.script, &scratch.join(""))?;
        let paths = walk(&scratch.join(system.path));
        if system.script != ":" {
            assert!(paths.len() > 3, "{paths:?}");
        }
        same(&paths);
        Ok(Completion::Completed)
    })
}

/// A directory, below which file systems are mounted.
struct Site(Scratch);

impl Site {
    fn new() -> Self {
        Self(Scratch::new().expect("a directory"))
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Else the directory could not be removed. Whoever fails has something else to say.
        let script = format!(
            "awk -v root={} 'index($2, root) == 1 {{ print $2 }}' /proc/mounts | tac | xargs -r umount -l",
            self.join("").display()
        );
        let _ = shell(&script, Path::new("/"));
    }
}

/// How many files of a file system are tried.
const MOST_FILES: usize = 32;

/// The first files of a tree, those of higher directories first. Words of a batch have no quoting:
/// json.rs has the other names.
fn walk(root: &Path) -> Vec<PathBuf> {
    let mut paths = vec![root.to_owned()];
    let mut next = 0;
    while let Some(path) = paths.get(next).filter(|_| paths.len() < MOST_FILES) {
        next += 1;
        if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
            continue;
        }
        let Ok(entries) = fs::read_dir(path) else {
            continue;
        };
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        let stays = |path: &PathBuf| {
            !path
                .as_os_str()
                .as_bytes()
                .iter()
                .any(u8::is_ascii_whitespace)
                && path.exists()
                && !is_passing(path, root)
        };
        paths.extend(entries.into_iter().filter(stays).take(MOST_FILES / 2));
    }
    paths.truncate(MOST_FILES);
    paths
}

/// Whether it may be another file for another process, or vanish as we look.
fn is_passing(path: &Path, root: &Path) -> bool {
    let is_of_process = |name: &OsStr| {
        let name = name.as_bytes();
        name.ends_with(b"self") || name.iter().all(u8::is_ascii_digit)
    };
    path.file_name().is_some_and(is_of_process)
        || path.canonicalize().is_ok_and(|real| {
            real.starts_with("/tmp") && !root.starts_with("/tmp")
                || real.starts_with("/proc") && real.iter().any(is_of_process)
        })
}

/// Who makes keys: the program that calls ftok(3), and our files.
struct Makers {
    /// One for each architecture.
    programs: [Command; 2],
    subjects: [Subject; 2],
}

/// What runs the files of aarch64 here.
const QEMU: &str = "qemu-aarch64";

/// ftok.c by the compiler of each architecture.
static PROGRAMS: LazyLock<[PathBuf; 2]> = LazyLock::new(|| {
    ["gcc", "aarch64-linux-gnu-gcc"].map(|compiler| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/ftok.c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ftok-by-{compiler}"));
        let compiled = Command::new(compiler)
            .args(["-static", "-Wall", "-Werror", "-o"])
            .args([&program, &source])
            .status();
        assert!(compiled.is_ok_and(|status| status.success()), "{compiler}");
        spawn::open_to_all(&program).expect("it is there")
    })
});

impl Makers {
    fn new() -> Self {
        let subject = |path: PathBuf, through| Subject::new(&path, through).expect("our ipcmk");
        let mut emulated = Command::new(QEMU);
        emulated.arg(&PROGRAMS[1]);
        Self {
            programs: [Command::new(&PROGRAMS[0]), emulated],
            subjects: [
                subject(suite::x86_64(), None),
                subject(suite::aarch64(), Some(Path::new(QEMU))),
            ],
        }
    }

    /// What ftok(3) makes of each path, as both programs say it.
    fn ftok(&mut self, paths: &[PathBuf], directory: &Path) -> Vec<Result<Vec<u32>, String>> {
        let mut input = Vec::new();
        for path in paths {
            input.extend(path.as_os_str().as_bytes());
            input.push(0);
        }
        let mut said = self.programs.each_mut().map(|program| {
            let mut child = program
                .current_dir(directory)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("it starts");
            let mut stdin = child.stdin.take().expect("a pipe");
            let input = input.clone();
            let writer = thread::spawn(move || stdin.write_all(&input));
            let output = child.wait_with_output().expect("its output");
            writer.join().expect("no panic").expect("it reads all");
            assert!(output.status.success(), "{program:?}");
            String::from_utf8(output.stdout).expect("it prints ASCII")
        });
        assert_eq!(said[0], said[1], "two C libraries");
        let line = |line: &str| {
            let keys = line.split_whitespace();
            let keys: Option<Vec<u32>> =
                keys.map(|key| u32::from_str_radix(key, 16).ok()).collect();
            keys.ok_or_else(|| line.to_owned())
        };
        let said: Vec<_> = std::mem::take(&mut said[0]).lines().map(line).collect();
        assert_eq!(said.len(), paths.len());
        said
    }
}

/// All ids: ftok(3) takes the last eight bits of an int. (POSIX leaves 0 undefined; C libraries do
/// not.)
const IDS: std::ops::RangeInclusive<u32> = 0..=255;

/// Paths of a batch, each with all ids.
const AT_ONCE: usize = 16;

/// Fails unless ipcmk makes the keys of ftok(3) of each of these paths, with all ids. All in one
/// namespace: some files of /proc are other ones in another.
fn same(paths: &[PathBuf]) {
    // While they are open, no file system forgets their inodes and makes others.
    let _held: Vec<File> = paths.iter().filter_map(|path| hold(path).ok()).collect();
    let mut makers = Makers::new();
    let expected = makers.ftok(paths, Path::new("/"));
    let scratch = Scratch::new().expect("a directory");
    let start = Start {
        directory: Some(scratch.join("")),
        ..Start::default()
    };
    let mut compared = 0;
    for subject in &makers.subjects {
        let expected = paths.iter().zip(&expected).collect::<Vec<_>>();
        for some in expected.chunks(AT_ONCE) {
            let (mut lines, mut keys) = (Vec::new(), Vec::new());
            for (path, expected) in some {
                let expected = expected
                    .as_ref()
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                for (id, key) in IDS.zip(expected) {
                    lines.extend(b"-e -Q --ftok=");
                    lines.extend(path.as_os_str().as_bytes());
                    lines.extend(format!(":{id}\n").bytes());
                    keys.push((path.display(), id, *key));
                }
            }
            fs::write(scratch.join("batch"), lines).expect("it is written");
            let words = ["--batch", "batch", "-J"].map(|word| word.into());
            let outcome = subject.run(&start, &words, false).expect("it runs");
            let errors = String::from_utf8_lossy(&outcome.stderr);
            assert!(outcome.status.success(), "{errors}");
            let printed = printed_keys(&outcome.stdout);
            assert_eq!(printed.len(), keys.len());
            for ((path, id, expected), printed) in keys.iter().zip(&printed) {
                assert_eq!(
                    format!("{printed:#x}"),
                    format!("{expected:#x}"),
                    "{path} {id}: printed, ftok(3)"
                );
            }
            // The queues have them too.
            let held = namespace::objects().expect("what the namespace holds");
            for queue in &held {
                namespace::remove(queue.kind, queue.id).expect("it can be removed");
            }
            let held: BTreeSet<u32> = held.iter().map(|queue| queue.key).collect();
            assert_eq!(held, keys.iter().map(|key| key.2).collect());
            compared += keys.len();
        }
    }
    println!("{compared} keys of {} files", paths.len());
}

/// A descriptor that holds a file, whatever it is, without opening it.
fn hold(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open(path)
}

/// The keys in the output of -J.
fn printed_keys(output: &[u8]) -> Vec<u32> {
    let output: serde_json::Value = serde_json::from_slice(output).expect("JSON");
    let objects = output["ipcmk"].as_array().expect("objects");
    let key = |object: &serde_json::Value| {
        let key = object["key"].as_str()?.strip_prefix("0x")?;
        u32::from_str_radix(key, 16).ok()
    };
    objects
        .iter()
        .map(|object| key(object).expect("a key"))
        .collect()
}

/// Pipes, sockets, files without a name, namespaces: by way of this process's descriptors.
fn no_directory() {
    let (reader, writer) = io::pipe().expect("a pipe");
    let sockets = UnixStream::pair().expect("sockets");
    // SAFETY: these take numbers, and a string that ends with NUL; each gives a new descriptor.
    let made: [OwnedFd; 3] = unsafe {
        [
            libc::eventfd(0, 0),
            libc::epoll_create1(0),
            libc::memfd_create(c"memory".as_ptr(), 0),
        ]
        .map(|descriptor| {
            assert!(descriptor >= 0);
            std::os::fd::FromRawFd::from_raw_fd(descriptor)
        })
    };
    let scratch = Scratch::new().expect("a directory");
    let (path, unlinked) = scratch.file().expect("a file");
    fs::remove_file(path).expect("it can be removed");
    let mut descriptors = vec![
        reader.as_raw_fd(),
        writer.as_raw_fd(),
        sockets.0.as_raw_fd(),
        unlinked.as_raw_fd(),
    ];
    descriptors.extend(made.iter().map(AsRawFd::as_raw_fd));
    // SAFETY: no pointer, no failure.
    let (process, thread) = unsafe { (libc::getpid(), libc::gettid()) };
    let of_descriptors = descriptors
        .iter()
        .map(|descriptor| format!("/proc/{process}/task/{thread}/fd/{descriptor}"));
    let namespaces = ["ipc", "mnt", "net", "pid", "user", "uts", "cgroup"]
        .map(|name| format!("/proc/{process}/task/{thread}/ns/{name}"));
    let paths = of_descriptors.chain(namespaces).map(PathBuf::from);
    let paths: Vec<PathBuf> = paths.filter(|path| path.exists()).collect();
    assert!(paths.len() > 10, "{paths:?}");
    same(&paths);
}

/// Every file system that can be mounted without a device.
fn no_device() {
    let scratch = Site::new();
    let kinds = fs::read_to_string("/proc/filesystems").expect("the kernel's list");
    let (mut paths, mut mounted) = (Vec::new(), Vec::new());
    for kind in kinds
        .lines()
        .filter_map(|line| line.strip_prefix("nodev\t"))
    {
        let script = format!("mkdir {kind}; mount -t {kind} none {kind}");
        if shell(&script, &scratch.join("")).is_ok() {
            // What it holds first, and not the files of this process.
            paths.extend(walk(&scratch.join(kind)).into_iter().take(5));
            mounted.push(kind);
        }
    }
    println!("mounted: {mounted:?}");
    assert!(mounted.contains(&"tmpfs"));
    same(&paths);
}

/// Only eight bits of a device's number are in the key; the kernel numbers what is no device on.
fn many_devices() {
    const MOUNTS: usize = 300;
    let scratch = Site::new();
    let script = format!(
        "for n in $(seq {MOUNTS}); do mkdir $n; mount -t tmpfs -o nr_inodes=9 tmpfs $n; done"
    );
    shell(&script, &scratch.join("")).expect("they can be mounted");
    let paths: Vec<_> = (1..=MOUNTS)
        .map(|number| scratch.join(&number.to_string()))
        .collect();
    let minor = |path: &PathBuf| libc::minor(fs::metadata(path).expect("a directory").dev());
    let (over, under): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| minor(path) > 255);
    assert!(over.len() > 40, "{}", over.len());
    let some = over.iter().step_by(8).chain(under.iter().step_by(64));
    same(&some.cloned().collect::<Vec<_>>());
}

/// A path from the working directory on.
fn relative() {
    let scratch = Scratch::new().expect("a directory");
    let directory = scratch.join("d");
    shell(
        "mkdir -p d/e; touch f d/f; ln -s ../f d/link",
        &scratch.join(""),
    )
    .expect("files");
    let paths = [
        ".", "..", "f", "../f", "e/../f", "./link", "e/.", "e/", "//",
    ];
    let paths = paths.map(PathBuf::from);
    let mut makers = Makers::new();
    let expected = makers.ftok(&paths, &directory);
    let start = Start {
        directory: Some(directory),
        ..Start::default()
    };
    for subject in &makers.subjects {
        for (path, expected) in paths.iter().zip(&expected) {
            let expected = expected.as_ref().expect("it is there");
            let path = path.to_str().expect("ASCII");
            for id in [0, 1, 2, 128, 255] {
                namespace::unshare().expect("a namespace");
                let words = ["-Q", "-J", "--ftok", &format!("{path}:{id}")];
                let words = words.map(|word| word.into());
                let outcome = subject.run(&start, &words, false).expect("it runs");
                assert_eq!(printed_keys(&outcome.stdout), [expected[id]], "{path} {id}");
            }
        }
    }
}

/// Without an id, and with one in each notation.
fn ids() {
    let mut makers = Makers::new();
    let expected = makers.ftok(&["/".into()], Path::new("/")).remove(0);
    let expected = expected.expect("there is a root");
    for (text, id) in [
        ("/", 1),
        ("/:1", 1),
        ("/:0", 0),
        ("/:00", 0),
        ("/:0x0", 0),
        ("/:010", 8),
        ("/:0x10", 16),
        ("/:0xFf", 255),
        ("/:255", 255),
    ] {
        for subject in &makers.subjects {
            namespace::unshare().expect("a namespace");
            let words = ["-S", "1", "-J", "--ftok", text].map(|word| word.into());
            let outcome = subject.run(&Start::default(), &words, false);
            let outcome = outcome.expect("it runs");
            assert_eq!(printed_keys(&outcome.stdout), [expected[id]], "{text}");
        }
    }
}

/// What ftok(3) refuses is refused, for the same reason, and nothing is made.
fn nowhere() {
    let scratch = Scratch::new().expect("a directory");
    let script =
        "touch f; ln -s gone dangling; ln -s loop loop; mkdir closed open; touch closed/f open/f
         chmod 700 closed; chmod 000 open/f";
    shell(script, &scratch.join("")).expect("files");
    let name = |length| "n".repeat(length);
    let texts = [
        String::new(),
        "gone".into(),
        "f/".into(),
        "f/x".into(),
        "dangling".into(),
        "loop".into(),
        "closed/f".into(),
        "open/f".into(),
        name(255),
        name(256),
        format!("{}f", "./".repeat(2047)),
        format!("{}f", "./".repeat(2048)),
        name(100_000),
        "/proc/self/fd/999".into(),
        "/proc/999999999".into(),
    ];
    let paths = texts.each_ref().map(PathBuf::from);
    let mut makers = Makers::new();
    let user = 1000;
    for program in &mut makers.programs {
        std::os::unix::process::CommandExt::uid(program, user);
        std::os::unix::process::CommandExt::gid(program, user);
    }
    let expected = makers.ftok(&paths, &scratch.join(""));
    let refused = expected.iter().filter(|expected| expected.is_err());
    assert_eq!(refused.count(), texts.len() - 2, "{expected:?}");
    let start = Start {
        user: Some(user),
        directory: Some(scratch.join("")),
        ..Start::default()
    };
    for subject in &makers.subjects {
        for (path, expected) in paths.iter().zip(&expected) {
            namespace::unshare().expect("a namespace");
            let path = path.as_os_str().as_bytes();
            let words = [
                b"-Q".to_vec(),
                b"-J".to_vec(),
                [b"--ftok=", path, b":7"].concat(),
            ];
            let outcome = subject.run(&start, &words, false).expect("it runs");
            let errors = String::from_utf8_lossy(&outcome.stderr);
            let shown = OsStr::from_bytes(&path[..path.len().min(300)]).display();
            match expected {
                Ok(keys) => assert_eq!(
                    printed_keys(&outcome.stdout),
                    [keys[7]],
                    "{shown}: {errors}"
                ),
                Err(reason) => {
                    assert!(!outcome.status.success(), "{shown}");
                    let first = errors.lines().next().unwrap_or_default();
                    assert!(
                        first.ends_with(&format!(": {reason}")),
                        "{shown}: {reason}: {first}"
                    );
                    let left = namespace::objects().expect("what the namespace holds");
                    assert!(left.is_empty(), "{left:?}");
                }
            }
        }
    }
}
