//! Injects faults into the built binary: every system call fails with every errno, writes are cut
//! short, signals arrive before and after each call, and standard output is anything that a shell
//! can make it. After exit 0, exactly the printed objects must exist. After exit 1, no object of
//! the run may exist, except those that standard error names as left behind. A run of --remove has
//! removed what it printed, and nothing that it names on standard error. POSIX objects have
//! names, by which other programs find them, so they must be complete however the run ends; a queue
//! whose owner is not set yet has mode 0.
//!
//! The command lines are those of the cases; some of faults.case and faults-native.case exist only
//! for this. A trial is a case with one plan:
//!
//! | plan | what is injected |
//! | --- | --- |
//! | errnos | each call fails with each errno: alone, and together with every later call of its kind. For each different sequence of calls that follows, every later call fails as well, and every removal |
//! | lengths | each write is cut short at every length: alone, every time, and with an error after it |
//! | signals | each signal before the first instruction, before each call and after each call |
//! | file size | standard output is a file that RLIMIT_FSIZE ends, at every length |
//! | waits | standard output is a full pipe; while the program sleeps, the pipe is emptied, its reader closes, or signals arrive |
//!
//! Of several equal calls in a row, only the first and the last fail with errnos that the call
//! cannot return. A second fault is tried with one errno of the first for each sequence of calls:
//! whatever the first errno was, the program makes the same calls with the same results.
//!
//! `make faults` tries all of it, `make test` a [`sample`].
//!
//! | module | holds |
//! | --- | --- |
//! | [`fault`] | a fault, and the calls that it affects |
//! | [`errnos`] | the errnos of a call |
//! | [`stdout`] | the kinds of standard output |
//! | [`attempt`] | one run |
//! | [`verdict`] | the check of a run |
//! | [`removal`] | the check of a run of --remove |
//! | [`sample`] | the part that `make test` tries |
//! | [`report`] | the counts |
//! | [`reach`] | what the faults have reached, and what a sample must reach |

pub mod attempt;
pub mod errnos;
pub mod fault;
pub mod reach;
pub mod removal;
pub mod report;
pub mod sample;
pub mod stdout;
pub mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use libtest_mimic::{Failed, Trial};

use self::attempt::{Observed, attempt};
use self::fault::{Fault, What, describe, in_words, is_removal, is_write};
use self::reach::Reach;
use self::report::Report;
use self::sample::Place;
use self::stdout::{Act, Stdout, Stuffed};
use self::verdict::{After, Scene, judge};
use crate::case::{Case, Setup, Stream, Text};
use crate::check::Objects;
use crate::files;
use crate::namespace::{self, Changed, Object};
use crate::posix;
use crate::runner::{self, Runner};
use crate::suite;
use crate::tracer::Syscall;

/// Which faults exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every errno of Linux, every length.
    All,
    /// The errnos of the calls' man pages and of seccomp filters, some lengths, some outputs: for
    /// emulated machines.
    Some,
}

/// Which faults are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// All faults of this extent,
    pub extent: Extent,
    /// or only a [`sample`] of them.
    pub sample: bool,
}

impl FromStr for Extent {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "all" => Ok(Self::All),
            "some" => Ok(Self::Some),
            _ => Err(format!("--faults takes `all` or `some`, not {name:?}")),
        }
    }
}

/// The faults of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Errnos, with this standard output.
    Errnos(Stdout),
    /// Short writes.
    Lengths,
    /// Signals, with this standard output.
    Signals(Stdout),
    /// RLIMIT_FSIZE.
    FileSize,
    /// Full pipes.
    Waits,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Errnos(stdout) => write!(f, "errnos, stdout {stdout}"),
            Self::Lengths => f.write_str("lengths"),
            Self::Signals(stdout) => write!(f, "signals, stdout {stdout}"),
            Self::FileSize => f.write_str("file size"),
            Self::Waits => f.write_str("waits"),
        }
    }
}

/// The signals that a run gets.
const SIGNALS: [i32; 8] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGHUP,
    libc::SIGPIPE,
    libc::SIGQUIT,
    libc::SIGALRM,
    libc::SIGXFSZ,
    libc::SIGKILL,
];

/// The signals in an emulated machine: one that ends a wait, one that write(2) itself causes, and
/// SIGKILL, which cannot be blocked.
const FEW_SIGNALS: [i32; 3] = [libc::SIGTERM, libc::SIGPIPE, libc::SIGKILL];

fn signals(extent: Extent) -> &'static [i32] {
    match extent {
        Extent::All => &SIGNALS,
        Extent::Some => &FEW_SIGNALS,
    }
}

/// The errnos of the write after a short one.
const AFTER_SHORT: [i32; 6] = [
    libc::EPIPE,
    libc::ENOSPC,
    libc::EFBIG,
    libc::EIO,
    libc::EINTR,
    libc::EAGAIN,
];

