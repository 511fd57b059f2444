//! POSIX objects: how they are made whole before anybody finds them, and what is undone. The scripted
//! kernel sees to it that no descriptor is open as something is printed.

use ipcmk::kernel::object::Kind;

use crate::batch::jobs;
use crate::script::{
    AskFile, AskFilter, AskLimit, AskOpen, AskSpace, BlockSignals, Call, Chmod, Close, Expected,
    Fill, FindQueue, Get, Link, NEW, OURS, OpenQueue, OpenUnnamed, Own, Random, Read,
    SHM_RMID_FORCED, Set, SetValue, Source, Truncate, Unlink, UnlinkQueue, WaitToFill, Write, both,
    error, explain, failed, ok, play, silent, tell, try_failures,
};

/// Their descriptor: the only one at any moment, that of standard output if that is closed.
const FD: usize = 1;

/// A semaphore of glibc's on a machine with 64 bits, by its `struct new_sem`: value and number of
/// waiting threads, whether it is private, padding.
fn glibc(value: u32) -> Vec<u8> {
    let words = [value, 0, 0x80, 0, 0, 0, 0, 0];
    words.into_iter().flat_map(u32::to_ne_bytes).collect()
}

/// A semaphore of musl's, by its `sem_t`: value, waiting threads, whether it is shared, unused.
fn musl(value: u32) -> Vec<u8> {
    let words = [value, 0, 0, 0, 0, 0, 0, 0];
    words.into_iter().flat_map(u32::to_ne_bytes).collect()
}

/// A file is opened without a name, filled, and linked into place.
fn file(mode: u32, content: Expected, owner: Option<(u32, u32)>, path: &str) -> Vec<Expected> {
    let mut calls = vec![(OpenUnnamed(mode), FD as i64), content];
    calls.extend(owner.map(|owner| (Own(FD, owner), 0)));
    calls.extend([(Link(FD, path.into()), 0), (Close(FD), 0)]);
    calls
}

fn shm(mode: u32, size: u64, owner: Option<(u32, u32)>, path: &str) -> Vec<Expected> {
    file(mode, (Truncate(FD, size), 0), owner, path)
}

fn semaphore(mode: u32, bytes: Vec<u8>, owner: Option<(u32, u32)>, path: &str) -> Vec<Expected> {
    let written = bytes.len() as i64;
    file(mode, (Fill(FD, bytes), written), owner, path)
}

/// A queue has its name from the start.
fn queue(
    mode: u32,
    attributes: Option<[u64; 2]>,
    owner: Option<(u32, u32)>,
    name: &str,
) -> Vec<Expected> {
    let first = if owner.is_some() { 0 } else { mode };
    let mut calls = vec![(OpenQueue(name.into(), first, attributes), FD as i64)];
    if let Some(owner) = owner {
        calls.extend([(Own(FD, owner), 0), (Chmod(FD, mode), 0)]);
    }
    calls.push((Close(FD), 0));
    calls
}

/// Memory comes first, and is asked for while signals can still end the run.
fn start() -> Vec<Expected> {
    vec![(Call::Room, 0), (BlockSignals, 0)]
}

/// What the calls between start and output are.
fn script(parts: impl IntoIterator<Item = Vec<Expected>>, lines: &str) -> Vec<Expected> {
    let mut script = start();
    script.extend(parts.into_iter().flatten());
    script.push(ok(lines));
    script
}

const LINES: &str = "POSIX shared memory name: x\nPOSIX message queue name: x\n\
                     POSIX semaphore name: x\n";

#[test]
fn each_kind_is_made_whole_and_every_failure_is_undone() {
    for (line, calls, words) in [
        (
            "-m 4096 -n x",
            shm(0o644, 4096, None, "/dev/shm/x"),
            "POSIX shared memory name: x\n",
        ),
        (
            "-q -n x",
            queue(0o644, None, None, "x"),
            "POSIX message queue name: x\n",
        ),
        (
            "-s -n x",
            semaphore(0o644, glibc(0), None, "/dev/shm/sem.x"),
            "POSIX semaphore name: x\n",
        ),
        // None, and the largest file.
        (
            "-m 0 -n x -p 0",
            shm(0, 0, None, "/dev/shm/x"),
            "POSIX shared memory name: x\n",
        ),
        (
            "-m 9223372036854775807 --name=x -r",
            shm(0o644, i64::MAX as u64, None, "/dev/shm/x"),
            "x\n",
        ),
    ] {
        let tried = try_failures(line, &[(0, script([calls.clone()], words))]);
        // And the two at the start and the output.
        assert_eq!(tried, calls.len() + 3, "{line}");
    }
}

#[test]
fn every_property_is_set_in_order_and_every_failure_is_undone() {
    let owner = Some((1000, 100));
    let made = |bytes, path| {
        [
            shm(0o640, 4096, owner, "/dev/shm/x"),
            queue(0o640, Some([3, 100]), owner, "x"),
            semaphore(0o640, bytes, owner, path),
        ]
    };
    let line = "-s -q -n x -m 4K -p 640 --owner 1000:100 --maxmsg 3 --msgsize 100 --value 7";
    let all = script(made(glibc(7), "/dev/shm/sem.x"), LINES);
    assert_eq!(try_failures(line, &[(0, all)]), 17);

    // Another C library looks elsewhere for its semaphores, and finds other bytes in them.
    let line = line
        .replace("-n x", "-n y -n x --libc musl")
        .replace("-m 4K ", "");
    let [_, queue, semaphore] = made(musl(7), "/dev/shm/x");
    let (_, lines) = LINES.split_once('\n').expect("several lines");
    let all = script([queue, semaphore], lines);
    assert_eq!(try_failures(&line, &[(0, all)]), 12);
}

#[test]
fn each_property_is_of_one_kind() {
    let plain = || {
        [
            shm(0o644, 1, None, "/dev/shm/x"),
            queue(0o644, None, None, "x"),
            semaphore(0o644, glibc(0), None, "/dev/shm/sem.x"),
        ]
    };
    let with = |options: &str, at: usize, calls: Vec<Expected>| {
        let mut parts = plain();
        parts[at] = calls;
        let line = format!("-m 1 -q -s -n x {options}");
        try_failures(&line, &[(0, script(parts, LINES))]);
    };
    with("", 0, shm(0o644, 1, None, "/dev/shm/x"));
    let sem = |bytes| semaphore(0o644, bytes, None, "/dev/shm/sem.x");
    with("--value 0", 2, sem(glibc(0)));
    with("--value 2147483647", 2, sem(glibc(0x7fff_ffff)));
    with("--libc glibc", 2, sem(glibc(0)));
    with("--libc=musl --libc=glibc --value 1", 2, sem(glibc(1)));
    let attributes = |given, looks: &[Expected]| {
        let calls = queue(0o644, Some(given), None, "x");
        [looks, &calls].concat()
    };
    with("--maxmsg 0 --msgsize 0", 1, attributes([0, 0], &[]));
    with(
        "--maxmsg 2147483647 --msgsize 2147483647",
        1,
        attributes([0x7fff_ffff; 2], &[]),
    );
}

