//! Tokens to a Request, and which of the two grammars reads a line.
//!
//! The standard grammar reads first, so that a line of util-linux's keeps its
//! meaning. What it refuses is read by keys if the line carries the mark of a
//! key: a resource's value written 0x... or `private`, or -o, or -s with a
//! value. A line without the mark is never read by keys unless it says
//! `--keyed`, since a mistyped size must not become an object with mode 0666
//! and a guessable key.

use super::argv::Argv;
use super::getopt::{Getopt, Token};
use super::lookup::NARROW;
use super::mistake::{Mistake, Position, Refusal, Word};
use super::options::{Grammar, Opt, Opts};
use super::request::{Action, Request};
use super::{keyed, standard};
use crate::kernel::abi::SEMVMX;

/// Reads a command line into a new `request`; `arguments` do not hold the
/// program's name.
///
/// # Errors
/// Where both grammars were asked and both refuse: the refusal that lies
/// further along the line, and of two in one place the standard one.
#[inline(never)] // `make size`: a copy at its caller is larger
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

/// Reads a whole line in one grammar. Values are checked as they come, and help
/// and version stand where they stand: what follows them is not read.
///
/// # Errors
/// What is wrong with `line.word`.
#[inline(never)] // `make size`: a copy at its caller is larger
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
        // In the standard grammar this is a line of the other one.
        if opt == Opt::Keyed && (!is_keyed || line.word.at != Position::START) {
            return Err(Mistake::KeyedNotFirst);
        }
        if is_keyed && Opts::SYSV.any(opt.bit()) && request.has(Opts::SYSV.without(opt.bit())) {
            return Err(Mistake::SeveralKeyed);
        }
        if is_keyed && opt == Opt::Key {
            // The resource's own argument is the key. (Were this no option here, it
            // would be short for --keyed.)
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

/// Whether each option of a line has something to apply to.
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
