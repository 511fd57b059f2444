//! One run of a case under faults.

use std::cell::RefCell;
use std::io::{self, PipeReader, Read, Seek};
use std::process::ExitStatus;
use std::thread;
use std::time::Duration;

use super::fault::{Fault, What, is_write, removal};
use super::stdout::{self, End, Stdout};
use crate::case::{Case, Stream};
use crate::files::{Input, Stdin};
use crate::namespace;
use crate::output;
use crate::spawn::{self, Process};
use crate::subject::{Subject, in_child};
use crate::tracer::{Action, Syscall, Tracee};

/// How long a run may take. One that waits for ever ends the trial, so few wait so long.
const LIMIT: Duration = Duration::from_secs(30);

/// What a run did.
#[derive(Debug)]
pub struct Observed {
    /// What came out at standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub status: ExitStatus,
    /// Its system calls.
    pub calls: Vec<Syscall>,
    /// Which fault met which call: indices.
    pub met: Vec<(usize, usize)>,
}

impl Observed {
    /// Whether a fault met a call that this is true of.
    pub fn met_any(&self, faults: &[Fault], is: impl Fn(&Fault, &Syscall) -> bool) -> bool {
        self.met
            .iter()
            .any(|&(fault, call)| is(&faults[fault], &self.calls[call]))
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
        stdout.in_child()?;
        // A run that dies is to leave no core file: one byte is too little for any, and no program
        // is started to take it (core(5)).
        stdout::limit_resource(libc::RLIMIT_CORE, 1)
    };
    // SAFETY: system calls, as they say.
    let tracee = unsafe { Tracee::launch(launch, LIMIT, &set_up) }?;
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
    let trace = tracee.follow(|call| {
        if call.result.is_some() {
            return after(faults, earlier.len() - 1, &met);
        }
        if *stdout == Stdout::Leaving && is_write(call, 1) {
            spawn::close(out.take());
        }
        let action = before(faults, call, &earlier, &met);
        earlier.push(call.clone());
        action
    });
    let mut bytes = Vec::new();
    // It sees to it that the program ends, and ends when that has, by whatever.
    if let Some((thread, filler)) = attended {
        let (read_so_far, reader) = thread.join().expect("it does not panic")?;
        // Without a reader nothing came out.
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
    })
}

/// The stream of the case language: closed, or anything.
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

/// What the faults do to a call that is about to be made.
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
            What::Errno(errno) => {
                // These say that the object is gone, so it goes: the kernel does not lie.
                if let (libc::EINVAL | libc::EIDRM, Some((kind, id))) = (errno, removal(call)) {
                    // If it was gone already, that is as well.
                    let _ = namespace::remove(kind, id);
                }
                Action::Fail(errno)
            }
            What::Length(length) => Action::Shorten(length),
            What::SignalBefore(signal) => Action::Signal(signal),
            What::SignalAfter(_) | What::SignalAtStart(_) => Action::Continue,
        };
    }
    Action::Continue
}

/// What the faults do after a call was made.
fn after(faults: &[Fault], index: usize, met: &RefCell<Vec<(usize, usize)>>) -> Action {
    for (number, fault) in faults.iter().enumerate() {
        if let (What::SignalAfter(signal), true) = (fault.what, fault.at == index) {
            met.borrow_mut().push((number, index));
            return Action::Signal(signal);
        }
    }
    Action::Continue
}

/// Reads what a run left in a pipe. No run writes as much as a pipe holds, so nobody need read
/// meanwhile.
fn read(pipe: Option<PipeReader>, bytes: &mut Vec<u8>) -> io::Result<()> {
    match pipe {
        None => Ok(()),
        Some(mut pipe) => pipe.read_to_end(bytes).map(drop),
    }
}