/// Bytes from which an output is too long to try every length.
const LONG: u64 = 200;

/// Bytes from one cut of a [`LONG`] output to the next.
const STRIDE: usize = 37;

/// Wrong runs after which a trial ends.
const ENOUGH: usize = 20;

/// The plans of a case.
fn plans(case: &Case, extent: Extent) -> Vec<Plan> {
    let stuffed = || Stdout::stuffed([Act::Empty]);
    let interrupted = Stdout::stuffed([Act::Signal(libc::SIGTERM), Act::Empty]);
    let blocking = Stdout::Stuffed(Stuffed {
        blocking: true,
        ignored: None,
        acts: vec![Act::Empty],
    });
    if case.runs[0].out.is_empty() {
        // Nothing is written to standard output, so it does not matter.
        let plans = [
            Plan::Errnos(Stdout::Pipe),
            Plan::Errnos(Stdout::AllClosed),
            Plan::Lengths,
            Plan::Signals(Stdout::Pipe),
        ];
        return plans.into();
    }
    let (mut errnos, signals) = match extent {
        Extent::All => (
            vec![
                Stdout::Pipe,
                Stdout::Closed,
                Stdout::AllClosed,
                Stdout::Full,
                Stdout::Broken,
                Stdout::Leaving,
                stuffed(),
                interrupted,
            ],
            vec![
                Stdout::Pipe,
                Stdout::Closed,
                Stdout::Broken,
                stuffed(),
                blocking,
            ],
        ),
        Extent::Some => (
            vec![Stdout::Pipe, Stdout::Closed, stuffed()],
            vec![Stdout::Pipe, stuffed()],
        ),
    };
    if case.is_posix() {
        // The descriptor of the object is then 2.
        errnos.push(Stdout::ErrClosed);
    }
    let errnos = errnos.into_iter().map(Plan::Errnos);
    let signals = signals.into_iter().map(Plan::Signals);
    errnos
        .chain([Plan::Lengths])
        .chain(signals)
        .chain([Plan::FileSize, Plan::Waits])
        .collect()
}

/// The trials of all cases, each of which adds to the report; for a sample, also what they must
/// reach.
///
/// # Errors
/// If a case has not exactly one run, or sets an output that the plans set; if a run without a
/// fault, from which a sample is chosen, cannot be made.
pub fn trials(
    cases: &[Case],
    runner: &Arc<Runner>,
    choice: Choice,
    report: &Arc<Mutex<Report>>,
) -> Result<(Vec<Trial>, Reach), String> {
    let mut tasks = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let streams = [case.start.stdout, case.start.stderr];
        if case.runs.len() != 1 || streams != [Stream::Captured; 2] {
            return Err(format!(
                "{}: a case for faults has one run, and no output but pipes",
                case.position
            ));
        }
        if !case.gone.is_empty() && removal::objects(case).count() != case.gone.len() {
            return Err(format!(
                "{}: a case for faults prints a line for each object that is gone",
                case.position
            ));
        }
        for plan in plans(case, choice.extent) {
            let case = case.clone();
            tasks.push(Task {
                case,
                number,
                plan,
                extent: choice.extent,
            });
        }
    }
    let mut required = Reach::default();
    let shares = if choice.sample {
        let (shares, known) = shares(&tasks, runner, &mut required)?;
        let known = Arc::new(known);
        let share = |share| Some((share, Arc::clone(&known)));
        shares.into_iter().map(share).collect()
    } else {
        vec![None; tasks.len()]
    };
    let trial = |(task, share): (Task, Option<_>)| {
        let (runner, report) = (Arc::clone(runner), Arc::clone(report));
        let name = format!("{}: {}", task.case.title, task.plan);
        Trial::test(name, move || run(&task, &runner, share.clone(), &report))
    };
    let trials = tasks.into_iter().zip(shares).map(trial).collect();
    Ok((trials, required))
}

/// The work of a trial.
struct Task {
    case: Case,
    /// The number of the case.
    number: usize,
    plan: Plan,
    extent: Extent,
}

