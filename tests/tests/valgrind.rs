//! The real file under valgrind's memcheck: it reads nothing that nobody wrote, and hands nothing
//! such to a system call. The runs make every call that valgrind lets them make.
//!
//! Lines, conditions and what comes of them are the same natively: the judge of valgrind's run.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use ipcmk_tests::case::{Filter, Start, Stream};
use ipcmk_tests::namespace;
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

/// A run, and the limits of the namespace that it is in.
struct Run {
    line: &'static str,
    sysctl: Option<(&'static str, &'static str)>,
    start: Start,
}

fn plain(line: &'static str) -> Run {
    Run {
        line,
        sysctl: None,
        start: Start::default(),
    }
}

/// With standard output here.
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

/// Within this limit.
fn within(name: &'static str, value: &'static str, line: &'static str) -> Run {
    let sysctl = Some((name, value));
    Run {
        sysctl,
        ..plain(line)
    }
}

/// Where a seccomp filter refuses a call, or one command of it.
fn without(call: &str, command: Option<i32>, line: &'static str) -> Run {
    let call = syscalls::number(call).expect("a call");
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
    ];
    runs.extend(LINES.iter().copied().map(plain));
    runs
}

/// Lines that need no special condition.
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
    "--batch /dev/null",
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
];

/// Runs it in a new namespace.
fn run(subject: &Subject, run: &Run, calls: bool) -> Outcome {
    namespace::unshare().expect("a namespace");
    if let Some((name, value)) = run.sysctl {
        namespace::set_sysctl(name, value).expect("it is ours");
    }
    let words = text::words(run.line).expect(run.line);
    subject.run(&run.start, &words, calls).expect(run.line)
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
            (status.code(), stdout, stderr)
        };
        let expected = told(run(&native, each, false));
        let found = told(run(&valgrind, each, false));
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
    // It is made when AT_RANDOM is used up, by more than four keys in use: see collision.rs.
    assert!(expected.remove("getrandom"));
    assert_eq!(made, expected);
}
