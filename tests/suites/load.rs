//! Many processes at once fill namespaces to their limits. No id is printed twice, no object is
//! lost, and each refusal names the limit that is full: also while refused runs undo their
//! creations, while all processes want the same key, and while signals arrive.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::mem;
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::process::{ExitCode, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use ipcmk_tests::files::Scratch;
use ipcmk_tests::line::{Line, Makes, QUEUE, SEGMENT, SET};
use ipcmk_tests::load::{self, Child, Program, WORKERS, at_once};
use ipcmk_tests::namespace::{self, Kind, Object};
use ipcmk_tests::suite;
use ipcmk_tests::tracer::{Action, Syscall, Tracee};
use ipcmk_tests::watchdog;

fn main() -> ExitCode {
    suite::main(&[
        ("namespaces_are_filled_to_each_limit", each_limit),
        ("refusals_undo_while_others_create", undo),
        ("objects_are_removed_while_others_are_made", removals),
        ("batches_fill_a_namespace_and_empty_it", batches),
        ("one_key_for_all", one_key),
        ("signals_lose_nothing", signals),
        ("the_aarch64_file_under_load", aarch64),
    ])
}

/// The seed of every random choice here.
const SEED: u64 = 0x10_ad;

/// A limit of an IPC namespace, and the text of a refusal by it.
struct Limit {
    name: &'static str,
    /// What it limits: objects of this kind, or, with a `unit`, the units of that many bytes or
    /// semaphores that they take.
    kind: Kind,
    unit: Option<u64>,
    error: &'static str,
    /// The hint; `{used}`, `{most}` and `{more}` stand for figures.
    hint: &'static str,
}

const SHMMNI: Limit = Limit {
    name: "SHMMNI",
    kind: Kind::Shm,
    unit: None,
    error: "create share memory failed: No space left on device",
    hint: "not disk space: {used} of {most} segments in use (SHMMNI, kernel.shmmni); see ipcs -m, ipcrm",
};
const SHMALL: Limit = Limit {
    name: "SHMALL",
    kind: Kind::Shm,
    unit: Some(4096),
    error: "create share memory failed: No space left on device",
    hint: "not disk space: {used} of {most} pages in use, {more} more asked for (SHMALL, kernel.shmall); see ipcs -m, ipcrm",
};
const MSGMNI: Limit = Limit {
    name: "MSGMNI",
    kind: Kind::Msg,
    unit: None,
    error: "create message queue failed: No space left on device",
    hint: "not disk space: {used} of {most} queues in use (MSGMNI, kernel.msgmni); see ipcs -q, ipcrm",
};
const SEMMNS: Limit = Limit {
    name: "SEMMNS",
    kind: Kind::Sem,
    unit: Some(1),
    error: "create semaphore failed: No space left on device",
    hint: "not disk space: {used} of {most} semaphores in use, {more} more asked for (SEMMNS, kernel.sem field 2); see ipcs -s, ipcrm",
};
const SEMMNI: Limit = Limit {
    name: "SEMMNI",
    kind: Kind::Sem,
    unit: None,
    error: "create semaphore failed: No space left on device",
    hint: "not disk space: {used} of {most} sets in use (SEMMNI, kernel.sem field 4); see ipcs -s, ipcrm",
};

/// The hint about a limit that is not full any more when it is measured.
const NO_LONGER_FULL: &str = "not disk space: a limit was reached a moment ago; see ipcs -l";

impl Limit {
    /// How much of the limit these objects use.
    fn used(&self, objects: &[Object]) -> u64 {
        objects
            .iter()
            .filter(|object| object.kind == self.kind)
            .map(|object| self.unit.map_or(1, |unit| object.size.div_ceil(unit)))
            .sum()
    }
}

/// A limit that the runs of a load reach.
struct Full {
    limit: Limit,
    most: u64,
    /// The values of `{used}` that a hint may have: it is measured shortly after the refusal.
    used: RangeInclusive<u64>,
    /// How much one more object needs.
    more: u64,
}

impl Full {
    /// A limit whose objects are never removed: once full, it stays full.
    const fn exactly(limit: Limit, most: u64) -> Self {
        Self {
            limit,
            most,
            used: most..=most,
            more: 0,
        }
    }

    /// A limit whose objects are removed meanwhile.
    const fn at_most(limit: Limit, most: u64) -> Self {
        Self {
            used: 0..=most,
            ..Self::exactly(limit, most)
        }
    }

    /// All texts of a refusal, and the reason for each. The hint names the limit if it is still
    /// full when it is measured, and no limit if an object was removed meanwhile.
    fn texts(&'static self) -> impl Iterator<Item = (String, &'static str)> {
        let is_full = |used: &u64| used + self.more.max(1) > self.most;
        let blamed = self.used.clone().filter(is_full).map(|used| {
            let hint = self
                .limit
                .hint
                .replace("{used}", &used.to_string())
                .replace("{most}", &self.most.to_string())
                .replace("{more}", &self.more.to_string());
            (
                format!("ipcmk: {}\nipcmk: {hint}\n", self.limit.error),
                self.limit.name,
            )
        });
        let freed = format!("ipcmk: {}\nipcmk: {NO_LONGER_FULL}\n", self.limit.error);
        let has_freed = *self.used.start() == 0;
        blamed.chain(has_freed.then_some((freed, "a limit no longer full")))
    }
}

/// The work of all workers in a namespace.
struct Load {
    /// Its limits, if they are not the defaults.
    sysctls: &'static [(&'static str, &'static str)],
    /// The lines; worker n runs line n modulo their number.
    lines: &'static [Line],
    /// The limits that the runs reach.
    full: &'static [Full],
    /// Each worker ends after this number of refusals, or of runs.
    until: Until,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Refused(usize),
    /// Runs; the objects of every other run are removed at once.
    RunAndRemove(usize),
}

const SEGMENTS: Line = Line {
    words: &["-M", "4096"],
    makes: &[SEGMENT],
};
const LARGE_SEGMENTS: Line = Line {
    words: &["-M", "12K"],
    makes: &[Makes {
        size: 12288,
        ..SEGMENT
    }],
};
const QUEUES: Line = Line {
    words: &["-Q"],
    makes: &[QUEUE],
};
const SETS: Line = Line {
    words: &["-S", "3"],
    makes: &[SET],
};
const ALL_THREE: Line = Line {
    words: &["-M", "4096", "-Q", "-S", "3"],
    makes: &[SEGMENT, QUEUE, SET],
};
const FIRST_TWO: Line = Line {
    words: &["-M", "4096", "-Q"],
    makes: &[SEGMENT, QUEUE],
};

/// One kind at a time, and each of its limits.
const EACH_LIMIT: &[Load] = &[
    Load {
        sysctls: &[("kernel.shmmni", "300")],
        lines: &[SEGMENTS],
        full: &[Full::exactly(SHMMNI, 300)],
        until: Until::Refused(1),
    },
    Load {
        sysctls: &[("kernel.shmall", "300")],
        lines: &[SEGMENTS],
        full: &[Full {
            more: 1,
            ..Full::exactly(SHMALL, 300)
        }],
        until: Until::Refused(1),
    },
    // One page is left, which is too little.
    Load {
        sysctls: &[("kernel.shmall", "301")],
        lines: &[LARGE_SEGMENTS],
        full: &[Full {
            limit: SHMALL,
            most: 301,
            used: 300..=300,
            more: 3,
        }],
        until: Until::Refused(1),
    },
    Load {
        sysctls: &[("kernel.msgmni", "300")],
        lines: &[QUEUES],
        full: &[Full::exactly(MSGMNI, 300)],
        until: Until::Refused(1),
    },
    Load {
        sysctls: &[("kernel.sem", "250 32000 32 300")],
        lines: &[SETS],
        full: &[Full::exactly(SEMMNI, 300)],
        until: Until::Refused(1),
    },
    // Two semaphores are left, which are too few.
    Load {
        sysctls: &[("kernel.sem", "250 302 32 32000")],
        lines: &[SETS],
        full: &[Full {
            limit: SEMMNS,
            most: 302,
            used: 300..=300,
            more: 3,
        }],
        until: Until::Refused(1),
    },
];

/// The default limit of segments, SHMMNI of `linux/shm.h`.
const DEFAULT_LIMIT: Load = Load {
    sysctls: &[],
    lines: &[SEGMENTS],
    full: &[Full::exactly(SHMMNI, 4096)],
    until: Until::Refused(1),
};

/// Lines of several kinds: a run whose last creation is refused removes the other objects again.
const UNDO: &[Load] = &[
    Load {
        sysctls: &[("kernel.sem", "250 32000 32 150")],
        lines: &[ALL_THREE],
        full: &[Full::exactly(SEMMNI, 150)],
        until: Until::Refused(10),
    },
    Load {
        sysctls: &[("kernel.msgmni", "150")],
        lines: &[ALL_THREE],
        full: &[Full::exactly(MSGMNI, 150)],
        until: Until::Refused(10),
    },
    // Segments of runs that are refused a set count for a moment.
    Load {
        sysctls: &[("kernel.shmmni", "151"), ("kernel.sem", "250 450 32 32000")],
        lines: &[ALL_THREE],
        full: &[
            Full {
                more: 3,
                ..Full::exactly(SEMMNS, 450)
            },
            Full::at_most(SHMMNI, 151),
        ],
        until: Until::Refused(10),
    },
    // The same for pages.
    Load {
        sysctls: &[("kernel.shmall", "151"), ("kernel.msgmni", "150")],
        lines: &[FIRST_TWO],
        full: &[
            Full {
                more: 1,
                ..Full::at_most(SHMALL, 151)
            },
            Full::exactly(MSGMNI, 150),
        ],
        until: Until::Refused(10),
    },
    MIXED,
];

/// Each kind alone and all together, each with a limit of its own.
const MIXED: Load = Load {
    sysctls: &[
        ("kernel.shmmni", "170"),
        ("kernel.msgmni", "160"),
        ("kernel.sem", "250 32000 32 150"),
    ],
    lines: &[ALL_THREE, SEGMENTS, QUEUES, SETS],
    full: &[
        Full::at_most(SHMMNI, 170),
        Full::at_most(MSGMNI, 160),
        Full::exactly(SEMMNI, 150),
    ],
    until: Until::Refused(10),
};

/// The same limits, which are never full for long.
const MIXED_AT_MOST: &[Full] = &[
    Full::at_most(SHMMNI, 170),
    Full::at_most(MSGMNI, 160),
    Full::at_most(SEMMNI, 150),
];

/// Objects are created and removed.
const REMOVALS: Load = Load {
    full: MIXED_AT_MOST,
    until: Until::RunAndRemove(40),
    ..MIXED
};

/// Interrupted runs remove objects of each kind.
const FIRE: Load = Load {
    full: MIXED_AT_MOST,
    ..MIXED
};

/// Few objects, since an emulator is slow.
const EMULATED: Load = Load {
    sysctls: &[("kernel.sem", "250 32000 32 40")],
    lines: &[ALL_THREE],
    full: &[Full::exactly(SEMMNI, 40)],
    until: Until::Refused(1),
};

/// The key of all workers.
const KEY: u32 = 7;

/// Lines that create the object with the key, or fail.
const KEYED: &[Line] = &[
    Line {
        words: &["--keyed", "-S", "7"],
        makes: &[Makes {
            size: 1,
            ..keyed(SET)
        }],
    },
    Line {
        words: &["--keyed", "-M", "7", "-p", "4096"],
        makes: &[keyed(SEGMENT)],
    },
    Line {
        words: &["--keyed", "-Q", "7", "-p", "5000"],
        makes: &[Makes {
            size: 5000,
            ..keyed(QUEUE)
        }],
    },
];

/// Lines that also accept an existing object.
const KEYED_OR_FOUND: &[Line] = &[
    Line {
        words: &["--keyed", "-S", "7", "-o", "7"],
        makes: KEYED[0].makes,
    },
    Line {
        words: &["--keyed", "-M", "7", "-p", "4096", "-o", "7"],
        makes: KEYED[1].makes,
    },
    Line {
        words: &["--keyed", "-Q", "7", "-p", "5000", "-o", "7"],
        makes: KEYED[2].makes,
    },
];

const fn keyed(makes: Makes) -> Makes {
    Makes {
        prints: "",
        key: Some(KEY),
        mode: 0o666,
        ..makes
    }
}

/// What the machine must be able to do.
const RUNS: &str = "a process can be started and waited for";

fn run(program: &Program, line: &'static Line) -> io::Result<Run> {
    let output = program.run(line.words)?;
    Ok(Run {
        line,
        status: output.status,
        stdout: output.stdout,
        stderr: output.stderr,
        fire: Fire::default(),
    })
}

/// The result of a process.
struct Run {
    line: &'static Line,
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    fire: Fire,
}

impl Run {
    /// The objects that it printed, if it succeeded and printed them correctly.
    fn printed(&self) -> Option<Vec<(Kind, i32)>> {
        if !self.status.success() || !self.stderr.is_empty() {
            return None;
        }
        let kinds = self.line.makes.iter().map(|makes| makes.kind);
        Some(kinds.zip(self.line.ids(&self.stdout)?).collect())
    }

    /// Checks the result. `known` has the error texts that are allowed, with their reasons.
    fn verdict(&self, known: &Known) -> Result<Verdict, &'static str> {
        if let Some(objects) = self.printed() {
            return Ok(Verdict::Made(objects));
        }
        if !self.stdout.is_empty() {
            return Err("it printed something and did not succeed");
        }
        match self.status.code() {
            Some(1) => {}
            None if self.fire.blind && !self.fire.blocked && self.stderr.is_empty() => {
                return Ok(Verdict::Refused(KILLED));
            }
            _ => return Err("neither success nor failure"),
        }
        let said = str::from_utf8(&self.stderr).unwrap_or_default();
        if let Some((kind, reason)) = known.get(said)
            && self.line.makes.iter().any(|makes| makes.kind == *kind)
        {
            return Ok(Verdict::Refused(reason));
        }
        if said == "ipcmk: write error: Interrupted system call\n"
            && self.fire.ends_wait
            && self.fire.nonblocking
        {
            return Ok(Verdict::Refused(INTERRUPTED));
        }
        Err("it says something else")
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}, out \"{}\", err \"{}\"",
            self.line.words.join(" "),
            self.status,
            self.stdout.escape_ascii(),
            self.stderr.escape_ascii()
        )
    }
}

