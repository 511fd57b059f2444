//! Tests the runner as a program: right cases pass, wrong ones fail. The subject is util-linux's
//! ipcmk, whose behaviour is known.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::{env, fs, process};

/// A directory tree for one test, removed when this is dropped.
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

/// Each row changes one word of a right case, and has the report that must follow.
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
            "util-linux",
            "given: sem key=5 nsems=1 mode=600\ngone: sem key=5 nsems=1 mode=600\nutil-linux",
            "not expected: sem key=0x5",
        ),
        (
            "util-linux",
            "given: posix shm x size=1 mode=600\ngone: posix shm x size=1 mode=600\nutil-linux",
            "not expected: shm x size=1",
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
            "given: sysctl kernel.sem_no_such_thing 1\nrun: -Q",
            "sysctl kernel.sem_no_such_thing",
        ),
        (
            "util-linux",
            "err: bad\nhint: because\nstatus: 0\nutil-linux",
            "err: expected\n    bad\n    because\n  got\n    nothing",
        ),
        (
            "mode=640",
            "mode=640 owner=0:1",
            "missing: msg key=random mode=640 owner=0:1",
        ),
        ("holds: msg", "holds: 2 msg", "missing: msg key=random"),
        (
            "util-linux",
            "run: -S 3\nout: Semaphore id: {sem}\n\
             holds: sem key=random nsems=3 mode=644 values=0,0,1\nutil-linux",
            "missing: sem key=random nsems=3 mode=644 values=0,0,1",
        ),
        (
            "util-linux",
            "run: -M 1\nout: Shared memory id: {shm}\n\
             holds: shm key=random size=1 mode=644 page=2097152\nutil-linux",
            "missing: shm key=random size=1 mode=644 page=2097152",
        ),
        (
            "key=random",
            "key=ftok:/:1",
            "missing: msg key=ftok:/:1 mode=640",
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

/// POSIX objects that a shell creates: a file in /dev/shm, and a queue, which is a file in an
/// mqueue file system.
const POSIX: &str = "\
case: objects
given: posix shm old size=3 mode=600 bytes=abc
given: posix queue old mode=600 maxmsg=2 msgsize=5
run: -c 'umask 0; printf abc >/dev/shm/x; truncate -s 9 /dev/shm/x; chmod 640 /dev/shm/x; chown 5:6 /dev/shm/x'
run: -c 'mount -t mqueue none /mnt; umask 0; : >/mnt/x; chmod 620 /mnt/x; chown 5 /mnt/x'
posix: shm x size=9 mode=640 bytes=abc owner=5:6
posix: queue x mode=620 owner=5:0
util-linux: no shell
";

const SHELL: [&str; 4] = ["--place", "native", "--subject", "/bin/sh"];

/// Runs a file of one case with a shell as the subject.
fn on_a_shell(name: &str, content: &str) -> Run {
    let scratch = Scratch::new(name);
    scratch.write("x.case", content);
    scratch.cases(&[&SHELL[..], &["x.case"]].concat())
}

#[test]
fn posix_objects_are_seen_in_all_respects() {
    let run = on_a_shell("posix", POSIX);
    // Only root can mount file systems for the runner's subject, or change owners.
    assert!(run.succeeded(), "{}", run.text());
    let rows = [
        ("size=9", "size=8", "missing: shm x size=8 bytes=abc"),
        ("mode=640", "mode=644", "mode=644 owner=5:6"),
        (
            "bytes=abc owner",
            "bytes=abd owner",
            "missing: shm x size=9 bytes=abd",
        ),
        ("bytes=abc owner", "owner", "missing: shm x size=9 mode=640"),
        (
            "owner=5:6",
            "owner=5",
            "not expected: shm x size=9 bytes=abc mode=640 owner=5:6",
        ),
        ("posix: shm x", "posix: shm y", "not expected: shm x"),
        (
            "mode=620 ",
            "mode=600 ",
            "missing: queue x maxmsg=10 msgsize=8192 mode=600",
        ),
        (
            "owner=5:0",
            "maxmsg=9 owner=5:0",
            "missing: queue x maxmsg=9",
        ),
        (
            "owner=5:0",
            "msgsize=9 owner=5:0",
            "missing: queue x maxmsg=10 msgsize=9",
        ),
        (
            "posix: queue x mode=620 owner=5:0\n",
            "",
            "not expected: queue x maxmsg=10",
        ),
        ("posix: queue x", "posix: queue y", "missing: queue y"),
        (
            "umask 0; printf",
            "printf d >>/dev/shm/old; printf",
            "missing: shm old size=3 bytes=abc mode=600 owner=0:0, given",
        ),
        (
            "umask 0; printf",
            "sleep 0.02; touch /dev/shm/old; printf",
            "missing: shm old size=3 bytes=abc mode=600 owner=0:0, given",
        ),
        (
            "umask 0; printf",
            "rm /dev/shm/old; printf",
            "missing: shm old",
        ),
        (": >/mnt/x", "rm /mnt/old; : >/mnt/x", "missing: queue old"),
        (
            ": >/mnt/x",
            "chmod 640 /mnt/old; : >/mnt/x",
            "missing: queue old",
        ),
        (": >/mnt/x", ": >/mnt/y; : >/mnt/x", "not expected: queue y"),
        (
            "umask 0; printf",
            "mkdir /dev/shm/d; printf",
            "not expected: directory d",
        ),
        (
            "umask 0; printf",
            "ln -s a /dev/shm/l; printf",
            "not expected: link l a",
        ),
    ];
    for (right, wrong, report) in rows {
        let content = POSIX.replacen(right, wrong, 1);
        assert_ne!(content, POSIX, "{right:?} is not in the case");
        let run = on_a_shell("posix-wrong", &content);
        assert!(!run.succeeded(), "{wrong:?} passed");
        run.says(report);
    }
}

/// The runner reports a new file or queue in the machine's own /dev/shm at the end. Here the
/// machine is the namespaces of a shell, so the real one stays untouched.
#[test]
fn what_is_left_in_the_machine_is_told() {
    let scratch = Scratch::new("machine");
    scratch.write("x.case", QUEUE);
    for (leave, told) in [
        (": >/dev/shm/left", "new: shm left"),
        ("mount -t mqueue none /mnt; : >/mnt/left", "new: queue left"),
        (":", ""),
    ] {
        // The subject enters the namespaces that the runner started in.
        let subject = scratch.0.join("subject");
        let script = format!(
            "#!/bin/sh\nnsenter --mount --ipc --target $PPID sh -c '{leave}'\nexec /usr/bin/ipcmk \"$@\"\n"
        );
        fs::write(&subject, script).expect("a program of the test");
        fs::set_permissions(&subject, PermissionsExt::from_mode(0o755)).expect("it is ours");
        let runner = env!("CARGO_BIN_EXE_cases");
        let script = format!(
            "mount -t tmpfs none /dev/shm; exec {runner} --place native --subject ./subject x.case"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--ipc", "sh", "-c", &script]);
        command.current_dir(&scratch.0);
        let run = Run(command.output().expect("the runner starts"));
        run.says(told);
        assert_eq!(run.succeeded(), told.is_empty(), "{}", run.text());
        if !told.is_empty() {
            run.says("the machine's own objects have changed");
        }
    }
}

#[test]
fn a_case_runs_only_where_it_is_about_something() {
    let wrong = QUEUE.replace("id: {msg}", "id: {shm}");
    for (only, runs) in [
        ("only: 64-bit", true),
        ("only: 32-bit", false),
        ("only: 64-bit kernel", true),
        ("only: 32-bit kernel", false),
        ("only: pages of 4095", false),
        ("only: huge pages of 4095", false),
        ("given: ipc-alone", false),
        ("not: qemu-user it is emulated", true),
    ] {
        // Beside one that always runs.
        let other = wrong.replace("case: queue", &format!("case: other\n{only}"));
        let run = single("only", &format!("{QUEUE}\n{other}"));
        assert_eq!(run.succeeded(), !runs, "{only}: {}", run.text());
        let counts = if runs {
            "1 failed, 0 cannot"
        } else {
            "0 failed, 1 cannot"
        };
        run.says(counts);
    }
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

/// The objects that fill a namespace must all exist at the end.
#[test]
fn a_full_namespace_is_held_to_be_full() {
    let ipcrm = |words: &str| {
        let scratch = Scratch::new("full");
        let case = format!(
            "case: a\ngiven: sysctl kernel.sem 250 1000 32 5\ngiven: sem key=7 nsems=1 mode=600\n\
             given: fill sem nsems=3\nrun: {words}\nutil-linux: same\n"
        );
        scratch.write("x.case", &case);
        let options = ["--place", "native", "--subject", "/usr/bin/ipcrm", "x.case"];
        scratch.cases(&options)
    };
    assert!(ipcrm("--all=msg").succeeded());
    let run = ipcrm("--all=sem");
    assert!(!run.succeeded());
    run.says("missing: sem key=0x7 nsems=1")
        .says("missing: sem key=0x0 nsems=3 mode=600 owner=0:0 (id 4), given");
    assert_eq!(run.text().matches("missing: sem key=0x0").count(), 4);
    let run = ipcrm("-S 7");
    assert!(!run.succeeded());
    assert_eq!(run.text().matches("missing: sem").count(), 1);
}

/// The runner reports what a subject changes of a given object.
#[test]
fn given_objects_are_held_to_be_unchanged() {
    let scratch = Scratch::new("given");
    let run = |script: &str| {
        // The subject is a shell, and its arguments are a script.
        let case = format!(
            "case: a\ngiven: sem key=7 nsems=3 mode=600 values=1,2,3\n\
             given: msg key=7 mode=600 qbytes=77 owner=5:6\n\
             given: shm key=7 size=4096 mode=2600\n\
             given: file f x\nrun: -c '{script}'\nutil-linux: same\n"
        );
        scratch.write("x.case", &case);
        let options = ["--place", "native", "--subject", "/bin/sh", "x.case"];
        scratch.cases(&options)
    };
    let untouched = run("test -f f && cd .. && ! test -f f");
    assert!(untouched.succeeded(), "{}", untouched.text());
    let removed = run("ipcrm -S 7 -Q 7 -M 7");
    assert!(!removed.succeeded());
    removed
        .says("missing: sem key=0x7 nsems=3 mode=600 owner=0:0 values=1,2,3")
        .says("missing: msg key=0x7 qbytes=77 mode=600 owner=5:6 creator=0:0")
        .says("missing: shm key=0x7 size=4096 mode=2600");
    // By the id of the set: 0 is the first id of a namespace.
    let set = "perl -e \"semctl(0, 1, 16, 9) or die\"";
    let changed = run(set);
    assert!(!changed.succeeded());
    changed.says("not expected: sem key=0x7 nsems=3 mode=600 owner=0:0 values=1,9,3 (id 0)");
    let operate = "perl -e \"semop(0, pack 's3', 0, 0, 2048) or semop(0, pack 's6', 0, 1, 0, 0, -1, 0) or die\"";
    let operated = run(operate);
    assert!(!operated.succeeded());
    operated.says(
        "not expected: sem key=0x7 nsems=3 mode=600 owner=0:0 values=1,2,3 sem_otime set (id 0)",
    );
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
fn faults_find_what_is_lost() {
    let scratch = Scratch::new("faults");
    scratch.write("x.case", QUEUE);
    let faults = |filter: &str| {
        let options = ["--faults", "some", "x.case", "--", filter];
        scratch.cases(&[&UTIL_LINUX[..], &options].concat())
    };
    // util-linux's ipcmk exits with 0 although the id could not be written.
    let closed = faults("errnos, stdout closed");
    assert!(!closed.succeeded());
    closed
        .says("queue: errnos, stdout closed")
        .says("LOST: msg key=0x")
        .says(" sh /usr/bin/ipcmk -Q -p 640 >&-");
    // A signal ends it before it has printed the id.
    let signals = faults("signals, stdout a pipe");
    assert!(!signals.succeeded());
    signals
        .says("LOST: msg key=0x")
        .says("20 runs were wrong, the rest was not tried");
    assert!(!signals.text().contains("objects lost: 0"));
}

/// The program creates an object under its name, and sets its size afterwards; or it changes an
/// object that exists.
#[test]
fn faults_find_half_made_and_changed_posix_objects() {
    let scratch = Scratch::new("posix-faults");
    let faults = |script: &str, rest: &str| {
        let case = format!("case: a\nrun: -e '{script}'\n{rest}util-linux: no perl\n");
        scratch.write("x.case", &case);
        let perl = ["--place", "native", "--subject", "/usr/bin/perl"];
        let options = ["--faults", "some", "x.case", "--", "signals, stdout a pipe"];
        scratch.cases(&[&perl[..], &options].concat())
    };
    let made = faults(
        r#"open(F, ">", "/dev/shm/x"); truncate(F, 9)"#,
        "posix: shm x size=9 mode=644\n",
    );
    assert!(!made.succeeded());
    made.says("HALF-MADE: shm x size=0 mode=644 owner=0:0")
        .says("LOST: shm x size=9 mode=644 owner=0:0")
        .says("mount -t tmpfs none /dev/shm");
    assert!(!made.text().contains("half-made: 0"));
    let changed = faults(
        r#"open(F, ">", "/dev/shm/x")"#,
        "given: posix shm x size=9 mode=644\nposix: shm x size=9 mode=644\n",
    );
    assert!(!changed.succeeded());
    changed
        .says("a given object is gone or changed: shm x size=9 mode=644 owner=0:0")
        .says("existing ones changed: 1");
}

#[test]
fn cases_for_faults_have_one_run_and_no_output_but_pipes() {
    let scratch = Scratch::new("no-faults");
    for line in ["given: stderr closed", "run: -Z\nstatus: 1"] {
        scratch.write("x.case", &format!("{QUEUE}{line}\n"));
        let run = scratch.cases(&[&UTIL_LINUX[..], &["--faults", "some", "x.case"]].concat());
        assert_eq!(run.0.status.code(), Some(2));
        run.says("a case for faults has one run, and no output but pipes");
    }
}
