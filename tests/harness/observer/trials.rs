//! Runs the subject beside an observer, and a program that creates objects in the wrong order, to
//! show that the observer notices.
//!
//! Step by step: under a tracer, the subject waits before and after each of its system calls until
//! the observer has looked. At full speed: neither waits.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Completion, Trial};

use super::{Observer, Seen, Sought, Whole, openly};
use crate::case::Start;
use crate::line::QBYTES;
use crate::namespace::{self, Kind, Privilege};
use crate::only::Word;
use crate::posix::{self, Queue, Wanted, What};
use crate::runner::Runner;
use crate::subject::{Subject, in_child};
use crate::tracer::{Action, Syscall, Tracee};
use crate::{syscalls, text, watchdog};

/// A test of the subject and of this program.
type Test = (&'static str, fn(&Subject));

/// Tests under a tracer.
const STEP_BY_STEP: [Test; 6] = [
    (
        "step_by_step_nobody_uses_a_half_made_object",
        |subject: &Subject| step_by_step(subject, LINES),
    ),
    (
        "step_by_step_nobody_sees_a_half_made_posix_object",
        |subject: &Subject| step_by_step(subject, POSIX),
    ),
    (
        "step_by_step_what_is_undone_is_of_no_use",
        |subject: &Subject| undone_step_by_step(subject, UNDONE),
    ),
    (
        "step_by_step_what_is_undone_of_posix_was_whole",
        |subject: &Subject| undone_step_by_step(subject, UNDONE_POSIX),
    ),
    ("step_by_step_an_open_object_is_found_out", |_| {
        open_step_by_step(LINES, 60);
    }),
    ("step_by_step_an_open_posix_object_is_found_out", |_| {
        open_step_by_step(POSIX, 30);
    }),
];

/// Tests that need several processors to be meaningful.
const AT_FULL_SPEED: [Test; 6] = [
    (
        "at_full_speed_nobody_uses_a_half_made_object",
        |subject: &Subject| at_full_speed(subject, LINES),
    ),
    (
        "at_full_speed_nobody_sees_a_half_made_posix_object",
        |subject: &Subject| at_full_speed(subject, POSIX),
    ),
    (
        "at_full_speed_what_is_undone_is_of_no_use",
        |subject: &Subject| undone_at_full_speed(subject, UNDONE),
    ),
    (
        "at_full_speed_what_is_undone_of_posix_was_whole",
        |subject: &Subject| undone_at_full_speed(subject, UNDONE_POSIX),
    ),
    ("at_full_speed_an_open_object_is_found_out", |_| {
        open_at_full_speed(LINES);
    }),
    ("at_full_speed_an_open_posix_object_is_found_out", |_| {
        open_at_full_speed(POSIX);
    }),
];

/// The same under an emulator, which is slow.
const EMULATED: [Test; 2] = [
    (
        "in_an_emulator_nobody_uses_a_half_made_object",
        |subject: &Subject| at_full_speed(subject, LINES),
    ),
    (
        "in_an_emulator_nobody_sees_a_half_made_posix_object",
        |subject: &Subject| at_full_speed(subject, POSIX),
    ),
];

/// The trials under a tracer. Call [`super::play`] first.
pub fn step_by_step_trials(runner: &Arc<Runner>) -> Vec<Trial> {
    trials(&STEP_BY_STEP, runner)
}

/// The trials at full speed. Call [`super::play`] first.
pub fn full_speed_trials(runner: &Arc<Runner>) -> Vec<Trial> {
    if runner.subject.is_emulated() {
        return trials(&EMULATED, runner);
    }
    trials(&AT_FULL_SPEED, runner)
}

/// Locked by the running trial.
static ALONE: Mutex<()> = Mutex::new(());

fn trials(tests: &[Test], runner: &Arc<Runner>) -> Vec<Trial> {
    let trial = |&(name, test): &Test| {
        let runner = Arc::clone(runner);
        Trial::ignorable_test(name, move || {
            if runner.privilege != Privilege::Root {
                return Ok(Completion::ignored_with("another user takes root"));
            }
            // One processor for the subject, one for the observer.
            let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
            namespace::unshare()?;
            test(&runner.subject);
            Ok(Completion::Completed)
        })
    };
    tests.iter().map(trial).collect()
}

/// The user and group of --owner.
const OWNER: (u32, u32) = (2002, 2002);

/// The observers: a stranger, the future owner, and a member of the future group.
const OBSERVERS: [(u32, u32); 3] = [(2001, 2001), OWNER, (2003, OWNER.1)];

/// The users that run the subject: root, and another one.
const USERS: [Option<u32>; 2] = [None, Some(1000)];

/// The key of all objects.
const KEY: u32 = 0x7e57;

/// SHM_LOCKED in a segment's mode: include/linux/shm.h.
const LOCKED: u32 = 0o2000;

/// A command line, and the objects that it creates.
struct Line {
    words: &'static str,
    makes: &'static [Makes],
}

/// An object that a line creates.
struct Makes {
    is: Is,
    mode: u32,
    size: u64,
    /// Whether its owner is [`OWNER`].
    given: bool,
    values: &'static [u16],
}

/// The kind and properties of an object.
enum Is {
    SystemV(Kind),
    /// POSIX shared memory.
    File,
    /// A POSIX semaphore: its value, and whether it is musl's.
    Semaphore(u32, bool),
    /// A POSIX queue.
    Queue(Queue),
}

const fn makes(kind: Kind, mode: u32, size: u64) -> Makes {
    Makes {
        is: Is::SystemV(kind),
        mode,
        size,
        given: false,
        values: &[],
    }
}

const fn given(kind: Kind, mode: u32, size: u64) -> Makes {
    Makes {
        given: true,
        ..makes(kind, mode, size)
    }
}

const fn posix(is: Is, mode: u32, size: u64) -> Makes {
    Makes {
        is,
        ..makes(Kind::Shm, mode, size)
    }
}

const fn given_posix(is: Is, mode: u32, size: u64) -> Makes {
    Makes {
        given: true,
        ..posix(is, mode, size)
    }
}

const LINES: &[Line] = &[
    Line {
        words: "-M 4096 -k 0x7e57 --lock --owner 2002:2002 -p 666",
        makes: &[given(Kind::Shm, 0o666 | LOCKED, 4096)],
    },
    Line {
        words: "-M 4096 -k 0x7e57 --lock -p 606",
        makes: &[makes(Kind::Shm, 0o606 | LOCKED, 4096)],
    },
    Line {
        words: "-M 8192 -k 0x7e57 --owner 2002:2002 -p 660",
        makes: &[given(Kind::Shm, 0o660, 8192)],
    },
    Line {
        words: "-M 1 -k 0x7e57 --owner 2002:2002 --lock -p 602",
        makes: &[given(Kind::Shm, 0o602 | LOCKED, 1)],
    },
    Line {
        words: "-Q -k 0x7e57 --qbytes 4096 -p 606",
        makes: &[makes(Kind::Msg, 0o606, 4096)],
    },
    Line {
        words: "-Q -k 0x7e57 --qbytes 1000 --owner 2002:2002 -p 666",
        makes: &[given(Kind::Msg, 0o666, 1000)],
    },
    Line {
        words: "-Q -k 0x7e57 --owner 2002:2002 -p 600",
        makes: &[given(Kind::Msg, 0o600, QBYTES)],
    },
    Line {
        words: "-Q -k 0x7e57 --owner 2002:2002 --qbytes 1 -p 622",
        makes: &[given(Kind::Msg, 0o622, 1)],
    },
    Line {
        words: "-S 3 -k 0x7e57 --value 1,2,3 -p 666",
        makes: &[Makes {
            values: &[1, 2, 3],
            ..makes(Kind::Sem, 0o666, 3)
        }],
    },
    Line {
        words: "-S 2 -k 0x7e57 --value 7 --owner 2002:2002 -p 640",
        makes: &[Makes {
            values: &[7, 7],
            ..given(Kind::Sem, 0o640, 2)
        }],
    },
    Line {
        words: "-S 1 -k 0x7e57 --owner 2002:2002 -p 606",
        makes: &[Makes {
            values: &[0],
            ..given(Kind::Sem, 0o606, 1)
        }],
    },
    // So many calls that an observer at full speed has time to look.
    Line {
        words: "-S 250 -k 0x7e57 --value 3 -p 666",
        makes: &[Makes {
            values: &[3; 250],
            ..makes(Kind::Sem, 0o666, 250)
        }],
    },
    Line {
        words: "--keyed -Q 0x7e57 -p 5000",
        makes: &[makes(Kind::Msg, 0o666, 5000)],
    },
    Line {
        words: "--keyed -M 0x7e57 -p 8192 --lock --owner 2002:2002 --mode 604",
        makes: &[given(Kind::Shm, 0o604 | LOCKED, 8192)],
    },
    Line {
        words: "--keyed -S 0x7e57 -s 2 --value 5,32767",
        makes: &[Makes {
            values: &[5, 32767],
            ..makes(Kind::Sem, 0o666, 2)
        }],
    },
    Line {
        words: "-M 4096 -Q -S 2 -k 0x7e57 --lock --qbytes 512 --value 4 --owner 2002:2002 -p 666",
        makes: &[
            given(Kind::Shm, 0o666 | LOCKED, 4096),
            given(Kind::Msg, 0o666, 512),
            Makes {
                values: &[4, 4],
                ..given(Kind::Sem, 0o666, 2)
            },
        ],
    },
];

/// Lines that create POSIX objects. The umask is 022, and changes no mode that a line gives.
const POSIX: &[Line] = &[
    Line {
        words: "-m 4096 -n /x -p 666",
        makes: &[posix(Is::File, 0o666, 4096)],
    },
    Line {
        words: "-m 65536 -n /x -p 600",
        makes: &[posix(Is::File, 0o600, 65536)],
    },
    Line {
        words: "-s -n /x -p 664",
        makes: &[posix(Is::Semaphore(0, false), 0o664, 32)],
    },
    Line {
        words: "-q -n /x -p 604",
        makes: &[posix(Is::Queue(Queue::USUAL), 0o604, 0)],
    },
    Line {
        words: "-m 4096 -q -s -n /x",
        makes: &[
            posix(Is::File, 0o644, 4096),
            posix(Is::Queue(Queue::USUAL), 0o644, 0),
            posix(Is::Semaphore(0, false), 0o644, 32),
        ],
    },
    Line {
        words: "-m 4096 -n x --owner 2002:2002 -p 640",
        makes: &[given_posix(Is::File, 0o640, 4096)],
    },
    Line {
        words: "-m 0 -n x --owner 2002:2002 -p 606",
        makes: &[given_posix(Is::File, 0o606, 0)],
    },
    Line {
        words: "-s -n x --value 2147483647 --owner 2002:2002 -p 666",
        makes: &[given_posix(Is::Semaphore(2_147_483_647, false), 0o666, 32)],
    },
    Line {
        words: "-s -n x --libc musl --value 7 --owner 2002:2002",
        makes: &[given_posix(Is::Semaphore(7, true), 0o644, 32)],
    },
    Line {
        words: "-q -n x --owner 2002:2002 -p 666",
        makes: &[given_posix(Is::Queue(Queue::USUAL), 0o666, 0)],
    },
    Line {
        words: "-q -n x --owner 2002:2002",
        makes: &[given_posix(Is::Queue(Queue::USUAL), 0o644, 0)],
    },
    Line {
        words: "-q -n x --owner 2002:2002 -p 640 --maxmsg 3 --msgsize 100",
        makes: &[given_posix(Is::Queue(SMALL), 0o640, 0)],
    },
    Line {
        words: "-m 100 -q -s -n x --owner 2002:2002 -p 644 --value 3",
        makes: &[
            given_posix(Is::File, 0o644, 100),
            given_posix(Is::Queue(Queue::USUAL), 0o644, 0),
            given_posix(Is::Semaphore(3, false), 0o644, 32),
        ],
    },
];

/// A queue with other attributes than the default.
const SMALL: Queue = Queue {
    maxmsg: 3,
    msgsize: 100,
    messages: 0,
};

/// The user and group that run the subject.
fn creator(user: Option<u32>) -> (u32, u32) {
    user.map_or((0, 0), |user| (user, user))
}

impl Line {
    /// The objects that it creates if this user runs it.
    fn objects(&self, user: Option<u32>, word: Word) -> Vec<Sought> {
        let sought = |makes: &Makes| {
            let owner = if makes.given { OWNER } else { creator(user) };
            let posix = |name: &str, what| {
                Sought::Posix(Wanted {
                    name: name.into(),
                    what,
                    mode: makes.mode,
                    owner: Some((owner.0, Some(owner.1))),
                })
            };
            match makes.is {
                Is::SystemV(kind) => Sought::SystemV(Whole {
                    kind,
                    key: KEY,
                    mode: makes.mode,
                    size: makes.size,
                    owner,
                    values: makes.values.to_vec(),
                }),
                Is::File => posix("x", What::file(makes.size, Vec::new())),
                Is::Semaphore(value, musl) => {
                    let name = if musl { "x" } else { "sem.x" };
                    posix(name, What::semaphore(value, musl, word))
                }
                Is::Queue(queue) => posix("x", What::Queue(queue)),
            }
        };
        self.makes.iter().map(sought).collect()
    }

    /// Whether this user can run it: only root can change the owner of a POSIX object.
    fn is_for(&self, user: Option<u32>) -> bool {
        let given = |makes: &Makes| makes.given && !matches!(makes.is, Is::SystemV(_));
        user.is_none() || !self.makes.iter().any(given)
    }

    /// Whether root can be its observer: root can open a POSIX queue before its fchown.
    fn is_for_root(&self) -> bool {
        let file = |makes: &Makes| matches!(makes.is, Is::File | Is::Semaphore(..));
        self.makes.iter().all(file)
    }

    fn words(&self) -> Vec<Vec<u8>> {
        text::words(self.words).expect(self.words)
    }
}

/// A subject that creates objects, the user who runs it, and an observer.
struct Trio<'a> {
    subject: &'a Subject,
    words: Vec<Vec<u8>>,
    start: Start,
    observer: (u32, u32),
    objects: Vec<Sought>,
}

