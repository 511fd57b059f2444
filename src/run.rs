//! argv to exit status.

use core::hint::black_box;
use core::mem::{self, MaybeUninit};

use heapless::Vec;

use crate::abi::{IPC_CREAT, IPC_EXCL, IPC_PRIVATE};
use crate::errno::Errno;
use crate::grammar;
use crate::hint;
use crate::kernel::{Fd, Kernel, write_all};
use crate::plan::{self, Attempt, Doing, Kind, MOST_STEPS, Made};
use crate::report;
use crate::request::{Action, Key, Request};
use crate::words::Words;

/// Exit status: success.
const SUCCESS: u8 = 0;
/// Exit status: an error line went to standard error.
const FAILURE: u8 = 1;

/// Keys that are tried, or rounds of looking for an object and creating it,
/// before "File exists" is believed.
const MOST_TRIES: u32 = 128;

/// Runs a command line; `arguments` do not hold the program's name. Returns
/// the exit status.
pub fn run<'a, A, K>(arguments: A, posixly_correct: bool, kernel: &mut K) -> u8
where
    A: Iterator<Item = &'a [u8]> + Clone,
    K: Kernel,
{
    // From here on no signal may come between an object and its id, and a pipe
    // that nobody reads is an error of write(2), not a death.
    if let Err(errno) = kernel.block_signals() {
        return fail(Doing::BlockSignals, errno, kernel);
    }
    let mut request = Request::standard();
    match grammar::read(arguments, posixly_correct, &mut request) {
        Ok(Action::Create) => create(&request, kernel),
        Ok(Action::Help) => print(Words::HELP, kernel),
        Ok(Action::Version) => print(Words::VERSION, kernel),
        Err(refusal) => {
            report::refusal(&refusal, kernel);
            FAILURE
        }
    }
}

fn print<K: Kernel>(words: Words, kernel: &mut K) -> u8 {
    match report::answer(words, kernel) {
        Ok(()) => SUCCESS,
        Err(errno) => fail(Doing::Write, errno, kernel),
    }
}

fn fail<K: Kernel>(doing: Doing, errno: Errno, kernel: &mut K) -> u8 {
    report::failure(&Attempt::new(doing), errno, None, &[0; 3], &[], kernel);
    FAILURE
}

/// Creates all that is asked for and prints the ids, or leaves nothing.
fn create<K: Kernel>(request: &Request<'_>, kernel: &mut K) -> u8 {
    reserve_stack();
    let mut made = Vec::new();
    let mut attempt = Attempt::new(Doing::Posix);
    let Err(errno) = carry_out(request, kernel, &mut made, &mut attempt) else {
        return SUCCESS;
    };
    // Undone before anything else: to find the cause takes stack, of which there
    // may be no more, and standard error may be a pipe that nobody empties.
    undo(&mut made, kernel);
    let mut figures = [0; 3];
    let hint = hint::explain(&attempt, errno, &mut figures, kernel);
    report::failure(&attempt, errno, hint, &figures, &made, kernel);
    FAILURE
}

/// Bytes of stack, more than it takes from a creation to its undo.
const STACK: usize = 1024;

/// Has the stack grow now. Where it may not, that is a death, and later there
/// would be objects that nobody knows of.
#[inline(never)] // the bytes are the frame's
fn reserve_stack() {
    let mut stack = [MaybeUninit::<u8>::uninit(); STACK];
    // It grows downwards.
    if let Some(deepest) = stack.first_mut() {
        deepest.write(0);
    }
    black_box(&mut stack);
}

/// Removes what this run has made, the last one first.
fn undo<K: Kernel>(made: &mut [Made], kernel: &mut K) {
    for object in made.iter_mut().rev().filter(|object| object.created) {
        match kernel.remove(object.kind, object.id) {
            // Or somebody else has removed it already.
            Ok(()) | Err(Errno::EINVAL | Errno::EIDRM) => {}
            Err(errno) => object.left = errno,
        }
    }
}

/// Keeps account of what it has `made` and what it attempts, so that a failure
/// can be undone and explained.
#[inline(never)] // `make size`: a copy at its caller is larger
fn carry_out<K: Kernel>(
    request: &Request<'_>,
    kernel: &mut K,
    made: &mut Vec<Made, MOST_STEPS>,
    attempt: &mut Attempt,
) -> Result<(), Errno> {
    if request.wants_posix() {
        return Err(Errno::NONE);
    }
    let mut lines = report::Lines::default();
    for step in plan::steps(request) {
        attempt.step = step;
        let object = obtain(request, kernel, attempt)?;
        // As many places as steps: neither can be full.
        _ = made.push(object);
        lines.add(&object, request.raw);
        if let (Some(qbytes), true) = (request.qbytes, object.created) {
            attempt.doing = Doing::SetQueue;
            attempt.step.amount = qbytes.get();
            kernel.set_queue(object.id, request.mode, qbytes)?;
        }
    }
    attempt.doing = Doing::Write;
    write_all(kernel, Fd::Out, lines.as_bytes())
}

/// Creates the object of a step, or finds it where that will do.
fn obtain<K: Kernel>(
    request: &Request<'_>,
    kernel: &mut K,
    attempt: &mut Attempt,
) -> Result<Made, Errno> {
    let step = attempt.step;
    let made = |id, created| Made {
        kind: step.kind,
        id,
        created,
        left: Errno::NONE,
    };
    let mut may_look = step.kind == Kind::Shm;
    for _ in 0..MOST_TRIES {
        attempt.key = match request.key {
            Key::Chosen(key) => key,
            Key::Random => {
                attempt.doing = Doing::RandomKey;
                match kernel.random()? {
                    IPC_PRIVATE => continue,
                    key => key,
                }
            }
        };
        if request.existing && !request.key.is_private() {
            attempt.doing = Doing::Find;
            // No mode bits: an object is found whatever its permissions.
            match kernel.get(step, attempt.key, 0) {
                Err(Errno::ENOENT) => {}
                found => return found.map(|id| made(id, false)),
            }
        }
        attempt.doing = Doing::Create;
        if mem::take(&mut may_look) && is_forced(kernel)? {
            attempt.doing = Doing::ForcedShm;
            return Err(Errno::NONE);
        }
        // Properties go on before anyone else may use the object.
        let mode = if request.qbytes.is_some() {
            0
        } else {
            request.mode.bits()
        };
        match kernel.get(step, attempt.key, IPC_CREAT | IPC_EXCL | mode) {
            // A collision, or somebody was quicker.
            Err(Errno::EEXIST) if request.existing || request.key == Key::Random => {}
            created => return created.map(|id| made(id, true)),
        }
    }
    Err(Errno::EEXIST)
}

/// Whether a new segment would be destroyed as this process exits.
fn is_forced<K: Kernel>(kernel: &mut K) -> Result<bool, Errno> {
    match kernel.read(c"/proc/sys/kernel/shm_rmid_forced", &mut [0]) {
        Ok(digit) => Ok(digit.first() == Some(&b'1')),
        // There is no /proc, or a sandbox keeps it: it goes undetected.
        Err(Errno::ENOENT | Errno::EACCES) => Ok(false),
        Err(errno) => Err(errno),
    }
}
