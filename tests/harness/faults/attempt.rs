//! Runs a case once under faults.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, PipeReader, Read, Seek};
use std::os::unix::fs::FileExt;
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use super::errnos::FILTERS;
use super::fault::{Fault, Target, What, is_write, sought, target};
use super::stdout::{self, End, Stdout};
use crate::case::{Case, Stream};
use crate::files::{Input, Stdin};
use crate::output;
use crate::posix;
use crate::spawn::{self, Process};
use crate::subject::{Subject, in_child};
use crate::tracer::{Action, Syscall, Tracee};

/// Longest time that a run may run or sleep. A run that waits for ever ends the trial, so few take
/// this long.
const LIMIT: Duration = Duration::from_secs(30);

/// What a run did.
#[derive(Debug)]
pub struct Observed {
    /// What was read from its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub status: ExitStatus,
    /// Its system calls.
    pub calls: Vec<Syscall>,
    /// Which fault met which call: their indices.
    pub met: Vec<(usize, usize)>,
    /// The objects that calls remove: index of the call, object.
    pub removals: Vec<(usize, Target)>,
    /// Objects that "another process" has created meanwhile: see `tell_truly`.
    pub others: Vec<Target>,
    /// Objects that it has removed.
    pub gone: Vec<Target>,
}

impl Observed {
    /// Whether a fault met a call for which `is` is true.
    pub fn met_any(&self, faults: &[Fault], is: impl Fn(&Fault, &Syscall) -> bool) -> bool {
        self.met
            .iter()
            .any(|&(fault, call)| is(&faults[fault], &self.calls[call]))
    }

    /// Whether the removal of this object failed.
    pub fn is_refused(&self, faults: &[Fault], object: &Target) -> bool {
        let about = |index| self.removals.contains(&(index, object.clone()));
        let errno = |fault: usize| matches!(faults[fault].what, What::Errno(_));
        let mut met = self.met.iter();
        met.any(|&(fault, call)| errno(fault) && about(call))
    }
}

