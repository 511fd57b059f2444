//! Prints why a run failed: the error line, the hint, and the objects that could not be removed.

use super::hint;
use super::text::{MAX_WRITE, Text};
use super::words::{Figures, Words};
use crate::cli::argv::Argv;
use crate::cli::batch::Arguments;
use crate::cli::getopt::split_name;
use crate::cli::lookup::possibilities;
use crate::cli::mistake::{Mistake, Refusal};
use crate::cli::options::{Argument, Grammar};
use crate::kernel::arch::wide;
use crate::kernel::errno::Errno;
use crate::kernel::list::List;
use crate::kernel::object::{Called, Made};
use crate::kernel::port::{Fd, Kernel};
use crate::plan::attempt::{Attempt, Doing};

/// The words for what failed: util-linux's, where it has them.
fn failed(attempt: &Attempt<'_>) -> Words {
    let words = doing(attempt.doing);
    let posix = match words {
        Words::CREATE_FAILED => Words::CREATE_POSIX_FAILED,
        Words::REMOVE_FAILED => Words::REMOVE_POSIX_FAILED,
        words => return words,
    };
    let words = if attempt.step.is_posix { posix } else { words };
    words.of(attempt.step.kind)
}

/// The words for what was being done; `CREATE_FAILED` stands for those of each kind of object. The
/// compiler makes a table of it.
#[inline(never)] // size: 96 bytes on x86_64, 32 on aarch64 (make inline)
const fn doing(doing: Doing) -> Words {
    match doing {
        Doing::Find
        | Doing::Create
        | Doing::Fill
        | Doing::Allocate
        | Doing::Limits
        | Doing::Set
        | Doing::Own
        | Doing::SetMode
        | Doing::ReadUmask
        | Doing::Link
        | Doing::Replaced
        | Doing::Close
        | Doing::Unlink => Words::CREATE_FAILED,
        Doing::Remove => Words::REMOVE_FAILED,
        Doing::SetValues | Doing::MarkReady => Words::SET_VALUES_FAILED,
        Doing::Lock => Words::LOCK_FAILED,
        Doing::ReadBatch | Doing::FindOwner => Words::READ_FAILED,
        Doing::Ftok | Doing::FtokWithoutId => Words::FTOK_FAILED,
        Doing::ForcedShm => Words::FORCED_SHM,
        Doing::BlockSignals => Words::BLOCK_FAILED,
        Doing::RandomKey => Words::RANDOM_FAILED,
        Doing::Write => Words::WRITE_FAILED,
        Doing::Memory => Words::MEMORY_FAILED,
    }
}

/// The words for a mistake.
fn words(refusal: &Refusal<'_>) -> Words {
    let words = mistake(refusal.mistake);
    if words == Words::BAD_SIZE {
        bad(refusal.word.argument)
    } else {
        words
    }
}

/// The words for each mistake; `BAD_SIZE` stands for those of a bad value of any kind. The compiler
/// makes a table of it.
#[inline(never)] // size: 400 bytes on x86_64, 224 on aarch64 (make inline)
const fn mistake(mistake: Mistake) -> Words {
    match mistake {
        Mistake::UnknownLetter => Words::UNKNOWN_LETTER,
        Mistake::UnknownName => Words::UNKNOWN_NAME,
        Mistake::Ambiguous => Words::AMBIGUOUS,
        Mistake::LetterNeedsArgument => Words::LETTER_NEEDS_ARGUMENT,
        Mistake::NameNeedsArgument => Words::NAME_NEEDS_ARGUMENT,
        Mistake::NameTakesNone => Words::NAME_TAKES_NONE,
        Mistake::KeyedNotFirst => Words::KEYED_NOT_FIRST,
        Mistake::ExtraOperand | Mistake::SemaphoreOperand | Mistake::HugePageOperand => {
            Words::EXTRA_OPERAND
        }
        Mistake::ModeTwice => Words::MODE_TWICE,
        Mistake::NoResource | Mistake::OnlyName | Mistake::ByteOrderMark => Words::BAD_USAGE,
        Mistake::Again => Words::AGAIN,
        Mistake::Larger => Words::LARGER,
        Mistake::NoUser => Words::NO_USER,
        Mistake::NoGroup => Words::NO_GROUP,
        Mistake::NoUserId => Words::NO_USER_ID,
        Mistake::NoGroupId => Words::NO_GROUP_ID,
        Mistake::NoName | Mistake::NumberForName => Words::NO_NAME,
        Mistake::SeveralKeyed => Words::SEVERAL_KEYED,
        Mistake::NoSize => Words::NO_SIZE,
        Mistake::NsemsWithoutSet => Words::NSEMS_WITHOUT_SET,
        Mistake::KeyTwice => Words::KEY_TWICE,
        Mistake::NoKey => Words::NO_KEY,
        Mistake::OneFile => Words::ONE_FILE,
        Mistake::NotApplicable => Words::NOT_APPLICABLE,
        Mistake::ValueCount => Words::VALUE_COUNT,
        Mistake::OneValue => Words::ONE_VALUE,
        Mistake::BatchNotAlone => Words::BATCH_NOT_ALONE,
        Mistake::NotInBatch => Words::NOT_IN_BATCH,
        Mistake::BadValue | Mistake::BadRange => Words::BAD_SIZE,
    }
}

