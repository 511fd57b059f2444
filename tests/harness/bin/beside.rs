//! Runs two files of ipcmk on the same random command lines, and compares all that they do: after a
//! change that must change nothing, nothing may differ.
//!
//! ```text
//! cargo run --release -p ipcmk-tests --bin beside -- OLD NEW [LINES] [SEED]
//! ```
//!
//! Each line is written as a case (see [`ipcmk_tests::case`]): a command line or a batch, and its
//! conditions: objects, limits, a user, streams, a call that fails. OLD runs it, then NEW, each in
//! a new IPC namespace and with an empty /dev/shm, with the same files, the same objects and the
//! same random numbers. These must be equal: exit status; standard output; size and flags of each
//! shmget(2); all System V objects with id, key, mode, owner, creator, size and values; all POSIX
//! objects with name, mode, owner, bytes or attributes, and whether they existed before; standard
//! error. Only `tests/reworded.txt` allows a difference of standard error, or of --help: see
//! [`ipcmk_tests::reworded`].
//!
//! A difference is printed as a case, with the command that repeats it, and the exit status is 1.
//! It is also 1 if the lines are not a fair sample ([`Count::is_fair`]). Lines with different
//! system calls are counted, but are no difference; a run of one line shows the calls. Needs root,
//! since some lines run as other users. Files for other architectures run under qemu's user-mode
//! emulation, without the conditions that an emulator cannot provide.

#[path = "beside/count.rs"]
mod count;
#[path = "beside/line.rs"]
mod line;

use std::env;
use std::ffi::OsString;
use std::fmt::{Display, Write};
use std::fs::{self, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{self, ExitCode, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use fastrand::Rng;
use ipcmk_tests::board::Board;
use ipcmk_tests::case::{self, Case, Start};
use ipcmk_tests::files::{self, Input, Scratch};
use ipcmk_tests::namespace::{self, Object, Privilege};
use ipcmk_tests::output::Output;
use ipcmk_tests::posix::{self, Wanted};
use ipcmk_tests::reworded::Reworded;
use ipcmk_tests::subject::{Subject, in_child, set_stack};
use ipcmk_tests::tracer::{Action, Tracee};
use ipcmk_tests::{runner, spawn, text, watchdog};

use count::Count;

/// Number of lines by default.
const LINES: u64 = 20_000;
/// The seed of the first line by default. Each further line has the next one.
const SEED: u64 = 1;
/// Number of lines from which on they must be a fair sample.
const SAMPLE: u64 = 1_000;
/// Most differences that are printed.
const MOST_SHOWN: usize = 20;
/// The list of reworded texts, which may be missing.
const REWORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/reworded.txt");

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let number = |index: usize, usual: u64| match arguments.get(index) {
        None => Some(usual),
        Some(text) => text.to_str()?.parse().ok(),
    };
    let (2..=4, Some(lines), Some(seed)) = (arguments.len(), number(2, LINES), number(3, SEED))
    else {
        eprintln!("usage: beside OLD NEW [LINES] [SEED]");
        return ExitCode::from(2);
    };
    match beside(arguments[0].as_ref(), arguments[1].as_ref(), lines, seed) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("beside: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Compares `lines` lines from this seed on, and reports. Returns whether nothing differs and the
/// sample is fair.
fn beside(old: &Path, new: &Path, lines: u64, seed: u64) -> io::Result<bool> {
    if namespace::obtain_privilege()? != Privilege::Root {
        return Err(io::Error::other("only root can start lines as other users"));
    }
    let pair = Pair::new(old, new)?;
    let command = format!("beside {} {} 1", old.display(), new.display());
    let next = AtomicU64::new(0);
    let differences = AtomicUsize::new(0);
    let count = Mutex::new(Count::default());
    let work = |worker: u32| -> io::Result<()> {
        // RLIMIT_MEMLOCK and RLIMIT_MSGQUEUE count a user's objects in all namespaces, so each
        // worker has a user of its own.
        let user = 100_000 + process::id() * 64 + worker;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= lines {
                return Ok(());
            }
            let seed = seed.wrapping_add(index);
            let line = line::compose(seed, user, pair.old.is_emulated());
            let about = |error| io::Error::other(format!("{error}\n{command} {seed}\n{line}"));
            let compared = pair.compare(&line).map_err(about)?;
            count
                .lock()
                .expect("no thread panics while it holds this")
                .add(seed, &compared);
            if let (1, Some(calls)) = (lines, compared.calls) {
                print!("{line}{calls}");
            }
            let Some(difference) = compared.difference else {
                continue;
            };
            if differences.fetch_add(1, Ordering::Relaxed) < MOST_SHOWN {
                let again = pair.compare(&line).map_err(about)?.difference;
                let again = again.map_or("not again in a second run", |_| "again in a second run");
                println!("a difference, {again}: {command} {seed}\n{line}{difference}");
            }
        }
    };
    let workers = thread::available_parallelism()?.get().min(64) as u32;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        let mut ends = workers.into_iter().map(|worker| worker.join());
        ends.try_for_each(|end| end.expect("a worker has panicked"))
    })?;
    let count = count
        .into_inner()
        .expect("no thread panics while it holds this");
    let differences = differences.into_inner();
    print!("{count}{}", pair.reworded);
    let is_fair = lines < SAMPLE || count.is_fair(pair.old.is_emulated());
    if !is_fair {
        println!("the lines are no fair sample");
    }
    println!("{lines} lines, seed {seed}: {differences} differences");
    Ok(differences == 0 && is_fair)
}