/// The share of each trial in the sample, and the calls that runs without a fault make. Adds to
/// `Reach` what all trials together must reach.
fn shares(
    tasks: &[Task],
    runner: &Runner,
    required: &mut Reach,
) -> Result<(Vec<sample::Share>, BTreeSet<String>), String> {
    let next = AtomicUsize::new(0);
    let places = Mutex::new(vec![Vec::new(); tasks.len()]);
    let work = || -> Result<(), String> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(number) else {
                return Ok(());
            };
            let Plan::Errnos(stdout) = &task.plan else {
                continue;
            };
            let here = in_bench(task, runner, None, |bench| {
                bench.stdout = stdout.clone();
                let base = bench.attempt(&[], bench.expected())?;
                Ok(bench.menu(&base))
            });
            let (here, complaints, _) =
                here.map_err(|error| format!("{}: {error}", task.case.title))?;
            let Some(here) = here else {
                return Err(complaints.concat());
            };
            places.lock().unwrap_or_else(PoisonError::into_inner)[number] = here;
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut ends = workers.into_iter().map(|worker| worker.join());
        ends.try_for_each(|end| end.expect("it does not panic"))
    })?;
    let places = places.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (task, places) in tasks.iter().zip(&places) {
        required.add_plan(&task.plan, signals(task.extent));
        places.iter().for_each(|place| required.add_place(place));
    }
    let known = places.iter().flatten().map(|place| place.call.clone());
    let known = known.collect();
    let each = match tasks.first().map(|task| task.extent) {
        Some(Extent::Some) => sample::EACH_EMULATED,
        Some(Extent::All) | None => sample::EACH,
    };
    let mut dealt = sample::deal(&places.concat(), each).into_iter();
    let share = |(trial, (task, places)): (usize, (&Task, &Vec<_>))| {
        let errnos = dealt.by_ref().take(places.len()).collect();
        sample::Share::new(trial, task.number, errnos)
    };
    let shares = tasks.iter().zip(&places).enumerate().map(share);
    Ok((shares.collect(), known))
}

fn run(
    task: &Task,
    runner: &Runner,
    share: Option<(sample::Share, Arc<BTreeSet<String>>)>,
    report: &Mutex<Report>,
) -> Result<(), Failed> {
    let (_, complaints, counted) =
        in_bench(task, runner, share, |bench| bench.carry_out(&task.plan))?;
    report
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .merge(counted);
    if complaints.is_empty() {
        return Ok(());
    }
    Err(format!("{}{}", runner.heading(&task.case), complaints.concat()).into())
}

/// Calls `work` with the case of a trial in new namespaces. Returns its result, unless the trial
/// has stopped; the complaints; and the counts.
fn in_bench<T: Send>(
    task: &Task,
    runner: &Runner,
    share: Option<(sample::Share, Arc<BTreeSet<String>>)>,
    work: impl FnOnce(&mut Bench<'_>) -> Result<T, Stop> + Send,
) -> Result<(Option<T>, Vec<String>, Report), String> {
    // unshare(2) changes the calling thread alone; the new thread's namespaces end with it.
    let bench = thread::scope(|scope| {
        scope
            .spawn(|| {
                let case = &task.case;
                let _turn = case.is_posix().then(posix::Turn::take).transpose()?;
                let _processor = Processor::take();
                let (case, _files) = files::settle(case)?;
                let mut bench = Bench::new(&case, runner, task.extent, share)?;
                let done = match work(&mut bench) {
                    Ok(done) => Some(done),
                    Err(Stop(why)) => {
                        bench.complaints.push(why);
                        None
                    }
                };
                posix::remove_queues(&bench.window.objects()?)?;
                Ok::<_, io::Error>((done, bench.complaints, bench.report))
            })
            .join()
    });
    bench
        .map_err(|_| "it panicked".to_owned())?
        .map_err(|error| format!("the namespace could not be prepared: {error}"))
}

/// A processor that no other trial uses: tracer and program take turns, which is much faster on one
/// processor. If all are taken, the trial runs on any.
struct Processor(Option<usize>);

/// Whether each processor is taken, by number.
static TAKEN: Mutex<[bool; libc::CPU_SETSIZE as usize]> =
    Mutex::new([false; libc::CPU_SETSIZE as usize]);

impl Processor {
    fn take() -> Self {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
        let size = size_of::<libc::cpu_set_t>();
        // SAFETY: the set has this size. Its bytes are zero or written by the kernel, and any value
        // of them is valid.
        let allowed = unsafe {
            if libc::sched_getaffinity(0, size, set.as_mut_ptr()) != 0 {
                return Self(None);
            }
            set.assume_init()
        };
        // SAFETY: the number is under CPU_SETSIZE.
        let is_free =
            |&number: &usize| !taken[number] && unsafe { libc::CPU_ISSET(number, &allowed) };
        let free = (0..taken.len()).find(is_free);
        if let Some(number) = free {
            taken[number] = true;
            // SAFETY: as above; this binds the calling thread, and its later children. If it fails,
            // the trial is only slower.
            unsafe {
                let mut one = MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init();
                libc::CPU_SET(number, &mut one);
                libc::sched_setaffinity(0, size, &raw const one);
            }
        }
        Self(free)
    }
}

impl Drop for Processor {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            TAKEN.lock().unwrap_or_else(PoisonError::into_inner)[number] = false;
        }
    }
}

