//! What lines name is removed: what goes meanwhile, what is refused, and what cannot be printed.
//! Nothing is created, and nothing that is removed comes back.

use ipcmk::kernel::object::Kind;

use crate::THREE_LINES;
use crate::batch::jobs;
use crate::script::{
    AskFilter, BlockSignals, Call, Expected, Get, Identify, Remove, Unlink, UnlinkQueue, Wait,
    Write, both, error, failed, ok, play, silent, tell,
};

/// A line with one object of each kind, whose sizes have no meaning.
const THREE: &str = "-M 4096 -Q -S 3 -k 5 --remove";

/// The calls for each of its objects.
const CALLS: [[Expected; 2]; 3] = [
    [(Get(Kind::Shm, 5, 0, 0), 10), (Remove(Kind::Shm, 10), 0)],
    [
        (Get(Kind::Queue, 5, 0, 0), 20),
        (Remove(Kind::Queue, 20), 0),
    ],
    [(Get(Kind::Sem, 5, 0, 0), 30), (Remove(Kind::Sem, 30), 0)],
];

/// What each is printed with, and what its refusal is told with.
const WORDS: [(&str, &str); 3] = [
    (
        "Shared memory id: 10\n",
        "remove shared memory with key 0x5 failed",
    ),
    (
        "Message queue id: 20\n",
        "remove message queue with key 0x5 failed",
    ),
    ("Semaphore id: 30\n", "remove semaphore with key 0x5 failed"),
];

/// The calls where each object is removed, or is not: `change` makes others of those of an object.
fn script(change: impl Fn(usize, Vec<Expected>) -> Vec<Expected>) -> Vec<Expected> {
    let objects = CALLS.into_iter().enumerate();
    let calls = objects.flat_map(|(object, calls)| change(object, calls.into()));
    [(BlockSignals, 0)].into_iter().chain(calls).collect()
}

/// The lines of the objects for which this is true.
fn lines(is_removed: impl Fn(usize) -> bool) -> String {
    let objects = WORDS.iter().enumerate();
    let removed = objects.filter(|(object, _)| is_removed(*object));
    removed.map(|(_, (line, _))| *line).collect()
}

#[test]
fn each_object_is_removed_and_all_are_printed_at_once() {
    let mut script = script(|_, calls| calls);
    script.push(ok(THREE_LINES));
    assert_eq!(play(THREE, script.clone()), silent());
    // What is there is not asked, and an owner is not looked up.
    let line = "-M 1 -Q -S 1 -k 5 -e -p 0 --owner nobody:gone --value 3 --remove";
    assert_eq!(play(line, script), silent());
}

/// The ways in which an object of System V is not there any more.
fn gone(way: usize, calls: Vec<Expected>) -> Vec<Expected> {
    let [get, remove] = calls.try_into().expect("two calls");
    match way {
        0 => vec![error(get.0, libc::ENOENT)],
        1 => vec![get, error(remove.0, libc::EINVAL)],
        _ => vec![get, error(remove.0, libc::EIDRM)],
    }
}

#[test]
fn what_is_gone_or_goes_meanwhile_is_not_printed() {
    for way in 0..3 {
        for object in 0..3 {
            let mut script = script(|this, calls| match this {
                _ if this == object => gone(way, calls),
                _ => calls,
            });
            script.push(ok(&lines(|this| this != object)));
            assert_eq!(play(THREE, script), silent(), "{object} by {way}");
        }
        // Without a line there is no output.
        let script = script(|_, calls| gone(way, calls));
        assert_eq!(play(THREE, script.clone()), silent());
        let json = script.into_iter().chain([ok("{\"ipcmk\": [\n]}\n")]);
        assert_eq!(play(&format!("{THREE} -J"), json), silent());
    }
}

/// The calls for an object that this errno keeps: of its search, or of its removal.
fn kept(is_found: bool, errno: i32, calls: Vec<Expected>) -> Vec<Expected> {
    let [get, remove] = calls.try_into().expect("two calls");
    let mut calls = match is_found {
        false => vec![error(get.0, errno)],
        true => vec![get, error(remove.0, errno)],
    };
    calls.extend(hint(errno).map(|_| (AskFilter, 0)));
    calls
}

/// The second line, where there is one. It is known by one look whether a filter is the cause.
const fn hint(errno: i32) -> Option<&'static str> {
    match errno {
        libc::EPERM => Some("it is another user's"),
        _ => None,
    }
}