/// Beside one alone the other one is what the kernel would choose: its default, but no more than it
/// allows. Without /proc it is what those are on every kernel that nobody has told otherwise.
#[test]
fn one_attribute_of_a_queue_alone() {
    const NOWHERE: &[u8] = b"-";
    let read = |path, content| {
        let errno = if content == NOWHERE { libc::ENOENT } else { 0 };
        error(Read(Source::System(path), content), errno)
    };
    let made = |given, looks: [Expected; 2]| {
        let calls = [&looks[..], &queue(0o644, Some(given), None, "x")].concat();
        script([calls], "x\n")
    };
    for (default, most, maxmsg, msgsize) in [
        (&b"7\n"[..], &b"9\n"[..], 7, 7),
        (b"9\n", b"7\n", 7, 7),
        (b"65536\n", b"70000\n", 65536, 65536),
        (b"7\n", NOWHERE, 7, 7),
        (NOWHERE, b"7\n", 7, 7),
        (NOWHERE, NOWHERE, 10, 8192),
        (b"", b"no number", 10, 8192),
    ] {
        let looks = [
            read("/proc/sys/fs/mqueue/msgsize_default", default),
            read("/proc/sys/fs/mqueue/msgsize_max", most),
        ];
        let all = made([5, msgsize], looks);
        try_failures("-r -q -n x --maxmsg 5", &[(0, all)]);
        let looks = [
            read("/proc/sys/fs/mqueue/msg_default", default),
            read("/proc/sys/fs/mqueue/msg_max", most),
        ];
        let all = made([maxmsg, 2048], looks);
        try_failures("-r -q -n x --msgsize 2K", &[(0, all)]);
    }
}

#[test]
fn an_owner_is_given_before_a_name() {
    for (options, owner) in [
        ("--owner 7", (7, OURS)),
        ("--owner 7:8", (7, 8)),
        ("--owner 0:4294967294", (0, 0xffff_fffe)),
    ] {
        let owner = Some(owner);
        let all = script(
            [
                shm(0o777, 5, owner, "/dev/shm/x"),
                queue(0o777, None, owner, "x"),
                semaphore(0o777, glibc(0), owner, "/dev/shm/sem.x"),
            ],
            "x\nx\nx\n",
        );
        let line = format!("-r -m 5 -q -s -n x -p 777 {options}");
        assert_eq!(try_failures(&line, &[(0, all)]), 17);
    }
}

/// Together with objects of System V, in the order of the kinds; one transaction.
#[test]
fn both_interfaces_on_one_line() {
    let sem = Get(Kind::Sem, 0x33, 2, NEW | 0o600);
    let all = script(
        [
            vec![
                (Random, 0x11),
                (SHM_RMID_FORCED, 0),
                (Get(Kind::Shm, 0x11, 1, NEW | 0o640), 10),
            ],
            shm(0o640, 2, None, "/dev/shm/x"),
            vec![(Random, 0x22), (Get(Kind::Queue, 0x22, 0, NEW | 0o640), 20)],
            queue(0o640, None, None, "x"),
            vec![
                (Random, 0x33),
                (sem, 30),
                (SetValue(30, 0, 9), 0),
                (SetValue(30, 1, 9), 0),
                (Set(Kind::Sem, 30, (OURS, OURS), 0o640, 0), 0),
            ],
            semaphore(0o640, glibc(9), None, "/dev/shm/sem.x"),
        ],
        "Shared memory id: 10\nPOSIX shared memory name: x\nMessage queue id: 20\n\
         POSIX message queue name: x\nSemaphore id: 30\nPOSIX semaphore name: x\n",
    );
    let line = "-s -q -m 2 -n x -S 2 -Q -M 1 -p 640 --value 9";
    assert_eq!(try_failures(line, &[(0, all)]), 22);
}

/// A key is that of the System V objects, and -e goes for all.
#[test]
fn a_key_and_a_name_on_one_line() {
    let all = script(
        [
            vec![(Get(Kind::Queue, 7, 0, 0), 20)],
            queue(0o644, None, None, "x"),
        ],
        "Message queue id: 20\nPOSIX message queue name: x\n",
    );
    try_failures("-e -k 7 -Q -q -n x", &[(0, all)]);
    // It is the name that somebody else may know: without a key there is nothing to look for.
    let all = script(
        [
            vec![(Random, 7), (Get(Kind::Queue, 7, 0, NEW | 0o644), 20)],
            queue(0o644, None, None, "x"),
        ],
        "Message queue id: 20\nPOSIX message queue name: x\n",
    );
    try_failures("-e -Q -q -n x", &[(0, all)]);
}

/// The name is printed as it was typed; a slash at its start is no part of a path.
#[test]
fn names() {
    for (name, path, in_queue) in [
        ("y", "/dev/shm/y", "y"),
        ("/y", "/dev/shm/y", "y"),
        // A queue's name loses one slash, as mq_open(3) has it: the kernel does not take this one.
        ("//y", "/dev/shm/y", "/y"),
        ("a.b-c", "/dev/shm/a.b-c", "a.b-c"),
        ("...", "/dev/shm/...", "..."),
        ("-", "/dev/shm/-", "-"),
        ("ż", "/dev/shm/ż", "ż"),
    ] {
        let all = script(
            [
                shm(0o644, 1, None, path),
                queue(0o644, None, None, in_queue),
                semaphore(0o644, glibc(0), None, &path.replace("shm/", "shm/sem.")),
            ],
            &LINES.replace('x', name),
        );
        let line = format!("-m 1 -q -s --name='{name}'");
        assert_eq!(play(&line, all), silent(), "{line}");
    }
}

const BAD_NAME: &str =
    "a name has no NUL, no slash but the first one, and is not empty, '.' or '..'";

/// As the C library has it, no call is made.
#[test]
fn a_name_that_is_none_of_a_file() {
    for name in [
        "", "/", "//", ".", "/.", "..", "//..", "a/b", "/a/", "a//b", "/../x",
    ] {
        for (option, what) in [
            ("-m 1", "create POSIX shared memory failed"),
            ("-s", "create POSIX semaphore failed"),
            ("-e -s --libc musl", "create POSIX semaphore failed"),
        ] {
            let line = format!("{option} --name='{name}'");
            let told = tell(&line, start());
            let reason = failed(what, libc::EINVAL).1;
            assert_eq!(told, [&reason, BAD_NAME], "{line}");
        }
    }
}

