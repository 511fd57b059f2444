//! Keys and properties: what is set, when, and what is undone.

use ipcmk::kernel::object::Kind;

use crate::script::{
    AskLimits, BlockSignals, Expected, Get, Identify, Lock, NEW, OURS, Part, Random, Remove,
    SHM_RMID_FORCED, Set, SetValue, Write, both, error, failed, ok, play, silent, tell,
    try_failures,
};

/// A line with every property of every kind.
const ALL: &str = "-S 3 --noreserve -Q --value 1,2,3 -M 4096 -p 640 --owner 1000:100 --qbytes 5000 --lock \
                   --hugetlb=2M";

/// The calls that carry it out.
fn all() -> Vec<Expected> {
    let owner = (1000, 100);
    let flags = libc::SHM_HUGETLB | libc::SHM_NORESERVE | libc::MAP_HUGE_2MB;
    vec![
        (BlockSignals, 0),
        (Random, 0x11),
        (SHM_RMID_FORCED, 0),
        // Of no use to others until its owner and mode are set, which comes last.
        (Get(Kind::Shm, 0x11, 4096, NEW | flags), 10),
        (Lock(10), 0),
        (Set(Kind::Shm, 10, owner, 0o640, 0), 0),
        (Random, 0x22),
        (Get(Kind::Queue, 0x22, 0, NEW), 20),
        (Set(Kind::Queue, 20, owner, 0o640, 5000), 0),
        (Random, 0x33),
        // To set values takes permission.
        (Get(Kind::Sem, 0x33, 3, NEW | 0o600), 30),
        (SetValue(30, 0, 1), 0),
        (SetValue(30, 1, 2), 0),
        (SetValue(30, 2, 3), 0),
        (Set(Kind::Sem, 30, owner, 0o640, 0), 0),
        ok("Shared memory id: 10\nMessage queue id: 20\nSemaphore id: 30\n"),
    ]
}

#[test]
fn every_property_is_set_in_order_and_every_failure_is_undone() {
    let tried = try_failures(ALL, &[(0, all())]);
    assert_eq!(tried, 15, "all calls but one can fail");
}

/// What cannot be removed is told, whichever property failed.
#[test]
fn what_a_failed_property_leaves_is_named() {
    let mut script = all();
    script.truncate(13);
    script.extend([
        error(SetValue(30, 2, 3), libc::ERANGE),
        (Remove(Kind::Sem, 30), 0),
        error(Remove(Kind::Queue, 20), libc::EPERM),
        (Remove(Kind::Shm, 10), 0),
    ]);
    assert_eq!(
        tell(ALL, script),
        [
            "set semaphore values failed: Numerical result out of range",
            "message queue id 20 is left behind: Operation not permitted",
        ]
    );
}

