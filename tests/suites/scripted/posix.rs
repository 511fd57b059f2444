//! POSIX objects: how they are completed before any process finds them, and what is undone. The
//! scripted kernel sees to it that no descriptor is open as something is printed.

use ipcmk::kernel::object::Kind;

use crate::batch::jobs;
use crate::script::{
    Allocate, AskAttributes, AskFile, AskFilter, AskLimit, AskLimits, AskOpen, AskSpace, AskUmask,
    BlockSignals, Chmod, Close, Expected, Fill, FindQueue, Get, IsSame, Link, LinkPath, NEW, OURS,
    OpenNew, OpenQueue, OpenUnnamed, Operate, Own, Random, Read, Refuse, SHM_RMID_FORCED, Set,
    SetValues, Source, Truncate, Unlink, UnlinkQueue, Values, WaitToFill, Write, error, explain,
    failed, ok, play, silent, tell, try_failures,
};
use syscalls::Sysno;

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

/// The default mode; tests give others.
const DEFAULT: u32 = 0o644;

/// A file is opened without a name, filled, and linked into place.
fn file(mode: u32, content: Expected, owner: Option<(u32, u32)>, path: &str) -> Vec<Expected> {
    let mut calls = vec![(OpenUnnamed(mode), FD as i64), content];
    calls.extend((mode != DEFAULT).then_some((Chmod(FD, mode), 0)));
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
    // With another owner it is closed to all until it is complete.
    let first = if owner.is_some() { 0 } else { mode };
    let mut calls = vec![(OpenQueue(name.into(), first, attributes), FD as i64)];
    calls.extend(owner.map(|owner| (Own(FD, owner), 0)));
    if mode != DEFAULT {
        calls.push((Chmod(FD, mode), 0));
    } else if owner.is_some() {
        // The umask takes the others' right to read.
        calls.extend([(AskUmask, 0o27), (Chmod(FD, 0o640), 0)]);
    }
    calls.push((Close(FD), 0));
    calls
}

/// Memory comes first, and is asked for while signals can still end the run.
fn start() -> Vec<Expected> {
    vec![(BlockSignals, 0)]
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
            "-q -n x --owner 5",
            queue(0o644, None, Some((5, OURS)), "x"),
            "POSIX message queue name: x\n",
        ),
        (
            "-q -n x -p 600",
            queue(0o600, None, None, "x"),
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
        // And the one at the start and the output.
        assert_eq!(tried, calls.len() + 2, "{line}");
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
    assert_eq!(try_failures(line, &[(0, all)]), 18);

    // Another C library looks elsewhere for its semaphores, and finds other bytes in them.
    let line = line
        .replace("-n x", "-n y -n x --libc musl")
        .replace("-m 4K ", "");
    let [_, queue, semaphore] = made(musl(7), "/dev/shm/x");
    let (_, lines) = LINES.split_once('\n').expect("several lines");
    let all = script([queue, semaphore], lines);
    assert_eq!(try_failures(&line, &[(0, all)]), 12);
}

/// Beside one alone the other one is what the kernel would choose: its default, but no more than it
/// allows. Without /proc it is the default of every kernel.
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

/// Together with objects of System V, in the order of the kinds; one transaction.
#[test]
fn both_interfaces_on_one_line() {
    let sem = Get(Kind::Sem, 0x33, 2, NEW | 0o600);
    let mut all = vec![(AskLimits(Kind::Sem), 0), (Values(2), 0)];
    all.extend(script(
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
                (SetValues(30, vec![9, 9]), 0),
                (Operate(30, [1, -1]), 0),
                (Set(Kind::Sem, 30, (OURS, OURS), 0o640, 0), 0),
            ],
            semaphore(0o640, glibc(9), None, "/dev/shm/sem.x"),
        ],
        "Shared memory id: 10\nPOSIX shared memory name: x\nMessage queue id: 20\n\
         POSIX message queue name: x\nSemaphore id: 30\nPOSIX semaphore name: x\n",
    ));
    let line = "-s -q -m 2 -n x -S 2 -Q -M 1 -p 640 --value 9";
    assert_eq!(try_failures(line, &[(0, all)]), 26);
}

/// A file's type and mode, and its size, as the kernel tells them.
const fn a_file(mode: u32, size: u32) -> i64 {
    (libc::S_IFREG as i64 | mode as i64) << 32 | size as i64
}