/// What is no name of a queue, the kernel says, and each in its own way.
#[test]
fn a_name_that_is_none_of_a_queue() {
    for (name, path, errno) in [
        ("", "", libc::ENOENT),
        ("/", "", libc::ENOENT),
        ("//x", "/x", libc::EACCES),
        ("a/b", "a/b", libc::EACCES),
        (".", ".", libc::EACCES),
        ("/..", "..", libc::EACCES),
    ] {
        let mut script = start();
        script.push(error(OpenQueue(path.into(), 0o644, None), errno));
        let line = format!("-q --name='{name}'");
        let reason = failed("create POSIX message queue failed", errno).1;
        assert_eq!(tell(&line, script), [&reason, BAD_NAME], "{line}");
    }
}

/// There is no room for it, or, if it is a queue's, the kernel says so.
#[test]
fn a_name_that_is_too_long() {
    for length in [255, 256, 258, 259, 262, 263, 271, 272, 4095] {
        let name = "x".repeat(length);
        for (option, what, path) in [
            (
                "-m 1",
                "create POSIX shared memory failed",
                format!("/dev/shm/{name}"),
            ),
            ("-q", "create POSIX message queue failed", name.clone()),
            (
                "-s",
                "create POSIX semaphore failed",
                format!("/dev/shm/sem.{name}"),
            ),
            (
                "-s --libc musl",
                "create POSIX semaphore failed",
                format!("/dev/shm/{name}"),
            ),
        ] {
            let mut script = start();
            let too_long = libc::ENAMETOOLONG;
            // With its NUL, and a queue's with its slash.
            if path.len() + usize::from(option == "-q") < 265 {
                match option {
                    "-m 1" => script.extend(shm(0o644, 1, None, &path)),
                    "-q" => script.push(error(OpenQueue(path, 0o644, None), too_long)),
                    "-s" => script.extend(semaphore(0o644, glibc(0), None, &path)),
                    _ => script.extend(semaphore(0o644, musl(0), None, &path)),
                }
                for (call, result) in &mut script {
                    if matches!(call, Link(..)) {
                        *result = -i64::from(too_long);
                    }
                }
            }
            let line = format!("{option} -n {name}");
            let told = [failed(what, too_long).1];
            assert_eq!(tell(&line, script), told, "{option} {length}");
        }
    }
}

/// A file's type and mode, and its size, as the kernel tells them.
const fn a_file(mode: u32, size: u32) -> i64 {
    (libc::S_IFREG as i64 | mode as i64) << 32 | size as i64
}

/// Where there is no room for a file to be told.
fn look(path: &str, result: i64) -> Expected {
    (AskFile(path.into()), result)
}

/// What is found stays as it is, and is asked for no permission; whatever fails later, it is left.
#[test]
fn what_e_finds_is_returned_as_it_is() {
    let taken = |name: &str, mode| error(OpenQueue(name.into(), mode, None), libc::EEXIST);
    let shm = look("/dev/shm/x", a_file(0, 4096));
    // That it is there, the attempt to make it tells, which takes no permission.
    let queue = taken("x", 0o640);
    let sem = |path| look(path, a_file(0o777, 32));
    let (_, last_lines) = LINES.split_once('\n').expect("several lines");
    for (options, found, lines) in [
        (
            "-m 4096 --libc glibc",
            vec![shm, queue.clone(), sem("/dev/shm/sem.x")],
            LINES,
        ),
        ("--libc musl", vec![queue, sem("/dev/shm/x")], last_lines),
    ] {
        let line = format!("-e -q -s -n x -p 640 --value 5 {options}");
        let all = script([found], lines);
        assert_eq!(play(&line, all.clone()), silent());
        let broken = error(Write(lines.into()), libc::EPIPE);
        let all = [&all[..all.len() - 1], &[broken]].concat();
        assert_eq!(play(&line, all), failed("write error", libc::EPIPE));
    }
    // Neither owner nor attributes are changed.
    let found = vec![
        look("/dev/shm/x", a_file(0o600, 4097)),
        error(OpenQueue("x".into(), 0, Some([1, 2])), libc::EEXIST),
        look("/dev/shm/sem.x", a_file(0o600, 33)),
    ];
    let line = "-e -m 4096 -q -s -n x --owner 7:8 --maxmsg 1 --msgsize 2";
    assert_eq!(play(line, script([found], LINES)), silent());
}

/// Those that are missing are made; if that fails, those that were found are left.
#[test]
fn what_e_does_not_find_is_made() {
    let missing = |path: &str| vec![error(AskFile(path.into()), libc::ENOENT)];
    let all = script(
        [
            missing("/dev/shm/x"),
            shm(0o644, 1, None, "/dev/shm/x"),
            queue(0o644, None, None, "x"),
            missing("/dev/shm/sem.x"),
            semaphore(0o644, glibc(0), None, "/dev/shm/sem.x"),
        ],
        LINES,
    );
    assert_eq!(try_failures("-em1 -qsnx", &[(0, all)]), 13);
    let all = script(
        [
            vec![look("/dev/shm/x", a_file(0o600, 1))],
            queue(0o644, None, None, "x"),
            vec![look("/dev/shm/sem.x", a_file(0o600, 32))],
        ],
        LINES,
    );
    assert_eq!(try_failures("-em1 -qsnx", &[(0, all)]), 5);
}

/// Somebody creates it between our look and our creation: then it is found after all. Or removes it
/// again, and it is ours.
#[test]
fn e_wins_the_race_or_joins_it() {
    for (line, content, path, name) in [
        (
            "-e -m 9 -n x",
            (Truncate(FD, 9), 0),
            "/dev/shm/x",
            "POSIX shared memory name: x\n",
        ),
        (
            "-e -s -n x",
            (Fill(FD, glibc(0)), 32),
            "/dev/shm/sem.x",
            "POSIX semaphore name: x\n",
        ),
    ] {
        let missing = error(AskFile(path.into()), libc::ENOENT);
        let made = file(0o644, content, None, path);
        let mut lost = made.clone();
        lost[2].1 = -i64::from(libc::EEXIST);
        let lost = [vec![missing.clone()], lost].concat();

        let found = vec![look(path, a_file(0o600, 32))];
        let all = script([lost.clone(), found], name);
        assert_eq!(play(line, all), silent());
        let all = script([lost.clone(), lost, vec![missing], made], name);
        assert_eq!(play(line, all), silent());
    }
}