/// Two files of ipcmk.
struct Pair {
    old: Subject,
    new: Subject,
    reworded: Reworded,
    scratch: Scratch,
}

/// The result of a line.
struct Compared {
    /// The line.
    case: Case,
    /// Whether all runs of OLD have exited with 0.
    accepted: bool,
    /// The system calls of both, if they differ.
    calls: Option<String>,
    /// What differs, if anything does.
    difference: Option<String>,
}

impl Pair {
    fn new(old: &Path, new: &Path) -> io::Result<Self> {
        let about = |path: &Path, error| io::Error::other(format!("{}: {error}", path.display()));
        let subject = |path: &Path| {
            let emulator = emulator(path).map_err(|error| about(path, error))?;
            Subject::new(path, emulator.map(Path::new)).map_err(|error| about(path, error))
        };
        let list = match fs::read_to_string(REWORDED) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            list => list,
        };
        let list = list.map_err(|error| about(REWORDED.as_ref(), error))?;
        let pair = Self {
            old: subject(old)?,
            new: subject(new)?,
            reworded: Reworded::parse(&list)
                .map_err(|message| io::Error::other(format!("{REWORDED}: {message}")))?,
            scratch: Scratch::new()?,
        };
        if pair.old.is_emulated() != pair.new.is_emulated() || pair.old.word() != pair.new.word() {
            return Err(io::Error::other("the files are for two architectures"));
        }
        Ok(pair)
    }

    /// Runs both on a line.
    fn compare(&self, line: &str) -> io::Result<Compared> {
        let cases =
            case::parse(Path::new("line"), line, self.new.word()).map_err(io::Error::other)?;
        let (case, _files) = files::settle(&cases[0])?;
        // A new thread for each: one that has been in a namespace would take its mounts into the
        // next.
        let run = |subject| {
            thread::scope(|scope| {
                let thread = scope.spawn(|| self.run(subject, &case));
                thread.join().expect("a run has panicked")
            })
        };
        let (old, new) = (run(&self.old)?, run(&self.new)?);
        let difference = self.difference(&case, &old, &new);
        let [old_calls, new_calls] = [&old, &new].map(Came::calls);
        let mut calls = String::new();
        say(&mut calls, "system calls", &old_calls, &new_calls);
        Ok(Compared {
            accepted: old.runs.iter().all(|run| run.status.success()),
            calls: (old_calls != new_calls).then_some(calls),
            difference: (!difference.is_empty()).then_some(difference),
            case,
        })
    }

    /// Runs one of them on a line in new namespaces.
    fn run(&self, subject: &Subject, case: &Case) -> io::Result<Came> {
        namespace::unshare()?;
        let (_, changed) = runner::set_up(&case.setup)?;
        assert!(changed.is_empty(), "a sysctl of the whole machine");
        let window = posix::Window::open()?;
        let before = window.objects()?;
        let runs = case.runs.iter().map(|run| {
            if subject.is_emulated() {
                Ran::emulated(subject, &case.start, &run.words)
            } else {
                Ran::traced(subject, &case.start, &run.words, &self.scratch)
            }
        });
        let runs = runs.collect::<io::Result<_>>()?;
        let objects = namespace::objects()?;
        let after = window.objects()?;
        // The kernel destroys a namespace some time after its last process exits, and counts its
        // objects until then.
        posix::remove_queues(&after)?;
        for object in &objects {
            namespace::remove(object.kind, object.id)?;
        }
        let mut posix: Vec<_> = after
            .iter()
            .map(|object| Posix::new(object, &before))
            .collect();
        posix.sort_by_key(|object| (object.object.name.clone(), object.object.what.is_queue()));
        Ok(Came {
            runs,
            objects,
            posix,
        })
    }

    /// Describes what differs; empty if nothing does.
    fn difference(&self, case: &Case, old: &Came, new: &Came) -> String {
        let mut text = String::new();
        for ((run, old), new) in case.runs.iter().zip(&old.runs).zip(&new.runs) {
            let may_be_reworded = line::asks_for_text(&case.start, &run.words);
            let is_reworded = |old: &[u8], new: &[u8]| self.reworded.explains(old, new);
            if old.status != new.status {
                say(&mut text, "", &old.status, &new.status);
            }
            if old.stdout != new.stdout
                && !(may_be_reworded && is_reworded(&old.stdout, &new.stdout))
            {
                let [old, new] = around(&old.stdout, &new.stdout);
                say(&mut text, "standard output", &old, &new);
            }
            if !is_reworded(&old.stderr, &new.stderr) {
                let [old, new] = around(&old.stderr, &new.stderr);
                say(&mut text, "standard error", &old, &new);
            }
            if old.segments != new.segments {
                let shown = |run: &Ran| format!("{:x?}", run.segments);
                say(
                    &mut text,
                    "size and flags of shmget",
                    &shown(old),
                    &shown(new),
                );
            }
        }
        let [only_old, only_new] = [(old, new), (new, old)].map(|(came, other)| {
            let objects = came.objects.iter();
            let objects = objects.filter(|object| !other.objects.contains(object));
            let objects = objects.map(|object| format!("; {object}"));
            let posix = came.posix.iter();
            let posix = posix.filter(|object| !other.posix.contains(object));
            let posix = posix.map(|object| format!("; {object}"));
            let all: String = objects.chain(posix).collect();
            all.trim_start_matches("; ").to_owned()
        });
        if old.objects != new.objects || old.posix != new.posix {
            say(&mut text, "objects of one alone", &only_old, &only_new);
        }
        text
    }
}