/// Why a trial ends before its time.
struct Stop(String);

/// A namespace, and the runs of one case in it.
struct Bench<'a> {
    case: &'a Case,
    runner: &'a Runner,
    extent: Extent,
    stdout: Stdout,
    given: Objects,
    window: posix::Window,
    posix: Vec<posix::Object>,
    /// The sysctls of the machine that the case sets, restored when this is dropped.
    _changed: Vec<Changed>,
    reference: Option<Vec<u8>>,
    /// For a sample: the share of this trial, and the calls that runs without a fault make.
    share: Option<(sample::Share, Arc<BTreeSet<String>>)>,
    report: Report,
    complaints: Vec<String>,
}

impl<'a> Bench<'a> {
    fn new(
        case: &'a Case,
        runner: &'a Runner,
        extent: Extent,
        share: Option<(sample::Share, Arc<BTreeSet<String>>)>,
    ) -> io::Result<Self> {
        namespace::unshare()?;
        let (given, changed) = runner::set_up(&case.setup)?;
        let window = posix::Window::open()?;
        let posix = window.objects()?;
        Ok(Self {
            case,
            runner,
            extent,
            stdout: Stdout::Pipe,
            given,
            window,
            posix,
            _changed: changed,
            reference: None,
            share,
            report: Report::default(),
            complaints: Vec::new(),
        })
    }

    fn carry_out(&mut self, plan: &Plan) -> Result<(), Stop> {
        let plain = self.attempt(&[], self.expected())?;
        if let Text::Contains(_) = self.case.runs[0].out {
            self.reference = Some(plain.stdout);
        }
        match plan {
            Plan::Errnos(stdout) => {
                self.stdout = stdout.clone();
                self.errnos()
            }
            Plan::Lengths => self.lengths(),
            Plan::Signals(stdout) => {
                self.stdout = stdout.clone();
                self.signals()
            }
            Plan::FileSize => self.file_size(),
            Plan::Waits => self.waits(),
        }
    }

    /// The exit status without a fault; None if it depends on how much standard output takes.
    fn expected(&self) -> Option<i32> {
        let run = &self.case.runs[0];
        if run.status != 0 || run.out.is_empty() {
            return Some(run.status);
        }
        self.stdout
            .takes_all()
            .map(|takes_all| i32::from(!takes_all))
    }

    /// Runs the case once and checks the run; then removes the objects that it created.
    fn attempt(&mut self, faults: &[Fault], expected: Option<i32>) -> Result<Observed, Stop> {
        let words = self.words(faults, &[]);
        let stop = |error: io::Error| Stop(format!("  {words}: {error}\n"));
        let observed =
            attempt(&self.runner.subject, self.case, &self.stdout, faults).map_err(stop)?;
        let held = namespace::objects().map_err(stop)?;
        let posix = self.window.objects().map_err(stop)?;
        let after = After {
            held: &held,
            posix: &posix,
        };
        let scene = Scene {
            case: self.case,
            stdout: &self.stdout,
            given: &self.given,
            posix: &self.posix,
            reference: self.reference.as_deref(),
        };
        let judge = if self.case.gone.is_empty() {
            judge
        } else {
            removal::judge
        };
        let verdict = judge(&scene, &observed, faults, after, expected);
        for object in held.iter().filter(|object| !self.given.hold(object)) {
            namespace::remove(object.kind, object.id).map_err(stop)?;
        }
        for object in posix.iter().filter(|object| !self.posix.contains(object)) {
            posix::remove(&object.what, &object.name).map_err(stop)?;
        }
        self.restore(&held, &posix).map_err(stop)?;
        self.report.add(&self.stdout, &observed, faults, &verdict);
        if !verdict.complaints.is_empty() {
            self.complain(&observed, faults, &verdict.complaints)?;
        }
        if verdict.changed > 0 {
            return Err(Stop(
                "  without its given objects no run makes sense\n".into(),
            ));
        }
        Ok(observed)
    }

    /// Creates the given objects that a run removed once more. `held` and `files` are those that
    /// are there.
    fn restore(&mut self, held: &[Object], files: &[posix::Object]) -> io::Result<()> {
        let is_whole = self.given.before().all(|object| held.contains(object))
            && self.posix.iter().all(|object| files.contains(object));
        if self.case.gone.is_empty() || is_whole {
            return Ok(());
        }
        for object in held.iter().filter(|object| self.given.hold(object)) {
            namespace::remove(object.kind, object.id)?;
        }
        for object in files.iter().filter(|object| self.posix.contains(object)) {
            posix::remove(&object.what, &object.name)?;
        }
        let is_object = |step: &&Setup| matches!(step, Setup::Object(_) | Setup::Posix(_));
        let objects = self.case.setup.iter().filter(is_object).cloned();
        (self.given, _) = runner::set_up(&objects.collect::<Vec<_>>())?;
        self.posix = self.window.objects()?;
        Ok(())
    }