/// Runs a case once in the calling thread's namespace.
pub fn attempt(
    subject: &Subject,
    case: &Case,
    stdout: &Stdout,
    faults: &[Fault],
) -> io::Result<Observed> {
    let mut start = case.start.clone();
    let closed = stdout.closed();
    if closed[0] {
        start.stdin = Stdin::Closed;
    }
    (start.stdout, start.stderr) = (stream(closed[1]), stream(closed[2]));
    let (output, end) = stdout.open()?;
    let (err, errors) = io::pipe()?;
    let (stdin, input) = Input::open(&start)?;
    let streams = [stdin, output, errors.into()];
    let launch = subject.launch(&start, &case.runs[0].words, streams)?;
    let in_child = in_child(&start)?;
    let set_up = || {
        in_child()?;
        stdout.in_child()
    };
    // SAFETY: `set_up` only makes system calls.
    let tracee = unsafe { Tracee::launch(launch, LIMIT, &set_up) }?;
    // Here, while it cannot have ended.
    let memory = Memory::of(tracee.pid())?;
    for fault in faults {
        if let What::SignalAtStart(signal) = fault.what {
            tracee.kill(signal)?;
        }
    }
    let (mut out, mut attended, mut file) = (None, None, None);
    match end {
        End::None => {}
        End::Pipe(reader) => out = Some(reader),
        End::File(written) => file = Some(written),
        End::Full(reader, filler) => {
            let (process, acts) = (Process::open(tracee.pid())?, acts(stdout));
            let thread = thread::spawn(move || stdout::attend(&process, reader, &acts));
            attended = Some((thread, filler));
        }
    }
    let met = RefCell::new(Vec::new());
    let mut earlier: Vec<Syscall> = Vec::new();
    let (mut removals, mut others, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    let removes = !case.gone.is_empty();
    let trace = tracee.follow(|call| {
        if call.result.is_some() {
            return after(faults, call, earlier.len() - 1, &met);
        }
        if *stdout == Stdout::Leaving && is_write(call, 1) {
            spawn::close(out.take());
        }
        let target = target(call, |address| memory.string(address));
        let action = before(faults, call, &earlier, &met);
        if let Action::Fail(errno) = action {
            let sought = removes.then(|| sought(call)).flatten();
            if let (libc::ENOENT, Some(sought)) = (errno, sought) {
                sought.remove();
                gone.push(sought);
            }
            match target
                .as_ref()
                .map(|target| (target, tell_truly(call, errno, target)))
            {
                Some((target, Told::Created)) => others.push(target.clone()),
                Some((target, Told::Removed)) => gone.push(target.clone()),
                Some((_, Told::Nothing)) | None => {}
            }
        }
        if let Some(target) = target {
            removals.push((earlier.len(), target));
        }
        earlier.push(call.clone());
        action
    });
    let mut bytes = Vec::new();
    // The thread keeps the program from waiting for ever, and ends with it.
    if let Some((thread, filler)) = attended {
        let (read_so_far, reader) = thread.join().expect("it does not panic")?;
        // Without a reader, nothing that was written counts as output.
        if reader.is_some() {
            bytes = read_so_far;
            read(reader, &mut bytes)?;
            bytes = output::behind(filler, bytes)?;
        }
    } else if let Some(mut file) = file {
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
    } else {
        read(out, &mut bytes)?;
    }
    let trace = trace?;
    input.finish()?;
    let mut words = Vec::new();
    read(Some(err), &mut words)?;
    Ok(Observed {
        stdout: bytes,
        stderr: words,
        status: trace.status,
        calls: trace.calls,
        met: met.into_inner(),
        removals,
        others,
        gone,
    })
}

/// The stream of the case language: closed, or captured.
fn stream(closed: bool) -> Stream {
    if closed {
        Stream::Closed
    } else {
        Stream::Captured
    }
}

fn acts(stdout: &Stdout) -> Vec<stdout::Act> {
    match stdout {
        Stdout::Stuffed(stuffed) => stuffed.acts.clone(),
        _ => Vec::new(),
    }
}

/// Applies the faults to a call before it is made.
fn before(
    faults: &[Fault],
    call: &Syscall,
    earlier: &[Syscall],
    met: &RefCell<Vec<(usize, usize)>>,
) -> Action {
    let mut met = met.borrow_mut();
    let index = earlier.len();
    for (number, fault) in faults.iter().enumerate() {
        let so_far = met.iter().filter(|row| row.0 == number).count();
        if matches!(fault.what, What::SignalAfter(_)) || !fault.meets(index, call, earlier, so_far)
        {
            continue;
        }
        met.push((number, index));
        return match fault.what {
            // The call is made, and then its result replaced.
            What::Errno(errno) if fails_afterwards(call, errno) => Action::Continue,
            What::Errno(errno) => Action::Fail(errno),
            What::Length(length) => Action::Shorten(length),
            What::SignalBefore(signal) => Action::Signal(signal),
            What::SignalAfter(_) | What::SignalAtStart(_) => Action::Continue,
        };
    }
    Action::Continue
}

/// Whether the call is made although it fails: close(2) closes the descriptor whatever it returns,
/// unless a filter refuses it.
fn fails_afterwards(call: &Syscall, errno: i32) -> bool {
    call.name == "close" && !FILTERS.contains(&errno)
}

/// What "another process" did meanwhile.
enum Told {
    Nothing,
    Created,
    Removed,
}

/// Makes an errno about an object true, as it would be from the kernel: removes the object, or
/// creates it, as another process could.
fn tell_truly(call: &Syscall, errno: i32, target: &Target) -> Told {
    match (errno, target) {
        (libc::EINVAL | libc::EIDRM, Target::SystemV(..)) => {
            target.remove();
            Told::Removed
        }
        (libc::ENOENT, Target::Posix(..)) if call.name != "mq_open" => {
            target.remove();
            Told::Removed
        }
        (libc::EEXIST, Target::Posix(true, name)) if call.name == "mq_open" => {
            let other = posix::Wanted {
                name: name.clone(),
                what: posix::What::Queue(posix::Queue {
                    maxmsg: 1,
                    msgsize: 1,
                    messages: 0,
                }),
                mode: 0o600,
                owner: None,
            };
            // If it exists already, the errno is true.
            if other.create().is_ok() {
                Told::Created
            } else {
                Told::Nothing
            }
        }
        _ => Told::Nothing,
    }
}

/// The memory of a program.
struct Memory(File);

impl Memory {
    fn of(pid: libc::pid_t) -> io::Result<Self> {
        File::open(format!("/proc/{pid}/mem")).map(Self)
    }

    /// The string at this address; empty if no memory is mapped there.
    fn string(&self, address: u64) -> Vec<u8> {
        let mut bytes = [0; 512];
        let read = self.0.read_at(&mut bytes, address).unwrap_or(0);
        let string = bytes[..read].split(|&byte| byte == 0).next();
        string.unwrap_or_default().to_owned()
    }
}

/// Applies the faults to a call after it was made.
fn after(
    faults: &[Fault],
    call: &Syscall,
    index: usize,
    met: &RefCell<Vec<(usize, usize)>>,
) -> Action {
    for (number, fault) in faults.iter().enumerate() {
        if let What::Errno(errno) = fault.what
            && fails_afterwards(call, errno)
            && met.borrow().contains(&(number, index))
        {
            return Action::Fail(errno);
        }
        if let (What::SignalAfter(signal), true) = (fault.what, fault.at == index) {
            met.borrow_mut().push((number, index));
            return Action::Signal(signal);
        }
    }
    Action::Continue
}

/// Reads what a run has left in a pipe. No run writes more than a pipe holds, so it need not be
/// read during the run.
fn read(pipe: Option<PipeReader>, bytes: &mut Vec<u8>) -> io::Result<()> {
    match pipe {
        None => Ok(()),
        Some(mut pipe) => pipe.read_to_end(bytes).map(drop),
    }
}