/// Adds a difference, if there is one.
fn say(text: &mut String, what: &str, old: &dyn Display, new: &dyn Display) {
    let _ = writeln!(text, "  {what}\n    old: {old}\n    new: {new}");
}

/// Cuts two outputs to the part from shortly before the first difference on.
fn around(old: &[u8], new: &[u8]) -> [String; 2] {
    const BEFORE: usize = 80;
    let pairs = old.iter().zip(new);
    let equal = pairs.take_while(|(byte, other)| byte == other).count();
    let start = equal.saturating_sub(BEFORE);
    let before = if start == 0 { "" } else { "..." };
    [old, new].map(|output| format!("{before}{}", text::show(&output[start..])))
}

/// The emulator for a file of another architecture.
fn emulator(path: &Path) -> io::Result<Option<&'static str>> {
    /// e_machine of elf.h, and the name of the architecture.
    const MACHINES: [(u16, &str); 4] = [
        (libc::EM_AARCH64, "aarch64"),
        (libc::EM_RISCV, "riscv64"),
        (libc::EM_ARM, "armv7"),
        (libc::EM_386, "i686"),
    ];
    /// Its offset.
    const MACHINE: Range<usize> = 18..20;
    let file = fs::read(path)?;
    let is = |machine: u16| file.get(MACHINE) == Some(&machine.to_le_bytes());
    let name = MACHINES.into_iter().find(|row| is(row.0)).map(|row| row.1);
    Ok(name.and_then(Board::named).and_then(|board| board.emulator))
}

/// What a line did with one of the files.
struct Came {
    runs: Vec<Ran>,
    objects: Vec<Object>,
    posix: Vec<Posix>,
}