    fn complain(
        &mut self,
        observed: &Observed,
        faults: &[Fault],
        what: &[String],
    ) -> Result<(), Stop> {
        let calls: Vec<String> = observed.calls.iter().map(call_and_result).collect();
        self.complaints.push(format!(
            "  {}\n    {}\n    calls: {}\n    $ {}\n",
            self.words(faults, &observed.calls),
            what.join("\n    ").trim_end(),
            calls.join(", "),
            self.reproduce(faults, &observed.calls),
        ));
        if self.complaints.len() < ENOUGH {
            return Ok(());
        }
        Err(Stop(format!(
            "  {ENOUGH} runs were wrong, the rest was not tried\n"
        )))
    }

    /// Describes the faults of a run, for reports.
    fn words(&self, faults: &[Fault], calls: &[Syscall]) -> String {
        let mut words = vec![format!("stdout {}", self.stdout)];
        words.extend(faults.iter().map(|fault| in_words(fault, calls)));
        words.join("; ")
    }

    /// A bash command line that injects the same faults, as far as strace can.
    fn reproduce(&self, faults: &[Fault], calls: &[Syscall]) -> String {
        let program = self.runner.subject.path();
        let mut line = suite::reproduce(program, &self.case.runs[0].words);
        let options: Vec<String> = faults
            .iter()
            .filter_map(|fault| fault::for_strace(fault, calls))
            .collect();
        if !options.is_empty() {
            let strace = format!("unshare -ri strace -o /dev/null {} ", options.join(" "));
            line = line.replacen("unshare -ri ", &strace, 1);
        }
        if self.case.is_posix() {
            // A /dev/shm of its own, so that POSIX objects do no harm.
            let private = "unshare -rim sh -c 'mount -t tmpfs none /dev/shm && exec \"$@\"' sh ";
            line = line.replacen("unshare -ri ", private, 1);
        }
        line + match self.stdout {
            Stdout::Closed => " >&-",
            Stdout::AllClosed => " <&- >&- 2>&-",
            Stdout::ErrClosed => " 2>&-",
            Stdout::Full => " >/dev/full",
            Stdout::Broken | Stdout::Leaving => " > >(:)",
            Stdout::Pipe | Stdout::Stuffed(_) | Stdout::Limited(_) => "",
        }
    }

    /// Complains if a fault met no call.
    fn must_meet(&mut self, observed: &Observed, faults: &[Fault]) -> Result<(), Stop> {
        let missed = |number: &usize| !observed.met.iter().any(|met| met.0 == *number);
        match (0..faults.len()).find(missed) {
            None => Ok(()),
            Some(_) => self.complain(observed, faults, &["the run did not get there".to_owned()]),
        }
    }

    fn all_or_likely(&self, all: bool, call: &Syscall) -> Vec<i32> {
        if all && self.extent == Extent::All {
            errnos::all()
        } else {
            errnos::likely(call.name)
        }
    }

    /// Whether this errno would make the program wait for ever: write(2) to a closed descriptor
    /// fails with EBADF, never with EAGAIN.
    fn for_ever(&self, call: &Syscall, errno: i32) -> bool {
        let [_, out, err] = self.stdout.closed();
        errno == libc::EAGAIN && (out && is_write(call, 1) || err && is_write(call, 2))
    }

    /// The places where a run without a fault can fail, with all errnos of each: its calls, and all
    /// its removals together if there are any.
    fn menu(&self, base: &Observed) -> Vec<Place> {
        let calls = base.calls.iter().enumerate().skip(self.first(base));
        let mut places: Vec<Place> = calls
            .map(|(at, call)| {
                let all = self.is_thorough() && self.is_special(base, at);
                let mut errnos = self.all_or_likely(all, call);
                errnos.retain(|&errno| !self.for_ever(call, errno));
                let call = describe(call);
                Place { call, errnos }
            })
            .collect();
        if let Some(removal) = base.calls.iter().find(|call| is_removal(call)) {
            places.push(Place {
                call: describe(removal),
                errnos: self.all_or_likely(self.is_thorough(), removal),
            });
        }
        places
    }

    /// Whether calls fail with every errno of Linux, and not only with the likely ones.
    fn is_thorough(&self) -> bool {
        match self.stdout {
            // These runs are slow.
            Stdout::Stuffed(_) => self.has_several(),
            // The program cannot report the error.
            Stdout::AllClosed | Stdout::ErrClosed => false,
            _ => true,
        }
    }

    /// Whether a second call fails after the first one.
    fn has_second(&self) -> bool {
        match self.stdout {
            Stdout::Pipe => true,
            Stdout::Stuffed(_) => self.has_several(),
            _ => false,
        }
    }

