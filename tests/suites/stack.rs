//! Runs with too little memory. If the stack cannot grow, the kernel kills the process with
//! SIGSEGV, so it must grow before any object is created. A small address space makes mmap(2) fail.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use ipcmk_tests::faults::fault::is_removal;
use ipcmk_tests::files::Scratch;
use ipcmk_tests::namespace;
use ipcmk_tests::posix::{self, Window};
use ipcmk_tests::spawn;
use ipcmk_tests::suite;
use ipcmk_tests::tracer::{Action, Syscall, Tracee};

fn main() -> ExitCode {
    suite::main(&[
        ("no_object_is_lost_for_want_of_stack", no_object_is_lost),
        (
            "nothing_is_removed_unprinted_for_want_of_stack",
            nothing_is_removed,
        ),
        ("what_is_reserved_is_enough", reserve),
        ("a_line_needs_little_address_space", address_space),
    ])
}

/// A batch: all kinds, a property of each, and a file for ftok(3).
const JOBS: &str = "-M 4096 -k 1 --lock\n--keyed -Q 2 -p 5 --owner 0\n-S 3 --ftok / --value 1\n\
                    -m 5 -q -n x --owner 0 --maxmsg 1\n-s -n y\n";
/// A batch whose last line exceeds memory. Explaining that needs more stack than anything else.
const TOO_MUCH: &str = "-Q -k 1\n-S 1 -k 2\n-S 1 -k 3\n-M 1P -k 4\n";

/// A command line and its conditions.
struct Line {
    words: &'static str,
    /// Number of objects that it creates with enough stack.
    makes: usize,
    /// SEMMNI: sets of semaphores that the kernel allows.
    sets: &'static str,
    /// Whether standard output is full.
    full: bool,
}

const fn line(words: &'static str, makes: usize) -> Line {
    Line {
        words,
        makes,
        sets: "32",
        full: false,
    }
}

const fn full(words: &'static str) -> Line {
    Line {
        full: true,
        ..line(words, 0)
    }
}

const PLAIN: &str = "-M 4096 -Q -S 3";
const PROPERTIES: &str = "-M 4096 -Q -S 3 --lock --qbytes 5 --value 1 --owner 0:0";
const JSON: &str = "-J -M 4096 -Q -S 3 --owner 0 --ftok /";
const BATCH: &str = "--batch jobs";
const POSIX: &str = "-m 5 -q -s -n x";
const POSIX_PROPERTIES: &str = "-m 5 -q -s -n x --owner 0 --value 1 --maxmsg 1";
const BOTH: &str = "-M 4096 -m 5 -Q -q -S 3 -s -n x";

const LINES: [Line; 16] = [
    Line {
        sets: "0",
        ..line(PLAIN, 0)
    },
    full(PLAIN),
    line(PLAIN, 3),
    full("--keyed -Q 4 -p 5"),
    full(PROPERTIES),
    line(JSON, 3),
    full(JSON),
    line("-J --batch jobs", 6),
    full(BATCH),
    line("--batch -", 0),
    line(POSIX, 3),
    full(POSIX_PROPERTIES),
    line("-J -e -m 5 -q -s -n x", 3),
    full("-J -m 5 -q -s -n x"),
    full(BOTH),
    Line {
        sets: "0",
        ..line(BOTH, 0)
    },
];

/// The files that the lines refer to.
fn files() -> Scratch {
    let scratch = Scratch::new().expect("a directory");
    let many = "-Q\n".repeat(20_000);
    for (name, lines) in [("jobs", JOBS), ("too-much", TOO_MUCH), ("many", &many)] {
        fs::write(scratch.join(name), lines).expect("it is ours");
    }
    scratch
}

fn command(words: &str, directory: &Path, full: bool) -> Command {
    let mut command = Command::new(suite::x86_64());
    command
        .args(words.split(' '))
        .current_dir(directory)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if words.ends_with(" -") {
        let lines = File::open(directory.join("too-much"));
        command.stdin(lines.expect("it is ours"));
    }
    if full {
        let full = OpenOptions::new().write(true).open("/dev/full");
        command.stdout(full.expect("there is a /dev/full"));
    }
    command
}

/// Sets a soft limit in the child before its exec.
fn set_limit(command: &mut Command, resource: libc::__rlimit_resource_t, limit: u64) {
    // SAFETY: the closure makes one system call.
    unsafe {
        command.pre_exec(move || spawn::limit_resource(resource, limit));
    }
}

