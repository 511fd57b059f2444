//! Fault injection on the real file: every system call that it makes fails in every way that it
//! can, writes are cut short, signals come before and after each call, and standard output is
//! everything that a shell can make of it. After each run there must be exactly what was printed
//! (exit 0), or nothing that the run created (exit 1) but what standard error names as left behind.
//! POSIX objects, which others find by their names, must be whole besides, whatever ended the run;
//! a queue that has not got its owner yet has mode 0.
//!
//! The command lines are cases; faults.case and faults-native.case have some for this. A trial is a
//! case with one plan:
//!
//! | plan | what is done |
//! | --- | --- |
//! | errnos | each call fails with each errno: alone, and with every later call of its kind. Then, for each way on that the program took after that, every later call fails as well, and every removal |
//! | lengths | each write is cut short at every length: alone, every time, and with an error after it |
//! | signals | each signal before the first instruction, before each call and after each call |
//! | file size | standard output is a file that RLIMIT_FSIZE ends, at every length |
//! | waits | standard output is a full pipe; it is emptied, its reader goes, or signals come, while the program sleeps |
//!
//! Of a row of the same calls only the first and the last fail with errnos that the calls cannot
//! return. Where a second fault can only meet calls that the first one led to, it is tried on one
//! errno for each way on: the program makes the same calls, and knows no more than they tell it.
//!
//! `make faults` tries all that, `make test` a [`sample`] of it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`fault`] | a fault, and the calls that it meets |
//! | [`errnos`] | the errnos of a call |
//! | [`stdout`] | what standard output is |
//! | [`attempt`] | one run |
//! | [`verdict`] | the judge |
//! | [`sample`] | what is tried where all would take too long |
//! | [`report`] | the count |
//! | [`reach`] | what was reached at all, and what a sample must reach |

pub mod attempt;
pub mod errnos;
pub mod fault;
pub mod reach;
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
use crate::case::{Case, Stream, Text};
use crate::check::Objects;
use crate::files;
use crate::namespace::{self, Changed};
use crate::posix;
use crate::runner::{self, Runner};
use crate::suite;
use crate::tracer::Syscall;

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every errno that there is, every length.
    All,
    /// The errnos of the calls' manual pages and of filters, some lengths, some outputs: for
    /// machines that are emulated.
    Some,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Out of this.
    pub extent: Extent,
    /// Only a [`sample`] of it.
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

/// What is done to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// With this standard output.
    Errnos(Stdout),
    /// Of writes.
    Lengths,
    /// With this standard output.
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

/// Those of an emulated machine: one that ends a wait, one of the program's own making, and the one
/// that cannot be blocked.
const FEW_SIGNALS: [i32; 3] = [libc::SIGTERM, libc::SIGPIPE, libc::SIGKILL];

fn signals(extent: Extent) -> &'static [i32] {
    match extent {
        Extent::All => &SIGNALS,
        Extent::Some => &FEW_SIGNALS,
    }
}

/// The errors that come after a short write.
const AFTER_SHORT: [i32; 6] = [
    libc::EPIPE,
    libc::ENOSPC,
    libc::EFBIG,
    libc::EIO,
    libc::EINTR,
    libc::EAGAIN,
];

/// Bytes of an output that is too long to try all that can be tried at every length.
const LONG: u64 = 200;

/// Where [`LONG`] outputs are cut: every so many bytes.
const STRIDE: usize = 37;

/// How many runs of a trial may be wrong before it ends.
const ENOUGH: usize = 20;

