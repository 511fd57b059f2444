//! Runs the built binary under valgrind's memcheck: it must not read uninitialised memory, nor pass
//! any to a system call. The runs make every call that valgrind supports.
//!
//! Each run must also have the same output and status as without valgrind.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use ipcmk_tests::case::{self, Filter, Setup, Start, Stream};
use ipcmk_tests::files::{self, Scratch};
use ipcmk_tests::namespace;
use ipcmk_tests::posix::{self, Turn};
use ipcmk_tests::runner;
use ipcmk_tests::subject::{Outcome, Subject};
use ipcmk_tests::suite;
use ipcmk_tests::syscalls;
use ipcmk_tests::text;

fn main() -> ExitCode {
    suite::main(&[
        ("valgrind_finds_nothing_wrong", valgrind),
        ("these_runs_make_every_call", calls),
    ])
}

/// A run, with the conditions before it.
struct Run {
    line: &'static str,
    setup: Vec<Setup>,
    start: Start,
    /// The directory of its files.
    _held: Option<Scratch>,
}

fn plain(line: &'static str) -> Run {
    Run {
        line,
        setup: Vec::new(),
        start: Start::default(),
        _held: None,
    }
}

/// A run under these conditions of a case file.
fn given(conditions: &[&str], line: &'static str) -> Run {
    let mut text = String::from("case: one\n");
    for condition in conditions {
        text.extend(["given: ", condition, "\n"]);
    }
    text.push_str("run:\nutil-linux: same\n");
    let cases =
        case::parse(Path::new("this"), &text, ipcmk_tests::only::Word::Bits64).expect(&text);
    let (case, held) = files::settle(&cases[0]).expect(line);
    Run {
        setup: case.setup,
        start: case.start,
        _held: held,
        ..plain(line)
    }
}

/// The lines of a batch, and its command line.
const BATCHES: &[(&[&str], &str)] = &[
    (
        &[
            "# a comment",
            "",
            "-M 4096 -k 7\\r",
            "\\t-Q -k 7 --qbytes 5 # 5",
            "--keyed -S 7 -s 2 --value 1,2",
        ],
        "--batch jobs",
    ),
    (
        &["-k 7 -M 4096 -Q -S 3", "-k 7 -M 1 -Q -S 1 -e"],
        "-J --batch jobs",
    ),
    (&["-Q -k 1{*2}", "-S 3 -k 3 --ftok /"], "-r --batch jobs"),
    (
        &[
            "-Q --ftok /:1",
            "-Q --ftok /:2 --owner 0",
            "--keyed -M 9 -p 5 --lock",
        ],
        "-J --batch=jobs -r",
    ),
    (
        &[
            "-Q -k 1",
            "-M 4096 -k 2 --lock",
            "-S 3 -k 3 --value 4",
            "-Q -k 1",
        ],
        "--batch jobs",
    ),
    (&["-k 7 -Q", "-S 99999"], "-J --batch jobs"),
    (&["-Q", "-Q -J"], "--batch jobs"),
    (&["-Q", "-Q --batch jobs"], "--batch jobs"),
    (&["-Q", "-q -n x"], "--batch jobs"),
    (
        &["-m 4096 -q -n a", "-s -n b --libc musl", "-e -q -n a -r"],
        "-J --batch jobs",
    ),
    (&["-q -n a", "-m 5 -s -n a", "-q -n a"], "--batch jobs"),
    (&["-Q", "{x*600000}"], "--batch jobs"),
    (&["-k {7*3}", "# {x*300000}", "-k 7 -Q"], "--batch jobs"),
];

/// A run with this standard output.
fn to(stdout: Stream, line: &'static str) -> Run {
    let start = Start {
        stdout,
        ..Start::default()
    };
    Run {
        start,
        ..plain(line)
    }
}

/// A run with this limit.
fn within(name: &'static str, value: &'static str, line: &'static str) -> Run {
    given(&[&format!("sysctl {name} {value}")], line)
}

/// A run with a seccomp filter that refuses a call, or one command of it.
fn without(call: &str, command: Option<i32>, line: &'static str) -> Run {
    let call = syscalls::known(call).expect("a call");
    let start = Start {
        filters: vec![Filter {
            call,
            command,
            errno: libc::EPERM,
        }],
        ..Start::default()
    };
    Run {
        start,
        ..plain(line)
    }
}

