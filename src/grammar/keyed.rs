//! The grammar with keys: `ipcmk --keyed -M 0x1234 -p 4096`.

use super::{OUT_OF_RANGE, number, store};
use crate::getopt::{Getopt, Token};
use crate::number::is_marked_key;
use crate::options::{self, Argument, Opt};
use crate::request::{Action, Nsems, Qbytes, Request};
use crate::usage::{Mistake, Position, Word};

/// Reads a whole line into a new `request`.
///
/// # Errors
/// What is wrong with `line.word`.
#[inline(never)] // `make size`: a copy at its caller is larger
pub fn read<'a, A>(line: &mut Getopt<'a, A>, request: &mut Request<'a>) -> Result<Action, Mistake>
where
    A: Iterator<Item = &'a [u8]> + Clone,
{
    let mut resource = None;
    let mut optkey = None;
    let mut size = None;
    let mut nsems = None;
    while let Some(token) = line.next() {
        let opt = match token {
            Token::Option(opt) => opt,
            Token::Operand => return Err(Mistake::ExtraOperand),
            Token::Wrong(mistake) => return Err(mistake),
        };
        if let Opt::Shmem | Opt::Queue | Opt::Semaphore = opt {
            if resource.is_some_and(|earlier| earlier != opt) {
                return Err(Mistake::SeveralKeyed);
            }
            resource = Some(opt);
        }
        if let Some(action) = super::action(opt) {
            return Ok(action);
        }
        if opt == Opt::Keyed && line.word.at != Position::START {
            return Err(Mistake::KeyedNotFirst);
        }
        if let Opt::Key | Opt::Ftok | Opt::Qbytes | Opt::Batch = opt {
            // The resource's own argument, and -p, say it all.
            line.word.bytes = options::long(opt);
            return Err(Mistake::NotApplicable);
        }
        if opt == Opt::Size {
            // The size of what is known at the end of the line.
            size = Some(line.word);
        }
        if opt == Opt::Nsems {
            nsems = Some(line.word);
        }
        store(request, opt, line.word, line.grammar)?;
        if opt == Opt::Optkey {
            optkey = Some(request.key);
        }
    }

    line.word = Word::END;
    let resource = resource.ok_or(Mistake::NoResource)?;
    // It goes before the resource's, wherever it stands.
    if let Some(key) = optkey {
        request.key = key;
    }
    if resource == Opt::Semaphore {
        // -p is ignored here, whatever it says.
        request.sem.get_or_insert(Nsems::ONE);
    } else {
        if let Some(nsems) = nsems {
            line.word = nsems;
            return Err(Mistake::NsemsWithoutSet);
        }
        line.word = size.ok_or(Mistake::NoSize)?;
        line.word.argument = Argument::Size;
        let bytes = number(line.word)?;
        if resource == Opt::Shmem {
            request.shm = Some(bytes);
        } else {
            request.queue = true;
            request.qbytes = Some(Qbytes::new(bytes).ok_or(OUT_OF_RANGE)?);
        }
    }
    super::check(line, request)?;
    Ok(Action::Create)
}

/// Whether a line carries the mark of a key.
pub fn is_marked<'a, A>(line: &mut Getopt<'a, A>) -> bool
where
    A: Iterator<Item = &'a [u8]> + Clone,
{
    while let Some(token) = line.next() {
        let marked = match token {
            Token::Option(Opt::Shmem | Opt::Queue | Opt::Semaphore) => {
                is_marked_key(line.word.bytes)
            }
            Token::Option(opt) => matches!(opt, Opt::Optkey | Opt::Nsems),
            Token::Operand | Token::Wrong(_) => false,
        };
        if marked {
            return true;
        }
    }
    false
}
