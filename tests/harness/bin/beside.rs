//! Two files of ipcmk beside each other on random command lines: after a change that is to change
//! nothing, nothing may differ.
//!
//! ```text
//! cargo run --release -p ipcmk-tests --bin beside -- OLD NEW [LINES] [SEED]
//! ```
//!
//! Each line is written as a case (see [`ipcmk_tests::case`]): a command line or a batch, and what
//! it finds: objects, limits, a user, streams, a call that is refused. OLD runs it, then NEW, each
//! in an IPC namespace and with a /dev/shm of its own, with the same files, the same objects before
//! and the same random numbers. These must be equal: exit status; standard output; size and flags
//! of each shmget(2); all System V objects with id, key, mode, owner, creator, size and values; all
//! POSIX objects with name, mode, owner, bytes or attributes, and whether they are those of before;
//! standard error. Only `tests/reworded.txt` excuses a difference of standard error, or of --help:
//! see [`ipcmk_tests::reworded`].
//!
//! A difference is printed as a case, with the command that repeats it, and the exit status is 1.
//! So it is if the lines are no fair sample ([`Count::is_fair`]). Lines whose system calls differ
//! are counted, and are no difference; a run of one line shows them. It takes root, since other
//! users are among those who run lines. Files for aarch64 run under qemu-aarch64, without random
//! numbers of the line's choice and refused calls.

#[path = "beside/count.rs"]
mod count;
#[path = "beside/line.rs"]
mod line;

use std::env;
use std::ffi::OsString;
use std::fmt::{Display, Write};
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{self, ExitCode, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use fastrand::Rng;
use ipcmk_tests::case::{self, Case, Start};
use ipcmk_tests::files::{self, Input, Scratch};
use ipcmk_tests::namespace::{self, Object, Privilege};
use ipcmk_tests::output::Output;
use ipcmk_tests::posix::{self, Wanted};
use ipcmk_tests::reworded::Reworded;
use ipcmk_tests::subject::{Subject, in_child, set_stack};
use ipcmk_tests::tracer::{Action, Tracee};
use ipcmk_tests::{runner, spawn, syscalls, text, watchdog};

use count::Count;

/// Lines, if nobody says how many.
const LINES: u64 = 20_000;
/// The seed of the first line, if nobody chooses one. Each further line has the next one.
const SEED: u64 = 1;
/// From so many lines on they must be a fair sample.
const SAMPLE: u64 = 1_000;
/// Differences that are printed.
const MOST_SHOWN: usize = 20;
/// The list of reworded texts, which need not be there.
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

/// Runs so many lines from this seed on, and reports; gives whether all is well.
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
        // The limits of a user's locked memory and POSIX queues span all namespaces, so each worker
        // has a user of its own.
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
                .expect("nobody panics with it")
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
    let count = count.into_inner().expect("nobody panics with it");
    let differences = differences.into_inner();
    print!("{count}{}", pair.reworded);
    let is_fair = lines < SAMPLE || count.is_fair();
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

/// What a line came to.
struct Compared {
    /// The line.
    case: Case,
    /// Whether OLD has done all that its runs asked for.
    accepted: bool,
    /// The system calls, if they differ, for a reader.
    calls: Option<String>,
    /// What differs, for a reader.
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
        if pair.old.is_emulated() != pair.new.is_emulated() {
            return Err(io::Error::other("the files are for two architectures"));
        }
        Ok(pair)
    }

    /// Runs both on a line.
    fn compare(&self, line: &str) -> io::Result<Compared> {
        let cases = case::parse(Path::new("line"), line).map_err(io::Error::other)?;
        let (case, _files) = files::settle(&cases[0])?;
        // A thread that has been in one namespace would take its mounts into the next.
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
        // A namespace takes its time to go, and a user's limits count what is in it.
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

    /// What differs, for a reader; nothing if nothing does.
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

/// Adds what differs.
fn say(text: &mut String, what: &str, old: &dyn Display, new: &dyn Display) {
    let _ = writeln!(text, "  {what}\n    old: {old}\n    new: {new}");
}

/// Two outputs from a little before the first difference on.
fn around(old: &[u8], new: &[u8]) -> [String; 2] {
    const BEFORE: usize = 80;
    let pairs = old.iter().zip(new);
    let equal = pairs.take_while(|(byte, other)| byte == other).count();
    let start = equal.saturating_sub(BEFORE);
    let before = if start == 0 { "" } else { "..." };
    [old, new].map(|output| format!("{before}{}", text::show(&output[start..])))
}

/// What a file for another architecture than this machine's runs through.
fn emulator(path: &Path) -> io::Result<Option<&'static str>> {
    /// e_machine of elf.h, and its place.
    const EM_AARCH64: [u8; 2] = 183_u16.to_le_bytes();
    let file = fs::read(path)?;
    let is_foreign = cfg!(target_arch = "x86_64") && file.get(18..20) == Some(&EM_AARCH64);
    Ok(is_foreign.then_some("qemu-aarch64"))
}

/// What a line came to with one of the files.
struct Came {
    runs: Vec<Ran>,
    objects: Vec<Object>,
    posix: Vec<Posix>,
}

impl Came {
    /// The names of its system calls. In how many reads a pipe is read is chance.
    fn calls(&self) -> String {
        let mut calls: Vec<i64> = self.runs.iter().flat_map(|run| run.calls.clone()).collect();
        calls.dedup_by(|call, before| *call == libc::SYS_read && call == before);
        let names: Vec<String> = calls.into_iter().map(syscalls::name).collect();
        names.join(" ")
    }
}

/// A POSIX object that is there.
#[derive(PartialEq, Eq)]
struct Posix {
    object: Wanted,
    /// Whether it was there before, and has not been changed.
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
    /// The numbers of its system calls.
    calls: Vec<i64>,
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

    /// Runs a file under trace, so that it finds the random numbers of `start` at AT_RANDOM, and in
    /// getrandom(2) those that every run finds there, and that the calls fail which `start` says.
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
            // One byte is too little for any core file. Before the filters, which may refuse it.
            spawn::limit_resource(libc::RLIMIT_CORE, 1)?;
            in_child()
        };
        // SAFETY: system calls, as they say.
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
                if let (libc::SYS_getrandom, Some(length @ 1..)) = (call.number, call.result) {
                    let mut bytes = vec![0; length as usize];
                    random.fill(&mut bytes);
                    let written = memory.write_all_at(&bytes, call.args[0]);
                    filled = std::mem::replace(&mut filled, Ok(())).and(written);
                }
                return Action::Continue;
            }
            made.push(call.number);
            let occurrence = made.iter().filter(|made| **made == call.number).count();
            let mut faults = start.faults.iter();
            let fault =
                faults.find(|fault| (fault.call, fault.occurrence) == (call.number, occurrence));
            fault.map_or(Action::Continue, |fault| Action::Fail(fault.errno))
        })?;
        filled?;
        input.finish()?;
        let segments = trace.calls.iter();
        let segments = segments.filter(|call| call.number == libc::SYS_shmget);
        Ok(Self {
            status: trace.status,
            stdout: stdout.finish()?,
            stderr: stderr.finish()?,
            segments: segments.map(|call| [call.args[1], call.args[2]]).collect(),
            calls: made,
        })
    }
}