/// That it exists, only the call that gives it its name can say.
#[test]
fn another_call_that_says_it_exists_is_an_error() {
    let exists = |call| error(call, libc::EEXIST);
    let [path, missing] = ["/dev/shm/x"; 2].map(String::from);
    let missing = || error(AskFile(missing.clone()), libc::ENOENT);
    let closed = (Close(FD), 0);
    for (line, calls) in [
        ("-e -m 9 -n x", vec![missing(), exists(OpenUnnamed(0o644))]),
        (
            "-e -m 9 -n x",
            vec![
                missing(),
                (OpenUnnamed(0o644), 1),
                exists(Truncate(FD, 9)),
                closed.clone(),
            ],
        ),
        (
            "-e -m 9 -n x --owner 5",
            vec![
                missing(),
                (OpenUnnamed(0o644), 1),
                (Truncate(FD, 9), 0),
                exists(Own(FD, (5, OURS))),
                closed.clone(),
            ],
        ),
        (
            "-e -m 9 -n x",
            vec![
                missing(),
                (OpenUnnamed(0o644), 1),
                (Truncate(FD, 9), 0),
                (Link(FD, path.clone()), 0),
                exists(Close(FD)),
                (Unlink(path.clone()), 0),
            ],
        ),
        (
            "-e -q -n x --owner 5",
            vec![
                (OpenQueue("x".into(), 0, None), 1),
                exists(Own(FD, (5, OURS))),
                closed.clone(),
                (UnlinkQueue("x".into()), 0),
            ],
        ),
    ] {
        let (status, told) = play(line, [start(), calls].concat());
        assert!(
            status == 1 && told.ends_with(" failed: File exists"),
            "{told}"
        );
    }
}

/// Without -e it must be new.
#[test]
fn what_exists_is_an_error() {
    let hint = "'/x' exists: -e may return it";
    let exists = |mut calls: Vec<Expected>| {
        for (call, result) in &mut calls {
            if matches!(call, Link(..)) {
                *result = -i64::from(libc::EEXIST);
            }
        }
        [start(), calls].concat()
    };
    let path = "/dev/shm/x";
    assert_eq!(
        tell("-m 1 -n /x", exists(shm(0o644, 1, None, path))),
        ["create POSIX shared memory failed: File exists", hint]
    );
    let calls = semaphore(0o644, musl(0), None, path);
    assert_eq!(
        tell("-s -n /x --libc musl", exists(calls)),
        ["create POSIX semaphore failed: File exists", hint]
    );
    let calls = vec![error(OpenQueue("x".into(), 0o644, None), libc::EEXIST)];
    assert_eq!(
        tell("-q -n /x", exists(calls)),
        ["create POSIX message queue failed: File exists", hint]
    );
}

/// What -e finds and cannot use; what was made before it is removed.
#[test]
fn what_e_cannot_use_is_an_error() {
    let is = |kind: libc::mode_t, size| both(kind | 0o777, size);
    for (line, path, result, errno, hint) in [
        (
            "-e -q -m 4096 -n x",
            "/dev/shm/x",
            a_file(0o666, 4095),
            libc::EINVAL,
            "'x' has 4095 bytes",
        ),
        (
            "-e -q -s -n x",
            "/dev/shm/sem.x",
            a_file(0o666, 31),
            libc::EINVAL,
            "'x' has 31 bytes",
        ),
        (
            "-e -q -s -n x --libc musl",
            "/dev/shm/x",
            a_file(0o666, 0),
            libc::EINVAL,
            "'x' has 0 bytes",
        ),
        (
            "-e -q -m 0 -n x",
            "/dev/shm/x",
            is(libc::S_IFDIR, 4096),
            libc::EINVAL,
            "'x' is not a regular file",
        ),
        (
            "-e -q -s -n x",
            "/dev/shm/sem.x",
            is(libc::S_IFLNK, 4096),
            libc::EINVAL,
            "'x' is not a regular file",
        ),
        (
            "-e -q -m 4096 -n x",
            "/dev/shm/x",
            is(libc::S_IFIFO, 0),
            libc::EINVAL,
            "'x' is not a regular file",
        ),
        (
            "-e -q -m 4096 -n x",
            "/dev/shm/x",
            -i64::from(libc::EACCES),
            libc::EACCES,
            "this user has no access to /dev/shm, or a security module forbids it",
        ),
        (
            "-e -q -s -n x",
            "/dev/shm/sem.x",
            -i64::from(libc::ENOTDIR),
            libc::ENOTDIR,
            "there is no /dev/shm",
        ),
        (
            "-e -q -s -n x",
            "/dev/shm/sem.x",
            -i64::from(libc::ENOMEM),
            libc::ENOMEM,
            "kernel memory is short, or over the cgroup's memory.max",
        ),
    ] {
        let mut script = start();
        let is_shm = line.contains("-m");
        let queue = queue(0o644, None, None, "x");
        script.extend(queue.iter().filter(|_| !is_shm).cloned());
        script.push(look(path, result));
        script.extend((!is_shm).then(|| (UnlinkQueue("x".into()), 0)));
        let what = if is_shm {
            "create POSIX shared memory failed"
        } else {
            "create POSIX semaphore failed"
        };
        let told = [&failed(what, errno).1, hint];
        assert_eq!(tell(line, script), told, "{line}");
    }
}

/// What could not be removed again is told, each object in a line of its own.
#[test]
fn what_cannot_be_removed_is_told_and_the_rest_is_removed() {
    let made = |failure: Expected| {
        let mut script = start();
        script.extend(shm(0o644, 1, None, "/dev/shm/x"));
        script.extend(queue(0o644, None, None, "x"));
        script.extend(semaphore(0o644, glibc(0), None, "/dev/shm/sem.x"));
        script.push(failure);
        script
    };
    let undo = [
        Unlink("/dev/shm/sem.x".into()),
        UnlinkQueue("x".into()),
        Unlink("/dev/shm/x".into()),
    ];
    let left = [
        "POSIX semaphore '/x' is left behind: Operation not permitted",
        "POSIX message queue '/x' is left behind: Operation not permitted",
        "POSIX shared memory '/x' is left behind: Operation not permitted",
    ];
    let lines = LINES.replace('x', "/x");
    let line = "-m 1 -q -s -n /x";
    for (stuck, left) in left.into_iter().enumerate() {
        let mut script = made(error(Write(lines.clone()), libc::ENOSPC));
        for (at, call) in undo.iter().enumerate() {
            let result = if at == stuck { -libc::EPERM } else { 0 };
            script.push((call.clone(), result.into()));
        }
        assert_eq!(
            tell(line, script),
            ["write error: No space left on device", left]
        );
    }
    // All of them. And what is gone already is not left.
    let refuse = |errno| undo.iter().map(move |call| error(call.clone(), errno));
    let full = || made(error(Write(lines.clone()), libc::ENOSPC)).into_iter();
    let told = tell(line, full().chain(refuse(libc::EPERM)));
    assert_eq!(told[1..], [left[2], left[1], left[0]]);
    let told = tell(line, full().chain(refuse(libc::ENOENT)));
    assert_eq!(told, ["write error: No space left on device"]);
    // No other error says that it is gone.
    let told = tell(line, full().chain(refuse(libc::EINVAL)));
    assert_eq!(told.len(), 4, "{told:?}");
}

