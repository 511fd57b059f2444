//! The grammar of util-linux 2.41: `ipcmk -M 4096 -p 600`.

use super::{OUT_OF_RANGE, number, store};
use crate::getopt::{Getopt, Token};
use crate::options::{Argument, Opt};
use crate::request::{Action, Key, Mode, Request};
use crate::usage::{Mistake, Word};

/// Reads a whole line into a new `request`. Values are checked as they come,
/// and help and version stand where they stand: what follows them is not read.
///
/// # Errors
/// What is wrong with `line.word`.
pub fn read<'a, A>(line: &mut Getopt<'a, A>, request: &mut Request<'a>) -> Result<Action, Mistake>
where
    A: Iterator<Item = &'a [u8]> + Clone,
{
    let mut has_mode = false;
    let mut has_others = false;
    let mut operand = None;
    let mut extra = None;
    while let Some(token) = line.next() {
        let opt = match token {
            Token::Option(opt) => opt,
            Token::Operand => {
                match operand {
                    None => operand = Some(line.word),
                    Some(_) => extra = extra.or(Some(line.word)),
                }
                continue;
            }
            Token::Wrong(mistake) => return Err(mistake),
        };
        if let Some(action) = super::action(opt) {
            return Ok(action);
        }
        if opt == Opt::Keyed {
            // This is a line of the other grammar.
            return Err(Mistake::KeyedNotFirst);
        }
        has_mode |= opt == Opt::Mode;
        has_others |= !matches!(opt, Opt::Batch | Opt::Raw | Opt::Json);
        store(request, opt, line.word, line.grammar)?;
        if request.ftok.is_some() && request.key != Key::Random {
            return Err(Mistake::KeyTwice);
        }
    }

    line.word = Word::END;
    if request.batch.is_some() {
        return if has_others || operand.is_some() {
            Err(Mistake::BatchNotAlone)
        } else {
            Ok(Action::Batch)
        };
    }
    let wants_posix = request.wants_posix();
    if !request.wants_sysv() && !wants_posix {
        return Err(Mistake::NoResource);
    }
    if let Some(operand) = operand {
        line.word = operand;
        // A mode, where nothing else can be meant: -M's, alone.
        if request.queue || request.sem.is_some() || wants_posix {
            return Err(Mistake::ExtraOperand);
        }
        if has_mode {
            return Err(Mistake::ModeTwice);
        }
        line.word.argument = Argument::Mode;
        request.mode = Mode::new(number(line.word)?).ok_or(OUT_OF_RANGE)?;
    }
    if let Some(extra) = extra {
        line.word = extra;
        return Err(Mistake::ExtraOperand);
    }
    if wants_posix && request.name.is_none() {
        return Err(Mistake::NoName);
    }
    super::check(line, request)?;
    Ok(Action::Create)
}
