//! argv to exit status.

use core::hint::black_box;
use core::mem::{self, MaybeUninit};
use core::slice;

use heapless::{Vec, VecView};

use crate::abi::{IPC_CREAT, IPC_EXCL, IPC_PRIVATE};
use crate::batch::{self, Arguments, Trouble};
use crate::errno::Errno;
use crate::hint;
use crate::kernel::{File, Kernel};
use crate::plan::{self, Attempt, Doing, Kind, MOST_STEPS, Made};
use crate::report::{self, LONGEST_LINE};
use crate::request::{Action, Key, Output, Request};
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
    let mut request = Request::standard();
    let line = Arguments::Command(arguments);
    let mut action = batch::read_line(line, posixly_correct, &mut request, kernel);
    if let Ok(Action::Batch) = action {
        return run_batch::<A, K>(&request, posixly_correct, kernel);
    }
    // From here on no signal may come between an object and its id, and a pipe
    // that nobody reads is an error of write(2), not a death.
    if let Err(trouble) = block_signals(kernel) {
        action = Err(trouble);
    }
    match action {
        Ok(Action::Create | Action::Batch) => {
            let is_json = request.output == Output::Json;
            if is_json {
                reserve_stack::<LARGE_STACK>();
            }
            reserve_stack::<STACK>();
            let requests = slice::from_ref(&request);
            let mut made = Vec::<_, MOST_STEPS>::new();
            let mut output = Vec::<_, { MOST_STEPS * LONGEST_LINE }>::new();
            create(requests, &mut made, &mut output, is_json, kernel)
        }
        Ok(Action::Help) => print(Words::HELP, kernel),
        Ok(Action::Version) => print(Words::VERSION, kernel),
        Err(trouble) => give_up(&trouble, kernel),
    }
}

/// Runs all lines of a file.
#[inline(never)] // not in the frame of every run
fn run_batch<'a, A, K>(request: &Request<'a>, posixly_correct: bool, kernel: &mut K) -> u8
where
    A: Iterator<Item = &'a [u8]> + Clone,
    K: Kernel,
{
    // A signal may end the run as long as it waits for lines.
    let batch = batch::read::<A, K>(request, posixly_correct, kernel);
    match block_signals(kernel).and(batch) {
        Ok(batch) => {
            reserve_stack::<LARGE_STACK>();
            let is_json = request.output == Output::Json;
            create(batch.requests, batch.made, batch.output, is_json, kernel)
        }
        Err(trouble) => give_up(&trouble, kernel),
    }
}

fn block_signals<K: Kernel>(kernel: &mut K) -> Result<(), Trouble<'static>> {
    let blocked = kernel.block_signals();
    blocked.map_err(|errno| Trouble::Failed(Attempt::new(Doing::BlockSignals), errno))
}

fn print<K: Kernel>(words: Words, kernel: &mut K) -> u8 {
    match report::answer(words, kernel) {
        Ok(()) => SUCCESS,
        Err(errno) => fail(&Attempt::new(Doing::Write), errno, &mut [], kernel),
    }
}

/// Ends a run that has created nothing.
fn give_up<K: Kernel>(trouble: &Trouble<'_>, kernel: &mut K) -> u8 {
    match trouble {
        Trouble::Refused(refusal, line) => {
            report::refusal(refusal, *line, kernel);
            FAILURE
        }
        Trouble::Failed(attempt, errno) => fail(attempt, *errno, &mut [], kernel),
    }
}

/// Ends a run: removes what it has made, and says why.
#[inline(never)] // `make size`: a copy at its caller is larger
fn fail<K: Kernel>(
    attempt: &Attempt<'_>,
    errno: Errno,
    made: &mut [Made],
    kernel: &mut K,
) -> u8 {
    let mut figures = [0; 3];
    let mut hint = None;
    // The objects of a batch are among those that fill a limit.
    let is_batch = attempt.line != 0;
    if is_batch {
        hint = hint::explain(attempt, errno, &mut figures, kernel);
    }
    // Else undone before anything else: to find the cause takes stack, of which
    // there may be no more.
    undo(made, kernel);
    if !is_batch {
        hint = hint::explain(attempt, errno, &mut figures, kernel);
    }
    report::failure(attempt, errno, hint, &figures, made, kernel);
    FAILURE
}

