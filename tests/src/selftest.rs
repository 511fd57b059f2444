//! Tests of the runner itself, as a program: what is right passes, and what is wrong fails. The
//! subject is util-linux's ipcmk, whose behaviour is known.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::{env, fs, process};

/// A directory tree for one test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = env::temp_dir().join(format!("ipcmk-selftest-{name}-{}", process::id()));
        fs::create_dir_all(directory.join("cases")).expect("a directory for the test");
        Self(directory)
    }

    fn write(&self, file: &str, content: &str) -> &Self {
        fs::write(self.0.join(file), content).expect("a file of the test");
        self
    }

    fn cases(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cases"));
        command.current_dir(&self.0).args(arguments);
        Run(command.output().expect("the runner starts"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("the test's own directory");
    }
}

struct Run(Output);

impl Run {
    fn succeeded(&self) -> bool {
        self.0.status.success()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&[&self.0.stdout[..], &self.0.stderr[..]].concat()).into_owned()
    }

    #[track_caller]
    fn says(&self, part: &str) -> &Self {
        assert!(
            self.text().contains(part),
            "no {part:?} in\n{}",
            self.text()
        );
        self
    }
}

const UTIL_LINUX: [&str; 4] = ["--place", "native", "--subject", "/usr/bin/ipcmk"];

const QUEUE: &str = "\
case: queue
run: -Q -p 640
out: Message queue id: {msg}
holds: msg key=random mode=640
util-linux: same
";

/// Runs a file of one case.
fn single(name: &str, content: &str) -> Run {
    let scratch = Scratch::new(name);
    scratch.write("x.case", content);
    scratch.cases(&[&UTIL_LINUX[..], &["x.case"]].concat())
}

#[test]
fn a_right_expectation_passes() {
    let run = single("right", QUEUE);
    assert!(run.succeeded(), "{}", run.text());
    run.says("test result: ok. 1 passed; 0 failed")
        .says("native: 1 cases passed, 0 failed, 0 cannot");
}

/// Each row is one wrong word in a right case, and what the report must then say.
#[test]
fn every_wrong_expectation_fails() {
    let rows = [
        ("id: {msg}", "id: {shm}", "there is no such object"),
        ("id: {msg}", "id: {msg}\nout: more", "out: expected"),
        ("Message", "message", "out: expected"),
        (
            "out: Message queue id: {msg}\n",
            "",
            "out: expected\n    nothing",
        ),
        (
            "out: Message queue id: {msg}\n",
            "out~ Messages\n",
            "out: expected somewhere",
        ),
        (
            "util-linux",
            "err: bad\nstatus: 0\nutil-linux",
            "err: expected\n    bad\n  got\n    nothing",
        ),
        (
            "util-linux",
            "status: 1\nutil-linux",
            "status: expected 1, got exit status: 0",
        ),
        (
            "util-linux",
            "calls: msgget write\nutil-linux",
            "calls: expected\n    msgget write\n",
        ),
        ("mode=640", "mode=644", "missing: msg key=random mode=644"),
        (
            "mode=640",
            "mode=640 qbytes=1",
            "missing: msg key=random qbytes=1 mode=640",
        ),
        (
            "mode=640",
            "mode=640 owner=1",
            "missing: msg key=random mode=640 owner=1",
        ),
        ("key=random", "key=0x1", "missing: msg key=0x1"),
        (
            "holds: msg key=random mode=640",
            "holds: nothing",
            "not expected: msg key=0x",
        ),
        (
            "run: -Q",
            "given: fail msgctl EINVAL\nrun: -Q",
            "the run did not get there",
        ),
        (
            "run: -Q",
            "given: sysctl kernel.no_such_thing 1\nrun: -Q",
            "sysctl kernel.no_such_thing",
        ),
    ];
    for (index, (right, wrong, report)) in rows.into_iter().enumerate() {
        let content = QUEUE.replace(right, wrong);
        assert_ne!(content, QUEUE, "{right}");
        let run = single(&format!("wrong-{index}"), &content);
        assert!(!run.succeeded(), "passed with {wrong:?}");
        run.says("x.case:1: queue")
            .says(report)
            .says("native: 0 cases passed, 1 failed");
    }
}

#[test]
fn a_failure_shows_the_command_line() {
    let run = single("shell", &QUEUE.replace("-p 640", "-p '6 4' \\xff"));
    run.says("x.case:2: $ env -i PATH=/usr/bin:/bin /usr/bin/ipcmk -Q -p '6 4' $'\\xff'");
}