impl<'a> Trio<'a> {
    fn new(subject: &'a Subject, line: &Line, user: Option<u32>, observer: (u32, u32)) -> Self {
        Self {
            subject,
            words: line.words(),
            start: Start {
                user,
                ..Start::default()
            },
            observer,
            objects: line.objects(user, subject.word()),
        }
    }

    fn observer(&self) -> Observer {
        Observer::start(self.observer, &self.objects).expect("an observer")
    }

    /// The prefix of every complaint.
    fn name(&self) -> String {
        format!(
            "{}, by {:?}, observed by {:?}",
            self.subject.shell_line(&self.start, &self.words),
            self.start.user,
            self.observer
        )
    }

    /// Fails unless exactly these objects exist, complete; removes them.
    fn clear(&self) {
        let left = namespace::objects().expect("what the namespace holds");
        let whole = |object| Sought::SystemV(Whole::of(object));
        let mut found: Vec<Sought> = left.iter().map(whole).collect();
        for object in left {
            namespace::remove(object.kind, object.id).expect("it can be removed");
        }
        for object in posix::objects().expect("what POSIX objects there are") {
            posix::remove(&object.what, &object.name).expect("it can be removed");
            found.push(Sought::Posix(Wanted {
                name: object.name,
                what: object.what,
                mode: object.mode,
                owner: Some((object.owner.0, Some(object.owner.1))),
            }));
        }
        let is_there = |object: &Sought| found.contains(object);
        assert!(
            found.len() == self.objects.len() && self.objects.iter().all(is_there),
            "{}: {found:?} instead of {:?}",
            self.name(),
            self.objects
        );
    }