    fn has_several(&self) -> bool {
        matches!(&self.case.runs[0].out, Text::Lines(lines) if lines.len() > 1)
    }

    /// The first call of a run that can depend on standard output: no call does before the first
    /// write to it.
    fn differs(&self, base: &Observed) -> usize {
        let output = || base.calls.iter().position(|call| is_write(call, 1));
        match self.stdout {
            Stdout::Pipe => 0,
            _ => output().unwrap_or(base.calls.len()),
        }
    }

    /// The first call that fails.
    fn first(&self, base: &Observed) -> usize {
        match self.extent {
            Extent::All => 0,
            Extent::Some => self.differs(base),
        }
    }

    /// Whether a call fails with every errno, not only with the likely ones, and a second call too.
    fn is_special(&self, base: &Observed, at: usize) -> bool {
        at >= self.differs(base) && !in_a_row(&base.calls, at)
    }

    fn errnos(&mut self) -> Result<(), Stop> {
        let base = self.attempt(&[], self.expected())?;
        let menu = self.menu(&base);
        let errnos = match &self.share {
            None => menu.into_iter().map(|place| place.errnos).collect(),
            Some((share, _)) => share.errnos.clone(),
        };
        let places = base.calls.len() - self.first(&base);
        let removal = base.calls.iter().any(is_removal);
        if errnos.len() != places + usize::from(removal) {
            let what = "not the calls that it made when the sample was chosen".to_owned();
            return self.complain(&base, &[], &[what]);
        }
        let (calls, removals) = errnos.split_at(places);
        for (at, errnos) in (self.first(&base)..).zip(calls) {
            self.first_fault(&base, at, errnos)?;
        }
        for &errno in removals.iter().flatten() {
            self.attempt(&[Fault::removals(0, errno)], None)?;
        }
        Ok(())
    }

    /// Makes a call fail with each of these errnos, and then later calls too.
    fn first_fault(&mut self, base: &Observed, at: usize, errnos: &[i32]) -> Result<(), Stop> {
        let call = &base.calls[at];
        let mut ways: BTreeMap<Vec<String>, (i32, Vec<Syscall>)> = BTreeMap::new();
        for &errno in errnos {
            let again = is_write(call, 1) && [libc::EINTR, libc::EAGAIN].contains(&errno);
            let expected = again.then(|| self.expected()).flatten();
            let faults = [Fault::once(at, What::Errno(errno))];
            let run = self.attempt(&faults, expected)?;
            self.must_meet(&run, &faults)?;
            let rest = run.calls.get(at + 1..).unwrap_or_default();
            // Without such a call the run would be the same.
            if rest.iter().any(|later| later.name == call.name) {
                self.attempt(&[Fault::onwards(at, What::Errno(errno))], expected)?;
            }
            let way = rest.iter().map(describe).collect();
            ways.entry(way).or_insert((errno, run.calls));
        }
        if self.has_second() && self.is_special(base, at) {
            let mut all = true;
            for (errno, calls) in ways.into_values() {
                let first = Fault::once(at, What::Errno(errno));
                let removes = self.second_fault(first, &calls, all)?;
                all &= !removes;
            }
        }
        Ok(())
    }

    /// `calls` are those of a run with the fault `first`. Makes each later one fail too, and all
    /// removals, with every errno if `all`. Returns whether there were removals.
    fn second_fault(&mut self, first: Fault, calls: &[Syscall], all: bool) -> Result<bool, Stop> {
        let later = calls.iter().enumerate().skip(first.at + 1);
        for (at, call) in later.clone() {
            let mut errnos = match self.extent {
                Extent::All if !in_a_row(calls, at) => errnos::likely(call.name),
                Extent::All | Extent::Some => vec![libc::EPERM],
            };
            let name = describe(call);
            if let Some((share, known)) = &mut self.share
                && known.contains(&name)
            {
                errnos = share.turn(&name, &errnos).into_iter().collect();
            }
            for errno in errnos {
                let faults = [first, Fault::once(at, What::Errno(errno))];
                let run = self.attempt(&faults, None)?;
                self.must_meet(&run, &faults)?;
            }
        }
        let Some((_, call)) = later.clone().find(|(_, call)| is_removal(call)) else {
            return Ok(false);
        };
        let mut errnos = self.all_or_likely(all, call);
        if let Some((share, _)) = &mut self.share {
            errnos = share.turn("removals", &errnos).into_iter().collect();
        }
        for errno in errnos {
            let faults = [first, Fault::removals(first.at + 1, errno)];
            let run = self.attempt(&faults, None)?;
            self.must_meet(&run, &faults)?;
        }
        Ok(true)
    }