#[test]
fn no_case_is_a_failure() {
    let scratch = Scratch::new("none");
    let run = scratch.cases(&[&UTIL_LINUX[..], &["cases"]].concat());
    assert!(!run.succeeded());
    run.says("FAILED: no case ran in native");
    scratch.write("x.case", QUEUE);
    let run = scratch.cases(&[&UTIL_LINUX[..], &["x.case", "--", "no such title"]].concat());
    assert!(!run.succeeded());
    scratch.write("x.case", &format!("{QUEUE}not: native just so\n"));
    let run = scratch.cases(&[&UTIL_LINUX[..], &["x.case"]].concat());
    assert!(!run.succeeded());
    run.says("not in native: x: queue: just so");
}

#[test]
fn a_mistake_in_a_file_names_its_line() {
    let run = single("mistake", &format!("{QUEUE}\nrum: -Q\n"));
    assert_eq!(run.0.status.code(), Some(2));
    run.says("x.case:7: `rum:` is no key");
}

#[test]
fn util_linux_answers_are_tested() {
    let scratch = Scratch::new("util-linux");
    let wrong = QUEUE.replace("mode=640", "mode=600");
    let run = |case: &str| {
        scratch.write("x.case", case);
        scratch.cases(&["--util-linux", "x.case"])
    };
    let answer = |case: &str, answer: &str| {
        case.replace("util-linux: same", &format!("util-linux: {answer}"))
    };
    assert!(run(QUEUE).succeeded());
    assert!(!run(&wrong).succeeded());
    assert!(run(&answer(&wrong, "differs tag")).succeeded());
    let agreed = run(&answer(QUEUE, "differs tag"));
    assert!(!agreed.succeeded());
    agreed.says("so the difference \"tag\" is none");
    let other_text = QUEUE.replace("Message queue", "Another");
    assert!(!run(&other_text).succeeded());
    assert!(run(&answer(&other_text, "status")).succeeded());
    assert!(!run(&answer(&wrong, "status")).succeeded());
    assert!(run(&answer(QUEUE, "since 1.0")).succeeded());
    assert!(!run(&answer(&wrong, "since 1.0")).succeeded());
    run(&answer(QUEUE, "since 99.1"))
        .says("not 99.1")
        .says("0 cases passed, 1 failed, 1 cannot");
    run(&answer(QUEUE, "no queues")).says("x: queue: util-linux has no queues");
}

#[test]
fn the_list_of_differences_stands_beside_the_cases() {
    let scratch = Scratch::new("differences");
    let run = |rows: &str| {
        scratch
            .write("cases/x.case", QUEUE)
            .write("differences.txt", rows);
        scratch.cases(&[&UTIL_LINUX[..], &["cases"]].concat())
    };
    assert!(run("").succeeded());
    let unused = run("tag: a reason\n");
    assert!(!unused.succeeded());
    unused.says("differences.txt:1: no case differs by this tag");
}

#[test]
fn a_tally_is_appended() {
    let scratch = Scratch::new("tally");
    scratch.write("x.case", QUEUE);
    for _ in 0..2 {
        scratch.cases(&[&UTIL_LINUX[..], &["--tally", "tally", "x.case"]].concat());
    }
    let tally = fs::read_to_string(scratch.0.join("tally")).expect("the tally");
    assert_eq!(tally, "native 1 0 0\nnative 1 0 0\n");
}

#[test]
fn bad_command_lines_are_refused() {
    let scratch = Scratch::new("arguments");
    scratch.write("x.case", QUEUE);
    for arguments in [
        &[][..],
        &["--place", "native", "x.case"],
        &["--place", "here", "--subject", "/usr/bin/ipcmk", "x.case"],
        &["--place", "native", "--subject", "/usr/bin/ipcmk"],
        &["--place", "native", "--subject", "/no/such/file", "x.case"],
        &[
            "--place",
            "native",
            "--subject",
            "/usr/bin/ipcmk",
            "no.case",
        ],
        &[
            "--place",
            "native",
            "--subject",
            "/usr/bin/ipcmk",
            "--through",
            "no-emulator",
            "x.case",
        ],
        &["--nonsense", "x.case"],
    ] {
        assert_eq!(
            scratch.cases(arguments).0.status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}