    /// Whether this observer can notice that the object is not complete, if it is created in the
    /// wrong order.
    fn can_be_found_out(&self, object: &Sought) -> bool {
        let creator = creator(self.start.user);
        match object {
            Sought::Posix(Wanted {
                what: What::File { size, .. },
                ..
            }) => *size > 0 || object.owner() != creator,
            Sought::Posix(_) if object.owner() == creator => false,
            _ => object.is_open_to(self.observer, creator),
        }
    }
}

/// Fails if any object exists.
fn expect_nothing(name: &str) {
    let left = namespace::objects().expect("what the namespace holds");
    assert!(left.is_empty(), "{name}: {left:?}");
    let left = posix::objects().expect("what POSIX objects there are");
    assert!(left.is_empty(), "{name}: {left:?}");
}

/// What must become of the objects of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// From the get call that creates them to the end of their IPC_SET no other user can use them;
    /// after that they are complete.
    Whole,
    /// No other user can ever use them, and the run removes them.
    Undone,
    /// Anything may happen: they are created in the wrong order.
    Open,
}

/// The result of a run step by step.
#[derive(Default)]
struct Steps {
    /// Number of looks that the subject waited for.
    looks: u64,
    /// Number of those that saw an object before it was complete.
    half_made: u64,
    /// How often each object was seen in each state.
    seen: Vec<Seen>,
    /// What was wrong.
    complaints: String,
}