fn runs() -> Vec<Run> {
    let mut runs = vec![
        to(Stream::Full, "-M 4096 -Q -S 3"),
        to(Stream::Full, "--keyed -Q 0x7 -p 4096"),
        to(Stream::Full, "--help"),
        to(Stream::Broken, "-M 4096 -Q -S 3"),
        to(Stream::FullPipe, "-M 4096 -Q -S 3"),
        within("kernel.shmmni", "0", "-M 4096"),
        within("kernel.shmall", "1", "-M 1M"),
        within("kernel.shmmax", "4096", "-Q -M 4097"),
        within("kernel.msgmni", "0", "-M 4096 -Q"),
        within("kernel.sem", "250 32000 32 0", "-M 4096 -Q -S 3"),
        within("kernel.sem", "250 2 32 32", "-S 3"),
        without("shmget", None, "-M 4096"),
        without("shmctl", Some(libc::SHM_LOCK), "-M 4096 --lock"),
        without("msgctl", None, "--keyed -Q 7 -p 4096"),
        without("semget", None, "-Q -S 3"),
        without("semctl", Some(libc::SETALL), "-k 7 -Q -S 3 --value 1"),
        without("msgctl", Some(libc::IPC_SET), "-M 4096 -Q --qbytes 1"),
        within("kernel.shmmax", "4096", "-M 4M --hugetlb"),
        without("shmget", None, "-M 4M --hugetlb=2M"),
        given(&["user 1000", "memlock 0"], "-Q -M 4096 --lock"),
        given(&["user 1000", "memlock 4096"], "-Q -M 1M --lock"),
        given(&["user 1000"], "-Q --qbytes 1M"),
        to(Stream::Full, "-m 4096 -q -s -n x"),
        to(Stream::Closed, "-m 4096 -q -s -n x"),
        within("fs.mqueue.queues_max", "0", "-q -n x"),
        within("fs.mqueue.msg_max", "5", "-q -n x --msgsize 5"),
        without("mq_open", None, "-q -n x"),
        without("ftruncate", None, "-m 1 -n x"),
        without("fchown", None, "-q -n x --owner 0"),
        without("fchmod", None, "-q -n x --owner 0"),
        given(&["seccomp statx ENOSYS"], "-Q --ftok /"),
        given(&["seccomp statx ENOSYS"], "-J -m 5 -n x"),
        without("openat", Some(libc::O_TMPFILE), "-m 5 -s -n x"),
        without("semop", None, "-S 3 --value 1"),
        given(&["seccomp shmget ENOSYS", "seccomp shmctl ENOSYS"], "-M 1"),
        without("linkat", None, "-q -s -n x"),
        given(&["user 1000"], "-m 5 -q -s -n x -J"),
        given(&["user 1000"], "-q -n x --owner 0"),
        given(&["user 1000", "msgqueue 0"], "-q -n x --maxmsg 2"),
        given(&["umask 077"], "-m 5 -q -s -n x -J -p 777 --owner 0:0"),
        given(&["fsize 1000000"], "-m 1000001 -n x"),
        given(&["dev-shm missing"], "-m 5 -n x"),
        given(&["dev-shm read-only"], "-s -n x"),
        given(&["dev-shm tmpfs size=4k,nr_inodes=1"], "-s -n x"),
        given(&["dev-shm proc"], "-m 5 -n x"),
        given(&["posix shm x size=5 mode=600"], "-m 5 -n x"),
        given(&["posix shm x size=5 mode=600"], "-e -J -m 5 -n x"),
        given(&["posix shm x size=5 mode=600"], "-e -m 6 -n x"),
        given(&["posix link sem.x /"], "-e -s -n x"),
        given(&["posix queue x mode=600"], "-e -J -q -n /x"),
        to(Stream::Full, "-J -k 7 -M 4096 -Q -S 3 --owner 0"),
        given(
            &["stdout full", "file jobs -Q -k 1", "file jobs -M 1 -k 2"],
            "--batch jobs",
        ),
        given(&["stdin closed"], "--batch -"),
        given(
            &[
                "stdin pipe jobs",
                "text jobs {#*99999}",
                "file jobs \\n-Q -k 1",
            ],
            "--batch -",
        ),
    ];
    for (lines, line) in BATCHES {
        let files: Vec<String> = lines
            .iter()
            .map(|line| format!("file jobs {line}"))
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        runs.push(given(&files, line));
    }
    runs.extend(LINES.iter().copied().map(plain));
    runs
}

