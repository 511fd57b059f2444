//! The grammar of util-linux 2.41: `ipcmk -M 4096 -p 600`.

use super::find;
use crate::getopt::{Getopt, Token};
use crate::options::{Argument, Opt};
use crate::posix::Libc;
use crate::request::{Action, POSIX, Request, SYSV};
use crate::usage::Mistake;

/// Makes sense of a line whose options, and `operands` beside them, are read.
///
/// # Errors
/// What is wrong with `line.word`, which is the end of the line at first.
pub fn finish<'a, A>(
    line: &mut Getopt<'a, A>,
    request: &mut Request<'a>,
    operands: usize,
) -> Result<Action, Mistake>
where
    A: Iterator<Item = &'a [u8]> + Clone,
{
    if request.has(Opt::Batch.set()) {
        let alone = Opt::Batch.set() | Opt::Raw.set() | Opt::Json.set();
        return if request.has(!alone) || operands != 0 {
            Err(Mistake::BatchNotAlone)
        } else {
            Ok(Action::Batch)
        };
    }
    if !request.has(SYSV | POSIX) {
        return Err(Mistake::NoResource);
    }
    if operands != 0 {
        find(line, Token::Operand, 1);
        // A mode, where nothing else can be meant: -M's, alone.
        if request.has((SYSV | POSIX) & !Opt::Shmem.set()) {
            return Err(Mistake::ExtraOperand);
        }
        if request.has(Opt::Mode.set()) {
            return Err(Mistake::ModeTwice);
        }
        line.word.argument = Argument::Mode;
        request.give(Opt::Mode, line.word)?;
    }
    if operands > 1 {
        find(line, Token::Operand, 2);
        return Err(Mistake::ExtraOperand);
    }
    if request.has(POSIX) && !request.has(Opt::Name.set()) {
        return Err(Mistake::NoName);
    }
    if request.has(Opt::Key.set()) && request.has(Opt::Ftok.set()) {
        return Err(Mistake::KeyTwice);
    }
    let both = request.has(Opt::PosixShmem.set()) && request.has(Opt::PosixSemaphore.set());
    if both && request.name().libc == Libc::Musl {
        return Err(Mistake::OneFile);
    }
    Ok(Action::Create)
}