/// Whether this call has succeeded and creates the object (true), or completes or removes it
/// (false). No other user may use the object between the two. A POSIX object has no such time,
/// except a queue with --owner.
fn makes_or_ends(call: &Syscall, object: &Sought, creator: (u32, u32)) -> Option<bool> {
    if call.result.is_none_or(|result| result < 0) {
        return None;
    }
    let name = call.name;
    let kind = match object {
        Sought::SystemV(whole) => whole.kind,
        Sought::Posix(wanted) if wanted.what.is_queue() && object.owner() != creator => {
            return match name {
                "mq_open" => Some(true),
                "fchmod" | "mq_unlink" => Some(false),
                _ => None,
            };
        }
        Sought::Posix(_) => return None,
    };
    if name == format!("{kind}get") {
        return Some(true);
    }
    let place = syscalls::command_argument(call.name)?;
    let command = call.args[place] as i32;
    let is_end = matches!(command, libc::IPC_SET | libc::IPC_RMID);
    (is_end && name == format!("{kind}ctl")).then_some(false)
}

/// Runs the subject once. The observer looks before and after each of its calls.
fn trace(trio: &Trio<'_>, expect: Expect) -> Steps {
    let mut observer = trio.observer();
    let (mut out, to_out) = io::pipe().expect("a pipe");
    let nothing = File::open("/dev/null").expect("/dev/null");
    let to_err = to_out.try_clone().expect("a descriptor");
    let streams = [nothing.into(), to_out.into(), to_err.into()];
    let launch = trio.subject.launch(&trio.start, &trio.words, streams);
    let launch = launch.expect("a subject");
    let in_child = in_child(&trio.start).expect("what the child does");
    // SAFETY: `in_child` only makes system calls.
    let tracee = unsafe { Tracee::launch(launch, watchdog::LIMIT, &in_child) }.expect("it starts");

    let mut steps = Steps::default();
    // For each object: the number of looks while it was half-made, and whether it is half-made now.
    let mut windows = vec![(0_u64, false); trio.objects.len()];
    let mut is_begun = false;
    let trace = tracee.follow(|call| {
        for (object, window) in trio.objects.iter().zip(&mut windows) {
            let creator = creator(trio.start.user);
            window.1 = makes_or_ends(call, object, creator).unwrap_or(window.1);
            // Before it creates POSIX objects, this program calls umask(2).
            is_begun |= window.1 || call.name == "umask";
        }
        // This program makes many calls before it creates an object.
        if expect == Expect::Open && !is_begun {
            return Action::Continue;
        }
        for (step, window) in look(&mut observer).into_iter().zip(&mut windows) {
            steps.looks += 1;
            if window.1 {
                window.0 += 1;
                if step.refused == 0
                    || step
                        != (Seen {
                            refused: step.refused,
                            ..Seen::default()
                        })
                {
                    steps.complaints += &format!("half-made at {}: {step:?}\n", call.name);
                }
            }
        }
        Action::Continue
    });
    let status = trace.expect("it can be traced").status;
    let mut said = String::new();
    out.read_to_string(&mut said).expect("what it printed");
    assert_eq!(
        status.code(),
        Some((expect == Expect::Undone).into()),
        "{}: {said}",
        trio.name()
    );
    let at_end = look(&mut observer);
    for ((object, window), at_end) in trio.objects.iter().zip(windows).zip(at_end) {
        steps.looks += 1;
        steps.half_made += window.0;
        let right = match expect {
            Expect::Undone => at_end.absent,
            _ if object.is_open_to(trio.observer, object.owner()) => at_end.used,
            _ => at_end.refused,
        };
        let has_window = match object {
            Sought::SystemV(_) => true,
            Sought::Posix(wanted) => {
                wanted.what.is_queue() && object.owner() != creator(trio.start.user)
            }
        };
        if (has_window && window.0 < 2) || right == 0 {
            steps.complaints += &format!("{object}: {} steps, at the end {at_end:?}\n", window.0);
        }
    }
    steps.seen = observer.seen();
    steps.complaints += &observer.stop().expect("it stops");
    if expect == Expect::Undone {
        expect_nothing(&trio.name());
    } else {
        trio.clear();
    }
    steps
}

