//! The standard grammar, that of util-linux 2.41: `ipcmk -M 4096 -p 600`.

use super::argv::Argv;
use super::getopt::{Getopt, Token};
use super::mistake::{Mistake, Word};
use super::number;
use super::options::{Argument, Opt, Opts};
use super::request::{Action, Request};
use crate::kernel::object::Libc;

/// Checks a line whose options are read, and that has so many operands.
///
/// # Errors
/// What is wrong with `line.word`, which is the end of the line at first.
pub fn finish<'a, A: Argv<'a>>(
    line: &mut Getopt<'a, A>,
    request: &mut Request<'a>,
    operands: usize,
) -> Result<Action, Mistake> {
    if request.has(Opt::Batch) {
        let alone = Opt::Batch.bit() | (Opt::Raw | Opt::Json) | (Opt::DryRun | Opt::Remove);
        return if request.given().without(alone) != Opts::NONE || operands != 0 {
            Err(Mistake::BatchNotAlone)
        } else {
            Ok(Action::Batch)
        };
    }
    if !request.has(Opts::OBJECTS) {
        return Err(if request.has(Opt::Name) {
            Mistake::OnlyName
        } else {
            Mistake::NoResource
        });
    }
    if request.has(Opts::POSIX) && !request.has(Opt::Name) {
        line.find(Token::Operand, 1);
        let is_number = operands != 0 && extra(line, request) == Mistake::SemaphoreOperand;
        line.word = Word::END;
        return Err(if is_number {
            Mistake::NumberForName
        } else {
            Mistake::NoName
        });
    }
    if request.has(Opt::Key) && request.has(Opt::Ftok) {
        return Err(Mistake::KeyTwice);
    }
    let both = request.has(Opt::PosixShmem) && request.has(Opt::PosixSemaphore);
    if both && request.name().libc == Libc::Musl {
        return Err(Mistake::OneFile);
    }
    // What util-linux accepts comes last.
    if operands != 0 {
        line.find(Token::Operand, 1);
        // A mode, if -M is the only resource: nothing else can be meant.
        if request.has(Opts::OBJECTS.without(Opts::SHM)) || !is_mode(line.word.bytes) {
            return Err(extra(line, request));
        }
        if request.has(Opt::Mode) {
            return Err(Mistake::ModeTwice);
        }
        line.word.argument = Argument::Mode;
        request.give(Opt::Mode, line.word)?;
    }
    if operands > 1 {
        line.find(Token::Operand, 2);
        return Err(extra(line, request));
    }
    Ok(Action::Create)
}

/// What is wrong with an operand that is not a mode: it can be meant for the option before it. Also
/// of the keyed grammar.
pub fn extra<A>(line: &Getopt<'_, A>, request: &Request<'_>) -> Mistake {
    let word = line.word.bytes;
    if request.has(Opt::PosixSemaphore) && number::elements(word).is_ok() {
        Mistake::SemaphoreOperand
    } else if request.get(Opt::Hugetlb) == Some(0) && number::huge_page(word).is_ok() {
        Mistake::HugePageOperand
    } else {
        Mistake::ExtraOperand
    }
}

/// Whether an operand is written as a mode is: three or four octal digits.
fn is_mode(text: &[u8]) -> bool {
    matches!(text.len(), 3 | 4) && text.iter().all(|byte| (b'0'..=b'7').contains(byte))
}