    /// The lengths to which a write is cut, from 0 up: every `stride`th.
    fn cuts(&self, stride: usize) -> impl Iterator<Item = u64> + use<> {
        let (start, step) = match &self.share {
            None => (1, stride),
            Some((share, _)) => {
                let step = if stride == 1 { sample::STEP } else { stride };
                (1 + share.trial % step, step)
            }
        };
        let others = (start..).step_by(step);
        [0].into_iter().chain(others).map(|length| length as u64)
    }

    fn lengths(&mut self) -> Result<(), Stop> {
        let base = self.attempt(&[], self.expected())?;
        let writes = base
            .calls
            .iter()
            .enumerate()
            .filter(|(_, call)| call.name == "write");
        for (at, write) in writes {
            let stride = match (self.extent, write.args[2]) {
                (_, LONG..) => STRIDE,
                (Extent::All, _) => 1,
                (Extent::Some, _) => 9,
            };
            let single = match self.extent {
                Extent::All => 1,
                Extent::Some => stride,
            };
            for length in self.cuts(single) {
                // write(2) that returns 0 is an error, EIO.
                let expected = (length > 0).then(|| self.expected()).flatten();
                let once = Fault::once(at, What::Length(length));
                let run = self.attempt(&[once], expected)?;
                if run.met.is_empty() {
                    break;
                }
                if length > 0 && run.stderr != base.stderr {
                    let what = "err: not what it is without a fault".to_owned();
                    self.complain(&run, &[once], &[what])?;
                }
                self.attempt(
                    &[Fault {
                        reach: fault::Reach::Onwards,
                        ..once
                    }],
                    expected,
                )?;
            }
            for length in self.cuts(stride).skip(1) {
                if length >= write.args[2] {
                    break;
                }
                self.short_then_error(at, length, is_write(write, 1))?;
            }
        }
        Ok(())
    }

    /// Cuts a write to this length, and makes the next one fail.
    fn short_then_error(&mut self, at: usize, length: u64, output: bool) -> Result<(), Stop> {
        let once = Fault::once(at, What::Length(length));
        let errnos = match &mut self.share {
            None => AFTER_SHORT.to_vec(),
            Some((share, _)) => Vec::from_iter(share.turn("after a short write", &AFTER_SHORT)),
        };
        for errno in errnos {
            let expected = match errno {
                _ if !output => None,
                libc::EINTR | libc::EAGAIN => self.expected(),
                _ => Some(1),
            };
            self.attempt(&[once, Fault::once(at + 1, What::Errno(errno))], expected)?;
        }
        if output {
            let error = Fault::once(at + 1, What::Errno(libc::EPIPE));
            let removals = Fault::removals(at + 2, libc::EPERM);
            self.attempt(&[once, error, removals], Some(1))?;
        }
        Ok(())
    }

    fn signals(&mut self) -> Result<(), Stop> {
        let base = self.attempt(&[], self.expected())?;
        let signals = signals(self.extent);
        let last = base.calls.len() - 1;
        let Some((share, _)) = &mut self.share else {
            for &signal in signals {
                self.signal(0, What::SignalAtStart(signal))?;
                for at in 0..=last {
                    self.signal(at, What::SignalBefore(signal))?;
                    // No call follows the exit.
                    if at < last {
                        self.signal(at, What::SignalAfter(signal))?;
                    }
                }
            }
            return Ok(());
        };
        let mut faults = Vec::new();
        let mut turn = |what, of: &[i32]| share.turn(what, of).expect("some signals");
        let (kill, others) = signals.split_last().expect("some signals");
        faults.push((0, What::SignalAtStart(turn("at the start", signals))));
        for at in 0..=last {
            faults.push((at, What::SignalBefore(*kill)));
            faults.push((at, What::SignalBefore(turn("before a call", others))));
            if at < last {
                faults.push((at, What::SignalAfter(turn("after a call", signals))));
            }
        }
        let mut faults = faults.into_iter();
        faults.try_for_each(|(at, what)| self.signal(at, what))
    }

    /// Sends a signal to a run.
    fn signal(&mut self, at: usize, what: What) -> Result<(), Stop> {
        let (What::SignalAtStart(signal) | What::SignalBefore(signal) | What::SignalAfter(signal)) =
            what
        else {
            unreachable!("it is a signal")
        };
        let is_at_start = matches!(what, What::SignalAtStart(_));
        let heard = match &self.stdout {
            Stdout::Stuffed(stuffed) => stuffed.is_heard(signal),
            _ => false,
        };
        let any = heard || is_at_start || signal == libc::SIGKILL;
        let expected = (!any).then(|| self.expected()).flatten();
        let faults = [Fault::once(at, what)];
        let run = self.attempt(&faults, expected)?;
        if is_at_start {
            return Ok(());
        }
        self.must_meet(&run, &faults)
    }