/// A property of one kind leaves the others as they are, which are created in one call.
#[test]
fn each_property_is_of_one_kind() {
    const LINES: &str = "Shared memory id: 10\nMessage queue id: 20\nSemaphore id: 30\n";
    let plain = [
        (Get(Kind::Shm, 7, 4096, NEW | 0o644), 10),
        (Get(Kind::Queue, 7, 0, NEW | 0o644), 20),
        (Get(Kind::Sem, 7, 3, NEW | 0o644), 30),
    ];
    let with = |options: &str, at: usize, calls: &[Expected]| {
        let mut script = vec![(BlockSignals, 0), (SHM_RMID_FORCED, 0)];
        script.extend_from_slice(&plain[..at]);
        script.extend_from_slice(calls);
        script.extend_from_slice(&plain[at + 1..]);
        script.push(ok(LINES));
        let line = format!("-k 7 -M 4096 -Q -S 3 {options}");
        try_failures(&line, &[(0, script)]);
    };
    let shm = |flags| (Get(Kind::Shm, 7, 4096, NEW | flags), 10);
    let set = |kind, id, qbytes| (Set(kind, id, (OURS, OURS), 0o644, qbytes), 0);
    with("", 0, &plain[..1]);
    with("--lock", 0, &[shm(0), (Lock(10), 0), set(Kind::Shm, 10, 0)]);
    with(
        "--qbytes 0",
        1,
        &[(Get(Kind::Queue, 7, 0, NEW), 20), set(Kind::Queue, 20, 0)],
    );
    let values = |values: [u64; 3]| {
        let mut calls = vec![(Get(Kind::Sem, 7, 3, NEW | 0o600), 30)];
        calls.extend(
            (0..)
                .zip(values)
                .map(|(number, value)| (SetValue(30, number, value), 0)),
        );
        calls.push(set(Kind::Sem, 30, 0));
        calls
    };
    // One for all, or one for each.
    with("--value 32767", 2, &values([32767; 3]));
    with("--value 0", 2, &values([0; 3]));
    with("--value 5,0,32767", 2, &values([5, 0, 32767]));
    // Flags of the call are no properties.
    with("--noreserve", 0, &[shm(0o644 | libc::SHM_NORESERVE)]);
    with("--hugetlb", 0, &[shm(0o644 | libc::SHM_HUGETLB)]);
    with(
        "--hugetlb=1G",
        0,
        &[shm(0o644 | libc::SHM_HUGETLB | libc::MAP_HUGE_1GB)],
    );
}

/// An owner is set for all kinds. A queue's msg_qbytes is written with it: what a new queue has is
/// asked for, since the queue itself tells it only to those who may read it.
#[test]
fn an_owner_leaves_the_size_of_a_queue() {
    for (options, owner) in [
        ("--owner 7", (7, OURS)),
        ("--owner 7:8", (7, 8)),
        ("--owner 0:4294967294", (0, 0xffff_fffe)),
    ] {
        let script = vec![
            (BlockSignals, 0),
            (SHM_RMID_FORCED, 0),
            (Get(Kind::Shm, 7, 4096, NEW), 10),
            (Set(Kind::Shm, 10, owner, 0o600, 0), 0),
            (Get(Kind::Queue, 7, 0, NEW), 20),
            (AskLimits(Kind::Queue), 0),
            // MSGMNB of the scripted namespace.
            (Set(Kind::Queue, 20, owner, 0o600, 1000), 0),
            (Get(Kind::Sem, 7, 3, NEW | 0o600), 30),
            (Set(Kind::Sem, 30, owner, 0o600, 0), 0),
            ok("10\n20\n30\n"),
        ];
        let line = format!("-r -k 7 -M 4096 -Q -S 3 -p 600 {options}");
        assert_eq!(try_failures(&line, &[(0, script)]), 9);
    }
}

#[test]
fn by_keys_properties_are_the_same() {
    let owner = (7, 8);
    for (line, calls) in [
        (
            "--keyed -M 7 -p 4096 --lock --owner 7:8 --noreserve",
            vec![
                (SHM_RMID_FORCED, 0),
                (Get(Kind::Shm, 7, 4096, NEW | libc::SHM_NORESERVE), 42),
                (Lock(42), 0),
                (Set(Kind::Shm, 42, owner, 0o666, 0), 0),
            ],
        ),
        (
            "-Q 0x7 -p 4096 --owner 7:8 --mode 0",
            vec![
                (Get(Kind::Queue, 7, 0, NEW), 42),
                (Set(Kind::Queue, 42, owner, 0, 4096), 0),
            ],
        ),
        (
            "-S 7 -s 2 --value 1,2 --owner 7:8",
            vec![
                (Get(Kind::Sem, 7, 2, NEW | 0o600), 42),
                (SetValue(42, 0, 1), 0),
                (SetValue(42, 1, 2), 0),
                (Set(Kind::Sem, 42, owner, 0o666, 0), 0),
            ],
        ),
    ] {
        let script: Part = (
            0,
            [vec![(BlockSignals, 0)], calls, vec![ok("42\n")]].concat(),
        );
        try_failures(line, &[script]);
    }
}