/// A queue that is there and cannot be given to its owner is removed; what has no name yet is gone
/// once it is closed.
#[test]
fn nothing_half_made_is_left() {
    let refused = |call: Call| error(call, libc::EPERM);
    let owner = (7, 8);
    for (line, calls) in [
        (
            "-q -n x --owner 7:8",
            vec![
                (OpenQueue("x".into(), 0, None), 1),
                refused(Own(FD, owner)),
                (Close(FD), 0),
                (UnlinkQueue("x".into()), 0),
            ],
        ),
        (
            "-q -n x --owner 7:8",
            vec![
                (OpenQueue("x".into(), 0, None), 1),
                (Own(FD, owner), 0),
                refused(Chmod(FD, 0o644)),
                (Close(FD), 0),
                (UnlinkQueue("x".into()), 0),
            ],
        ),
        (
            "-m 5 -n x --owner 7:8",
            vec![
                (OpenUnnamed(0o644), 1),
                (Truncate(FD, 5), 0),
                refused(Own(FD, owner)),
                (Close(FD), 0),
            ],
        ),
    ] {
        let (_, told) = play(line, [start(), calls].concat());
        assert!(told.ends_with(" failed: Operation not permitted"), "{told}");
    }
}

/// The bytes of a semaphore go on after a short write and an interrupt, as those of an output.
#[test]
fn a_semaphore_is_written_whole() {
    let bytes = glibc(3);
    let rest = |from: usize| Fill(FD, bytes[from..].to_vec());
    let made = |writes: Vec<Expected>| {
        let mut calls = semaphore(0o644, vec![], None, "/dev/shm/sem.x");
        calls.splice(1..2, writes);
        script([calls], "x\n")
    };
    for at in 1..32 {
        let all = made(vec![
            (rest(0), at as i64),
            error(rest(at), libc::EINTR),
            error(rest(at), libc::EAGAIN),
            (WaitToFill(FD), 0),
            (rest(at), 32 - at as i64),
        ]);
        assert_eq!(play("-rsnx --value 3", all), silent(), "{at}");
    }
    let all = made((0..32).map(|at| (rest(at), 1)).collect());
    try_failures("-rsnx --value 3", &[(0, all)]);

    for (first, errno) in [
        ((rest(0), 0), libc::EIO),
        (error(rest(0), libc::ENOSPC), libc::ENOSPC),
    ] {
        let script = [
            start(),
            vec![(OpenUnnamed(0o644), 1), first, (Close(FD), 0)],
        ]
        .concat();
        assert_eq!(
            play("-rsnx --value 3", script),
            failed("create POSIX semaphore failed", errno)
        );
    }
}