/// The words for a bad value of this kind. The compiler makes a table of it.
const fn bad(argument: Argument) -> Words {
    match argument {
        Argument::Mode => Words::BAD_MODE,
        Argument::Key => Words::BAD_KEY,
        Argument::Elements => Words::BAD_ELEMENTS,
        Argument::Count => Words::BAD_COUNT,
        Argument::Libc => Words::BAD_LIBC,
        Argument::Ftok => Words::BAD_FTOK,
        Argument::Owner => Words::BAD_OWNER,
        Argument::Values => Words::BAD_VALUES,
        Argument::Size
        | Argument::Qbytes
        | Argument::HugePage
        | Argument::Name
        | Argument::File
        | Argument::Unread
        | Argument::None => Words::BAD_SIZE,
    }
}

/// What else there is to say about a mistake; `BAD_USAGE` is nothing.
fn advice(refusal: &Refusal<'_>) -> Words {
    match further(refusal.mistake) {
        Words::NOTHING if refusal.grammar == Grammar::Keyed => Words::NOTHING_KEYED,
        Words::OWNER_FORM if refusal.word.argument != Argument::Owner => Words::BAD_USAGE,
        words => words,
    }
}

/// The same for each mistake; `OWNER_FORM` is for a bad value of --owner alone. The compiler makes
/// a table of it.
#[inline(never)] // size: 128 bytes on x86_64, 8 on aarch64 (make inline)
const fn further(mistake: Mistake) -> Words {
    match mistake {
        Mistake::NoResource => Words::NOTHING,
        Mistake::OnlyName => Words::ONLY_NAME,
        Mistake::NoName => Words::NEEDS_NAME,
        Mistake::ByteOrderMark => Words::BYTE_ORDER_MARK,
        Mistake::SemaphoreOperand | Mistake::NumberForName => Words::SEMAPHORE_OPERAND,
        Mistake::HugePageOperand => Words::HUGE_PAGE_OPERAND,
        Mistake::BadValue | Mistake::BadRange => Words::OWNER_FORM,
        Mistake::UnknownLetter
        | Mistake::UnknownName
        | Mistake::Ambiguous
        | Mistake::LetterNeedsArgument
        | Mistake::NameNeedsArgument
        | Mistake::NameTakesNone
        | Mistake::KeyedNotFirst
        | Mistake::ExtraOperand
        | Mistake::ModeTwice
        | Mistake::SeveralKeyed
        | Mistake::NoSize
        | Mistake::NsemsWithoutSet
        | Mistake::KeyTwice
        | Mistake::NoKey
        | Mistake::OneFile
        | Mistake::NotApplicable
        | Mistake::ValueCount
        | Mistake::OneValue
        | Mistake::BatchNotAlone
        | Mistake::NotInBatch
        | Mistake::Again
        | Mistake::Larger
        | Mistake::NoUser
        | Mistake::NoUserId
        | Mistake::NoGroup
        | Mistake::NoGroupId => Words::BAD_USAGE,
    }
}

/// The reason for a mistake, where it has one.
fn reason(refusal: &Refusal<'_>) -> Errno {
    if refusal.mistake == Mistake::BadRange {
        Errno::ERANGE
    } else if matches!(refusal.mistake, Mistake::BadValue | Mistake::NoSize)
        && !matches!(refusal.word.argument, Argument::Elements | Argument::Mode)
    {
        Errno::EINVAL
    } else {
        // For a bad number of semaphores or a bad mode neither: util-linux's lines have no reason.
        Errno::NONE
    }
}

