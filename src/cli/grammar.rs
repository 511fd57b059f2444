//! Tokens to a request.
//!
//! The standard grammar reads first, so that every line of util-linux's keeps its meaning. What it
//! refuses, the keyed grammar reads if `choice` says so, or if the line begins with `--keyed`.

use super::argv::Argv;
use super::choice::Signs;
use super::getopt::{Getopt, Token};
use super::lookup::NARROW;
use super::mistake::{Mistake, Position, Refusal, Word};
use super::options::{Grammar, Opt, Opts};
use super::request::{Action, Request};
use super::{choice, keyed, standard};
use crate::kernel::abi::SEMVMX;

/// Reads a command line, without the program's name, into a new `request`.
///
/// # Errors
/// What is wrong with the line, in the grammar that it is in.
pub fn read<'a, A: Argv<'a>>(
    mut arguments: A,
    posixly_correct: bool,
    request: &mut Request<'a>,
) -> Result<Action, Refusal<'a>> {
    let mut line = Getopt::new(arguments.clone(), posixly_correct);
    let mut refusal = match read_by(Grammar::Standard, &mut line, request) {
        Ok(action) => return Ok(action),
        Err(mistake) => refuse(mistake, &line),
    };
    let says_keyed =
        refusal.mistake == Mistake::KeyedNotFirst && refusal.word.at == Position::START;
    let signs = Signs::read(&mut line);
    let is_keyed = says_keyed || (!choice::is_of_util_linux(&refusal) && signs.are_keyed());

    match read_by(Grammar::Keyed, &mut line, request) {
        Ok(action) if is_keyed => return Ok(action),
        Err(mistake) if is_keyed => refusal = refuse(mistake, &line),
        Ok(Action::Create) if arguments.all(is_plain) => refusal.key = Some(signs.key),
        Ok(_) | Err(_) => {}
    }
    Err(refusal)
}

/// Whether a shell takes a word as it is.
fn is_plain(word: &[u8]) -> bool {
    let is_plain = |byte: &u8| {
        matches!(
            byte,
            b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'+' | b'@' | b'%' | b'-'
        ) || byte.is_ascii_alphanumeric()
    };
    !word.is_empty() && word.iter().all(is_plain)
}

const fn refuse<'a, A>(mistake: Mistake, line: &Getopt<'a, A>) -> Refusal<'a> {
    Refusal {
        mistake,
        word: line.word,
        grammar: line.grammar,
        figure: 0,
        key: None,
    }
}

/// Reads a whole line in one grammar. Values are checked in their order, and reading ends at --help
/// and --version, as in util-linux.
///
/// # Errors
/// What is wrong with `line.word`.
fn read_by<'a, A: Argv<'a>>(
    grammar: Grammar,
    line: &mut Getopt<'a, A>,
    request: &mut Request<'a>,
) -> Result<Action, Mistake> {
    request.clear();
    let is_keyed = grammar == Grammar::Keyed;
    if is_keyed {
        request.set(Opt::Keyed, 0);
    }
    line.restart(grammar);
    let mut operands = 0;
    while let Some(token) = line.next() {
        let opt = match token {
            Token::Option(opt) => opt,
            Token::Operand if is_keyed => return Err(standard::extra(line, request)),
            Token::Operand => {
                operands += 1;
                continue;
            }
            Token::Wrong(mistake) => return Err(mistake),
        };
        if opt == Opt::Help {
            return Ok(Action::Help);
        }
        if opt == Opt::Version {
            return Ok(Action::Version);
        }
        // The standard grammar refuses it wherever it is: the caller goes on with the keyed one.
        if opt == Opt::Keyed && (!is_keyed || line.word.at != Position::START) {
            return Err(Mistake::KeyedNotFirst);
        }
        if is_keyed && Opts::SYSV.any(opt.bit()) && request.has(Opts::SYSV.without(opt.bit())) {
            return Err(Mistake::SeveralKeyed);
        }
        if is_keyed && opt == Opt::Key {
            // The key is the resource's argument. (The keyed table has --key so that it is not an
            // abbreviation of --keyed.)
            line.word.bytes = line.spec.long();
            return Err(Mistake::NotApplicable);
        }
        request.give(opt, line.word)?;
    }
    line.word = Word::END;
    let action = match grammar {
        Grammar::Standard => standard::finish(line, request, operands),
        Grammar::Keyed => keyed::finish(line, request),
    }?;
    check(line, request)?;
    Ok(action)
}

/// Checks that each option applies to something on the line, and the number and range of --value.
///
/// # Errors
/// What is wrong with `line.word`.
fn check<'a, A: Argv<'a>>(line: &mut Getopt<'a, A>, request: &Request<'a>) -> Result<(), Mistake> {
    if !request.has(NARROW) {
        return Ok(());
    }
    line.restart(line.grammar);
    while let Some(token) = line.next() {
        if matches!(token, Token::Option(_)) && !line.spec.suits(request.given()) {
            line.word.bytes = line.spec.long();
            return Err(Mistake::NotApplicable);
        }
    }
    let mistake = match request.get(Opt::Value) {
        Some(2..) if request.has(Opt::PosixSemaphore) => Mistake::OneValue,
        Some(count @ 2..) if request.get(Opt::Semaphore) != Some(count) => Mistake::ValueCount,
        Some(_) if request.has(Opt::Semaphore) && request.values().any(|value| value > SEMVMX) => {
            Mistake::BadRange
        }
        _ => return Ok(()),
    };
    line.find(Token::Option(Opt::Value), usize::MAX);
    Err(mistake)
}