/// Each refusal that has a cause, the calls that measure it, and the line that tells it.
#[test]
fn a_refusal_is_explained() {
    use libc::{
        EACCES, EDQUOT, EFBIG, EINVAL, EISDIR, ELOOP, EMFILE, EMLINK, ENFILE, ENOENT, ENOMEM,
        ENOSPC, ENOSYS, ENOTDIR, EOPNOTSUPP, EPERM, EROFS,
    };
    let filtered = |yes| (AskFilter, yes);
    let unlinked = || (UnlinkQueue("x".into()), 0);
    // Each call that can be refused: the line, and what comes before and behind the call.
    let open = |errno| {
        let script = vec![error(OpenUnnamed(0o644), errno)];
        ("-m 7 -n x", script)
    };
    let truncate = |errno| {
        let script = vec![
            (OpenUnnamed(0o644), 1),
            error(Truncate(FD, 7), errno),
            (Close(FD), 0),
        ];
        ("-m 7 -n x", script)
    };
    let write = |errno| {
        let script = vec![
            (OpenUnnamed(0o644), 1),
            error(Fill(FD, glibc(0)), errno),
            (Close(FD), 0),
        ];
        ("-s -n x", script)
    };
    let own = |errno| {
        let script = vec![
            (OpenUnnamed(0o644), 1),
            (Truncate(FD, 7), 0),
            error(Own(FD, (5, OURS)), errno),
            (Close(FD), 0),
        ];
        ("-m 7 -n x --owner 5", script)
    };
    let link = |errno| {
        let script = vec![
            (OpenUnnamed(0o644), 1),
            (Fill(FD, musl(0)), 32),
            error(Link(FD, "/dev/shm/x".into()), errno),
            (Close(FD), 0),
        ];
        ("-s -n x --libc musl", script)
    };
    let queue = |errno| {
        let script = vec![error(OpenQueue("x".into(), 0o644, None), errno)];
        ("-q -n x", script)
    };
    let queue_of = |given: [u64; 2], errno| {
        let script = vec![error(OpenQueue("x".into(), 0o644, Some(given)), errno)];
        let line = match given {
            [0, _] => "-q -n x --maxmsg 0 --msgsize 1",
            [_, 0] => "-q -n x --maxmsg 1 --msgsize 0",
            _ => "-q -n x --maxmsg 11 --msgsize 12",
        };
        (line, script)
    };
    let chmod = |errno| {
        let script = vec![
            (OpenQueue("x".into(), 0, None), 1),
            (Own(FD, (5, OURS)), 0),
            error(Chmod(FD, 0o644), errno),
            (Close(FD), 0),
            unlinked(),
        ];
        ("-q -n x --owner 5", script)
    };
    let knows =
        |path: &'static str, content: &'static [u8]| (Read(Source::System(path), content), 0);
    let msg_max = || knows("/proc/sys/fs/mqueue/msg_max", b"10\n");
    let msgsize_max = || knows("/proc/sys/fs/mqueue/msgsize_max", b"8192\n");
    let attributes = "--maxmsg is 1 to 10, --msgsize 1 to 8192 (fs.mqueue.msg_max, msgsize_max); \
                      with CAP_SYS_RESOURCE 65536 and 16777216";
    let closed = "this user has no access to /dev/shm, or a security module forbids it";
    let no_tmpfs = "/dev/shm is not a tmpfs: it does not support O_TMPFILE";
    let filter = "a seccomp filter forbids this call";
    let security_module = "a security module forbids this call";
    let no_memory = "kernel memory is short, or over the cgroup's memory.max";
    let no_descriptor = "no file descriptor is left (RLIMIT_NOFILE)";
    let no_file = "the system's table of open files is full (fs.file-max)";
    for ((line, script), causes, hint) in [
        (open(ENOENT), vec![], "there is no /dev/shm"),
        (open(ENOTDIR), vec![], "there is no /dev/shm"),
        (open(EACCES), vec![], closed),
        (open(EISDIR), vec![], no_tmpfs),
        (open(EOPNOTSUPP), vec![], no_tmpfs),
        (open(EROFS), vec![], "/dev/shm is read-only"),
        (
            open(ENOSPC),
            vec![(AskSpace, 0)],
            "0 of 2000 pages of /dev/shm are free (size)",
        ),
        (open(ENOSPC), vec![error(AskSpace, EPERM)], ""),
        (open(EMFILE), vec![], no_descriptor),
        (open(ENFILE), vec![], no_file),
        (open(ENOMEM), vec![], no_memory),
        (open(EPERM), vec![filtered(0)], security_module),
        (open(EPERM), vec![filtered(1)], filter),
        (open(ENOSYS), vec![filtered(1)], filter),
        (open(ENOSYS), vec![filtered(0)], ""),
        (open(ELOOP), vec![], ""),
        (
            truncate(EFBIG),
            vec![(AskLimit(libc::RLIMIT_FSIZE), 6)],
            "7 bytes are over 6 (RLIMIT_FSIZE)",
        ),
        (
            truncate(EFBIG),
            vec![error(AskLimit(libc::RLIMIT_FSIZE), EPERM)],
            "",
        ),
        (
            truncate(EFBIG),
            vec![(AskLimit(libc::RLIMIT_FSIZE), 7)],
            // Another limit: the file system's.
            "",
        ),
        (truncate(EINVAL), vec![], ""),
        (truncate(ENOMEM), vec![], no_memory),
        (
            write(EFBIG),
            vec![(AskLimit(libc::RLIMIT_FSIZE), 31)],
            "32 bytes are over 31 (RLIMIT_FSIZE)",
        ),
        (
            write(ENOSPC),
            vec![(AskSpace, 1)],
            "not disk space: a limit was reached a moment ago; see ipcs -l",
        ),
        (
            write(ENOSPC),
            vec![(AskSpace, 0)],
            "0 of 2000 pages of /dev/shm are free (size)",
        ),
        (write(ENOMEM), vec![], no_memory),
        (write(EDQUOT), vec![], ""),
        (
            own(EPERM),
            vec![],
            "another owner or group needs CAP_CHOWN, a queue's CAP_FOWNER too",
        ),
        (
            own(EINVAL),
            vec![],
            "this user namespace does not map that owner",
        ),
        (own(ENOSYS), vec![filtered(1)], filter),
        (
            chmod(EPERM),
            vec![],
            "another owner or group needs CAP_CHOWN, a queue's CAP_FOWNER too",
        ),
        (
            link(ENOENT),
            vec![],
            "without /proc, linkat(2) needs CAP_DAC_READ_SEARCH or Linux 6.10",
        ),
        (
            link(EPERM),
            vec![],
            "fs.protected_hardlinks=1 needs CAP_FOWNER",
        ),
        (link(EACCES), vec![], closed),
        (link(EROFS), vec![], "/dev/shm is read-only"),
        (link(ENOTDIR), vec![], "there is no /dev/shm"),
        (
            link(ENOSPC),
            vec![(AskSpace, 0)],
            "0 of 2000 pages of /dev/shm are free (size)",
        ),
        (link(ENOMEM), vec![], no_memory),
        (link(EMLINK), vec![], ""),
        (
            queue(ENOSPC),
            vec![knows("/proc/sys/fs/mqueue/queues_max", b"256\n")],
            "not disk space: there are 256 POSIX queues (fs.mqueue.queues_max)",
        ),
        (
            queue(ENOSPC),
            vec![],
            "not disk space: too many POSIX queues (fs.mqueue.queues_max)",
        ),
        (
            queue(ENOSYS),
            vec![filtered(0)],
            "this kernel has no POSIX queues (CONFIG_POSIX_MQUEUE)",
        ),
        (
            queue(ENOSYS),
            vec![filtered(1)],
            "this kernel has no POSIX queues (CONFIG_POSIX_MQUEUE), or a seccomp filter hides it",
        ),
        (queue(EACCES), vec![filtered(0)], security_module),
        (queue(EPERM), vec![filtered(1)], filter),
        (queue(ENOMEM), vec![], no_memory),
        (queue(ENFILE), vec![], no_file),
        // It means two things: another file can be opened, or none.
        (
            queue(EMFILE),
            vec![error(Read(Source::System("/"), b""), EMFILE)],
            no_descriptor,
        ),
        (
            queue(EMFILE),
            vec![
                error(Read(Source::System("/"), b""), EISDIR),
                knows("/proc/sys/fs/mqueue/msg_default", b"5\n"),
                msg_max(),
                knows("/proc/sys/fs/mqueue/msgsize_default", b"9000\n"),
                msgsize_max(),
                (AskLimit(libc::RLIMIT_MSGQUEUE), 819_200),
            ],
            "5 messages of 8192 bytes take more than is left of 819200 bytes (RLIMIT_MSGQUEUE)",
        ),
        (
            queue_of([11, 12], EMFILE),
            vec![
                error(Read(Source::System("/"), b""), EISDIR),
                (AskLimit(libc::RLIMIT_MSGQUEUE), 0),
            ],
            "11 messages of 12 bytes take more than is left of 0 bytes (RLIMIT_MSGQUEUE)",
        ),
        (
            queue_of([0, 1], EINVAL),
            vec![msg_max(), msgsize_max()],
            attributes,
        ),
        (
            queue_of([1, 0], EINVAL),
            vec![msg_max(), msgsize_max()],
            attributes,
        ),
        (
            queue_of([11, 12], EINVAL),
            vec![msg_max(), error(msgsize_max().0, ENOENT)],
            "--maxmsg or --msgsize is 0, or over fs.mqueue.msg_max or msgsize_max",
        ),
    ] {
        let script = [start(), script].concat();
        assert_eq!(explain(line, script, causes), hint, "{line}");
    }
}