/// The states that the observer sees from now on.
fn look(observer: &mut Observer) -> Vec<Seen> {
    // A look that began before may still be running; the next one is complete.
    observer.look().expect("it looks");
    let before = observer.seen();
    observer.look().expect("it looks");
    let now = observer.seen().into_iter();
    now.zip(before)
        .map(|(now, before)| now.since(before))
        .collect()
}

/// Each line with each user and each observer.
fn trios<'a>(subject: &'a Subject, lines: &[Line]) -> Vec<Trio<'a>> {
    let mut trios = Vec::new();
    for line in lines {
        for user in USERS.into_iter().filter(|&user| line.is_for(user)) {
            let root = line.is_for_root().then_some((0, 0));
            for observer in OBSERVERS.into_iter().chain(root) {
                trios.push(Trio::new(subject, line, user, observer));
            }
        }
    }
    trios
}

fn step_by_step(subject: &Subject, lines: &[Line]) {
    let (mut looks, mut half_made, mut used) = (0, 0, 0);
    for trio in trios(subject, lines) {
        let steps = trace(&trio, Expect::Whole);
        let all = steps.seen.iter().copied().fold(Seen::default(), Seen::and);
        assert!(
            steps.complaints.is_empty() && all.wrong == 0,
            "{}\n{all:?}\n{}",
            trio.name(),
            steps.complaints
        );
        looks += steps.looks;
        half_made += steps.half_made;
        used += all.used;
    }
    println!(
        "{looks} looks between calls, {half_made} of them at half-made objects; whole ones were used \
         {used} times, half-made ones never"
    );
}