/// Where there is no room for a file to be told.
fn look(path: &str, result: i64) -> Expected {
    (AskFile(path.into()), result)
}

/// Another process creates it between our look and our creation: it is found after all. Or removes
/// it again, and it is ours.
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

/// Refusals without a cause in /dev/shm, or with one that cannot be measured.
#[test]
fn a_refusal_is_explained() {
    use libc::{
        EACCES, EDQUOT, EFBIG, EISDIR, ELOOP, EMFILE, EMLINK, ENFILE, ENOMEM, ENOSPC, ENOSYS,
        ENOTDIR, EOVERFLOW, EPERM, EROFS,
    };
    let filtered = |yes| (AskFilter, yes);
    let by_filter = |call, errno| vec![filtered(1), error(Refuse(call), errno)];
    // Each call that can be refused: the line, and the calls before and after it.
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
    let allocate = |errno| {
        let script = vec![
            (OpenUnnamed(0o644), 1),
            error(Allocate(FD, 8192), errno),
            (Close(FD), 0),
        ];
        ("-m 8192 -n x --allocate", script)
    };
    let write = |errno| {
        let script = vec![
            (OpenUnnamed(0o644), 1),
            error(Fill(FD, glibc(0)), errno),
            (Close(FD), 0),
        ];
        ("-s -n x", script)
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
    let chmod = |errno| {
        let script = vec![
            (OpenQueue("x".into(), 0, None), 1),
            (Own(FD, (5, OURS)), 0),
            (AskUmask, 0o22),
            error(Chmod(FD, 0o644), errno),
            (Close(FD), 0),
            (UnlinkQueue("x".into()), 0),
        ];
        ("-q -n x --owner 5", script)
    };
    let set_mode = |errno| {
        let script = vec![
            (OpenQueue("x".into(), 0o600, None), 1),
            error(Chmod(FD, 0o600), errno),
            (Close(FD), 0),
            (UnlinkQueue("x".into()), 0),
        ];
        ("-q -n x -p 600", script)
    };
    let link_owned = |errno| {
        let script = vec![
            (OpenUnnamed(0o644), 1),
            (Truncate(FD, 7), 0),
            (Own(FD, (5, OURS)), 0),
            error(Link(FD, "/dev/shm/x".into()), errno),
            (Close(FD), 0),
        ];
        ("-m 7 -n x --owner 5", script)
    };
    let knows =
        |path: &'static str, content: &'static [u8]| (Read(Source::System(path), content), 0);
    let closed = "/dev/shm denies access: its mode, its file system or a security module";
    let filter = "a seccomp filter forbids this call";
    let no_memory = "kernel memory is short or over the cgroup's memory.max";
    for ((line, script), causes, hint) in [
        (open(ENOTDIR), vec![], "/dev/shm is no directory"),
        (open(ENOSPC), vec![error(AskSpace, EPERM)], ""),
        (open(ENOMEM), vec![], no_memory),
        (open(EPERM), vec![], ""),
        (open(ENOSYS), vec![], ""),
        (open(EPERM), by_filter(Sysno::openat, EPERM), filter),
        // It refuses the call in another way, which is not this one.
        (open(EPERM), by_filter(Sysno::openat, EACCES), ""),
        (open(ENOSYS), by_filter(Sysno::openat, ENOSYS), filter),
        (open(EACCES), by_filter(Sysno::openat, EACCES), filter),
        (open(EACCES), vec![], closed),
        (truncate(EPERM), by_filter(Sysno::ftruncate, EPERM), filter),
        (truncate(EPERM), vec![], ""),
        (allocate(EPERM), by_filter(Sysno::fallocate, EPERM), filter),
        (allocate(EPERM), vec![], ""),
        (
            allocate(ENOSPC),
            vec![(AskSpace, 1)],
            "8 kB asked for, 4 of 8000 kB of /dev/shm are free (size)",
        ),
        (chmod(EPERM), by_filter(Sysno::fchmod, EPERM), filter),
        (link(EPERM), by_filter(Sysno::linkat, EPERM), filter),
        (
            link_owned(EPERM),
            vec![knows("/proc/sys/fs/protected_hardlinks", b"1\n")],
            "fs.protected_hardlinks=1: another owner needs CAP_FOWNER",
        ),
        (
            link_owned(EPERM),
            vec![knows("/proc/sys/fs/protected_hardlinks", b"0\n")],
            "",
        ),
        (link_owned(EPERM), vec![], ""),
        // Of its own owner's, the sysctl forbids no link.
        (link(EPERM), vec![], ""),
        (queue(EACCES), by_filter(Sysno::mq_open, EACCES), filter),
        (
            queue(ENOSYS),
            vec![filtered(0)],
            "this kernel has no POSIX queues (CONFIG_POSIX_MQUEUE)",
        ),
        (
            queue(ENOSYS),
            by_filter(Sysno::mq_unlink, ENOSYS),
            "this kernel has no POSIX queues (CONFIG_POSIX_MQUEUE), or a seccomp filter hides it",
        ),
        // The kernel has the other call on queues.
        (queue(ENOSYS), vec![filtered(1)], filter),
        (
            queue(EOVERFLOW),
            vec![],
            "this user namespace does not map this user or its group",
        ),
        (open(ELOOP), vec![], ""),
        (
            truncate(EFBIG),
            vec![error(AskLimit(libc::RLIMIT_FSIZE), EPERM)],
            "",
        ),
        (truncate(ENOMEM), vec![], no_memory),
        (write(ENOMEM), vec![], no_memory),
        (write(EDQUOT), vec![], ""),
        (
            chmod(EPERM),
            vec![],
            "another owner or group needs CAP_CHOWN, a queue's CAP_FOWNER too",
        ),
        // Not with the owner that it has.
        (set_mode(EPERM), vec![], ""),
        (set_mode(EPERM), by_filter(Sysno::fchmod, EPERM), filter),
        (link(EACCES), vec![], closed),
        (link(EROFS), vec![], "/dev/shm is read-only"),
        (link(ENOTDIR), vec![], "/dev/shm is no directory"),
        (link(ENOMEM), vec![], no_memory),
        (link(EMLINK), vec![], ""),
        (queue(EACCES), vec![], ""),
        (queue(ENOMEM), vec![], no_memory),
        (
            queue(ENFILE),
            vec![],
            "the system's table of open files is full (fs.file-max)",
        ),
        // The default of a message's bytes is over their limit: the limit counts.
        (
            queue(EMFILE),
            vec![
                error(Read(Source::System("/"), b""), EISDIR),
                knows("/proc/sys/fs/mqueue/msg_default", b"5\n"),
                knows("/proc/sys/fs/mqueue/msg_max", b"10\n"),
                knows("/proc/sys/fs/mqueue/msgsize_default", b"9000\n"),
                knows("/proc/sys/fs/mqueue/msgsize_max", b"8192\n"),
                (AskLimit(libc::RLIMIT_MSGQUEUE), 819_200),
            ],
            "5 messages of 8192 bytes take more than is left of 819200 bytes (RLIMIT_MSGQUEUE)",
        ),
    ] {
        let script = [start(), script].concat();
        assert_eq!(explain(line, script, causes), hint, "{line}");
    }
}

/// A found queue that may not be opened, or is gone, or whose status a filter forbids to read: its
/// mode is null.
#[test]
fn a_found_queue_may_keep_its_mode_to_itself() {
    let text = "{\"ipcmk\": [\n\
        {\"kind\": \"posix-mqueue\", \"name\": \"x\", \"mode\": null, \"maxmsg\": null, \"msgsize\": null, \"created\": false}\n]}\n";
    let refused = [libc::EACCES, libc::ENOENT, libc::EMFILE]
        .map(|errno| vec![error(FindQueue("x".into()), errno)]);
    let filtered = vec![
        (FindQueue("x".into()), FD as i64),
        error(AskOpen(FD), libc::EPERM),
        error(AskAttributes(FD), libc::EPERM),
        (Close(FD), 0),
    ];
    for looks in refused.into_iter().chain([filtered]) {
        let found = vec![error(OpenQueue("x".into(), 0o644, None), libc::EEXIST)];
        let all = script([found, looks], text);
        assert_eq!(play("-e -J -q -n x", all), silent());
    }
}

/// A new object whose status a filter forbids to read.
#[test]
fn a_new_object_may_keep_its_mode_to_itself() {
    let text = "{\"ipcmk\": [\n\
        {\"kind\": \"posix-shmem\", \"name\": \"x\", \"mode\": null, \"size\": null, \"created\": true},\n\
        {\"kind\": \"posix-mqueue\", \"name\": \"x\", \"mode\": null, \"maxmsg\": null, \"msgsize\": null, \"created\": true},\n\
        {\"kind\": \"posix-semaphore\", \"name\": \"x\", \"mode\": null, \"created\": true}\n]}\n";
    let hidden = |mut calls: Vec<Expected>| {
        let before_closing = calls.len() - 1;
        calls.insert(before_closing, error(AskOpen(FD), libc::EPERM));
        calls
    };
    let all = script(
        [
            hidden(shm(0o644, 1, None, "/dev/shm/x")),
            {
                let mut calls = hidden(queue(0o644, None, None, "x"));
                calls.insert(calls.len() - 1, error(AskAttributes(FD), libc::EPERM));
                calls
            },
            hidden(semaphore(0o644, glibc(0), None, "/dev/shm/sem.x")),
        ],
        text,
    );
    assert_eq!(try_failures("-J -m 1 -q -s -n x", &[(0, all)]), 12);
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
}

/// A limit is measured before what this run has made is removed from it.
#[test]
fn the_cause_is_measured_before_the_undo() {
    let refused = error(OpenUnnamed(0o644), libc::ENOSPC);
    let mut script = [jobs("-q -n x\n-m 1 -n x\n"), vec![(BlockSignals, 0)]].concat();
    script.extend(queue(0o644, None, None, "x"));
    let undo = (UnlinkQueue("x".into()), 0);
    script.extend([refused, (AskSpace, 0), undo]);
    assert_eq!(
        tell("--batch jobs", script),
        [
            "line 2: create POSIX shared memory failed: No space left on device",
            "0 of 2000 blocks of /dev/shm are free (size)"
        ]
    );
    let mut script = start();
    script.extend(queue(0o644, None, None, "x"));
    script.extend([
        (OpenUnnamed(0o644), 1),
        error(Fill(FD, glibc(0)), libc::ENOSPC),
        (Close(FD), 0),
        (AskSpace, 0),
        (UnlinkQueue("x".into()), 0),
    ]);
    assert_eq!(
        tell("-q -s -n x", script),
        [
            "create POSIX semaphore failed: No space left on device",
            "0 of 2000 blocks of /dev/shm are free (size)"
        ]
    );
}

/// The name of a file that is not whole yet, by the random numbers 1 and 0xabcdef.
const OTHER: &str = "/dev/shm/.ipcmk-0000000100abcdef";

/// Opened under another name, filled, linked by `link`, and rid of that name.
fn named(content: Expected, properties: Vec<Expected>, link: Vec<Expected>) -> Vec<Expected> {
    let opened = vec![
        (Random, 1),
        (Random, 0xab_cdef),
        (OpenNew(OTHER.into()), FD as i64),
        content,
    ];
    let closed = vec![
        (IsSame(FD, OTHER.into()), 1),
        (Close(FD), 0),
        (Unlink(OTHER.into()), 0),
    ];
    [opened, properties, link, closed].concat()
}

/// Where there is no unnamed file, a file is made whole under another name; every failure is
/// undone, and that name goes at once.
#[test]
fn a_file_is_made_whole_under_another_name() {
    use libc::{EINVAL, EISDIR, ENOENT, EOPNOTSUPP};
    let path = || "/dev/shm/x".to_owned();
    let by_descriptor = || vec![(Link(FD, path()), 0)];
    let by_path = |errno| {
        vec![
            error(Link(FD, path()), errno),
            (LinkPath(OTHER.into(), path()), 0),
            (IsSame(FD, path()), 1),
        ]
    };
    let default = || vec![(AskUmask, 0o27), (Chmod(FD, 0o640), 0)];
    let owner = || vec![(Own(FD, (5, OURS)), 0)];
    let filled = || (Truncate(FD, 9), 0);
    for errno in [EOPNOTSUPP, EISDIR, EINVAL, ENOENT] {
        let refused = || vec![error(OpenUnnamed(0o644), errno)];
        let line = "-r -m 9 -n x";
        let made = named(filled(), default(), by_descriptor());
        let all = script([refused(), made.clone()], "x\n");
        assert_eq!(try_failures(line, &[(0, all)]), 2 + made.len());
        let made = named(filled(), default(), by_path(errno));
        try_failures(line, &[(0, script([refused(), made.clone()], "x\n"))]);

        // It is whole, but its name cannot be linked to it.
        let unlinked = vec![
            (OpenUnnamed(0o644), FD as i64),
            filled(),
            error(Link(FD, path()), errno),
            (Close(FD), 0),
        ];
        try_failures(line, &[(0, script([unlinked, made], "x\n"))]);

        // The owner, and then the mode.
        let owned = [owner(), default()].concat();
        let made = named((Fill(FD, musl(0)), 32), owned, by_path(errno));
        let line = "-r -s -n x --owner 5 --libc musl";
        try_failures(line, &[(0, script([refused(), made], "x\n"))]);
        let exact = [owner(), vec![(Chmod(FD, 0o606), 0)]].concat();
        let made = named((Fill(FD, musl(0)), 32), exact, by_descriptor());
        let refused = vec![error(OpenUnnamed(0o606), errno)];
        let line = "-r -s -n x --owner 5 --libc musl -p 606";
        try_failures(line, &[(0, script([refused, made], "x\n"))]);
    }
}

/// What another process puts where a file of ours was, or is to be, is not ours.
#[test]
fn a_file_that_is_replaced_is_an_error_and_stays() {
    let path = || "/dev/shm/x".to_owned();
    let calls = [
        start(),
        vec![
            error(OpenUnnamed(0o600), libc::EISDIR),
            (Random, 1),
            (Random, 0xab_cdef),
            (OpenNew(OTHER.into()), FD as i64),
            (Truncate(FD, 9), 0),
            (Chmod(FD, 0o600), 0),
            error(Link(FD, path()), libc::ENOENT),
            (LinkPath(OTHER.into(), path()), 0),
            (IsSame(FD, path()), 0),
        ],
    ];
    // Under both names, or under the final one alone.
    let unlink = (Unlink(OTHER.into()), 0);
    for (other, unlink) in [
        (0, None),
        (1, Some(unlink.clone())),
        // Unknown, or gone: only ESTALE says that it is another file.
        (-i64::from(libc::EACCES), Some(unlink)),
        (
            -i64::from(libc::ENOENT),
            Some(error(Unlink(OTHER.into()), libc::ENOENT)),
        ),
    ] {
        let end = vec![(IsSame(FD, OTHER.into()), other), (Close(FD), 0)];
        let calls = [calls.concat(), end, Vec::from_iter(unlink)];
        assert_eq!(
            tell("-m 9 -n x -p 600", calls.concat()),
            [
                "create POSIX shared memory failed: Stale file handle",
                "another process put a file there"
            ]
        );
    }
}

/// The other name can be in use, gone, or stay.
#[test]
fn the_other_name_is_random_and_named_if_it_stays() {
    let opened = |errno| {
        let mut calls = vec![
            error(OpenUnnamed(0o600), libc::EOPNOTSUPP),
            (Random, 0xffff_ffff),
            (Random, 0),
        ];
        let path = "/dev/shm/.ipcmk-ffffffff00000000";
        calls.push(error(OpenNew(path.into()), errno));
        calls
    };
    let filled = || {
        vec![
            (Truncate(FD, 9), 0),
            (Chmod(FD, 0o600), 0),
            (Link(FD, "/dev/shm/x".into()), 0),
            (IsSame(FD, OTHER.into()), 1),
            (Close(FD), 0),
        ]
    };
    let line = "-r -m 9 -n x -p 600";
    let other = |errno| {
        let opened = vec![
            (Random, 1),
            (Random, 0xab_cdef),
            (OpenNew(OTHER.into()), FD as i64),
        ];
        [opened, filled(), vec![error(Unlink(OTHER.into()), errno)]].concat()
    };
    let all = script([opened(libc::EEXIST), other(libc::ENOENT)], "x\n");
    assert_eq!(play(line, all), silent());

    let undo = vec![(AskFilter, 0), (Unlink("/dev/shm/x".into()), 0)];
    let script = [start(), opened(libc::EEXIST), other(libc::EACCES), undo];
    assert_eq!(
        tell(line, script.concat()),
        [
            "create POSIX shared memory failed: Permission denied",
            "/dev/shm/.ipcmk-0000000100abcdef is left behind: Permission denied"
        ]
    );
}
