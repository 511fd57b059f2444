//! Fault injection on the real file: every system call that it makes fails in every way that it
//! can, writes are cut short, signals come before and after each call, and standard output is
//! everything that a shell can make of it. After each run there must be exactly what was printed (exit
//! 0), or nothing that the run created (exit 1) but what standard error names as left behind. POSIX
//! objects, which others find by their names, must be whole besides, whatever ended the run; a queue that
//! has not got its owner yet has mode 0.
//!
//! The command lines are cases; faults.case and faults-native.case have some for this. A trial is a case with one plan:
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
//! return. Where a second fault can only meet calls that the first one led to, it is tried on one errno for
//! each way on: the program makes the same calls, and knows no more than they tell it.
//!
//! | module | holds |
//! | --- | --- |
//! | [`fault`] | a fault, and the calls that it meets |
//! | [`errnos`] | the errnos of a call |
//! | [`stdout`] | what standard output is |
//! | [`attempt`] | one run |
//! | [`verdict`] | the judge |
//! | [`report`] | the count |

pub mod attempt;
pub mod errnos;
pub mod fault;
pub mod report;
pub mod stdout;
pub mod verdict;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use libtest_mimic::{Failed, Trial};

use self::attempt::{Observed, attempt};
use self::fault::{Fault, What, describe, in_words, is_removal, is_write};
use self::report::Report;
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

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every errno that there is, every length.
    All,
    /// The errnos of the calls' manual pages and of filters, some lengths, some outputs: for
    /// machines that are emulated.
    Some,
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
enum Plan {
    Errnos(Stdout),
    Lengths,
    Signals(Stdout),
    FileSize,
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

/// The trials of all cases; each adds to the report.
///
/// # Errors
/// Where a case has not exactly one run, or sets the output that the plans set.
pub fn trials(
    cases: &[Case],
    runner: &Arc<Runner>,
    extent: Extent,
    report: &Arc<Mutex<Report>>,
) -> Result<Vec<Trial>, String> {
    let mut trials = Vec::new();
    for case in cases {
        let streams = [case.start.stdout, case.start.stderr];
        if case.runs.len() != 1 || streams != [Stream::Captured; 2] {
            return Err(format!(
                "{}: a case for faults has one run, and no output but pipes",
                case.position
            ));
        }
        for plan in plans(case, extent) {
            let (case, runner, report) = (case.clone(), Arc::clone(runner), Arc::clone(report));
            trials.push(Trial::test(format!("{}: {plan}", case.title), move || {
                run(&case, &runner, &plan, extent, &report)
            }));
        }
    }
    Ok(trials)
}

fn run(
    case: &Case,
    runner: &Runner,
    plan: &Plan,
    extent: Extent,
    report: &Mutex<Report>,
) -> Result<(), Failed> {
    // A namespace belongs to a thread, so a new thread leaves nothing behind in this one.
    let bench = thread::scope(|scope| {
        scope
            .spawn(|| {
                let _turn = case.is_posix().then(posix::Turn::take).transpose()?;
                let _processor = Processor::take();
                let (case, _files) = files::settle(case)?;
                let mut bench = Bench::new(&case, runner, extent)?;
                if let Err(Stop(why)) = bench.carry_out(plan) {
                    bench.complaints.push(why);
                }
                posix::remove_queues(&bench.window.objects()?)?;
                Ok::<_, io::Error>((bench.report, bench.complaints))
            })
            .join()
    });
    let (counted, complaints) = bench
        .map_err(|_| "it panicked")?
        .map_err(|error| format!("the namespace could not be prepared: {error}"))?;
    report
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .merge(counted);
    if complaints.is_empty() {
        return Ok(());
    }
    Err(format!("{}{}", runner.heading(case), complaints.concat()).into())
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
        // SAFETY: the set has the size given, and all bytes are zero or written by the kernel, which
        // is a value of its integers.
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
    report: Report,
    complaints: Vec<String>,
}

impl<'a> Bench<'a> {
    fn new(case: &'a Case, runner: &'a Runner, extent: Extent) -> io::Result<Self> {
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

    fn errnos(&mut self) -> Result<(), Stop> {
        let base = self.attempt(&[], self.expected())?;
        let several = matches!(&self.case.runs[0].out, Text::Lines(lines) if lines.len() > 1);
        let (thorough, second) = match self.stdout {
            Stdout::Pipe => (true, true),
            // These runs take their time.
            Stdout::Stuffed(_) => (several, several),
            // Nobody could hear of it.
            Stdout::AllClosed | Stdout::ErrClosed => (false, false),
            _ => (true, false),
        };
        // Up to its first output a run does not know where that goes.
        let differs = match self.stdout {
            Stdout::Pipe => 0,
            _ => base
                .calls
                .iter()
                .position(|call| is_write(call, 1))
                .unwrap_or(base.calls.len()),
        };
        let first = match self.extent {
            Extent::All => 0,
            Extent::Some => differs,
        };
        for (at, call) in base.calls.iter().enumerate().skip(first) {
            let mut ways: BTreeMap<Vec<String>, (i32, Vec<Syscall>)> = BTreeMap::new();
            let special = at >= differs && !in_a_row(&base.calls, at);
            let mut errnos = self.all_or_likely(thorough && special, call);
            errnos.retain(|&errno| !self.for_ever(call, errno));
            for errno in errnos {
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
            if second && special {
                let mut all = true;
                for (errno, calls) in ways.into_values() {
                    let first = Fault::once(at, What::Errno(errno));
                    let removes = self.second_fault(first, &calls, all)?;
                    all &= !removes;
                }
            }
        }
        if let Some(first) = base.calls.iter().find(|call| is_removal(call)) {
            for errno in self.all_or_likely(thorough, first) {
                self.attempt(&[Fault::removals(0, errno)], None)?;
            }
        }
        Ok(())
    }

    /// After a fault the program made these calls: fails each of the later ones, too, and all
    /// removals, with every errno if `all`. Gives whether there were any.
    fn second_fault(&mut self, first: Fault, calls: &[Syscall], all: bool) -> Result<bool, Stop> {
        let later = calls.iter().enumerate().skip(first.at + 1);
        for (at, call) in later.clone() {
            let errnos = match self.extent {
                Extent::All if !in_a_row(calls, at) => errnos::likely(&call.name()),
                Extent::All | Extent::Some => vec![libc::EPERM],
            };
            for errno in errnos {
                let faults = [first, Fault::once(at, What::Errno(errno))];
                let run = self.attempt(&faults, None)?;
                self.must_meet(&run, &faults)?;
            }
        }
        let Some((_, call)) = later.clone().find(|(_, call)| is_removal(call)) else {
            return Ok(false);
        };
        for errno in self.all_or_likely(all, call) {
            let faults = [first, Fault::removals(first.at + 1, errno)];
            let run = self.attempt(&faults, None)?;
            self.must_meet(&run, &faults)?;
        }
        Ok(true)
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
            for length in (0..).step_by(single) {
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
            for length in (1..write.args[2]).step_by(stride) {
                self.short_then_error(at, length, is_write(write, 1))?;
            }
        }
        Ok(())
    }

    /// A write of so many bytes, and the next one fails.
    fn short_then_error(&mut self, at: usize, length: u64, output: bool) -> Result<(), Stop> {
        let once = Fault::once(at, What::Length(length));
        for errno in AFTER_SHORT {
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
        let signals = match self.extent {
            Extent::All => &SIGNALS[..],
            Extent::Some => &FEW_SIGNALS,
        };
        for &signal in signals {
            self.attempt(&[Fault::once(0, What::SignalAtStart(signal))], None)?;
            let heard = match &self.stdout {
                Stdout::Stuffed(stuffed) => stuffed.is_heard(signal),
                _ => false,
            };
            let any = heard || signal == libc::SIGKILL;
            let expected = (!any).then(|| self.expected()).flatten();
            for at in 0..base.calls.len() {
                let before = [Fault::once(at, What::SignalBefore(signal))];
                let run = self.attempt(&before, expected)?;
                self.must_meet(&run, &before)?;
                // Nothing comes after the exit.
                if at + 1 < base.calls.len() {
                    let after = [Fault::once(at, What::SignalAfter(signal))];
                    let run = self.attempt(&after, expected)?;
                    self.must_meet(&run, &after)?;
                }
            }
        }
        Ok(())
    }

    fn file_size(&mut self) -> Result<(), Stop> {
        let long = matches!(self.case.runs[0].out, Text::Contains(_));
        let stride = match self.extent {
            Extent::Some if long => STRIDE,
            Extent::Some => 3,
            Extent::All => 1,
        };
        let output = self.attempt(&[], self.expected())?.stdout.len() as u64;
        for limit in (0..).step_by(stride) {
            self.stdout = Stdout::Limited(limit);
            let run = self.attempt(&[], None)?;
            if run.status.success() {
                return Ok(());
            }
            if !run.calls.iter().any(|call| is_write(call, 1)) {
                // The limit is too low for an object already, and may be so for ever. (An id may be a
                // digit longer from one run to the next.)
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
        for stuffed in waits() {
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