/// Lines that a user runs, and that fail at the last step.
const UNDONE: &[Line] = &[
    // Over msgmnb, which needs CAP_SYS_RESOURCE.
    Line {
        words: "-Q -k 0x7e57 --qbytes 2000000 --owner 2002:2002 -p 666",
        makes: &[given(Kind::Msg, 0o666, 2_000_000)],
    },
    Line {
        words: "--keyed -Q 0x7e57 -p 2000000",
        makes: &[makes(Kind::Msg, 0o666, 2_000_000)],
    },
];

/// The same with POSIX objects.
const UNDONE_POSIX: &[Line] = &[
    // musl's semaphore would be the file of shared memory of that name.
    Line {
        words: "-m 4096 -s -n x --libc musl",
        makes: &[posix(Is::File, 0o644, 4096)],
    },
    // chown(2) needs CAP_CHOWN.
    Line {
        words: "-q -n x --owner 2002:2002 -p 666",
        makes: &[given_posix(Is::Queue(Queue::USUAL), 0o644, 0)],
    },
];

/// The users that run these lines, each with each observer.
fn undone<'a>(subject: &'a Subject, lines: &[Line]) -> Vec<Trio<'a>> {
    let before = |line| OBSERVERS.map(|observer| Trio::new(subject, line, Some(1000), observer));
    lines.iter().flat_map(before).collect()
}