#[test]
fn what_is_refused_is_named_and_the_rest_is_removed() {
    for (is_found, errno) in [
        (true, libc::EPERM),
        (true, libc::EIO),
        (true, libc::ENOENT),
        (false, libc::EIO),
        (false, libc::ENOMEM),
        (false, libc::EINVAL),
        (false, libc::EIDRM),
    ] {
        // Each of them, then all.
        for refused in 0..4 {
            let is_refused = |object| refused == object || refused == 3;
            let mut script = script(|object, calls| match object {
                _ if is_refused(object) => kept(is_found, errno, calls),
                _ => calls,
            });
            let lines = lines(|object| !is_refused(object));
            script.extend((!lines.is_empty()).then(|| ok(&lines)));
            let objects = WORDS.iter().enumerate();
            let told: Vec<String> = objects
                .filter(|(object, _)| is_refused(*object))
                .flat_map(|(_, (_, what))| {
                    let reason = failed(what, errno).1;
                    [Some(reason), hint(errno).map(str::to_owned)]
                })
                .flatten()
                .collect();
            assert_eq!(tell(THREE, script), told);
        }
    }
}

/// What is removed stays removed, whatever becomes of the output.
#[test]
fn what_cannot_be_printed_is_told_once() {
    for errno in [
        libc::ENOSPC,
        libc::EBADF,
        libc::EPIPE,
        libc::EIO,
        libc::EFBIG,
    ] {
        let all = script(|_, calls| calls);
        let write = error(Write(THREE_LINES.to_owned()), errno);
        assert_eq!(
            tell(THREE, all.iter().cloned().chain([write])),
            [failed("write error", errno).1]
        );
        // After the object that could not be removed.
        let mut some = script(|object, calls| match object {
            1 => kept(true, libc::EIO, calls),
            _ => calls,
        });
        some.push(error(Write(lines(|object| object != 1)), errno));
        let told = [WORDS[1].1, "write error"].map(|what| what.to_owned());
        let told = [failed(&told[0], libc::EIO).1, failed(&told[1], errno).1];
        assert_eq!(tell(THREE, some), told);
    }
    let mut nothing = script(|_, calls| calls);
    nothing.push((Write(THREE_LINES.to_owned()), 0));
    assert_eq!(
        tell(THREE, nothing),
        [failed("write error", libc::EIO).1],
        "nothing is taken at all"
    );
}

#[test]
fn a_short_write_is_continued_wherever_it_ends() {
    for written in 1..THREE_LINES.len() {
        let mut first = script(|_, calls| calls);
        first.push((Write(THREE_LINES.to_owned()), written as i64));
        let rest = &THREE_LINES[written..];
        let script = first.iter().cloned().chain([ok(rest)]);
        assert_eq!(play(THREE, script), silent(), "{written} bytes first");
        first.push(error(Write(rest.to_owned()), libc::ENOSPC));
        let told = [failed("write error", libc::ENOSPC).1];
        assert_eq!(tell(THREE, first), told, "{written} bytes first");
    }
}

/// A signal ends the wait for a full pipe, and so does a failure of the wait.
#[test]
fn a_full_pipe_is_waited_for() {
    let full = || error(Write(THREE_LINES.to_owned()), libc::EAGAIN);
    let mut waited = script(|_, calls| calls);
    waited.extend([full(), (Wait, 0), full(), (Wait, 0), ok(THREE_LINES)]);
    assert_eq!(play(THREE, waited), silent());
    for errno in [libc::EINTR, libc::EMFILE, libc::EIO] {
        let mut ended = script(|_, calls| calls);
        ended.extend([full(), (Wait, 0), full(), error(Wait, errno)]);
        assert_eq!(tell(THREE, ended), [failed("write error", errno).1]);
    }
}

/// POSIX objects: the calls that unlink each, what it is printed with, and what its refusal is told
/// with.
fn posix() -> [(Call, &'static str, &'static str); 3] {
    [
        (
            Unlink("/dev/shm/x".into()),
            "POSIX shared memory name: /x\n",
            "remove POSIX shared memory '/x' failed",
        ),
        (
            UnlinkQueue("x".into()),
            "POSIX message queue name: /x\n",
            "remove POSIX message queue '/x' failed",
        ),
        (
            Unlink("/dev/shm/sem.x".into()),
            "POSIX semaphore name: /x\n",
            "remove POSIX semaphore '/x' failed",
        ),
    ]
}

