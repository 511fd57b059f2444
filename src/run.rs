//! argv to exit status.

use core::mem;

use heapless::Vec;

use crate::abi::{IPC_CREAT, IPC_EXCL, IPC_PRIVATE};
use crate::errno::Errno;
use crate::grammar;
use crate::kernel::{Fd, Kernel, write_all};
use crate::plan::{self, Kind, MOST_STEPS, Made, Step};
use crate::render;
use crate::report::{self, Doing};
use crate::request::{Action, Key, Request};

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
        report::failure(Doing::BlockSignals, errno, kernel);
        return FAILURE;
    }
    let mut request = Request::standard();
    match grammar::read(arguments, posixly_correct, &mut request) {
        Ok(Action::Create) => create(&request, kernel),
        Ok(Action::Help) => print(&render::HELP, kernel),
        Ok(Action::Version) => print(render::VERSION.as_bytes(), kernel),
        Err(refusal) => {
            report::refusal(&refusal, kernel);
            FAILURE
        }
    }
}

fn print<K: Kernel>(text: &[u8], kernel: &mut K) -> u8 {
    match write_all(kernel, Fd::Out, text) {
        Ok(()) => SUCCESS,
        Err(errno) => {
            report::failure(Doing::Write, errno, kernel);
            FAILURE
        }
    }
}

/// Creates all that is asked for and prints the ids, or leaves nothing.
fn create<K: Kernel>(request: &Request<'_>, kernel: &mut K) -> u8 {
    let mut made = Vec::new();
    let mut doing = Doing::Posix;
    let Err(errno) = carry_out(request, kernel, &mut made, &mut doing) else {
        return SUCCESS;
    };
    // Undone before it is told: standard error may be a pipe that nobody empties.
    let mut left_behind = Errno::NONE;
    for object in made.iter().rev().filter(|made| made.created) {
        if let Err(errno) = kernel.remove(object.kind, object.id) {
            left_behind = errno;
        }
    }
    report::failure(doing, errno, kernel);
    if left_behind != Errno::NONE {
        report::failure(Doing::Undo, left_behind, kernel);
    }
    FAILURE
}

/// Keeps account of what it has `made` and what it is `doing`, so that a
/// failure can be undone and explained.
fn carry_out<K: Kernel>(
    request: &Request<'_>,
    kernel: &mut K,
    made: &mut Vec<Made, MOST_STEPS>,
    doing: &mut Doing,
) -> Result<(), Errno> {
    if request.wants_posix() {
        return Err(Errno::NONE);
    }
    let mut lines = report::Lines::default();
    for step in plan::steps(request) {
        let object = obtain(request, step, kernel, doing)?;
        // As many places as steps: neither can be full.
        _ = made.push(object);
        lines.add(&object, request.raw);
        if let (Some(qbytes), true) = (request.qbytes, object.created) {
            kernel.set_queue(object.id, request.mode, qbytes)?;
        }
    }
    *doing = Doing::Write;
    write_all(kernel, Fd::Out, lines.as_bytes())
}

/// Creates the object of a step, or finds it where that will do.
fn obtain<K: Kernel>(
    request: &Request<'_>,
    step: Step,
    kernel: &mut K,
    doing: &mut Doing,
) -> Result<Made, Errno> {
    let made = |id, created| Made {
        kind: step.kind,
        id,
        created,
    };
    let mut may_look = step.kind == Kind::Shm;
    for _ in 0..MOST_TRIES {
        let key = match request.key {
            Key::Chosen(key) => key,
            Key::Random => {
                *doing = Doing::RandomKey;
                match kernel.random()? {
                    IPC_PRIVATE => continue,
                    key => key,
                }
            }
        };
        *doing = Doing::create(step.kind);
        if request.existing && !request.key.is_private() {
            // No mode bits: an object is found whatever its permissions.
            match kernel.get(step.kind, key, step.amount, 0) {
                Err(Errno::ENOENT) => {}
                found => return found.map(|id| made(id, false)),
            }
        }
        if mem::take(&mut may_look) {
            match kernel.shm_rmid_forced() {
                // There is no /proc, or a sandbox keeps it: it goes undetected.
                Ok(false) | Err(Errno::ENOENT | Errno::EACCES) => {}
                Ok(true) => {
                    *doing = Doing::ForcedShm;
                    return Err(Errno::NONE);
                }
                Err(errno) => return Err(errno),
            }
        }
        // Properties go on before anyone else may use the object.
        let mode = if request.qbytes.is_some() {
            0
        } else {
            request.mode.bits()
        };
        match kernel.get(step.kind, key, step.amount, IPC_CREAT | IPC_EXCL | mode) {
            // A collision, or somebody was quicker.
            Err(Errno::EEXIST) if request.existing || request.key == Key::Random => {}
            created => return created.map(|id| made(id, true)),
        }
    }
    Err(Errno::EEXIST)
}