/// Whether an observer may use an object before its removal: a file is complete as long as it
/// exists.
fn may_be_used(object: &Sought) -> bool {
    matches!(object, Sought::Posix(wanted) if !wanted.what.is_queue())
}

fn undone_step_by_step(subject: &Subject, lines: &[Line]) {
    let (mut looks, mut half_made) = (0, 0);
    for trio in undone(subject, lines) {
        let steps = trace(&trio, Expect::Undone);
        let seen = steps.seen[0];
        let unused = seen.used == 0 || may_be_used(&trio.objects[0]);
        assert!(
            steps.complaints.is_empty() && unused && seen.wrong == 0,
            "{}\n{seen:?}\n{}",
            trio.name(),
            steps.complaints
        );
        looks += steps.looks;
        half_made += steps.half_made;
    }
    println!("{looks} looks between calls, {half_made} of them at an object that was undone");
}

/// The program that creates objects with their final permissions first, with observers that can
/// notice it.
fn open_trios<'a>(program: &'a Subject, lines: &[Line]) -> Vec<Trio<'a>> {
    let mut trios = trios(program, lines);
    for trio in &mut trios {
        trio.words = openly(&trio.objects);
    }
    trios.retain(|trio| {
        let seen = |object| trio.can_be_found_out(object);
        trio.objects.iter().any(seen)
    });
    trios
}

/// This program, which has that part: [`super::play`].
fn this_program() -> Subject {
    let program = std::env::current_exe().expect("it is a file");
    Subject::new(&program, None).expect("it is there")
}

fn open_step_by_step(lines: &[Line], at_least: usize) {
    let program = this_program();
    let trios = open_trios(&program, lines);
    assert!(trios.len() > at_least, "{}", trios.len());
    for trio in &trios {
        let steps = trace(trio, Expect::Open);
        let wrong: u64 = steps.seen.iter().map(|seen| seen.wrong).sum();
        assert!(
            wrong > 0 && !steps.complaints.is_empty(),
            "{}: not found out: {:?}",
            trio.name(),
            steps.seen
        );
    }
    println!("{} of {} found out", trios.len(), trios.len());
}

/// Most rounds of a race: on a loaded machine the observer may not run while an object is half-made.
const ROUNDS: usize = 100;