    fn file_size(&mut self) -> Result<(), Stop> {
        let long = matches!(self.case.runs[0].out, Text::Contains(_));
        let stride = match self.extent {
            Extent::Some if long => STRIDE,
            Extent::Some => 3,
            Extent::All => 1,
        };
        let output = self.attempt(&[], self.expected())?.stdout.len() as u64;
        for limit in self.cuts(stride) {
            self.stdout = Stdout::Limited(limit);
            let run = self.attempt(&[], None)?;
            if run.status.success() {
                return Ok(());
            }
            if !run.calls.iter().any(|call| is_write(call, 1)) {
                // The limit is too low for an object already, and may stay so. (An id may have one
                // digit more in the next run.)
                if limit > 2 * output {
                    return Ok(());
                }
                continue;
            }
            if self.case.runs[0].status != 0 && limit > output {
                return Ok(());
            }
            if run.stdout.len() as u64 != limit {
                let what = format!(
                    "out: {} bytes instead of the {limit} that fit",
                    run.stdout.len()
                );
                self.complain(&run, &[], &[what])?;
            }
            if run.calls.iter().any(is_removal) {
                self.attempt(&[Fault::removals(0, libc::EPERM)], Some(1))?;
            }
        }
        unreachable!("a file without a limit takes any output")
    }

    fn waits(&mut self) -> Result<(), Stop> {
        let plain = self.attempt(&[], self.expected())?.stderr;
        let mut waits = waits();
        if let Some((share, _)) = &self.share {
            let others = waits.into_iter().skip(share.case % sample::PIPES);
            waits = others.step_by(sample::PIPES).collect();
        }
        for stuffed in waits {
            self.stdout = Stdout::Stuffed(stuffed.clone());
            let run = self.attempt(&[], self.expected())?;
            if self.stdout.takes_all() == Some(true) {
                continue;
            }
            let interrupted = stuffed
                .acts
                .iter()
                .any(|act| matches!(*act, Act::Signal(signal) if stuffed.is_heard(signal)));
            let reason = if interrupted {
                libc::EINTR
            } else {
                libc::EPIPE
            };
            let reason = io::Error::from_raw_os_error(reason).to_string();
            let reason = reason.split(" (os error").next().unwrap_or_default();
            let line = format!("ipcmk: write error: {reason}\n");
            if run.stderr != [&plain, line.as_bytes()].concat() {
                self.complain(&run, &[], &[format!("err: not {line:?}")])?;
            }
            self.attempt(&[Fault::removals(0, libc::EPERM)], Some(1))?;
        }
        Ok(())
    }
}

/// The full pipes, and what happens to them.
fn waits() -> Vec<Stuffed> {
    const HEARD: [i32; 3] = [libc::SIGHUP, libc::SIGINT, libc::SIGTERM];
    const OTHERS: [i32; 5] = [
        libc::SIGQUIT,
        libc::SIGPIPE,
        libc::SIGALRM,
        libc::SIGXFSZ,
        libc::SIGUSR1,
    ];
    let mut all = Vec::new();
    let mut add = |blocking, ignored, acts: &[Act]| {
        all.push(Stuffed {
            blocking,
            ignored,
            acts: acts.to_vec(),
        });
    };
    for blocking in [false, true] {
        add(blocking, None, &[Act::Empty]);
        add(blocking, None, &[Act::Close]);
        for signal in HEARD.into_iter().chain(OTHERS) {
            add(blocking, None, &[Act::Signal(signal), Act::Empty]);
        }
        for signal in HEARD {
            add(blocking, Some(signal), &[Act::Signal(signal), Act::Empty]);
            add(blocking, Some(signal), &[Act::Signal(signal), Act::Close]);
        }
    }
    // As under nohup(1), the user wants the program to ignore them.
    let [hup, term] = [libc::SIGHUP, libc::SIGTERM].map(Act::Signal);
    add(false, Some(libc::SIGHUP), &[hup, term, Act::Empty]);
    all
}

/// Whether a call has an equal one before and after it, as in the binary search for the size of an
/// object.
fn in_a_row(calls: &[Syscall], at: usize) -> bool {
    let same = |other: Option<usize>| {
        let other = other.and_then(|other| calls.get(other));
        other.is_some_and(|other| describe(other) == describe(&calls[at]))
    };
    same(at.checked_sub(1)) && same(Some(at + 1))
}

/// Formats a call and its result for a report.
fn call_and_result(call: &Syscall) -> String {
    let name = describe(call);
    match call.result {
        None => name,
        Some(negative @ -4095..0) => {
            let errno = i32::try_from(-negative).unwrap_or_default();
            format!("{name} = {}", crate::errno::name(errno))
        }
        Some(result) => format!("{name} = {result}"),
    }
}
