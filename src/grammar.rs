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

use crate::abi::{SEMVMX, SHM_HUGETLB, SHM_NORESERVE};
use crate::getopt::{Getopt, Token};
use crate::number::{self, Bad};
use crate::options::{self, Argument, Grammar, Opt};
use crate::request::{
    Action, Ftok, Key, Mode, Nsems, Output, Owner, Qbytes, Request, Values, huge_pages,
};
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

    *request = Request::new(Grammar::Keyed);
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
        | Opt::Optkey
        | Opt::Key
        | Opt::Ftok
        | Opt::Existing
        | Opt::Raw
        | Opt::Json
        | Opt::Owner
        | Opt::Value
        | Opt::Qbytes
        | Opt::Hugetlb
        | Opt::Noreserve
        | Opt::Lock
        | Opt::Batch => None,
    }
}

/// Notes what an option asks for, whose argument, if it has one, is `word`.
///
/// # Errors
/// What is wrong with the argument.
fn store<'a>(
    request: &mut Request<'a>,
    opt: Opt,
    word: Word<'a>,
    grammar: Grammar,
) -> Result<(), Mistake> {
    let number = number(word)?;
    keep(request, opt, number, word, grammar).ok_or(OUT_OF_RANGE)
}

/// As [`store`], of a number that has been read. None where it is out of range.
#[inline(never)] // `make size`: a copy at its caller is larger
fn keep<'a>(
    request: &mut Request<'a>,
    opt: Opt,
    number: u64,
    word: Word<'a>,
    grammar: Grammar,
) -> Option<()> {
    match (opt, grammar) {
        (Opt::Shmem | Opt::Queue | Opt::Semaphore | Opt::Key, Grammar::Keyed)
        | (Opt::Key, Grammar::Standard) => request.key = Key::new(number)?,
        (Opt::Optkey, _) => {
            request.key = Key::new(number)?;
            request.existing = true;
        }
        (Opt::Shmem, Grammar::Standard) => request.shm = Some(number),
        (Opt::Queue, Grammar::Standard) => request.queue = true,
        (Opt::Semaphore, Grammar::Standard) | (Opt::Nsems, _) => {
            request.sem = Some(Nsems::new(number)?);
        }
        (Opt::PosixShmem, _) => request.posix_shm = Some(number),
        (Opt::PosixSemaphore, _) => request.posix_sem = true,
        (Opt::PosixMqueue, _) => request.posix_queue = true,
        (Opt::Mode, _) => request.mode = Mode::new(number)?,
        (Opt::Name, _) => request.name = Some(word.bytes),
        (Opt::Ftok, _) => request.ftok = Some(Ftok::new(word.bytes, number)?),
        (Opt::Existing, _) => request.existing = true,
        (Opt::Raw, _) => request.output = Output::Raw,
        (Opt::Json, _) => request.output = Output::Json,
        (Opt::Owner, _) => request.owner = Owner::new(number),
        (Opt::Value, _) => request.values = Some(Values::new(word.bytes, number)),
        (Opt::Qbytes, _) => request.qbytes = Some(Qbytes::new(number)?),
        (Opt::Hugetlb, _) => {
            request.shm_flags &= SHM_NORESERVE;
            request.shm_flags |= if word.argument == Argument::HugePage {
                huge_pages(number)?
            } else {
                // It was missing.
                SHM_HUGETLB
            };
        }
        (Opt::Noreserve, _) => request.shm_flags |= SHM_NORESERVE,
        (Opt::Lock, _) => request.lock = true,
        (Opt::Batch, _) => request.batch = Some(word.bytes),
        // Not for a request, or not yet.
        (Opt::Size | Opt::Keyed | Opt::Version | Opt::Help, _) => {}
    }
    Some(())
}

/// Whether each option of a whole line has something to apply to.
///
/// # Errors
/// What is wrong with `line.word`.
#[inline(never)] // `make size`: a copy at its caller is larger
fn check<'a, A>(line: &mut Getopt<'a, A>, request: &Request<'a>) -> Result<(), Mistake>
where
    A: Iterator<Item = &'a [u8]> + Clone,
{
    let shm = request.shm.is_some();
    let sysv = request.wants_sysv();
    let key = request.key != Key::Random || request.ftok.is_some();
    let uses = [
        (Opt::Hugetlb, request.shm_flags & SHM_HUGETLB != 0, shm),
        (Opt::Noreserve, request.shm_flags & SHM_NORESERVE != 0, shm),
        (Opt::Lock, request.lock, shm),
        (Opt::Qbytes, request.qbytes.is_some(), request.queue),
        (Opt::Value, request.values.is_some(), request.sem.is_some()),
        (Opt::Key, request.key != Key::Random, sysv),
        (Opt::Ftok, request.ftok.is_some(), sysv),
        (Opt::Existing, request.existing, sysv && key),
    ];
    for (opt, is_given, applies) in uses {
        if is_given && !applies {
            find(line, opt);
            line.word.bytes = options::long(opt);
            return Err(Mistake::NotApplicable);
        }
    }
    if let (Some(values), Some(nsems)) = (request.values, request.sem) {
        find(line, Opt::Value);
        if values.most > SEMVMX.into() {
            return Err(OUT_OF_RANGE);
        }
        if values.count != 1 && values.count != nsems.get() {
            return Err(Mistake::ValueCount);
        }
    }
    Ok(())
}

/// Makes the word of an option, which is there, the line's word.
fn find<'a, A>(line: &mut Getopt<'a, A>, opt: Opt)
where
    A: Iterator<Item = &'a [u8]> + Clone,
{
    line.restart(line.grammar);
    while line.next().is_some_and(|token| token != Token::Option(opt)) {}
}

/// The number that a word should be; 0 where it should be none.
fn number(word: Word<'_>) -> Result<u64, Mistake> {
    number::read(word.argument, word.bytes).map_err(Mistake::Value)
}

/// What is wrong with a number that [`crate::request`] does not take.
const OUT_OF_RANGE: Mistake = Mistake::Value(Bad::Range);