/// Runs the subject `runs` times. Returns the number of looks, how often the objects were seen in
/// each state, and complaints.
fn race(trio: &Trio<'_>, runs: usize) -> (u64, Seen, String) {
    let mut observer = trio.observer();
    for _ in 0..runs {
        let outcome = trio.subject.run(&trio.start, &trio.words, false);
        let outcome = outcome.expect("it runs");
        assert!(
            outcome.status.success(),
            "{}: {}",
            trio.name(),
            String::from_utf8_lossy(&outcome.stderr)
        );
        for (object, seen) in trio.objects.iter().zip(look(&mut observer)) {
            let open = object.is_open_to(trio.observer, object.owner());
            let right = if open { seen.used } else { seen.refused };
            assert!(right > 0, "{}: at the end {seen:?}", trio.name());
        }
        trio.clear();
    }
    let looks = observer.looks();
    let seen = observer.seen().into_iter().fold(Seen::default(), Seen::and);
    (looks, seen, observer.stop().expect("it stops"))
}

fn at_full_speed(subject: &Subject, lines: &[Line]) {
    // An emulator is slow, and the observer has time to look between the calls.
    let runs = if subject.is_emulated() { 3 } else { 50 };
    // A POSIX queue with --owner is half-made for so short a time that the observer may miss it.
    let is_system_v = |line: &Line| matches!(line.makes[0].is, Is::SystemV(_));
    let must_be_refused = lines.iter().all(is_system_v);
    let (mut creations, mut looks, mut refused, mut used) = (0, 0, 0, 0);
    for _ in 0..ROUNDS {
        for trio in trios(subject, lines) {
            let (taken, seen, complaints) = race(&trio, runs);
            assert!(
                seen.wrong == 0 && complaints.is_empty(),
                "{}: {seen:?}\n{complaints}",
                trio.name()
            );
            creations += runs * trio.objects.len();
            looks += taken;
            used += seen.used;
            let open = |object: &Sought| object.is_open_to(trio.observer, object.owner());
            // Then every refusal was by a half-made object.
            if trio.objects.iter().all(open) {
                refused += seen.refused;
            }
        }
        if refused > 0 || !must_be_refused {
            break;
        }
    }
    println!(
        "{creations} creations, {looks} looks: refused {refused} times by objects that were open to \
         the observer once they were whole; whole ones were used {used} times, half-made ones never"
    );
    assert!(refused > 0 || !must_be_refused, "he never looked in time");
}

fn undone_at_full_speed(subject: &Subject, lines: &[Line]) {
    const RUNS: usize = 100;
    let (mut runs, mut looks, mut refused) = (0, 0, 0);
    for trio in undone(subject, lines) {
        let mut observer = trio.observer();
        for _ in 0..RUNS {
            let outcome = subject.run(&trio.start, &trio.words, false);
            let status = outcome.expect("it runs").status;
            assert_eq!(status.code(), Some(1), "{}", trio.name());
        }
        let seen = look(&mut observer)[0];
        assert!(seen.absent > 0, "{}: {seen:?}", trio.name());
        let seen = observer.seen()[0];
        let unused = seen.used == 0 || may_be_used(&trio.objects[0]);
        assert!(unused && seen.wrong == 0, "{}: {seen:?}", trio.name());
        runs += RUNS;
        looks += observer.looks();
        refused += seen.refused;
        assert_eq!(observer.stop().expect("it stops"), "");
    }
    println!("{runs} runs, {looks} looks, refused {refused} times");
}

fn open_at_full_speed(lines: &[Line]) {
    const RUNS: usize = 10;
    let program = this_program();
    let (mut runs, mut looks, mut wrong, mut found_out) = (0, 0, 0, 0);
    let trios = open_trios(&program, lines);
    for _ in 0..ROUNDS {
        for trio in &trios {
            let (taken, seen, complaints) = race(trio, RUNS);
            assert_eq!(seen.wrong == 0, complaints.is_empty(), "{complaints}");
            runs += RUNS;
            looks += taken;
            wrong += seen.wrong;
            found_out += usize::from(seen.wrong > 0);
        }
        if found_out > 0 {
            break;
        }
    }
    println!(
        "{runs} runs, {looks} looks, {wrong} of them at something half-made: found out in \
         {found_out} of {} ways",
        trios.len()
    );
    assert!(found_out > 0);
}