/// In JSON a name takes the place of an id and a key. The umask is the kernel's: what is new is looked
/// at too.
#[test]
fn json() {
    let object =
        |kind: &str, rest: &str| format!("{{\"kind\": \"{kind}\", \"name\": \"x\", {rest}}}");
    let text = |objects: [String; 3]| format!("{{\"ipcmk\": [\n{}\n]}}\n", objects.join(",\n"));
    // While it is open.
    let looked_at = |mut calls: Vec<Expected>, result| {
        let before_closing = calls.len() - 1;
        calls.insert(before_closing, (AskOpen(FD), result));
        calls
    };
    let [shm_path, sem_path] = ["/dev/shm/x", "/dev/shm/sem.x"];
    let all = script(
        [
            looked_at(shm(0o666, 4096, None, shm_path), a_file(0o640, 4096)),
            looked_at(queue(0o666, None, None, "x"), a_file(0o600, 80)),
            looked_at(semaphore(0o666, glibc(0), None, sem_path), a_file(0, 32)),
        ],
        &text([
            object(
                "posix-shmem",
                "\"mode\": \"0640\", \"size\": 4096, \"created\": true",
            ),
            object("posix-mqueue", "\"mode\": \"0600\", \"created\": true"),
            object("posix-semaphore", "\"mode\": \"0000\", \"created\": true"),
        ]),
    );
    for line in [
        "-J -m 4096 -q -s -n x -p 666",
        "-m 4096 -q -s -n x -p 666 --raw --json",
    ] {
        assert_eq!(try_failures(line, &[(0, all.clone())]), 13);
    }

    let found = |queue: &[Expected]| {
        let mut calls = vec![
            look(shm_path, a_file(0o640, 4096)),
            error(OpenQueue("x".into(), 0o644, None), libc::EEXIST),
        ];
        calls.extend_from_slice(queue);
        calls.push(look(sem_path, a_file(0o777, 64)));
        calls
    };
    let opened = (FindQueue("x".into()), FD as i64);
    let line = "-e -J -m 1 -q -s -n x";
    let all = script(
        [found(&[
            opened.clone(),
            (AskOpen(FD), a_file(0o400, 80)),
            (Close(FD), 0),
        ])],
        &text([
            object(
                "posix-shmem",
                "\"mode\": \"0640\", \"size\": 4096, \"created\": false",
            ),
            object("posix-mqueue", "\"mode\": \"0400\", \"created\": false"),
            object("posix-semaphore", "\"mode\": \"0777\", \"created\": false"),
        ]),
    );
    assert_eq!(play(line, all), silent());

    // Nobody may open it, or it is gone, or a filter forbids the look.
    let refused = [libc::EACCES, libc::ENOENT, libc::EMFILE]
        .map(|errno| vec![error(FindQueue("x".into()), errno)]);
    let filtered = vec![opened, error(AskOpen(FD), libc::EPERM), (Close(FD), 0)];
    for queue in refused.into_iter().chain([filtered]) {
        let all = script(
            [found(&queue)],
            &text([
                object(
                    "posix-shmem",
                    "\"mode\": \"0640\", \"size\": 4096, \"created\": false",
                ),
                object("posix-mqueue", "\"mode\": null, \"created\": false"),
                object("posix-semaphore", "\"mode\": \"0777\", \"created\": false"),
            ]),
        );
        assert_eq!(play(line, all), silent());
    }
    let hidden = |calls| looked_at(calls, -i64::from(libc::EPERM));
    let all = script(
        [
            hidden(shm(0o644, 1, None, shm_path)),
            hidden(queue(0o644, None, None, "x")),
            hidden(semaphore(0o644, glibc(0), None, sem_path)),
        ],
        &text([
            object(
                "posix-shmem",
                "\"mode\": null, \"size\": null, \"created\": true",
            ),
            object("posix-mqueue", "\"mode\": null, \"created\": true"),
            object("posix-semaphore", "\"mode\": null, \"created\": true"),
        ]),
    );
    assert_eq!(play("-J -m 1 -q -s -n x", all), silent());
}

/// Lines of a batch, each with a name of its own.
#[test]
fn in_a_batch_all_are_made_or_none() {
    let lines = "-q -n a\n# a comment\n-e -m 5 -n /b -S 1 -k 7\n-s -n c --libc musl -r\n";
    let parts = [
        (0, [jobs(lines), vec![(BlockSignals, 0)]].concat()),
        (1, queue(0o644, None, None, "a")),
        (
            3,
            [
                vec![error(AskFile("/dev/shm/b".into()), libc::ENOENT)],
                shm(0o644, 5, None, "/dev/shm/b"),
                vec![(Get(Kind::Sem, 7, 1, 0), 30)],
            ]
            .concat(),
        ),
        (4, semaphore(0o644, musl(0), None, "/dev/shm/c")),
        (
            0,
            vec![ok(
                "POSIX message queue name: a\nPOSIX shared memory name: /b\n\
                     Semaphore id: 30\nc\n",
            )],
        ),
    ];
    assert_eq!(try_failures("--batch jobs", &parts), 15);

    // A mistake in a line is found before anything is made.
    for (lines, told) in [
        ("-q -n a\n-m 1\n", "line 2: name is required for POSIX IPC"),
        (
            "-q -n a\n-q -n b --libc musl\n",
            "line 2: option '--libc' does not apply to anything on this line",
        ),
    ] {
        let script = [jobs(lines), vec![(BlockSignals, 0)]].concat();
        assert_eq!(tell("--batch jobs", script), [told]);
    }
    // A wrong name is a failure: what was made before is removed.
    let mut script = [jobs("-q -n a\n-m 1 -n b/c\n"), vec![(BlockSignals, 0)]].concat();
    script.extend(queue(0o644, None, None, "a"));
    script.push((UnlinkQueue("a".into()), 0));
    assert_eq!(
        tell("--batch jobs", script),
        [
            "line 2: create POSIX shared memory failed: Invalid argument",
            BAD_NAME
        ]
    );
}

/// Objects of both interfaces count.
#[test]
fn most_objects_of_a_batch() {
    let line = "-M 1 -m 1 -Q -q -S 1 -s -n x\n";
    let lines = line.repeat(682) + "-m 1 -q -s -n x\n-q -n x\n-s -n x\n";
    let script = [jobs(&lines), vec![(BlockSignals, 0)]].concat();
    let told = "line 685: a batch has at most 4096 objects";
    assert_eq!(tell("--batch jobs", script), [told]);

    let lines = "-m 1 -q -s -n x -e\n".repeat(1365) + "-q -n x\n";
    let mut script = [jobs(&lines), vec![(BlockSignals, 0)]].concat();
    for _ in 0..1365 {
        script.push(error(AskFile("/dev/shm/x".into()), libc::ENOENT));
        script.extend(shm(0o644, 1, None, "/dev/shm/x"));
        script.extend(queue(0o644, None, None, "x"));
        script.push(error(AskFile("/dev/shm/sem.x".into()), libc::ENOENT));
        script.extend(semaphore(0o644, glibc(0), None, "/dev/shm/sem.x"));
    }
    script.extend(queue(0o644, None, None, "x"));
    let text = "x\n".repeat(4096);
    let made = script.clone().into_iter().chain([ok(&text)]);
    assert_eq!(play("-r --batch jobs", made), silent());

    let mut undo = vec![(UnlinkQueue("x".into()), 0)];
    for _ in 0..1365 {
        undo.extend([
            (Unlink("/dev/shm/sem.x".into()), 0),
            (UnlinkQueue("x".into()), 0),
            (Unlink("/dev/shm/x".into()), 0),
        ]);
    }
    script.push(error(Write(text), libc::EPIPE));
    script.extend(undo);
    assert_eq!(
        tell("-r --batch jobs", script),
        ["write error: Broken pipe"]
    );
}

