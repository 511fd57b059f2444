//! One run of a case under faults.

use std::cell::RefCell;
use std::io::{self, Read, Seek};
use std::process::ExitStatus;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::fault::{Fault, What, is_write, removal};
use super::stdout::{self, End, Stdout};
use crate::case::Case;
use crate::namespace;
use crate::spawn;
use crate::subject::Subject;
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
    let [stdin, out, err] = stdout.streams();
    start.stdin_closed = stdin == crate::case::Stream::Closed;
    (start.stdout, start.stderr) = (out, err);
    let mut command = subject.prepared(&start, &case.runs[0].words, None)?;
    let end = stdout.open(&mut command)?;
    // A run that dies is to leave no core file: one byte is too little for any, and no program
    // is started to take it (core(5)).
    stdout::limit_in_child(&mut command, libc::RLIMIT_CORE, 1);
    let mut tracee = Tracee::spawn_within(&mut command, LIMIT)?;
    // It holds the writing end of a pipe.
    drop(command);
    let (mut out, err) = (tracee.child.stdout.take(), tracee.child.stderr.take());
    for fault in faults {
        if let What::SignalAtStart(signal) = fault.what {
            tracee.kill(signal)?;
        }
    }
    let end = match end {
        End::Full(reader, filling) => {
            let (pid, acts) = (tracee.child.id().cast_signed(), acts(stdout));
            Attended::Full(
                thread::spawn(move || stdout::attend(pid, reader, &acts)),
                filling,
            )
        }
        End::File(file) => Attended::File(file),
        End::Elsewhere => Attended::Elsewhere,
    };
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
    // Nobody attends to a program that has ended, so this thread ends by itself.
    let seen = match end {
        Attended::Full(thread, filling) => {
            let (mut bytes, reader) = thread.join().expect("it does not panic")?;
            if let Some(mut reader) = reader {
                reader.read_to_end(&mut bytes)?;
            }
            bytes.split_off(filling.min(bytes.len()))
        }
        Attended::File(mut file) => {
            file.rewind()?;
            read(Some(file))?
        }
        Attended::Elsewhere => read(out)?,
    };
    let trace = trace?;
    Ok(Observed {
        stdout: seen,
        stderr: read(err)?,
        status: trace.status,
        calls: trace.calls,
        met: met.into_inner(),
    })
}

enum Attended {
    Elsewhere,
    Full(
        JoinHandle<io::Result<(Vec<u8>, Option<io::PipeReader>)>>,
        usize,
    ),
    File(std::fs::File),
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
fn read(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
