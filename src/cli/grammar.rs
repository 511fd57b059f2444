//! Tokens to a request, and the choice between the two grammars.
//!
//! The standard grammar reads first, so that every line of util-linux's keeps its meaning. The
//! keyed grammar reads what it refuses, if the line has the mark of a key: a resource's value
//! written 0x... or `private`, or -o, or -s with a value. A line without the mark is read by keys
//! only behind `--keyed`: a mistyped size must not become an object with mode 0666 and a guessable
//! key.

use super::argv::Argv;
use super::getopt::{Getopt, Token};
use super::lookup::NARROW;
use super::mistake::{Mistake, Position, Refusal, Word};
use super::options::{Grammar, Opt, Opts};
use super::request::{Action, Request};
use super::{keyed, standard};
use crate::kernel::abi::SEMVMX;

/// Reads a command line, without the program's name, into a new `request`.
///
/// # Errors
/// What is wrong with the line. Where both grammars were tried: the refusal that is further along
/// the line, and of two at one place the standard grammar's.
pub fn read<'a, A: Argv<'a>>(
    arguments: A,
    posixly_correct: bool,
    request: &mut Request<'a>,
) -> Result<Action, Refusal<'a>> {
    let mut line = Getopt::new(arguments, posixly_correct);
    let mut refusal = match read_by(Grammar::Standard, &mut line, request) {
        Ok(action) => return Ok(action),
        Err(mistake) => refuse(mistake, &line),
    };
    let says_keyed =
        refusal.mistake == Mistake::KeyedNotFirst && refusal.word.at == Position::START;
    line.restart(Grammar::Keyed);
    let is_read_by_keys = says_keyed || keyed::is_marked(&mut line);

    match read_by(Grammar::Keyed, &mut line, request) {
        Ok(action) if is_read_by_keys => return Ok(action),
        Ok(action) => refusal.keyed_reads = action == Action::Create,
        Err(mistake) => {
            if says_keyed || (is_read_by_keys && line.word.at > refusal.word.at) {
                refusal = refuse(mistake, &line);
            }
        }
    }
    Err(refusal)
}

const fn refuse<'a, A>(mistake: Mistake, line: &Getopt<'a, A>) -> Refusal<'a> {
    Refusal {
        mistake,
        word: line.word,
        grammar: line.grammar,
        keyed_reads: false,
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
            Token::Operand if is_keyed => return Err(Mistake::ExtraOperand),
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
        Some(count @ 2..)
            if request.get(Opt::Semaphore) != Some(count) || request.has(Opt::PosixSemaphore) =>
        {
            Mistake::ValueCount
        }
        Some(_) if request.has(Opt::Semaphore) && request.values().any(|value| value > SEMVMX) => {
            Mistake::BadRange
        }
        _ => return Ok(()),
    };
    line.find(Token::Option(Opt::Value), usize::MAX);
    Err(mistake)
}
