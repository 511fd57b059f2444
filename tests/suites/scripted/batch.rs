//! Many lines in one run: all of them or nothing.

use ipcmk::kernel::object::Kind;

use crate::script::{
    AskLimits, BlockSignals, Call, Expected, Get, Identify, NEW, OURS, Operate, Part, Random, Read,
    Remove, SHM_RMID_FORCED, Set, SetValues, Source, Values, both, error, ok, tell, try_failures,
};

/// The file `jobs`, with these lines.
pub fn jobs(lines: &str) -> Vec<Expected> {
    let lines = lines.to_owned().leak().as_bytes();
    vec![(Read(Source::User("jobs"), lines), 0), (Call::Room, 0)]
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
        (0, vec![(Read(Source::User("jobs"), JOBS.as_bytes()), 0)]),
        (5, vec![(AskLimits(Kind::Sem), 0)]),
        // What the lines name, and what they create.
        (0, vec![(Call::Room, 0), (Values(2), 0), (BlockSignals, 0)]),
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
                (SetValues(30, vec![3, 3]), 0),
                (Operate(30, [1, -1]), 0),
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

/// All is read and checked before signals are blocked, and printed at once, each line in its
/// format. Whatever fails, all is undone, and the number of the line is told.
#[test]
fn everything_or_nothing() {
    let mut parts = parts();
    parts.push((0, vec![ok("Shared memory id: 10\n30\n20\n")]));
    assert_eq!(try_failures("--batch jobs", &parts), 15);
}

/// Each file is looked at once, before the first object.
#[test]
fn keys_of_files() {
    let lines = "-Q --ftok x\n\n-S 1 -e --ftok y:2\n-M 1 --ftok x\n";
    let x = || (Identify("x".into()), both(0, 7));
    let y = || (Identify("y".into()), both(0, 8));
    let parts = [
        (0, jobs(lines)),
        (1, vec![x()]),
        (3, vec![y()]),
        (0, vec![(BlockSignals, 0)]),
        (1, vec![(Get(Kind::Queue, 0x100_0007, 0, NEW | 0o644), 20)]),
        (3, vec![(Get(Kind::Sem, 0x200_0008, 1, 0), 30)]),
        (
            4,
            vec![
                (SHM_RMID_FORCED, 0),
                (Get(Kind::Shm, 0x100_0007, 1, NEW | 0o644), 40),
            ],
        ),
        (
            0,
            vec![ok(
                "Message queue id: 20\nSemaphore id: 30\nShared memory id: 40\n",
            )],
        ),
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
