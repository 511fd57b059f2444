//! Files that are made under another name before they have their own: on FUSE, which has no
//! O_TMPFILE, whenever the run is killed, and with another process in the way.

use std::cell::Cell;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::sync::LazyLock;

use ipcmk_tests::files::Scratch;
use ipcmk_tests::posix;
use ipcmk_tests::tracer::{Action, Syscall, Tracee};
use ipcmk_tests::{spawn, suite};

fn main() -> ExitCode {
    suite::run(|privilege| {
        let tests: [(_, fn(), _); 4] = [
            ("objects_are_made_on_fuse", on_fuse, true),
            ("a_killed_run_leaves_the_other_name_at_most", killed, true),
            (
                "a_file_that_is_replaced_under_its_other_name_stays",
                replaced_before,
                false,
            ),
            (
                "a_file_that_is_replaced_under_its_final_name_stays",
                replaced_after,
                false,
            ),
        ];
        let trial = |(name, test, takes_fuse): (&'static str, fn(), bool)| {
            let lacks_fuse = takes_fuse && File::open("/dev/fuse").is_err();
            let missing = lacks_fuse.then_some("there is no /dev/fuse");
            suite::of_root(privilege, (name, test), missing)
        };
        tests.into_iter().map(trial).collect()
    })
}

/// A file system of FUSE on /dev/shm, in this mount namespace.
struct Fuse {
    /// What it shows.
    _directory: Scratch,
}

impl Fuse {
    fn mount() -> Self {
        let directory = Scratch::new().expect("a directory");
        let permissions = Permissions::from_mode(0o1777);
        fs::set_permissions(directory.join(""), permissions).expect("it is ours");
        let mounted = Command::new("bindfs")
            .arg(directory.join(""))
            .arg(posix::DIRECTORY)
            .status();
        assert!(mounted.expect("bindfs").success());
        Self {
            _directory: directory,
        }
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(posix::DIRECTORY).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// Our program, for any user.
static PROGRAM: LazyLock<PathBuf> =
    LazyLock::new(|| spawn::open_to_all(&suite::x86_64()).expect("it is there"));

fn ipcmk(line: &str) -> Command {
    let mut command = Command::new(&*PROGRAM);
    command
        .args(line.split(' '))
        .env_clear()
        .stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it starts");
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).expect("ASCII"));
    (status.code(), stdout, stderr)
}

/// What /dev/shm holds, a line each.
fn files() -> Vec<String> {
    let objects = posix::objects().expect("what is there");
    let mut lines: Vec<String> = objects.iter().map(ToString::to_string).collect();
    lines.sort();
    lines
}

fn on_fuse() {
    let _fuse = Fuse::mount();
    let magic = Command::new("stat")
        .args(["-f", "-c", "%T", posix::DIRECTORY])
        .output();
    assert_eq!(magic.expect("stat").stdout, b"fuseblk\n");

    let made = |line: &str| {
        let (status, stdout, stderr) = output(&mut ipcmk(line));
        assert_eq!((status, stderr.as_str()), (Some(0), ""), "{line}");
        stdout
    };
    assert_eq!(made("-r -m 4096 -s -n x"), "x\nx\n");
    made("-m 100 -s -n y --owner 5:6 -p 606 --value 7");
    assert_eq!(
        made("-J -m 4096 -n z -p 640"),
        "{\"ipcmk\": [\n{\"kind\": \"posix-shmem\", \"name\": \"z\", \"mode\": \"0640\", \"size\": 4096, \
         \"created\": true}\n]}\n"
    );
    assert_eq!(
        made("-e -m 50 -s -n y"),
        "POSIX shared memory name: y\nPOSIX semaphore name: y\n"
    );
    made("-s -n w -p 0");
    let held = files();
    assert_eq!(
        held,
        [
            "shm sem.w size=32 bytes=\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80 mode=0 owner=0:0",
            "shm sem.x size=32 bytes=\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80 mode=644 owner=0:0",
            "shm sem.y size=32 bytes=\\x07\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80 mode=606 owner=5:6",
            "shm x size=4096 mode=644 owner=0:0",
            "shm y size=100 mode=606 owner=5:6",
            "shm z size=4096 mode=640 owner=0:0",
        ]
    );
    // What fails leaves all as it was.
    let full = File::create("/dev/full").expect("there is a /dev/full");
    for (line, to_full, told) in [
        (
            "-m 1 -n x",
            false,
            "ipcmk: create POSIX shared memory failed: File exists\n",
        ),
        (
            "-m 1 -s -n w",
            false,
            "ipcmk: create POSIX semaphore failed: File exists\n",
        ),
        (
            "-m 101 -n y -e",
            false,
            "ipcmk: create POSIX shared memory failed: Invalid argument\n",
        ),
        (
            "-m 1 -s -n new",
            true,
            "ipcmk: write error: No space left on device\n",
        ),
    ] {
        let mut command = ipcmk(line);
        if to_full {
            command.stdout(full.try_clone().expect("a descriptor"));
        }
        let (status, _, stderr) = output(&mut command);
        assert!(
            status == Some(1) && stderr.starts_with(told),
            "{line}: {stderr}"
        );
        assert_eq!(files(), held, "{line}");
    }
    // A user's.
    let mut command = ipcmk("-m 9 -s -n u -p 600");
    let (status, _, stderr) = output(command.uid(1000).gid(1000));
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert!(
        files().contains(&"shm u size=9 mode=600 owner=1000:1000".to_owned()),
        "{:?}",
        files()
    );
}