/// A limit is measured before what this run has made is removed from it.
#[test]
fn the_cause_is_measured_before_the_undo() {
    let refused = error(OpenUnnamed(0o644), libc::ENOSPC);
    let mut script = [jobs("-q -n x\n-m 1 -n x\n"), vec![(BlockSignals, 0)]].concat();
    script.extend(queue(0o644, None, None, "x"));
    let undo = (UnlinkQueue("x".into()), 0);
    // Once for the inodes, once for the pages.
    script.extend([refused, (AskSpace, 0), (AskSpace, 0), undo]);
    assert_eq!(
        tell("--batch jobs", script),
        [
            "line 2: create POSIX shared memory failed: No space left on device",
            "0 of 2000 pages of /dev/shm are free (size)"
        ]
    );
    let mut script = start();
    script.extend(queue(0o644, None, None, "x"));
    script.extend([
        (OpenUnnamed(0o644), 1),
        error(Fill(FD, glibc(0)), libc::ENOSPC),
        (Close(FD), 0),
        (AskSpace, 0),
        (AskSpace, 0),
        (UnlinkQueue("x".into()), 0),
    ]);
    assert_eq!(
        tell("-q -s -n x", script),
        [
            "create POSIX semaphore failed: No space left on device",
            "0 of 2000 pages of /dev/shm are free (size)"
        ]
    );
}

/// Whatever was found wrong, nothing is made.
#[test]
fn options_that_do_not_go_together_are_told() {
    let narrow = |name: &str| format!("option '--{name}' does not apply to anything on this line");
    let count =
        |values: &str| format!("--value takes one value, or one for each semaphore: '{values}'");
    let range = |what: &str, text: &str| {
        format!("failed to parse {what}: '{text}': Numerical result out of range")
    };
    let invalid =
        |what: &str, text: &str| format!("failed to parse {what}: '{text}': Invalid argument");
    let no_name = || String::from("name is required for POSIX IPC");
    for (line, told) in [
        ("-m 1", no_name()),
        ("-q", no_name()),
        ("-s -M 1", no_name()),
        ("-q -n x -k 7", narrow("key")),
        ("-m 1 -n x --ftok /", narrow("ftok")),
        ("-M 1 -e -n x", narrow("existing")),
        ("-M 1 -Q -n x --maxmsg 1", narrow("maxmsg")),
        ("-m 1 -s -n x --msgsize 1", narrow("msgsize")),
        ("-m 1 -q -n x --value 1", narrow("value")),
        ("-S 1 -q -n x --libc musl", narrow("libc")),
        ("-q -n x --qbytes 1", narrow("qbytes")),
        ("-m 1 -n x --lock", narrow("lock")),
        ("-m 1 -n x --hugetlb", narrow("hugetlb")),
        ("-m 1 -n x --noreserve", narrow("noreserve")),
        // A list is for a set alone.
        ("-s -n x --value 1,2", count("1,2")),
        ("-s -n x -S 2 --value 1,2", count("1,2")),
        ("-s -n x -M 1 --value 3 --value 1,2,3", count("1,2,3")),
        // Of both kinds of semaphores the stricter one's bound counts.
        ("-s -n x -S 2 --value 32768", range("value", "32768")),
        ("-S 1 --value 32768", range("value", "32768")),
        ("-S 2 --value 0,32768", range("value", "0,32768")),
        ("-s -n x --value 2147483648", range("value", "2147483648")),
        ("-s -n x --value -1", invalid("value", "-1")),
        ("-q -n x --maxmsg 2147483648", range("count", "2147483648")),
        ("-q -n x --maxmsg -1", range("count", "-1")),
        ("-q -n x --maxmsg 1K", invalid("count", "1K")),
        ("-q -n x --msgsize 2G", range("size", "2G")),
        ("-q -n x --msgsize -1", invalid("size", "-1")),
        ("-s -n x --libc bionic", invalid("libc", "bionic")),
        ("-s -n x --libc ''", invalid("libc", "")),
        ("-m 1x -n x", invalid("size", "1x")),
        ("-m 16E -n x", range("size", "16E")),
        ("-m 1 -n x 600", "extra operand '600'".into()),
        ("-M 1 -q -n x 600", "extra operand '600'".into()),
        (
            "-e -q -n x --batch jobs",
            "--batch takes no options but -r and -J".into(),
        ),
        // By keys there are no POSIX objects.
        (
            "--keyed -S 7 --libc musl",
            "unrecognized option '--libc'".into(),
        ),
        (
            "--keyed -Q 7 -p 1 --maxmsg 1",
            "unrecognized option '--maxmsg'".into(),
        ),
        (
            "--keyed -Q 7 -p 1 --msgsize 1",
            "unrecognized option '--msgsize'".into(),
        ),
        ("--keyed -M 7 -p 1 -n x", "invalid option -- 'n'".into()),
        ("--keyed -m 7", "invalid option -- 'm'".into()),
        ("--keyed -q", "invalid option -- 'q'".into()),
        ("--keyed -M 7 -p 1 --value 1", narrow("value")),
        ("-S 0x7 -s 2 --value 32768", range("value", "32768")),
        ("-S 0x7 --value 1,2", count("1,2")),
    ] {
        assert_eq!(tell(line, [(BlockSignals, 0)]), [told], "{line}");
    }
    // A name is of no use to the others, as in util-linux, and no error.
    let script = [
        (BlockSignals, 0),
        (Get(Kind::Queue, 7, 0, NEW | 0o644), 5),
        ok("5\n"),
    ];
    assert_eq!(play("-r -k 7 -Q -n x", script), silent());
}

/// A segment that would die is looked for as before.
#[test]
fn posix_memory_does_not_die_with_us() {
    let script = [start(), vec![(crate::script::forced(b"1\n"), 0)]].concat();
    let (status, told) = play("-k 7 -m 1 -M 1 -n x", script);
    assert!(status == 1 && told.contains("shm_rmid_forced"), "{told}");
    let all = self::script([shm(0o644, 1, None, "/dev/shm/x")], "x\n");
    assert_eq!(play("-rm1 -nx", all), silent());
}