/// Creates all that is asked for and prints the ids, or leaves nothing. `made`
/// has room for all, and `output` for what is printed at once.
fn create<K: Kernel>(
    requests: &[Request<'_>],
    made: &mut VecView<Made>,
    output: &mut VecView<u8>,
    is_json: bool,
    kernel: &mut K,
) -> u8 {
    let mut attempt = Attempt::new(Doing::Posix);
    match carry_out(requests, kernel, made, output, is_json, &mut attempt) {
        Ok(()) => SUCCESS,
        Err(errno) => fail(&attempt, errno, made, kernel),
    }
}

/// Bytes of stack, more than it takes from a creation to its undo.
const STACK: usize = 1024;
/// The same of JSON, and of a batch, which explains a refusal before it is
/// undone.
const LARGE_STACK: usize = 8192;

/// Has the stack grow now. Where it may not, that is a death, and later there
/// would be objects that nobody knows of.
#[inline(never)] // the bytes are the frame's
fn reserve_stack<const BYTES: usize>() {
    let mut stack = [MaybeUninit::<u8>::uninit(); BYTES];
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
fn carry_out<'a, K: Kernel>(
    requests: &[Request<'a>],
    kernel: &mut K,
    made: &mut VecView<Made>,
    output: &mut VecView<u8>,
    is_json: bool,
    attempt: &mut Attempt<'a>,
) -> Result<(), Errno> {
    let mut is_first_segment = true;
    for request in requests {
        attempt.line = request.line;
        attempt.shm_flags = request.shm_flags;
        if request.wants_posix() {
            return Err(Errno::NONE);
        }
        for kind in Kind::ALL {
            let Some(step) = plan::step(request, kind) else {
                continue;
            };
            attempt.step = step;
            if kind == Kind::Shm && mem::take(&mut is_first_segment) {
                refuse_forced(attempt, kernel)?;
            }
            let object = obtain(request, kernel, attempt)?;
            // It has room for all: it cannot be full.
            _ = made.push(object);
            if object.created && request.has_properties(kind) {
                furnish(request, &object, kernel, attempt)?;
            }
        }
    }
    attempt.doing = Doing::Write;
    attempt.line = 0;
    if is_json {
        report::json(requests, made, output, kernel)
    } else {
        report::ids(made, output, kernel)
    }
}

/// Creates the object of a step, or finds it where that will do.
fn obtain<K: Kernel>(
    request: &Request<'_>,
    kernel: &mut K,
    attempt: &mut Attempt<'_>,
) -> Result<Made, Errno> {
    let step = attempt.step;
    let made = |id, key, created| Made {
        kind: step.kind,
        id,
        key,
        created,
        output: request.output,
        left: Errno::NONE,
    };
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
                found => return found.map(|id| made(id, attempt.key, false)),
            }
        }
        attempt.doing = Doing::Create;
        let flags = IPC_CREAT | IPC_EXCL | request.first_flags(step.kind);
        match kernel.get(step, attempt.key, flags) {
            // A collision, or somebody was quicker.
            Err(Errno::EEXIST) if request.existing || request.key == Key::Random => {}
            created => return created.map(|id| made(id, attempt.key, true)),
        }
    }
    Err(Errno::EEXIST)
}

/// Makes a new object what it shall be. Its mode comes last, so that nobody
/// else can use it before.
#[inline(never)] // not in the frame of every run
fn furnish<K: Kernel>(
    request: &Request<'_>,
    object: &Made,
    kernel: &mut K,
    attempt: &mut Attempt<'_>,
) -> Result<(), Errno> {
    let Made { kind, id, .. } = *object;
    if let (Kind::Sem, Some(values), Some(nsems)) = (kind, request.values, request.sem) {
        attempt.doing = Doing::SetValues;
        for (number, value) in values.of(nsems.get()) {
            kernel.set_value(id, number, value)?;
        }
    }
    if kind == Kind::Shm && request.lock {
        attempt.doing = Doing::Lock;
        kernel.lock(id)?;
    }
    attempt.doing = Doing::Set;
    if kind == Kind::Queue {
        attempt.step.amount = match request.qbytes {
            Some(qbytes) => qbytes.get(),
            // As it is: to ask the queue itself takes read permission.
            None => kernel.limits(kind)?.each,
        };
    }
    kernel.set(kind, id, request.owner, request.mode, attempt.step.amount)
}

/// Fails where a new segment would be destroyed as this process exits.
fn refuse_forced<K: Kernel>(attempt: &mut Attempt<'_>, kernel: &mut K) -> Result<(), Errno> {
    attempt.doing = Doing::Create;
    let forced = File::System(c"/proc/sys/kernel/shm_rmid_forced");
    match kernel.read(forced, &mut [0]) {
        Ok([b'1']) => {
            attempt.doing = Doing::ForcedShm;
            Err(Errno::NONE)
        }
        // It may be there: one more descriptor would tell.
        Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => Err(errno),
        // There is no /proc, or a sandbox keeps it: it goes undetected.
        _ => Ok(()),
    }
}
