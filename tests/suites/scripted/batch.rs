//! Many lines in one run: all of them or nothing.

use std::fmt::Write as _;

use ipcmk::cli::batch::{MAX_BYTES, MAX_OBJECTS};
use ipcmk::kernel::object::Kind;

use crate::script::{
    AskLimits, BlockSignals, Call, Expected, Get, Identify, NEW, OURS, Part, Random, Read, Remove,
    SHM_RMID_FORCED, Set, SetValue, Source, Write, both, error, ok, play, silent, tell,
    try_failures,
};

/// The file `jobs`, with these lines.
pub fn jobs(lines: &str) -> Vec<Expected> {
    let lines = lines.to_owned().leak().as_bytes();
    vec![(Call::Room, 0), (Read(Source::User("jobs"), lines), 0)]
}

/// Lines of both grammars, with what stands between them.
const JOBS: &str = "# A comment, and -Z in it.\n\
                    \n\
                    -M 4096 -p 600 # a segment\n\
                    \t \x0c\r\n\
                    \x20 --keyed\t-S 7 -s 2  --value=3 #\r\n\
                    -r -Q --qbytes 5000";

/// What they come to, up to the output.
fn parts() -> Vec<Part> {
    vec![
        (0, [jobs(JOBS), vec![(BlockSignals, 0)]].concat()),
        (
            3,
            vec![
                (Random, 0x11),
                (SHM_RMID_FORCED, 0),
                (Get(Kind::Shm, 0x11, 4096, NEW | 0o600), 10),
            ],
        ),
        (
            5,
            vec![
                (Get(Kind::Sem, 7, 2, NEW | 0o600), 30),
                (SetValue(30, 0, 3), 0),
                (SetValue(30, 1, 3), 0),
                (Set(Kind::Sem, 30, (OURS, OURS), 0o666, 0), 0),
            ],
        ),
        (
            6,
            vec![
                (Random, 0x22),
                (Get(Kind::Queue, 0x22, 0, NEW), 20),
                (Set(Kind::Queue, 20, (OURS, OURS), 0o644, 5000), 0),
            ],
        ),
    ]
}

/// All is read and checked before signals are blocked, and printed at once, each line in its format.
/// Whatever fails, all is undone, and the number of the line is told.
#[test]
fn everything_or_nothing() {
    let mut parts = parts();
    parts.push((0, vec![ok("Shared memory id: 10\n30\n20\n")]));
    assert_eq!(try_failures("--batch jobs", &parts), 13);
}

#[test]
fn standard_input_is_a_file_too() {
    let mut parts = parts();
    parts[0].1[1] = (Read(Source::In, JOBS.as_bytes()), 0);
    parts.push((0, vec![ok("Shared memory id: 10\n30\n20\n")]));
    try_failures("--batch=-", &parts);
    // Only by this name.
    parts[0].1[1] = (Read(Source::User("./-"), JOBS.as_bytes()), 0);
    try_failures("--batch=./-", &parts);
}

/// What stands beside --batch goes for every line.
#[test]
fn one_format_for_all() {
    for line in [
        "--batch jobs -r",
        "--raw --batch=jobs",
        "--batch x -r --batch jobs",
    ] {
        let mut parts = parts();
        parts.push((0, vec![ok("10\n30\n20\n")]));
        try_failures(line, &parts);
    }
    let objects = "{\"ipcmk\": [\n\
        {\"kind\": \"shmem\", \"id\": 10, \"key\": \"0x00000011\", \"mode\": \"0600\", \"size\": 4096, \"created\": true},\n\
        {\"kind\": \"semaphore\", \"id\": 30, \"key\": \"0x00000007\", \"mode\": \"0666\", \"nsems\": 2, \"created\": true},\n\
        {\"kind\": \"queue\", \"id\": 20, \"key\": \"0x00000022\", \"mode\": \"0644\", \"created\": true}\n]}\n";
    for line in [
        "--batch jobs -J",
        "-r --batch jobs -J",
        "-J -r --batch jobs",
    ] {
        let mut parts = parts();
        parts.push((0, vec![ok(objects)]));
        try_failures(line, &parts);
    }
}

