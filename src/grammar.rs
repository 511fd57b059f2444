//! Tokens to a Request, and which of the two grammars reads a line.
//!
//! The standard grammar reads first, so that a line of util-linux's keeps its
//! meaning. What it refuses is read by keys if the line carries the mark of a
//! key: a resource's value written 0x... or `private`, or -o, or -s with a
//! value. A line without the mark is never read by keys unless it says
//! `--keyed`, since a mistyped size must not become an object with mode 0666
//! and a guessable key.

mod keyed;
mod standard;

use crate::getopt::Getopt;
use crate::number::{self, Bad};
use crate::options::{Grammar, Opt};
use crate::request::{Action, Request};
use crate::usage::{Mistake, Position, Refusal, Word};

/// Reads a command line into `request`, which is [`Request::standard`];
/// `arguments` do not hold the program's name.
///
/// # Errors
/// Where both grammars were asked and both refuse: the refusal that lies
/// further along the line, and of two in one place the standard one.
#[inline(never)] // `make size`: a copy at its caller is larger
pub fn read<'a, A>(
    arguments: A,
    posixly_correct: bool,
    request: &mut Request<'a>,
) -> Result<Action, Refusal<'a>>
where
    A: Iterator<Item = &'a [u8]> + Clone,
{
    let mut line = Getopt::new(arguments, posixly_correct);
    let mut refusal = match standard::read(&mut line, request) {
        Ok(action) => return Ok(action),
        Err(mistake) => refuse(mistake, &line),
    };
    let says_keyed =
        refusal.mistake == Mistake::KeyedNotFirst && refusal.word.at == Position::START;
    line.restart(Grammar::Keyed);
    let is_read_by_keys = says_keyed || keyed::is_marked(&mut line);

    *request = Request::keyed();
    line.restart(Grammar::Keyed);
    match keyed::read(&mut line, request) {
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

/// What an option asks for at once, whatever follows it.
#[inline(never)] // `make size`: a copy at its caller is larger
fn action(opt: Opt) -> Option<Action> {
    match opt {
        Opt::Version => Some(Action::Version),
        Opt::Help => Some(Action::Help),
        Opt::Shmem
        | Opt::PosixShmem
        | Opt::Semaphore
        | Opt::PosixSemaphore
        | Opt::Queue
        | Opt::PosixMqueue
        | Opt::Mode
        | Opt::Name
        | Opt::Keyed
        | Opt::Size
        | Opt::Nsems
        | Opt::Optkey => None,
    }
}

/// The number that a word should be; 0 where it should be none.
fn number(word: Word<'_>) -> Result<u64, Mistake> {
    number::read(word.argument, word.bytes).map_err(Mistake::Value)
}

/// What is wrong with a number that [`crate::request`] does not take.
const OUT_OF_RANGE: Mistake = Mistake::Value(Bad::Range);