/// Lines without conditions.
const LINES: &[&str] = &[
    "-M 4096",
    "-Q",
    "-S 3",
    "-M 1.5MiB -Q -S 0003 -p 600",
    "-M 4096 0600",
    "--shm=010K --mo 7 --sem 9",
    "-M 1P",
    "-Q -S 99999",
    "--keyed -Q private -p 4096 --mode 640",
    "-M 0x7 -o 0x8 -p 4096",
    "-S 7 -s 3",
    "-M 1 --ftok /:7 -J",
    "-Q -k 7 --qbytes 4096 --owner 0:0 -r",
    "-S 3 --value 1,2,3",
    "-M 4096 --lock",
    "-M 4096 --noreserve -k 7",
    "-m 8192 -n allocated --allocate",
    "-J -k 7 -M 4096 -Q -S 3 -p 640",
    "-J -k private -S 1 --owner 0:0",
    "-J --ftok /dev/../dev/null:0xff -M 1",
    "-erk7 -Q",
    "-ek0x7 -M 4096 -Q -S 3 --owner 0 --lock --value 1 --qbytes 5",
    "--keyed -S 7 -s 3 --value 7 --owner 0 -J",
    "--keyed -M 7 -p 4096 --lock --noreserve -e",
    "-Q 0x7 -p 1M --owner 0:0",
    "-S 3 --value 1,2",
    "-S 3 --value 32768",
    "-Q --lock",
    "-Q -e",
    "-Q --owner x",
    "-Q --owner 1:2:3",
    "-k 7 --ftok / -Q",
    "-Q --ftok /:0",
    "-M 1 --hugetlb=3",
    "--key=7",
    "--ke 7",
    "--batch /dev/null",
    "--batch /dev/null -J",
    "--batch /nowhere",
    "--batch /",
    "--batch /dev/null -Q",
    "-Q --ftok /nowhere",
    "--help",
    "--version",
    "''",
    "-Z",
    "-M",
    "--s=1",
    "--zzz=1",
    "--mode",
    "--queue=1",
    "-M 99999999999999999999",
    "-M 1.5",
    "-p 7777 -Q",
    "-Q 1234 -p 600",
    "-M 0x7 -p",
    "--keyed -M 7 -S 7",
    "--keyed -Q 7 -p 4G",
    "-q -n x",
    "-m 4096 -q -s -n /x -p 600",
    "-J -m 4096 -q -s -n x --owner 0 --value 5 --maxmsg 1",
    "-s -n x --libc musl --value 2147483647",
    "-M 1 -m 1 -Q -q -S 2 -s -n x --value 7",
    "-e -m 0 -q -s -n x",
    "-q -n x --maxmsg 0",
    "-q -n x --msgsize 1G",
    "-m 9223372036854775808 -n x",
    "-m 1 -n a/b",
    "-q -n a/b",
    "-s -n ''",
    "-m 1 -n 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
     0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
     01234567890123456789012345678901234567890123456789012345",
    "-m 1",
    "-q -n x --libc musl",
    "-s -n x --value 1,2",
];

/// Runs a line in a new namespace.
fn run(subject: &Subject, run: &Run, calls: bool) -> Outcome {
    let _turn = Turn::take().expect("a turn");
    namespace::unshare().expect("a namespace");
    let _given = runner::set_up(&run.setup).expect(run.line);
    let words = text::words(run.line).expect(run.line);
    let outcome = subject.run(&run.start, &words, calls).expect(run.line);
    let objects = posix::objects().expect("what /dev/shm holds");
    posix::remove_queues(&objects).expect("they can be removed");
    outcome
}

/// valgrind's warning about a call from which it removes a flag. Here the call fails for another
/// reason.
const IGNORED: &str = " WARNING: valgrind ignores shmget(shmflg) SHM_HUGETLB\n";

/// What the program itself says, if valgrind warns of nothing but the addresses of a probe: under a
/// filter, the program makes a call whose arguments the kernel refuses.
fn without_probes(stderr: &str) -> Option<String> {
    /// Less than any address that can be mapped: vm.mmap_min_addr.
    const LEAST: u64 = 0x1_0000;
    let (warnings, rest): (Vec<&str>, Vec<&str>) = stderr
        .split_inclusive('\n')
        .partition(|line| line.starts_with("=="));
    let addresses: Vec<u64> = warnings
        .iter()
        .filter_map(|line| line.split_once("  Address 0x")?.1.split(' ').next())
        .map(|address| u64::from_str_radix(address, 16).expect("an address"))
        .collect();
    let params = warnings
        .iter()
        .filter(|line| line.contains(" Syscall param "));
    let all_of_a_probe = params.count() == addresses.len()
        && addresses
            .iter()
            .all(|address| *address < LEAST || *address == u64::MAX);
    (!warnings.is_empty() && all_of_a_probe).then(|| rest.concat())
}

fn valgrind() {
    let native = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    let valgrind = Subject::new(&suite::x86_64(), Some(Path::new("valgrind"))).expect("valgrind");
    suite::try_all(&runs(), |each| {
        let told = |outcome: Outcome| {
            let Outcome {
                stdout,
                stderr,
                status,
                ..
            } = outcome;
            let [stdout, stderr] =
                [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
            let lines = stderr.split_inclusive('\n');
            let stderr: String = lines.filter(|line| !line.ends_with(IGNORED)).collect();
            (status.code(), stdout, stderr)
        };
        let expected = told(run(&native, each, false));
        let mut found = told(run(&valgrind, each, false));
        if !each.start.filters.is_empty()
            && let Some(rest) = without_probes(&found.2)
        {
            found = (expected.0, found.1, rest);
        }
        if found == expected {
            return Ok(());
        }
        let line = suite::reproduce(&suite::x86_64(), &text::words(each.line)?);
        Err(format!("{line}\n  {expected:?}\n  by valgrind: {found:?}"))
    });
}

fn calls() {
    let subject = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    let mut made = BTreeSet::new();
    for each in runs() {
        made.extend(
            run(&subject, &each, true)
                .calls
                .expect("they were asked for"),
        );
    }
    let mut expected: BTreeSet<String> = syscalls::OF_IPCMK.map(str::to_owned).into();
    // Called when AT_RANDOM is used up, by more than four keys in use: see collision.rs.
    assert!(expected.remove("getrandom"));
    assert_eq!(made, expected);
}