/// Whether only a value is wrong or missing.
const fn is_value(refusal: &Refusal<'_>) -> bool {
    matches!(
        refusal.mistake,
        Mistake::BadValue
            | Mistake::BadRange
            | Mistake::NoSize
            | Mistake::NoUser
            | Mistake::NoUserId
            | Mistake::NoGroup
            | Mistake::NoGroupId
            | Mistake::Again
            | Mistake::Larger
    )
}

/// Adds what is wrong with a command line, and the keyed line that may have been meant.
#[inline(never)] // size: 80 bytes on x86_64, -88 on aarch64 (make inline)
fn refuse<'k, 'a: 'k, A: Argv<'a>, K: Kernel>(
    text: &mut Text<'k, '_, K>,
    refusal: &Refusal<'a>,
    line: Arguments<'a, A>,
) {
    text.word = refusal.word.bytes;
    text.figures = [refusal.figure, 0, 0];
    text.begin(words(refusal));
    if refusal.mistake == Mistake::Ambiguous {
        let (name, _) = split_name(refusal.word.bytes);
        for spec in possibilities(refusal.grammar, name) {
            text.word = spec.long();
            text.fill(Words::POSSIBILITY);
        }
    }
    text.reason(reason(refusal));
    let words = advice(refusal);
    if words != Words::BAD_USAGE {
        text.line(words, Errno::NONE);
    }
    if let Some(key) = refusal.key {
        text.word = key;
        text.begin(Words::IF_KEY);
        if let Arguments::Command(_) = line {
            text.put(b" ipcmk");
        }
        text.put(b" --keyed");
        for word in line {
            text.put(b" ");
            text.put(word);
        }
        text.reason(Errno::NONE);
    }
    if !is_value(refusal) {
        text.fill(Words::TRY_HELP);
    }
}

/// Adds why an object was not removed, and its hint, to what waits for standard error.
#[inline(never)] // its variables would be in the frame of every line
pub fn removal<K: Kernel>(
    attempt: &Attempt<'_>,
    errno: Errno,
    kernel: &mut K,
    waiting: &mut List<'_, u8>,
) {
    let mut figures = [0; 3];
    let hint = hint::explain(attempt, errno, &[], &mut figures, kernel);
    let mut text = Text::new(Some((kernel, Fd::ERR)), waiting);
    text.batch_line = attempt.line;
    text.word = attempt.path;
    text.figures = [attempt.key.into(), 0, 0];
    text.line(failed(attempt), errno);
    if let Some(words) = hint {
        text.figures = figures;
        text.line(words, Errno::NONE);
    }
}

/// Prints why a run of `arguments` failed, its hint, and which objects could not be removed.
#[inline(never)] // its buffer would be in the frame of every run
pub fn print<'a, A: Argv<'a>, K: Kernel>(
    attempt: &Attempt<'a>,
    errno: Errno,
    hint: Option<Words>,
    figures: &Figures,
    made: &[Made<'a>],
    arguments: A,
    kernel: &mut K,
) {
    let mut waiting = [0; MAX_WRITE];
    let mut waiting = List::new(&mut waiting);
    let mut text = Text::new(Some((kernel, Fd::ERR)), &mut waiting);
    text.batch_line = attempt.line;
    text.word = attempt.path;
    if let Some(refusal) = &attempt.refusal {
        let line = match attempt.line {
            Some(_) => Arguments::Line(attempt.words),
            None => Arguments::Command(arguments),
        };
        refuse(&mut text, refusal, line);
    } else {
        text.line(failed(attempt), errno);
    }
    if let Some(words) = hint {
        text.figures = *figures;
        text.line(words, Errno::NONE);
    }
    let (number, errno) = attempt.other;
    if errno != Errno::NONE {
        text.figures = [number >> 32, number & 0xffff_ffff, 0];
        text.line(Words::LEFT_OTHER, errno);
    }
    for object in made.iter().filter(|object| object.left != Errno::NONE) {
        let words = match object.called {
            Called::Id(id) => {
                text.figures = [wide(id), 0, 0];
                Words::LEFT
            }
            Called::Name(name) => {
                text.word = name.bytes;
                Words::LEFT_POSIX
            }
        };
        text.line(words.of(object.kind), object.left);
    }
    // An error of this write cannot be reported.
    text.flush();
}