/// Names and JSON map a few pages, a batch as much as its lines need. One that has no end, or more
/// lines than memory, gets none and creates nothing.
fn address_space() {
    const BYTES: u64 = 1 << 20;
    let files = files();
    for (words, status, made, said) in [
        (PLAIN, 0, 3, ""),
        (JSON, 0, 3, ""),
        (POSIX, 0, 3, ""),
        (BATCH, 0, 6, ""),
        (
            "--batch /dev/zero",
            1,
            0,
            "ipcmk: read '/dev/zero' failed: Cannot allocate memory\n\
             ipcmk: no address space (RLIMIT_AS) or memory (vm.overcommit_memory) is left\n",
        ),
        (
            "--batch many",
            1,
            0,
            "ipcmk: map memory failed: Cannot allocate memory\n\
             ipcmk: no address space (RLIMIT_AS) or memory (vm.overcommit_memory) is left\n",
        ),
    ] {
        namespace::unshare().expect("a namespace");
        let window = Window::open().expect("a view of /dev/shm");
        let mut command = command(words, &files.join(""), false);
        set_limit(&mut command, libc::RLIMIT_AS, BYTES);
        let output = command.output().expect("it starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), &*told),
            (Some(status), said),
            "{words}"
        );
        assert_eq!(remove_all(&window), made, "{words}");
    }
}

/// Counts the objects of both interfaces, and removes them.
fn remove_all(window: &Window) -> usize {
    let objects = namespace::objects().expect("what the namespace holds");
    for object in &objects {
        namespace::remove(object.kind, object.id).expect("it can be removed");
    }
    let posix = window.objects().expect("what /dev/shm holds");
    for object in &posix {
        posix::remove(&object.what, &object.name).expect("it can be removed");
    }
    objects.len() + posix.len()
}

/// Stack limits in bytes: the lowest just suffice for an exec, and the reserved stack just fits
/// into them.
const LIMITS: [u64; 4] = [12 << 10, 16 << 10, 20 << 10, 24 << 10];

/// Bytes of the environment, whose strings are on the stack too: 0 to this, in steps not much
/// larger than the frames of the program.
const MOST_ENVIRONMENT: usize = 16_000;
const STEP: usize = 53;

/// Runs a program with so many bytes of stack, and of environment on it. None where these and the
/// arguments do not fit into the stack.
fn run_within(mut command: Command, limit: u64, environment: usize) -> Option<ExitStatus> {
    command.env("V", "x".repeat(environment));
    set_limit(&mut command, libc::RLIMIT_STACK, limit);
    match command.output() {
        Ok(output) => Some(output.status),
        Err(error) if error.raw_os_error() == Some(libc::E2BIG) => None,
        Err(error) => panic!("{error}"),
    }
}

fn no_object_is_lost() {
    let files = files();
    let directory = files.join("");
    for line in &LINES {
        let mut counts = [0_usize; 3];
        namespace::unshare().expect("a namespace");
        namespace::set_sysctl("kernel.sem", &format!("250 32000 32 {}", line.sets))
            .expect("it is ours");
        let window = Window::open().expect("a view of /dev/shm");
        for limit in LIMITS {
            for environment in (0..MOST_ENVIRONMENT).step_by(STEP) {
                let command = command(line.words, &directory, line.full);
                let Some(status) = run_within(command, limit, environment) else {
                    continue;
                };
                let made = if status.success() { line.makes } else { 0 };
                assert_eq!(
                    remove_all(&window),
                    made,
                    "{}: {status}, with {limit} bytes of stack and {environment} of environment",
                    line.words
                );
                counts[match (status.code(), status.signal()) {
                    (Some(0), _) => 0,
                    (Some(1), _) => 1,
                    (_, Some(libc::SIGSEGV)) => 2,
                    _ => panic!("{status}"),
                }] += 1;
            }
        }
        let [succeeded, failed, killed] = counts;
        println!(
            "{}: {succeeded} runs succeeded, {failed} failed, {killed} were killed by the kernel",
            line.words
        );
        assert!(
            succeeded + failed > 100 && killed > 100,
            "the limits are not near enough"
        );
        assert_eq!(succeeded > 0, line.makes > 0, "{}", line.words);
    }
}

/// Lines that create, and that remove the same; whether the output is full.
const REMOVALS: [(&str, &str, bool); 3] = [
    (
        "-M 4096 -Q -S 3 -k 7",
        "-M 4096 -Q -S 3 -k 7 --remove",
        false,
    ),
    (POSIX, "-J -m 5 -q -s -n x --remove", false),
    (BATCH, "-J --batch jobs --remove", true),
];