impl Came {
    /// The names of its system calls. The number of reads from a pipe is random.
    fn calls(&self) -> String {
        let mut calls: Vec<&str> = self.runs.iter().flat_map(|run| run.calls.clone()).collect();
        calls.dedup_by(|call, before| *call == "read" && call == before);
        calls.join(" ")
    }
}

/// An existing POSIX object.
#[derive(PartialEq, Eq)]
struct Posix {
    object: Wanted,
    /// Whether it existed before the run, unchanged.
    is_old: bool,
}

impl Posix {
    fn new(object: &posix::Object, before: &[posix::Object]) -> Self {
        Self {
            object: Wanted {
                name: object.name.clone(),
                what: object.what.clone(),
                mode: object.mode,
                owner: Some((object.owner.0, Some(object.owner.1))),
            },
            is_old: before.contains(object),
        }
    }
}

impl Display for Posix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = if self.is_old {
            "as before"
        } else {
            "new or changed"
        };
        write!(f, "{} ({since})", self.object)
    }
}

/// One run.
struct Ran {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Size and flags of each shmget(2), since no object shows SHM_NORESERVE.
    segments: Vec<[u64; 2]>,
    /// The names of its system calls.
    calls: Vec<&'static str>,
}

impl Ran {
    fn emulated(subject: &Subject, start: &Start, words: &[Vec<u8>]) -> io::Result<Self> {
        let outcome = subject.run(start, words, false)?;
        Ok(Self {
            status: outcome.status,
            stdout: outcome.stdout,
            stderr: outcome.stderr,
            segments: Vec::new(),
            calls: Vec::new(),
        })
    }

    /// Runs a file under the tracer: sets the bytes at AT_RANDOM to those of `start`, fills the
    /// buffers of getrandom(2) with the same numbers in every run, and makes the calls of `start`
    /// fail.
    fn traced(
        subject: &Subject,
        start: &Start,
        words: &[Vec<u8>],
        scratch: &Scratch,
    ) -> io::Result<Self> {
        let open = |stream| Output::open(stream, || scratch.file().map(|(_, file)| file));
        let (stdout, to_stdout) = open(start.stdout)?;
        let (stderr, to_stderr) = open(start.stderr)?;
        let (stdin, input) = Input::open(start)?;
        let launch = subject.launch(start, words, [stdin, to_stdout, to_stderr])?;
        let in_child = in_child(start)?;
        let set_up = || {
            // One byte is too small for any core file. Set before the filters, which may refuse
            // setrlimit.
            spawn::limit_resource(libc::RLIMIT_CORE, 1)?;
            in_child()
        };
        // SAFETY: `set_up` only makes system calls.
        let tracee = unsafe { Tracee::launch(launch, watchdog::LIMIT, &set_up) }?;
        let pid = tracee.pid();
        let [stdout, stderr] = [stdout, stderr].map(|output| output.read(pid));
        let (stdout, stderr) = (stdout?, stderr?);
        set_stack(&tracee, start)?;
        let memory = OpenOptions::new()
            .write(true)
            .open(format!("/proc/{pid}/mem"))?;
        let mut random = Rng::with_seed(0);
        let mut filled = Ok(());
        let mut made = Vec::new();
        let trace = tracee.follow(|call| {
            if call.result.is_some() {
                if let ("getrandom", Some(length @ 1..)) = (call.name, call.result) {
                    let mut bytes = vec![0; length as usize];
                    random.fill(&mut bytes);
                    let written = memory.write_all_at(&bytes, call.args[0]);
                    filled = std::mem::replace(&mut filled, Ok(())).and(written);
                }
                return Action::Continue;
            }
            made.push(call.name);
            let occurrence = made.iter().filter(|made| **made == call.name).count();
            let mut faults = start.faults.iter();
            let fault =
                faults.find(|fault| (fault.call, fault.occurrence) == (call.name, occurrence));
            fault.map_or(Action::Continue, |fault| Action::Fail(fault.errno))
        })?;
        filled?;
        input.finish()?;
        let segments = trace.calls.iter();
        let segments = segments.filter(|call| call.name == "shmget");
        Ok(Self {
            status: trace.status,
            stdout: stdout.finish()?,
            stderr: stderr.finish()?,
            segments: segments.map(|call| [call.args[1], call.args[2]]).collect(),
            calls: made,
        })
    }
}