/// Each file is looked at as its line is read. The key is that of the moment of the creation.
#[test]
fn keys_of_files() {
    let lines = "-Q --ftok x\n\n-S 1 -e --ftok y:2\n";
    let x = || (Identify("x".into()), both(0, 7));
    let y = || (Identify("y".into()), both(0, 8));
    let parts = [
        (0, jobs(lines)),
        (1, vec![x()]),
        (3, vec![y()]),
        (0, vec![(BlockSignals, 0)]),
        (
            1,
            vec![x(), (Get(Kind::Queue, 0x100_0007, 0, NEW | 0o644), 20)],
        ),
        (3, vec![y(), (Get(Kind::Sem, 0x200_0008, 1, 0), 30)]),
        (0, vec![ok("Message queue id: 20\nSemaphore id: 30\n")]),
    ];
    try_failures("--batch jobs", &parts);
}

/// The objects of earlier lines are among those that fill a limit: so the cause is looked for while
/// they are still there. Elsewhere what was made is removed first.
#[test]
fn the_cause_is_measured_before_the_undo() {
    let full = error(Get(Kind::Queue, 8, 0, NEW | 0o644), libc::ENOSPC);
    let first = (Get(Kind::Shm, 8, 1, NEW | 0o644), 10);
    let look = (AskLimits(Kind::Queue), 0);
    let undo = (Remove(Kind::Shm, 10), 0);
    let hint = "not disk space: 50 of 50 queues in use (MSGMNI, kernel.msgmni); see ipcs -q, ipcrm";

    let mut script = jobs("-k 8 -M 1\n-k 8 -Q\n");
    script.extend([(BlockSignals, 0), (SHM_RMID_FORCED, 0), first.clone()]);
    script.extend([full.clone(), look.clone(), undo.clone()]);
    assert_eq!(
        tell("--batch jobs", script),
        [
            "line 2: create message queue failed: No space left on device",
            hint
        ]
    );

    let script = [
        (BlockSignals, 0),
        (SHM_RMID_FORCED, 0),
        first,
        full,
        undo,
        look,
    ];
    assert_eq!(
        tell("-k 8 -M 1 -Q", script),
        ["create message queue failed: No space left on device", hint]
    );
}

/// A segment that would die with us is refused in a batch as elsewhere, and looked for once.
#[test]
fn no_segment_that_would_die_with_us() {
    let mut script = jobs("-Q -k 1\n-M 1 -k 2\n");
    script.extend([
        (BlockSignals, 0),
        (Get(Kind::Queue, 1, 0, NEW | 0o644), 20),
        (crate::script::forced(b"1\n"), 0),
        (Remove(Kind::Queue, 20), 0),
    ]);
    let (status, told) = play("--batch jobs", script);
    assert_eq!(status, 1);
    assert!(
        told.starts_with("line 2: create share memory failed: kernel.shm_rmid_forced=1"),
        "{told}"
    );

    let mut script = jobs("-M 1 -k 1\n-M 1 -k 2\n");
    script.extend([
        (BlockSignals, 0),
        (SHM_RMID_FORCED, 0),
        (Get(Kind::Shm, 1, 1, NEW | 0o644), 1),
        (Get(Kind::Shm, 2, 1, NEW | 0o644), 2),
        ok("Shared memory id: 1\nShared memory id: 2\n"),
    ]);
    assert_eq!(play("--batch jobs", script), silent());
}

/// The first wrong line is told, with its number; nothing is created, not even by those before it.
#[test]
fn a_line_that_is_wrong() {
    let no_batch = "a line of a batch cannot have -J, -h, -V or --batch";
    for (lines, told) in [
        (
            "-M x",
            "line 1: failed to parse size: 'x': Invalid argument",
        ),
        (
            "-Q\n-M x\n-Z",
            "line 2: failed to parse size: 'x': Invalid argument",
        ),
        ("-Q\n\n#\n-Z\n", "line 4: invalid option -- 'Z'"),
        ("-Q\n-r", "line 2: bad usage"),
        (
            "-Q\n-S 3 --lock",
            "line 2: option '--lock' does not apply to anything on this line",
        ),
        ("-Q '-M 1'", "line 1: extra operand ''-M'"),
        ("-Q -J", &format!("line 1: {no_batch}")),
        ("-Q\n-h", &format!("line 2: {no_batch}")),
        ("-Q\n-Q --version", &format!("line 2: {no_batch}")),
        ("-Q\n--batch jobs", &format!("line 2: {no_batch}")),
        ("-Q\n--batch -\n-Z", &format!("line 2: {no_batch}")),
        (
            "-Q\n-Q --batch x",
            "line 2: --batch takes no options but -r and -J",
        ),
    ] {
        let mut script = jobs(lines);
        script.push((BlockSignals, 0));
        assert_eq!(tell("--batch jobs", script), [told], "{lines:?}");
    }
    // A hint follows the mistake here too.
    let mut script = jobs("-Q\n-Q 1234 -p 600");
    script.push((BlockSignals, 0));
    assert_eq!(
        tell("--batch jobs", script),
        [
            "line 2: extra operand '1234'",
            "if this line gives a key, begin it with --keyed"
        ]
    );
}