/// Before each of its calls a run is killed once.
fn killed() {
    const LINE: &str = "-m 4096 -s -n x -p 640";
    const WHOLE: [&str; 2] = [
        "shm sem.x size=32 bytes=\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80 mode=640 owner=0:0",
        "shm x size=4096 mode=640 owner=0:0",
    ];
    let (mut others, mut wholes) = (0, 0);
    for at in 0.. {
        let _fuse = Fuse::mount();
        let tracee = Tracee::spawn(ipcmk(LINE).stdout(Stdio::null())).expect("it starts");
        let pid = tracee.pid();
        let mut calls = 0;
        let trace = tracee.run(|_| {
            if calls == at {
                // SAFETY: no pointer; it is ours, and has not been waited for.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
            calls += 1;
            Action::Continue
        });
        let status = trace.expect("it ends").status;
        let left = files();
        for line in &left {
            let is_other = line.starts_with("shm .ipcmk-");
            assert!(is_other || WHOLE.contains(&line.as_str()), "{at}: {left:?}");
            others += usize::from(is_other);
            wholes += usize::from(!is_other);
        }
        if status.success() {
            assert_eq!(left, WHOLE);
            break;
        }
        assert_eq!(status.signal(), Some(libc::SIGKILL));
        let of_other = left.iter().filter(|line| line.starts_with("shm .ipcmk-"));
        assert!(of_other.count() <= 1, "{at}: {left:?}");
    }
    println!("{others} times the other name was left, {wholes} whole files");
    assert!(others > 4 && wholes > 4);
}

/// Whether a call opens an unnamed file, or links one by its descriptor.
fn is_new(call: &Syscall) -> bool {
    match call.name {
        "openat" => call.args[2] as i32 & libc::O_TMPFILE == libc::O_TMPFILE,
        "linkat" => call.args[4] as i32 & libc::AT_EMPTY_PATH != 0,
        _ => false,
    }
}

/// The file that is not whole yet.
fn other() -> PathBuf {
    let entries = fs::read_dir(posix::DIRECTORY).expect("it is there");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    let is_other = |path: &PathBuf| path.to_string_lossy().contains(".ipcmk-");
    paths.find(is_other).expect("the other name")
}

/// Puts a file of user 1000 in place of another.
fn replace(path: &Path) {
    fs::remove_file(path).expect("the directory is not sticky");
    fs::write(path, "theirs").expect("it is gone");
    chown(path, Some(1000), Some(1000)).expect("it is ours");
}

/// Runs a line on a kernel without unnamed files. At the call of this name that follows the file's
/// last change, `attack` is made.
fn attacked(call: &str, attack: fn()) -> Vec<String> {
    let permissions = Permissions::from_mode(0o777);
    fs::set_permissions(posix::DIRECTORY, permissions).expect("it is ours");
    let scratch = Scratch::new().expect("a directory");
    let stderr = File::create(scratch.join("stderr")).expect("it is ours");
    let mut command = ipcmk("-q -m 4096 -n x");
    command.stdout(Stdio::null()).stderr(stderr);
    let is_due = Cell::new(true);
    let trace = Tracee::spawn(&mut command).expect("it starts").run(|made| {
        if is_new(made) {
            return Action::Fail(libc::EINVAL);
        }
        if made.name == call && is_due.replace(made.name != call) {
            attack();
        }
        Action::Continue
    });
    assert_eq!(trace.expect("it ends").status.code(), Some(1));
    assert!(!is_due.get());
    let told = fs::read_to_string(scratch.join("stderr")).expect("text");
    assert_eq!(
        told,
        "ipcmk: create POSIX shared memory failed: Stale file handle\n\
         ipcmk: another process put a file there\n"
    );
    files()
}

/// Another user puts a file of his own where ours waits for its name.
fn replaced_before() {
    let left = attacked("linkat", || replace(&other()));
    let [other, theirs] = left.as_slice() else {
        panic!("{left:?}");
    };
    assert!(
        other.starts_with("shm .ipcmk-")
            && other.ends_with(" bytes=theirs mode=644 owner=1000:1000")
    );
    assert_eq!(theirs, "shm x size=6 bytes=theirs mode=644 owner=1000:1000");
}

/// Or where it has it already.
fn replaced_after() {
    let left = attacked("statx", || replace(&posix::path(b"x")));
    assert_eq!(left, ["shm x size=6 bytes=theirs mode=644 owner=1000:1000"]);
}