/// A run that the kernel kills has removed nothing.
fn nothing_is_removed() {
    let files = files();
    let directory = files.join("");
    for (create, remove, full) in REMOVALS {
        namespace::unshare().expect("a namespace");
        let window = Window::open().expect("a view of /dev/shm");
        let there = || {
            let objects = namespace::objects().expect("what the namespace holds");
            objects.len() + window.objects().expect("what /dev/shm holds").len()
        };
        let fill = || {
            let output = command(create, &directory, false).output();
            assert!(output.expect("it starts").status.success());
            there()
        };
        let all = fill();
        let (mut removed, mut killed) = (0, 0);
        for limit in LIMITS {
            for environment in (0..MOST_ENVIRONMENT).step_by(STEP) {
                let command = command(remove, &directory, full);
                let Some(status) = run_within(command, limit, environment) else {
                    continue;
                };
                let left = there();
                if status.signal() == Some(libc::SIGSEGV) {
                    assert_eq!(left, all, "{remove}: {limit}, {environment}");
                    killed += 1;
                } else {
                    assert_eq!(status.code(), Some(i32::from(full)), "{remove}");
                    assert_eq!(left, 0, "{remove}: {limit}, {environment}");
                    removed += 1;
                    assert_eq!(fill(), all);
                }
            }
        }
        println!("{remove}: {removed} runs removed all, {killed} were killed by the kernel");
        assert!(
            removed > 100 && killed > 100,
            "the limits are not near enough"
        );
        remove_all(&window);
    }
}

/// Bytes below the initial stack that are watched: more than the program ever uses.
const WATCHED: u64 = 64 << 10;
/// Bytes below the stack pointer that a function may use without moving it: the red zone of the
/// System V ABI.
const RED_ZONE: u64 = 128;
/// The filler of the watched bytes. A byte that differs was written.
const UNTOUCHED: u8 = 0xa5;

/// The stack of a stopped process.
struct Stack {
    memory: File,
    /// The lowest watched address.
    start: u64,
    /// The lowest address that was written before the first object was created.
    reserved: Option<u64>,
    /// The lowest address that was written since, up to the last call with something to undo.
    used: Option<u64>,
}

impl Stack {
    fn of(pid: libc::pid_t) -> io::Result<Self> {
        let path = format!("/proc/{pid}/mem");
        Ok(Self {
            memory: OpenOptions::new().read(true).write(true).open(path)?,
            start: 0,
            reserved: None,
            used: None,
        })
    }

    /// Fills the watched bytes below the stack pointer.
    fn forget(&mut self, pointer: u64) -> io::Result<()> {
        let end = pointer - RED_ZONE;
        if self.start == 0 {
            self.start = end - WATCHED;
        }
        let untouched = vec![UNTOUCHED; (end - self.start) as usize];
        self.memory.write_all_at(&untouched, self.start)
    }

    /// The lowest address that was written.
    fn lowest(&self) -> io::Result<u64> {
        let mut bytes = [0; WATCHED as usize];
        self.memory.read_exact_at(&mut bytes, self.start)?;
        let untouched = bytes.iter().take_while(|byte| **byte == UNTOUCHED);
        let untouched = untouched.count() as u64;
        assert!(untouched > 0, "more is taken than is watched");
        Ok(self.start + untouched)
    }
}

/// The stack pointer of a stopped process: the last but one number of `/proc/<pid>/syscall`.
fn pointer(pid: libc::pid_t) -> io::Result<u64> {
    let mut text = String::new();
    File::open(format!("/proc/{pid}/syscall"))?.read_to_string(&mut text)?;
    let number = text.split_whitespace().nth_back(1);
    let number = number.and_then(|number| number.strip_prefix("0x"));
    let number = number.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    number.ok_or_else(|| io::Error::other(text.clone()))
}

/// Whether a call creates an object.
fn makes(call: &Syscall) -> bool {
    let flags = match call.name {
        "shmget" | "semget" => call.args[2],
        "msgget" => call.args[1],
        // It gives a file its name.
        "linkat" => return true,
        "mq_open" => return call.args[1] & libc::O_CREAT as u64 != 0,
        // Under another name.
        "openat" => return call.args[2] & libc::O_CREAT as u64 != 0,
        _ => 0,
    };
    flags & libc::IPC_CREAT as u64 != 0
}