#[test]
fn nothing_else_stands_beside_a_batch() {
    for line in [
        "--batch jobs -Q",
        "-k 7 --batch jobs",
        "--batch jobs x",
        "--batch jobs -p 600",
        "-e --batch jobs",
        "--batch jobs -- x",
    ] {
        let told = tell(line, [(BlockSignals, 0)]);
        assert_eq!(told, ["--batch takes no options but -r and -J"], "{line}");
    }
    assert_eq!(
        tell("--keyed --batch jobs", [(BlockSignals, 0)]),
        ["unrecognized option '--batch'"]
    );
}

/// A batch of nothing prints nothing, or an empty list.
#[test]
fn there_may_be_nothing_to_do() {
    for lines in ["", "\n\n", "# nothing", " \t\r\n#\n"] {
        let script = [jobs(lines), vec![(BlockSignals, 0)]].concat();
        assert_eq!(play("--batch jobs", script.clone()), silent(), "{lines:?}");
        assert_eq!(play("-r --batch jobs", script.clone()), silent());
        let list = ok("{\"ipcmk\": [\n]}\n");
        let script = script.into_iter().chain([list]);
        assert_eq!(play("-J --batch jobs", script), silent());
    }
}

#[test]
fn most_objects() {
    for (line, count, last) in [("-Q\n", 4097, 4097), ("-M 1 -Q -S 1\n", 1366, 1366)] {
        let mut script = jobs(&line.repeat(count));
        script.push((BlockSignals, 0));
        let told = format!("line {last}: a batch has at most 4096 objects");
        assert_eq!(tell("--batch jobs", script), [told]);
    }
    assert_eq!(MAX_OBJECTS, 4096);
    // As many as may be are made, in order, and removed in reverse when the last one fails.
    let lines = "-k 9 -M 1 -Q -S 1\n".repeat(1365) + "-k 9 -Q\n";
    let mut script = jobs(&lines);
    script.extend([(BlockSignals, 0), (SHM_RMID_FORCED, 0)]);
    let objects: Vec<(Kind, i64)> = (0..4096)
        .map(|id| match (id, id % 3) {
            (4095, _) | (_, 1) => (Kind::Queue, id),
            (_, 0) => (Kind::Shm, id),
            _ => (Kind::Sem, id),
        })
        .collect();
    script.extend(objects.iter().map(|&(kind, id)| {
        let amount = u64::from(kind != Kind::Queue);
        (Get(kind, 9, amount, NEW | 0o644), id)
    }));
    let mut text = String::new();
    for (_, id) in &objects {
        writeln!(text, "{id}").expect("a string takes all");
    }
    let succeeding = script.iter().cloned().chain([ok(&text)]);
    assert_eq!(play("-r --batch jobs", succeeding), silent());

    let failing = script.into_iter().chain([error(Write(text), libc::EPIPE)]);
    let undo = objects
        .iter()
        .rev()
        .map(|&(kind, id)| (Remove(kind, id.unsigned_abs()), 0));
    assert_eq!(
        tell("-r --batch jobs", failing.chain(undo)),
        ["write error: Broken pipe"]
    );
}

#[test]
fn most_bytes() {
    let comment = |bytes: usize| format!("-k 9 -Q #{}", "x".repeat(bytes - 9));
    let mut script = jobs(&comment(MAX_BYTES as usize));
    script.extend([
        (BlockSignals, 0),
        (Get(Kind::Queue, 9, 0, NEW | 0o644), 1),
        ok("1\n"),
    ]);
    assert_eq!(play("-r --batch jobs", script), silent());
    let mut script = jobs(&comment(MAX_BYTES as usize + 1));
    script.push((BlockSignals, 0));
    assert_eq!(
        tell("--batch jobs", script),
        [
            "read 'jobs' failed: File too large",
            "a batch has at most 524288 bytes"
        ]
    );
}

/// Nothing is measured for that, and nothing is read.
#[test]
fn without_memory_nothing_is_done() {
    for line in ["--batch jobs", "-J -M 4096", "-J --batch -"] {
        let script = [error(Call::Room, libc::ENOMEM), (BlockSignals, 0)];
        assert_eq!(
            tell(line, script),
            [
                "map memory failed: Cannot allocate memory",
                "no address space (RLIMIT_AS) or memory (vm.overcommit_memory) is left"
            ],
            "{line}"
        );
    }
}