/// What is found stays as it is, and is asked for no permission.
#[test]
fn an_object_that_e_finds_is_returned_as_it_is() {
    let found = [
        (Get(Kind::Shm, 7, 4096, 0), 10),
        (Get(Kind::Queue, 7, 0, 0), 20),
        (Get(Kind::Sem, 7, 3, 0), 30),
    ];
    let line = "-k 7 -e -M 4096 -Q -S 3 -p 640 --owner 1000:100 --value 1,2,3 --qbytes 5000 --lock";
    let lines = ok("Shared memory id: 10\nMessage queue id: 20\nSemaphore id: 30\n");
    let script = [&[(BlockSignals, 0)], &found[..], &[lines]].concat();
    try_failures(line, &[(0, script.clone())]);

    // Those that are missing are made whole; if that fails, those that were found are left.
    let missing = vec![
        error(found[1].0.clone(), libc::ENOENT),
        (Get(Kind::Queue, 7, 0, NEW), 20),
        (Set(Kind::Queue, 20, (1000, 100), 0o640, 5000), 0),
    ];
    let script = [&script[..2], &missing, &script[3..]].concat();
    assert_eq!(try_failures(line, &[(0, script)]), 7);
}

/// Somebody is quicker to create it: then it is found, and stays as it is.
#[test]
fn e_that_loses_the_race_changes_nothing() {
    let script = [
        (BlockSignals, 0),
        error(Get(Kind::Sem, 7, 3, 0), libc::ENOENT),
        error(Get(Kind::Sem, 7, 3, NEW | 0o600), libc::EEXIST),
        (Get(Kind::Sem, 7, 3, 0), 5),
        ok("Semaphore id: 5\n"),
    ];
    assert_eq!(play("-ek7 -S 3 --value 1", script), silent());
}

#[test]
fn k_without_e_makes_a_new_object_or_none() {
    let script = vec![
        (BlockSignals, 0),
        (Get(Kind::Queue, 0xffff_ffff, 0, NEW | 0o644), 5),
        ok("Message queue id: 5\n"),
    ];
    try_failures("-k 0xffffffff -Q", &[(0, script)]);
    let in_use = [
        (BlockSignals, 0),
        error(Get(Kind::Queue, 7, 0, NEW | 0o644), libc::EEXIST),
    ];
    assert_eq!(
        play("-k 7 -Q", in_use),
        failed("create message queue failed", libc::EEXIST)
    );
    // Key 0 is nobody's.
    for line in ["-k 0 -Q", "-k private -Q", "-k 0 -e -Q"] {
        let script = [
            (BlockSignals, 0),
            (Get(Kind::Queue, 0, 0, NEW | 0o644), 5),
            ok("Message queue id: 5\n"),
        ];
        assert_eq!(play(line, script), silent(), "{line}");
    }
}

/// The file is looked at while signals can still end the run: it may be on a file system that does
/// not answer.
#[test]
fn a_file_is_looked_at_before_signals_are_blocked() {
    for (option, path, id) in [
        ("/a:b:0x10", "/a:b", 0x10),
        ("/a:b", "/a:b", 1),
        ("x:255", "x", 255),
        ("", "", 1),
    ] {
        let key = id << 24 | 0x34_5678;
        let script = vec![
            (Identify(path.into()), both(0x1234, 0xabcd_5678)),
            (BlockSignals, 0),
            (Get(Kind::Queue, key, 0, NEW | 0o644), 5),
            ok("Message queue id: 5\n"),
        ];
        try_failures(&format!("-Q --ftok='{option}'"), &[(0, script)]);
    }
    // Its key can be 0, and is then no reason to look for nothing.
    let script = [
        (Identify("x".into()), both(0, 0)),
        (BlockSignals, 0),
        (Get(Kind::Sem, 0x100_0000, 1, 0), 5),
        ok("Semaphore id: 5\n"),
    ];
    assert_eq!(play("-S 1 -e --ftok x", script), silent());
}