/// The plans for a case.
fn plans(case: &Case, extent: Extent) -> Vec<Plan> {
    let stuffed = || Stdout::stuffed([Act::Empty]);
    let interrupted = Stdout::stuffed([Act::Signal(libc::SIGTERM), Act::Empty]);
    let blocking = Stdout::Stuffed(Stuffed {
        blocking: true,
        ignored: None,
        acts: vec![Act::Empty],
    });
    if case.runs[0].out.is_empty() {
        // Nothing goes to standard output, so it does not matter.
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
        // The object's descriptor is that of standard error.
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

/// The trials of all cases, each of which adds to the report; and what they must reach, if they are
/// a sample.
///
/// # Errors
/// Where a case has not exactly one run, or sets the output that the plans set; where the runs
/// without a fault, by which a sample is chosen, cannot be made.
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

/// What a trial does.
struct Task {
    case: Case,
    /// The number of the case.
    number: usize,
    plan: Plan,
    extent: Extent,
}

/// The share of each trial in the sample, and the calls that runs without a fault make. Adds what
/// all trials must reach.
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

/// Does something with the case of a trial in a namespace of its own. Gives what that gives, unless
/// it stops; the complaints; and the count.
fn in_bench<T: Send>(
    task: &Task,
    runner: &Runner,
    share: Option<(sample::Share, Arc<BTreeSet<String>>)>,
    work: impl FnOnce(&mut Bench<'_>) -> Result<T, Stop> + Send,
) -> Result<(Option<T>, Vec<String>, Report), String> {
    // A namespace belongs to a thread, so a new thread leaves nothing behind in this one.
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

/// A processor that a trial has for itself as far as the other trials go: tracer and program take
/// turns, and that goes much faster on one. Where all are taken, the trial runs on any.
struct Processor(Option<usize>);

/// Whether the processors are taken, by number.
static TAKEN: Mutex<[bool; libc::CPU_SETSIZE as usize]> =
    Mutex::new([false; libc::CPU_SETSIZE as usize]);

impl Processor {
    fn take() -> Self {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
        let size = size_of::<libc::cpu_set_t>();
        // SAFETY: the set has the size given, and all bytes are zero or written by the kernel,
        // which is a value of its integers.
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
            // SAFETY: as above; this binds the calling thread, and what it starts. Where it is
            // refused, all goes on as well, only slower.
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

/// A namespace, and the runs of one case in it, one after the other.
struct Bench<'a> {
    case: &'a Case,
    runner: &'a Runner,
    extent: Extent,
    stdout: Stdout,
    given: Objects,
    window: posix::Window,
    posix: Vec<posix::Object>,
    /// What else the case changes, until this is dropped.
    _changed: Vec<Changed>,
    reference: Option<Vec<u8>>,
    /// Where only a sample is tried: which, and the calls that runs without a fault make.
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

    /// The exit status without a fault, where standard output decides.
    fn expected(&self) -> Option<i32> {
        let run = &self.case.runs[0];
        if run.status != 0 || run.out.is_empty() {
            return Some(run.status);
        }
        self.stdout
            .takes_all()
            .map(|takes_all| i32::from(!takes_all))
    }

    /// Runs the case once and judges the run; then removes what it made.
    fn attempt(&mut self, faults: &[Fault], expected: Option<i32>) -> Result<Observed, Stop> {
        let stop = |error: io::Error| Stop(format!("  {}: {error}\n", self.words(faults, &[])));
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
        let verdict = judge(&scene, &observed, faults, after, expected);
        for object in held.iter().filter(|object| !self.given.hold(object)) {
            namespace::remove(object.kind, object.id).map_err(stop)?;
        }
        for object in posix.iter().filter(|object| !self.posix.contains(object)) {
            posix::remove(&object.what, &object.name).map_err(stop)?;
        }
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

    /// Says what a run met.
    fn words(&self, faults: &[Fault], calls: &[Syscall]) -> String {
        let mut words = vec![format!("stdout {}", self.stdout)];
        words.extend(faults.iter().map(|fault| in_words(fault, calls)));
        words.join("; ")
    }

    /// A command that does the same, as far as strace can.
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
            // Nor do its POSIX objects harm anybody.
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

    /// Says so if a fault met no call.
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
            errnos::likely(&call.name())
        }
    }

    /// Whether this errno would have the program wait for what never comes: a descriptor that is
    /// closed says EBADF, and not that there will be room some time.
    fn for_ever(&self, call: &Syscall, errno: i32) -> bool {
        let [_, out, err] = self.stdout.closed();
        errno == libc::EAGAIN && (out && is_write(call, 1) || err && is_write(call, 2))
    }

    /// The places where a run without a fault can fail, and the errnos of each if all are tried:
    /// its calls, and, where there are any, its removals together.
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

    /// Whether calls fail with every errno that there is.
    fn is_thorough(&self) -> bool {
        match self.stdout {
            // These runs take their time.
            Stdout::Stuffed(_) => self.has_several(),
            // Nobody could hear of it.
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

    /// The first call of a run that may know where standard output goes: none does before the first
    /// output.
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

    /// Whether a call is worth more than others.
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

    /// A call fails with each of these, and then others.
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
            // Otherwise it would be the same run.
            if rest.iter().any(|later| later.number == call.number) {
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

    /// After a fault the program made these calls: fails each of the later ones, too, and all
    /// removals, with every errno if `all`. Gives whether there were any.
    fn second_fault(&mut self, first: Fault, calls: &[Syscall], all: bool) -> Result<bool, Stop> {
        let later = calls.iter().enumerate().skip(first.at + 1);
        for (at, call) in later.clone() {
            let mut errnos = match self.extent {
                Extent::All if !in_a_row(calls, at) => errnos::likely(&call.name()),
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

    /// The lengths that a write is cut short at, from 0 up: all, or every so manieth of them.
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
            .filter(|(_, call)| call.number == libc::SYS_write);
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
                // Who writes nothing gets no further.
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

    /// A write of so many bytes, and the next one fails.
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
                    // Nothing comes after the exit.
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

    /// A run that gets a signal.
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
                // The limit is too low for an object already, and may be so for ever. (An id may be
                // a digit longer from one run to the next.)
                if limit > 2 * output {
                    return Ok(());
                }
                continue;
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
        let mut waits = waits();
        if let Some((share, _)) = &self.share {
            let others = waits.into_iter().skip(share.case % sample::PIPES);
            waits = others.step_by(sample::PIPES).collect();
        }
        for stuffed in waits {
            self.stdout = Stdout::Stuffed(stuffed.clone());
            let run = self.attempt(&[], self.expected())?;
            if run.status.success() {
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
            if run.stderr != line.as_bytes() {
                self.complain(&run, &[], &[format!("err: not {line:?}")])?;
            }
            self.attempt(&[Fault::removals(0, libc::EPERM)], Some(1))?;
        }
        Ok(())
    }
}

/// The full pipes, and what becomes of them.
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
    // As under nohup, and the user means it.
    let [hup, term] = [libc::SIGHUP, libc::SIGTERM].map(Act::Signal);
    add(false, Some(libc::SIGHUP), &[hup, term, Act::Empty]);
    all
}

/// Whether a call is neither the first nor the last of a row of the same calls, as where a size is
/// found out by halves.
fn in_a_row(calls: &[Syscall], at: usize) -> bool {
    let same = |other: Option<usize>| {
        let other = other.and_then(|other| calls.get(other));
        other.is_some_and(|other| describe(other) == describe(&calls[at]))
    };
    same(at.checked_sub(1)) && same(Some(at + 1))
}

/// A call and what it returned, for a report.
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