/// The error texts that are allowed, with the kind of object that was refused, and the reason.
type Known = HashMap<String, (Kind, &'static str)>;

/// The result of a run.
enum Verdict {
    Made(Vec<(Kind, i32)>),
    /// It created nothing, for this reason.
    Refused(&'static str),
}

/// The process received a signal before it had blocked it.
const KILLED: &str = "a signal at its start";
/// The process received a signal while it waited for a full pipe with O_NONBLOCK.
const INTERRUPTED: &str = "a signal as it waited";

/// The counts of a test.
#[derive(Default)]
struct Tally {
    processes: usize,
    objects: usize,
    /// Processes that created nothing, by reason.
    refused: BTreeMap<&'static str, usize>,
    /// Processes that received a signal after they had blocked it.
    under_fire: usize,
    /// What was wrong, and how often.
    complaints: BTreeMap<String, usize>,
}

impl Tally {
    fn complain(&mut self, complaint: impl fmt::Display) {
        *self.complaints.entry(complaint.to_string()).or_default() += 1;
    }

    /// Fails if anything was wrong, else prints the counts. Each of these reasons must have
    /// occurred.
    fn conclude(self, what: &str, reasons: &[&'static str]) {
        const MOST_SHOWN: usize = 20;
        let Self {
            processes,
            objects,
            refused,
            under_fire,
            complaints,
        } = self;
        let shown: Vec<String> = complaints
            .iter()
            .take(MOST_SHOWN)
            .map(|(complaint, times)| format!("{times} times: {complaint}"))
            .collect();
        assert!(
            complaints.is_empty(),
            "{} complaints about {processes} processes:\n{}",
            complaints.values().sum::<usize>(),
            shown.join("\n")
        );
        let by: Vec<String> = refused
            .iter()
            .map(|(reason, times)| format!("{times} by {reason}"))
            .collect();
        let fire = match under_fire {
            0 => String::new(),
            _ => format!("{under_fire} under fire, "),
        };
        println!(
            "{what}: {processes} processes, {WORKERS} at a time, {fire}made {objects} objects; refused: {}",
            by.join(", ")
        );
        for reason in reasons {
            assert!(
                refused.contains_key(reason),
                "nothing was refused by {reason}"
            );
        }
    }

    /// Compares the objects of the namespace with those that runs printed.
    fn check_objects(&mut self, printed: &HashMap<(Kind, i32), &Makes>) -> Vec<Object> {
        let objects = namespace::objects().expect("what the namespace holds");
        self.objects += objects.len();
        for object in &objects {
            match printed.get(&(object.kind, object.id)) {
                None => self.complain(format_args!("no process printed {object}")),
                Some(makes) if !makes.is(object) => {
                    self.complain(format_args!("it is not what was asked for: {object}"));
                }
                Some(_) => {}
            }
        }
        let held: HashSet<_> = objects
            .iter()
            .map(|object| (object.kind, object.id))
            .collect();
        for (kind, id) in printed.keys().filter(|printed| !held.contains(printed)) {
            self.complain(format_args!("printed, but not there: {kind} {id}"));
        }
        objects
    }
}

/// The runs of a worker, and the objects that it removed.
type Work = (Vec<Run>, Vec<(Kind, i32)>);

impl Load {
    /// Does the work in a new namespace, and checks it.
    fn run(&self, tally: &mut Tally, run: impl Fn(usize, &'static Line) -> io::Result<Run> + Sync) {
        namespace::unshare().expect("a namespace");
        for (name, value) in self.sysctls {
            namespace::set_sysctl(name, value).expect(name);
        }
        let done = at_once(|worker| self.work(worker, &run));
        self.judge(&done, tally);
    }

    fn work(&self, worker: usize, run: impl Fn(usize, &'static Line) -> io::Result<Run>) -> Work {
        /// Most runs of a worker, in case a program is never refused.
        const MOST_RUNS: usize = 1_000;

        let line = &self.lines[worker % self.lines.len()];
        let (mut runs, mut removed, mut refused) = (Vec::new(), Vec::new(), 0);
        let done = |runs: usize, refused: usize| match self.until {
            Until::Refused(times) => refused == times || runs == MOST_RUNS,
            Until::RunAndRemove(times) => runs == times,
        };
        while !done(runs.len(), refused) {
            let run = run(worker, line).expect(RUNS);
            refused += usize::from(run.status.code() == Some(1));
            if matches!(self.until, Until::RunAndRemove(_)) && runs.len() % 2 == 0 {
                for (kind, id) in run.printed().unwrap_or_default() {
                    // An object that cannot be removed still counts as printed, and is then
                    // missing.
                    if namespace::remove(kind, id).is_ok() {
                        removed.push((kind, id));
                    }
                }
            }
            runs.push(run);
        }
        (runs, removed)
    }

    fn judge(&self, done: &[Work], tally: &mut Tally) {
        let says = |full: &'static Full| {
            let reason = move |(text, reason)| (text, (full.limit.kind, reason));
            full.texts().map(reason)
        };
        let known: Known = self.full.iter().flat_map(says).collect();
        let mut printed = HashMap::new();
        for run in done.iter().flat_map(|(runs, _)| runs) {
            tally.processes += 1;
            tally.under_fire += usize::from(run.fire.blocked);
            match run.verdict(&known) {
                Ok(Verdict::Made(objects)) => {
                    for (object, makes) in objects.into_iter().zip(run.line.makes) {
                        if printed.insert(object, makes).is_some() {
                            tally.complain(format_args!("printed twice: {run}"));
                        }
                    }
                }
                Ok(Verdict::Refused(reason)) => *tally.refused.entry(reason).or_default() += 1,
                Err(why) => tally.complain(format_args!("{why}: {run}")),
            }
        }
        for (kind, id) in done.iter().flat_map(|(_, removed)| removed) {
            tally.objects += 1;
            printed.remove(&(*kind, *id));
        }
        let objects = tally.check_objects(&printed);
        for full in self.full {
            let used = full.limit.used(&objects);
            if !full.used.contains(&used) {
                tally.complain(format_args!(
                    "{}: {used} in use at the end, not {:?}",
                    full.limit.name, full.used
                ));
            }
        }
    }
}

/// Fills one namespace after the other until each worker has been refused.
fn each_limit() {
    const ROUNDS: usize = 3;
    let (program, mut tally) = (Program::x86_64(), Tally::default());
    for load in [&DEFAULT_LIMIT]
        .into_iter()
        .chain([EACH_LIMIT; ROUNDS].into_iter().flatten())
    {
        load.run(&mut tally, |_, line| run(&program, line));
    }
    tally.conclude(
        "limits",
        &["SHMMNI", "SHMALL", "MSGMNI", "SEMMNS", "SEMMNI"],
    );
}

fn undo() {
    const ROUNDS: usize = 2;
    let (program, mut tally) = (Program::x86_64(), Tally::default());
    for load in [UNDO; ROUNDS].into_iter().flatten() {
        load.run(&mut tally, |_, line| run(&program, line));
    }
    tally.conclude("undo", &["MSGMNI", "SEMMNS", "SEMMNI"]);
}

fn removals() {
    const ROUNDS: usize = 2;
    let (program, mut tally) = (Program::x86_64(), Tally::default());
    for _ in 0..ROUNDS {
        REMOVALS.run(&mut tally, |_, line| run(&program, line));
    }
    tally.conclude("removals", &["SHMMNI", "MSGMNI", "SEMMNI"]);
}

/// Each worker creates the queues of a batch of its own, all of them together as many as there may
/// be: MSGMNI. One more is refused. Then each worker removes its own.
fn batches() {
    const MSGMNI: usize = 32_000;
    const QUEUES: usize = MSGMNI / WORKERS;
    let program = Program::x86_64();
    let scratch = Scratch::new().expect("a directory");
    for worker in 0..WORKERS {
        let line = |queue: usize| format!("-Q -k {}\n", worker * QUEUES + queue + 1);
        let lines: String = (0..QUEUES).map(line).collect();
        fs::write(scratch.join(&worker.to_string()), lines).expect("it is ours");
    }
    fs::write(scratch.join("one-more"), "-Q\n").expect("it is ours");
    namespace::unshare().expect("a namespace");
    let batch = |name: &str, option: &str| {
        let file = scratch.join(name);
        let file = file.to_str().expect("UTF-8");
        let words: Vec<&str> = ["--batch", file]
            .into_iter()
            .chain(option.split(' '))
            .collect();
        let output = program.run(&words).expect(RUNS);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("ASCII");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let created = at_once(|worker| batch(&worker.to_string(), "-r"));
    let mut ids = HashSet::new();
    for (status, out, err) in &created {
        assert_eq!((*status, err.as_str()), (Some(0), ""));
        assert_eq!(out.lines().count(), QUEUES);
        ids.extend(out.lines().map(|id| id.parse::<i32>().expect("an id")));
    }
    assert_eq!(ids.len(), MSGMNI, "no id is printed twice");
    let objects = namespace::objects().expect("what the namespace holds");
    assert!(objects.len() == MSGMNI && objects.iter().all(|object| ids.contains(&object.id)));

    let full = "ipcmk: line 1: create message queue failed: No space left on device\n\
                ipcmk: not disk space: 32000 of 32000 queues in use (MSGMNI, kernel.msgmni); \
                see ipcs -q, ipcrm\n";
    let refused = (Some(1), String::new(), full.to_owned());
    assert_eq!(batch("one-more", "-r"), refused);

    let removed = at_once(|worker| batch(&worker.to_string(), "-r --remove"));
    assert!(removed == created, "each removes what it has created");
    assert_eq!(namespace::objects().expect("what the namespace holds"), []);
}

fn one_key() {
    const ROUNDS: usize = 10;
    let (program, mut tally) = (Program::x86_64(), Tally::default());
    let mut both = |runs| {
        race(&program, runs, KEYED, 1, &mut tally);
        race(&program, runs, KEYED_OR_FOUND, WORKERS, &mut tally);
    };
    for _ in 0..ROUNDS {
        both(at_random);
    }
    both(at_the_brink);
    tally.conclude("one key", &[KEY_IN_USE]);
}

/// Refused because another run has created the object before.
const KEY_IN_USE: &str = "a key in use";

/// All workers run with the same key, and `winners` of them get it; each line in a new namespace.
fn race(
    program: &Program,
    runs: fn(&Program, &'static Line) -> Vec<Run>,
    lines: &'static [Line],
    winners: usize,
    tally: &mut Tally,
) {
    for line in lines {
        namespace::unshare().expect("a namespace");
        let runs = runs(program, line);
        let makes = &line.makes[0];
        // The ids of a namespace count up from 0. An object created again after a removal would
        // have another id than 0.
        let first = (makes.kind, 0);
        let in_use = HashMap::from([(in_use(makes.kind), (makes.kind, KEY_IN_USE))]);
        let mut won = 0;
        for run in &runs {
            tally.processes += 1;
            match run.verdict(&in_use) {
                Ok(Verdict::Made(objects)) if objects == [first] => won += 1,
                Ok(Verdict::Made(_)) => tally.complain(format_args!("not the first object: {run}")),
                Ok(Verdict::Refused(reason)) => *tally.refused.entry(reason).or_default() += 1,
                Err(why) => tally.complain(format_args!("{why}: {run}")),
            }
        }
        if won != winners {
            let line = line.words.join(" ");
            tally.complain(format_args!("{line}: {won} have the key, not {winners}"));
        }
        tally.check_objects(&HashMap::from([(first, makes)]));
    }
}

/// A run of each worker, unsynchronised.
fn at_random(program: &Program, line: &'static Line) -> Vec<Run> {
    at_once(|_| run(program, line).expect(RUNS))
}

/// A run of each worker, all stopped by a tracer just before their creating call, when each has
/// found no object. Then all continue.
fn at_the_brink(program: &Program, line: &'static Line) -> Vec<Run> {
    let brink = Brink::default();
    let run = |_| -> io::Result<Run> {
        let mut place = Some(Place(&brink));
        let (launch, outputs) = program.launch(line.words)?;
        // SAFETY: the closure does nothing.
        let tracee = unsafe { Tracee::launch(launch, watchdog::LIMIT, &|| Ok(())) }?;
        let trace = tracee.run(|call| {
            if creates(call)
                && let Some(place) = place.take()
            {
                place.arrive();
            }
            Action::Continue
        })?;
        let [stdout, stderr] = outputs.map(load::read);
        Ok(Run {
            line,
            status: trace.status,
            stdout: stdout?,
            stderr: stderr?,
            fire: Fire::default(),
        })
    };
    let runs = at_once(|worker| run(worker).expect(RUNS));
    let there = brink.there.into_inner();
    assert_eq!(
        there.ok(),
        Some(Gathering {
            arrived: WORKERS,
            gone: 0
        }),
        "not all came to create"
    );
    runs
}

/// Whether a call has IPC_CREAT.
fn creates(call: &Syscall) -> bool {
    let flags = match call.name {
        "msgget" => call.args[1],
        "shmget" | "semget" => call.args[2],
        _ => return false,
    };
    flags & libc::IPC_CREAT as u64 != 0
}

/// Where all workers wait before their creating call.
#[derive(Default)]
struct Brink {
    there: Mutex<Gathering>,
    changed: Condvar,
}

/// Number of workers that wait there, and of those that have ended without it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Gathering {
    arrived: usize,
    gone: usize,
}

/// The right of a worker to wait there. If it is dropped, the others do not wait for that worker.
struct Place<'a>(&'a Brink);

impl Place<'_> {
    /// Waits for the others.
    fn arrive(self) {
        let Brink { there, changed } = self.0;
        mem::forget(self);
        let mut there = there.lock().expect("no thread panics while it holds this");
        there.arrived += 1;
        changed.notify_all();
        let others_lack = |there: &mut Gathering| there.arrived + there.gone < WORKERS;
        drop(changed.wait_while(there, others_lack));
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Ok(mut there) = self.0.there.lock() {
            there.gone += 1;
            self.0.changed.notify_all();
        }
    }
}

/// The error text of a run that finds its key in use by the first object of a namespace.
fn in_use(kind: Kind) -> String {
    let (create, what) = match kind {
        Kind::Shm => ("share memory", "segment"),
        Kind::Msg => ("message queue", "queue"),
        Kind::Sem => ("semaphore", "set"),
    };
    format!(
        "ipcmk: create {create} failed: File exists\n\
         ipcmk: {what} 0 has key {KEY:#x}: -e returns it, --remove removes it\n"
    )
}

/// The signals that are sent: those by which scripts are stopped.
const SIGNALS: [libc::c_int; 4] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGPIPE];

/// The signals that a run received, and the kind of its output.
#[derive(Clone, Copy, Default)]
struct Fire {
    /// One was sent without checking the mask, which may kill a process that has only just started.
    blind: bool,
    /// One was sent after the process had blocked it, so that it must not kill the process.
    blocked: bool,
    /// One was sent that ends a wait for a full pipe.
    ends_wait: bool,
    /// Whether its standard output has O_NONBLOCK.
    nonblocking: bool,
}

/// A worker whose processes receive signals.
struct Target {
    rng: Mutex<Rng>,
    /// Its process, until that is waited for.
    process: Mutex<Option<(libc::pid_t, Fire)>>,
}

impl Target {
    fn new(seed: u64) -> Self {
        Self {
            rng: Mutex::new(Rng::with_seed(seed)),
            process: Mutex::new(None),
        }
    }

    fn run(&self, program: &Program, line: &'static Line) -> io::Result<Run> {
        let mut rng = self
            .rng
            .lock()
            .expect("no thread panics while it holds this");
        let (out, writer) = io::pipe()?;
        let mut fire = Fire::default();
        let (late, mut filling) = (rng.bool(), 0);
        if late {
            filling = fill(&writer)?;
            fire.nonblocking = rng.bool();
            if fire.nonblocking {
                fcntl(&writer, libc::F_SETFL, libc::O_WRONLY | libc::O_NONBLOCK)?;
            }
        }
        let (launch, [_, stderr]) = program.launch(line.words)?;
        let child = Child::start(launch.stdout(writer))?;
        let mut process = self
            .process
            .lock()
            .expect("no thread panics while it holds this");
        *process = Some((child.pid(), fire));
        drop(process);
        if late {
            thread::sleep(Duration::from_micros(rng.u64(..3_000)));
        }
        let (mut stdout, stderr) = (load::read(out)?, load::read(stderr)?);
        // No signal after this: once waited for, its pid may belong to another process.
        let mut process = self
            .process
            .lock()
            .expect("no thread panics while it holds this");
        let fire = process.take().map(|(_, fire)| fire).unwrap_or_default();
        drop(process);
        let status = child.wait()?;
        stdout.drain(..filling);
        Ok(Run {
            line,
            status,
            stdout,
            stderr,
            fire,
        })
    }

    /// Sends the process a signal, if there is one.
    fn fire(&self, rng: &mut Rng) {
        let mut process = self
            .process
            .lock()
            .expect("no thread panics while it holds this");
        let Some((pid, fire)) = &mut *process else {
            return;
        };
        let signal = SIGNALS[rng.usize(..SIGNALS.len())];
        let blind = rng.u8(..16) == 0;
        if !blind && !has_blocked(*pid, signal) {
            return;
        }
        // SAFETY: no pointer; the process is a child not waited for, so the pid is still its own.
        if unsafe { libc::kill(*pid, signal) } == 0 {
            fire.blind |= blind;
            fire.blocked |= !blind;
            fire.ends_wait |= signal != libc::SIGPIPE;
        }
    }
}

/// Shrinks a pipe to the least capacity and fills it. Returns the capacity.
fn fill(mut writer: &io::PipeWriter) -> io::Result<usize> {
    let size = fcntl(writer, libc::F_SETPIPE_SZ, 1)?;
    let size = usize::try_from(size).expect("a size");
    writer.write_all(&vec![b'.'; size])?;
    Ok(size)
}

fn fcntl(pipe: &io::PipeWriter, command: i32, argument: i32) -> io::Result<i32> {
    // SAFETY: both of the commands used here take an int.
    match unsafe { libc::fcntl(pipe.as_raw_fd(), command, argument) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}

/// Whether a process, which may have ended, has blocked a signal.
fn has_blocked(pid: libc::pid_t, signal: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigBlk:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// Ends the signals when it is dropped, even by a panic.
struct Cease<'a>(&'a AtomicBool);

impl Drop for Cease<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sends signals at random moments. Half of the pipes are full at first and read later: until then,
/// a process has created its objects and not printed them.
fn signals() {
    const ROUNDS: usize = 6;
    let program = Program::x86_64();
    let targets: Vec<Target> = (0..WORKERS).map(|n| Target::new(SEED + n as u64)).collect();
    let mut tally = Tally::default();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _cease = Cease(&over);
        scope.spawn(|| {
            let mut rng = Rng::with_seed(SEED);
            while !over.load(Ordering::Relaxed) {
                targets[rng.usize(..WORKERS)].fire(&mut rng);
                thread::sleep(Duration::from_micros(rng.u64(..20)));
            }
        });
        for _ in 0..ROUNDS {
            FIRE.run(&mut tally, |worker, line| {
                targets[worker].run(&program, line)
            });
        }
    });
    let under_fire = tally.under_fire;
    tally.conclude("signals", &[INTERRUPTED]);
    assert!(under_fire > 100, "hardly a signal came when it mattered");
}

fn aarch64() {
    let program = Program::emulated("aarch64");
    let mut tally = Tally::default();
    EMULATED.run(&mut tally, |_, line| run(&program, line));
    race(&program, at_random, &KEYED[..1], 1, &mut tally);
    let shared = &KEYED_OR_FOUND[..1];
    race(&program, at_random, shared, WORKERS, &mut tally);
    tally.conclude("aarch64", &["SEMMNI", KEY_IN_USE]);
}