#[test]
fn ids_may_be_bare() {
    for line in ["-r -M 1 -Q -S 1 -k 7", "-k 7 -rQM1 -S 1 --raw -r"] {
        let script = vec![
            (BlockSignals, 0),
            (SHM_RMID_FORCED, 0),
            (Get(Kind::Shm, 7, 1, NEW | 0o644), 10),
            (Get(Kind::Queue, 7, 0, NEW | 0o644), 2_147_483_647),
            (Get(Kind::Sem, 7, 1, NEW | 0o644), 0),
            ok("10\n2147483647\n0\n"),
        ];
        try_failures(line, &[(0, script)]);
    }
}

/// Whether the ids can be written or not: a property does not change what is undone.
#[test]
fn a_short_write_after_properties_is_continued_or_undone() {
    let mut script = all();
    let Some((Write(lines), _)) = script.pop() else {
        panic!("it ends with a write");
    };
    script.push((Write(lines.clone()), 10));
    script.push(error(Write(lines[10..].into()), libc::ENOSPC));
    script.extend([
        (Remove(Kind::Sem, 30), 0),
        (Remove(Kind::Queue, 20), 0),
        (Remove(Kind::Shm, 10), 0),
    ]);
    assert_eq!(play(ALL, script), failed("write error", libc::ENOSPC));
}

/// Options that apply to nothing, and values that are too many: nothing is created.
#[test]
fn options_that_apply_to_nothing_are_told() {
    let narrow = |name: &str| format!("option '--{name}' does not apply to anything on this line");
    for (line, told) in [
        ("-Q --lock", narrow("lock")),
        ("-S 1 -Q --noreserve", narrow("noreserve")),
        ("-Q --hugetlb", narrow("hugetlb")),
        ("-Q --hu=2M", narrow("hugetlb")),
        ("-M 1 -S 1 --qbytes 5", narrow("qbytes")),
        ("-M 1 -Q --value 1", narrow("value")),
        ("-M 1 -e", narrow("existing")),
        ("-S 0x7 --lock", narrow("lock")),
        ("-M 0x7 -p 1 --value=1", narrow("value")),
        ("-q -n x -k 7", narrow("key")),
        ("-q -n x --ftok /", narrow("ftok")),
        ("-k 7 --ftok / -Q", "key given twice: -k and --ftok".into()),
        (
            "-S 3 --value 1,2",
            "--value takes one value, or one for each semaphore: '1,2'".into(),
        ),
        (
            "-S 1 --value 1,2",
            "--value takes one value, or one for each semaphore: '1,2'".into(),
        ),
        (
            "-S 7 -s 3 --value 1 --value 1,2",
            "--value takes one value, or one for each semaphore: '1,2'".into(),
        ),
        (
            "-S 1 --value 32768",
            "failed to parse value: '32768': Numerical result out of range".into(),
        ),
        (
            "-Q --owner root",
            "failed to parse owner: 'root': Invalid argument".into(),
        ),
        (
            "-Q --ftok=/:0",
            "failed to parse ftok id: '/:0': Numerical result out of range".into(),
        ),
        (
            "-Q -k 0x100000000",
            "failed to parse key: '0x100000000': Numerical result out of range".into(),
        ),
        (
            "-Q --qbytes 2G",
            "failed to parse size: '2G': Numerical result out of range".into(),
        ),
        (
            "-M 1 --hugetlb=3",
            "failed to parse size: '3': Invalid argument".into(),
        ),
        ("-k 7", "bad usage".into()),
        ("--lock", "bad usage".into()),
    ] {
        assert_eq!(tell(line, [(BlockSignals, 0)]), [told], "{line}");
    }
}