#[test]
fn posix_objects_go_by_their_names() {
    const LINE: &str = "-s -q -m 4096 -n /x --remove";
    let play_with = |errnos: [i32; 3]| {
        let mut script = vec![(BlockSignals, 0)];
        let (mut lines, mut told) = (String::new(), Vec::new());
        for ((call, line, what), errno) in posix().into_iter().zip(errnos) {
            script.push((call, -i64::from(errno)));
            match errno {
                0 => lines.push_str(line),
                libc::ENOENT => {}
                errno => told.push(failed(what, errno).1),
            }
        }
        script.extend((!lines.is_empty()).then(|| ok(&lines)));
        if told.is_empty() {
            assert_eq!(play(LINE, script), silent(), "{errnos:?}");
        } else {
            assert_eq!(tell(LINE, script), told, "{errnos:?}");
        }
    };
    for [first, second, third] in [0, libc::ENOENT, libc::EIO]
        .into_iter()
        .flat_map(|one| [0, libc::ENOENT, libc::EBUSY].map(|two| (one, two)))
        .flat_map(|(one, two)| [0, libc::ENOENT, libc::EIO].map(|three| [one, two, three]))
    {
        play_with([first, second, third]);
    }
    let script = [
        (BlockSignals, 0),
        (Unlink("/dev/shm/x".into()), 0),
        ok("x\n"),
    ];
    assert_eq!(play("-s -n x --libc musl --remove -r", script), silent());
}

/// All lines are checked first. Each object that is refused is told with its line.
#[test]
fn a_batch_is_checked_and_then_removed() {
    let lines = "# what a service has\n\
                 -Q --ftok x --owner gone\n\
                 \n\
                 --keyed -S 7 -s 2\n\
                 -m 1 -q -n y -r\n";
    let check = || {
        let mut check = jobs(lines);
        check.push((Identify("x".into()), both(0, 7)));
        check
    };
    let queue = || (Get(Kind::Queue, 0x100_0007, 0, 0), 20);
    let set = || (Get(Kind::Sem, 7, 0, 0), 30);
    let mut all = check();
    all.extend([
        (BlockSignals, 0),
        queue(),
        (Remove(Kind::Queue, 20), 0),
        set(),
        (Remove(Kind::Sem, 30), 0),
        (Unlink("/dev/shm/y".into()), 0),
        (UnlinkQueue("y".into()), 0),
        ok("Message queue id: 20\n30\ny\ny\n"),
    ]);
    assert_eq!(play("--batch jobs --remove", all), silent());

    let mut some = check();
    some.extend([
        (BlockSignals, 0),
        queue(),
        error(Remove(Kind::Queue, 20), libc::EPERM),
        (AskFilter, 0),
        set(),
        error(Remove(Kind::Sem, 30), libc::EINVAL),
        error(Unlink("/dev/shm/y".into()), libc::EIO),
        (UnlinkQueue("y".into()), 0),
        ok("y\n"),
    ]);
    assert_eq!(
        tell("--batch jobs --remove", some),
        [
            "line 2: remove message queue with key 0x1000007 failed: Operation not permitted",
            "it is another user's",
            "line 5: remove POSIX shared memory 'y' failed: Input/output error",
        ]
    );
}

/// Whatever is wrong before the first removal, nothing is removed.
#[test]
fn a_mistake_removes_nothing() {
    let key = || error(Identify("x".into()), libc::ENOENT);
    let mut script = jobs("-Q -k 5\n-Q --ftok x\n");
    script.extend([key(), (BlockSignals, 0)]);
    assert_eq!(
        tell("--batch jobs --remove", script),
        ["line 2: get key of 'x' failed: No such file or directory"]
    );
    for (lines, told) in [
        (
            "-Q -k 5\n-S 1\n",
            "line 2: --remove needs a key that is not private",
        ),
        (
            "-Q -k 5\n-Q -k 0\n",
            "line 2: --remove needs a key that is not private",
        ),
        ("-Q -k 5\n-Q -p 8\n", "line 2: failed to parse mode: '8'"),
        ("-q -n x\n-s -n x -Z", "line 2: invalid option -- 'Z'"),
    ] {
        let mut script = jobs(lines);
        // Their room is asked for before the mistake is found.
        script.push((BlockSignals, 0));
        assert_eq!(tell("--batch jobs --remove", script), [told]);
    }
    let blocked = error(BlockSignals, libc::EIO);
    assert_eq!(
        tell(THREE, [blocked]),
        [failed("block signals failed", libc::EIO).1]
    );
    let room = |lines: &str| {
        let mut script = jobs(lines);
        let room = script.pop().expect("room");
        script.push(error(room.0, libc::ENOMEM));
        script
    };
    let script = room("-Q -k 5\n").into_iter().chain([(BlockSignals, 0)]);
    assert_eq!(
        tell("--batch jobs --remove", script)[0],
        failed("map memory failed", libc::ENOMEM).1
    );
}

/// A check alone makes no call on an object.
#[test]
fn a_dry_run_removes_nothing() {
    assert_eq!(
        play(&format!("{THREE} --dry-run"), [(BlockSignals, 0)]),
        silent()
    );
    let mut script = jobs("-Q -k 5\n-m 1 -n x\n");
    script.push((BlockSignals, 0));
    assert_eq!(play("--dry-run --batch jobs --remove", script), silent());
    assert_eq!(
        play("-M 1 -Q -S 3 --dry-run", [(BlockSignals, 0)]),
        silent()
    );
}