/// Bytes of reserved stack that remain unused, from the creation of the first object to the end of
/// the undo or of the run; then the number of calls. A run that `removes` must not be killed from
/// its first removal to its end. `fault` is the index of a call, and the errno with which it fails.
fn margin(
    command: &mut Command,
    removes: bool,
    fault: Option<(usize, i32)>,
) -> (Option<i64>, usize) {
    let tracee = Tracee::spawn(command).expect("it starts");
    let pid = tracee.pid();
    let mut stack = Stack::of(pid).expect("its memory");
    stack
        .forget(pointer(pid).expect("a stack pointer"))
        .expect("its stack");
    let stack = RefCell::new(stack);
    let mut calls = 0;
    let trace = tracee.run(|call| {
        let mut stack = stack.borrow_mut();
        let lowest = |stack: &Stack| stack.lowest().expect("its stack");
        let begins = if removes { is_removal } else { makes };
        if stack.reserved.is_none() && begins(call) {
            stack.reserved = Some(lowest(&stack));
            let here = pointer(pid).expect("a stack pointer");
            stack.forget(here).expect("its stack");
        } else if stack.reserved.is_some() && (removes || has_something_to_lose(call)) {
            stack.used = Some(lowest(&stack));
        }
        calls += 1;
        match fault {
            Some((at, errno)) if at + 1 == calls => Action::Fail(errno),
            _ => Action::Continue,
        }
    });
    trace.expect("it ends");
    let stack = stack.into_inner();
    let margin = stack.used.zip(stack.reserved);
    let margin = margin.map(|(used, reserved)| used.cast_signed() - reserved.cast_signed());
    (margin, calls)
}

/// Whether a call removes an object, or ends a successful run: an object could have been lost until
/// here.
fn has_something_to_lose(call: &Syscall) -> bool {
    is_removal(call) || call.name == "exit_group" && call.args[0] == 0
}

/// Whatever call fails with whatever errno, a run uses no more stack after its first creation than
/// before.
fn reserve() {
    use libc::{
        EACCES, EAGAIN, EEXIST, EINTR, EINVAL, EMFILE, ENOENT, ENOMEM, ENOSPC, ENOSYS, EPERM,
    };
    const ERRNOS: [i32; 11] = [
        EPERM, ENOENT, EINTR, EAGAIN, ENOMEM, EACCES, EEXIST, EINVAL, EMFILE, ENOSPC, ENOSYS,
    ];
    let files = files();
    let directory = files.join("");
    for words in [
        PLAIN,
        PROPERTIES,
        "-k 7 -e -M 4096 -Q -S 3 --lock --qbytes 5",
        "-S 32000 --value 7",
        "--keyed -Q 4 -p 5",
        JSON,
        "-J -k 7 -e -M 4096 -Q -S 3",
        BATCH,
        "-J --batch jobs",
        "-r --batch too-much",
        "--batch -",
        POSIX,
        POSIX_PROPERTIES,
        BOTH,
        "-J -e -m 5 -q -s -n x --owner 0",
        REMOVALS[0].1,
        REMOVALS[1].1,
        REMOVALS[2].1,
    ] {
        let removal = REMOVALS.iter().find(|removal| removal.1 == words);
        let mut least = i64::MAX;
        let mut measured = 0;
        for is_full in [false, true] {
            namespace::unshare().expect("a namespace");
            let margin = |fault| {
                if let Some((create, ..)) = removal {
                    let output = command(create, &directory, false).output();
                    assert!(output.expect("it starts").status.success());
                }
                let mut command = command(words, &directory, is_full);
                self::margin(&mut command, removal.is_some(), fault)
            };
            let (plain, calls) = margin(None);
            let mut margins = vec![plain];
            for at in 0..calls - 1 {
                for errno in ERRNOS {
                    namespace::unshare().expect("a namespace");
                    let window = removal.map(|_| Window::open().expect("a view of /dev/shm"));
                    margins.push(margin(Some((at, errno))).0);
                    window.as_ref().map(remove_all);
                }
            }
            measured += margins.iter().flatten().count();
            least = margins.into_iter().flatten().fold(least, i64::min);
        }
        println!("{words}: {measured} runs leave at least {least} of the reserved bytes unused");
        assert!(measured > 20, "{words}: {measured} runs");
        assert!(least >= 0, "{words}: {} bytes too few are reserved", -least);
    }
}
