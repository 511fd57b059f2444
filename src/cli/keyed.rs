//! The keyed grammar: `ipcmk --keyed -M 0x1234 -p 4096`.

use super::argv::Argv;
use super::getopt::{Getopt, Token};
use super::mistake::Mistake;
use super::options::{Argument, Opt};
use super::request::{Action, Request};

/// Checks a line whose options are read, and converts the request to the standard grammar's
/// options.
///
/// # Errors
/// What is wrong with `line.word`, which is the end of the line at first.
pub fn finish<'a, A: Argv<'a>>(
    line: &mut Getopt<'a, A>,
    request: &mut Request<'a>,
) -> Result<Action, Mistake> {
    let optkey = request.get(Opt::Optkey);
    let shm = request.get(Opt::Shmem);
    let queue = request.get(Opt::Queue);
    let key = shm.or(queue).or(request.get(Opt::Semaphore));
    let key = key.ok_or(Mistake::NoResource)?;
    request.set(Opt::Key, optkey.unwrap_or(key));
    if optkey.is_some() {
        request.set(Opt::Existing, 0);
    }
    if shm.is_none() && queue.is_none() {
        // -p is ignored here, whatever its argument.
        let nsems = request.get(Opt::Nsems).unwrap_or(1);
        request.set(Opt::Semaphore, nsems);
        return Ok(Action::Create);
    }
    if request.has(Opt::Nsems) {
        line.find(Token::Option(Opt::Nsems), usize::MAX);
        return Err(Mistake::NsemsWithoutSet);
    }
    if !request.has(Opt::Size) {
        return Err(Mistake::NoSize);
    }
    line.find(Token::Option(Opt::Size), usize::MAX);
    let (opt, argument) = if shm.is_some() {
        (Opt::Shmem, Argument::Size)
    } else {
        request.set(Opt::Queue, 0);
        (Opt::Qbytes, Argument::Qbytes)
    };
    line.word.argument = argument;
    request.give(opt, line.word)?;
    Ok(Action::Create)
}
