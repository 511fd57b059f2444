//! The user's mistakes. A refusal borrows from argv, so that its message echoes what was typed,
//! byte for byte.

use super::number::Bad;
use super::options::{Argument, Grammar};

/// A place on the command line: bytes from the start of the first argument, with one byte between
/// arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub usize);

impl Position {
    /// The first argument.
    pub const START: Self = Self(0);
    /// The end of the line: the place of what is missing.
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
    /// The empty word at the end of the line.
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
    /// No option has this long name, which is without its dashes.
    UnknownName,
    /// Several options begin like this name, which is without its dashes.
    Ambiguous,
    /// The option with this letter lacks its argument.
    LetterNeedsArgument,
    /// The option with this long name lacks its argument.
    NameNeedsArgument,
    /// The option with this long name takes no argument.
    NameTakesNone,
    /// `--keyed` is not the first argument.
    KeyedNotFirst,
    /// An operand that is not a mode of -M.
    ExtraOperand,
    /// The same, a number on a line with -s, which takes none.
    SemaphoreOperand,
    /// The same, the size of huge pages: that of --hugetlb is written behind a `=`.
    HugePageOperand,
    /// Both -p and this operand give a mode.
    ModeTwice,
    /// A value of another form than its option takes.
    BadValue,
    /// A value out of its option's range.
    BadRange,
    /// No resource is on the line.
    NoResource,
    /// The same, but a name for one.
    OnlyName,
    /// A POSIX object without a name.
    NoName,
    /// The same, but a number for -s, which takes none.
    NumberForName,
    /// More than one resource in the keyed grammar.
    SeveralKeyed,
    /// A keyed segment or queue without its size.
    NoSize,
    /// `-s <nsems>` with -M or -Q.
    NsemsWithoutSet,
    /// Both -k and --ftok give a key.
    KeyTwice,
    /// -m and -s with --libc musl: both would be one file.
    OneFile,
    /// The option with this long name applies to nothing on the line.
    NotApplicable,
    /// Neither one value nor one for each semaphore of -S.
    ValueCount,
    /// Several values, of which -s takes one.
    OneValue,
    /// --batch with another option than -r or -J, or with an operand.
    BatchNotAlone,
    /// A line of a batch with -J, -h, -V or --batch.
    NotInBatch,
    /// -e of an object that an earlier line of the batch creates smaller.
    Larger,
    /// A line to remove a System V object that has no key, or a private one.
    NoKey,
    /// The object of an earlier line of the batch, again.
    Again,
    /// A batch begins with a byte order mark.
    ByteOrderMark,
    /// --owner has the name of a user that is not in its file.
    NoUser,
    /// It is there, but its line has no id.
    NoUserId,
    /// --owner has the name of a group that is not in its file.
    NoGroup,
    /// It is there, but its line has no id.
    NoGroupId,
}

impl From<Bad> for Mistake {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Invalid => Self::BadValue,
            Bad::Range => Self::BadRange,
        }
    }
}

/// Why a line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// What is wrong.
    pub mistake: Mistake,
    /// The word that is wrong.
    pub word: Word<'a>,
    /// The grammar that refuses it.
    pub grammar: Grammar,
    /// The earlier line.
    pub figure: u64,
    /// The key on the line, where the keyed grammar would read it and a shell would take its words
    /// as they are.
    pub key: Option<&'a [u8]>,
}

impl<'a> Refusal<'a> {
    /// A mistake in a line of a batch as a whole, or in this word of a line that both grammars
    /// accept.
    #[must_use]
    pub const fn of_line(mistake: Mistake, bytes: &'a [u8], figure: u64) -> Self {
        Self {
            mistake,
            word: Word { bytes, ..Word::END },
            grammar: Grammar::Standard,
            figure,
            key: None,
        }
    }
}
