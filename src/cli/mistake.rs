//! The user's mistakes. A refusal borrows from argv, so that its message can
//! echo what was typed, byte for byte.

use super::number::Bad;
use super::options::{Argument, Grammar};

/// A place on the command line: its distance from the first argument's first
/// byte, with one byte between arguments, as they lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub usize);

impl Position {
    /// The first argument.
    pub const START: Self = Self(0);
    /// Behind the last argument: the place of what is missing.
    pub const END: Self = Self(usize::MAX);
}

/// A word of the command line, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What was typed.
    pub bytes: &'a [u8],
    /// Where it stands.
    pub at: Position,
    /// What it should be, where it is the argument of an option.
    pub argument: Argument,
}

impl Word<'_> {
    /// Nothing, at the end of the line, where what is missing is missed.
    pub const END: Self = Self {
        bytes: b"",
        at: Position::END,
        argument: Argument::None,
    };
}

/// What is wrong with a command line, or with one word of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// No option has this letter.
    UnknownLetter,
    /// No option has this long name; the word without its dashes.
    UnknownName,
    /// Several options begin like this; the word without its dashes.
    Ambiguous,
    /// The option with this letter lacks its argument.
    LetterNeedsArgument,
    /// The option with this long name lacks its argument.
    NameNeedsArgument,
    /// The option with this long name takes no argument.
    NameTakesNone,
    /// `--keyed` is not the first argument.
    KeyedNotFirst,
    /// An operand that means nothing here.
    ExtraOperand,
    /// Both -p and this operand give a mode.
    ModeTwice,
    /// A value that cannot be read as what it should be.
    BadValue,
    /// A value out of the range of what it should be.
    BadRange,
    /// No resource is asked for.
    NoResource,
    /// A POSIX object without a name.
    NoName,
    /// More than one resource in the keyed grammar.
    SeveralKeyed,
    /// A keyed segment or queue without its size.
    NoSize,
    /// A number of semaphores for something else.
    NsemsWithoutSet,
    /// Both -k and --ftok give a key.
    KeyTwice,
    /// Shared memory and a semaphore of musl's, of one name.
    OneFile,
    /// The option with this long name has nothing on the line to apply to.
    NotApplicable,
    /// There are neither one nor as many values as semaphores.
    ValueCount,
    /// --batch beside something else than -r and -J.
    BatchNotAlone,
    /// What is no object in a batch.
    NotInBatch,
    /// More objects in a batch than there is room for.
    TooMany,
}

impl From<Bad> for Mistake {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Invalid => Self::BadValue,
            Bad::Range => Self::BadRange,
        }
    }
}

/// Why a line is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// What is wrong.
    pub mistake: Mistake,
    /// The word that is wrong.
    pub word: Word<'a>,
    /// The grammar that refuses it.
    pub grammar: Grammar,
    /// Whether the keyed grammar would read the line.
    pub keyed_reads: bool,
}

impl Refusal<'_> {
    /// What is wrong with a line that can be read.
    #[must_use]
    pub const fn of_line(mistake: Mistake) -> Self {
        Self {
            mistake,
            word: Word::END,
            grammar: Grammar::Standard,
            keyed_reads: false,
        }
    }
}
