//! Which grammar reads a line that the standard one refuses.
//!
//! A line of util-linux's with a slip of the finger must not become an object with mode 0666 and a
//! guessable key. So the keyed grammar reads only lines that are no such slip: `-M 1234 -p 4096`,
//! and not `-M 4096 -p 688`.

use super::argv::Argv;
use super::getopt::{Getopt, Token};
use super::mistake::{Mistake, Refusal};
use super::number::{self, PRIVATE};
use super::options::{Argument, Grammar, Opt, Opts};

/// Whether util-linux 2.43 accepts what is refused: it ignores operands, and takes modes up to
/// 07777. Such a line is the standard grammar's.
#[must_use]
pub fn is_of_util_linux(refusal: &Refusal<'_>) -> bool {
    let is_mode = refusal.mistake == Mistake::BadRange
        && refusal.word.argument == Argument::Mode
        && is_mode(refusal.word.bytes);
    let ignored = matches!(
        refusal.mistake,
        Mistake::ExtraOperand
            | Mistake::SemaphoreOperand
            | Mistake::HugePageOperand
            | Mistake::ModeTwice
    );
    is_mode || ignored
}

/// Whether util-linux 2.43 takes a text for a mode.
fn is_mode(text: &[u8]) -> bool {
    number::mode(text).is_ok_and(|mode| mode <= MAX_MODE)
}

/// The largest mode that util-linux 2.43 takes: its `sys-utils/ipcmk.c`.
const MAX_MODE: u64 = 0o7777;

/// What the keyed grammar's tokens of a line say, past wrong ones.
pub struct Signs<'a> {
    /// The value of -M, -Q or -S, whichever is last.
    pub key: &'a [u8],
    /// How often the line has one of these.
    resources: usize,
    /// All options.
    given: Opts,
    /// A -p that is not plainly a size.
    has_other_size: bool,
    /// --nsems, or -s with a number that is not like a mode.
    has_nsems: bool,
}

impl<'a> Signs<'a> {
    /// Reads a whole line.
    pub fn read<A: Argv<'a>>(line: &mut Getopt<'a, A>) -> Self {
        let mut signs = Self {
            key: b"",
            resources: 0,
            given: Opts::NONE,
            has_other_size: false,
            has_nsems: false,
        };
        line.restart(Grammar::Keyed);
        while let Some(token) = line.next() {
            let opt = match token {
                Token::Option(opt) => opt,
                Token::Operand | Token::Wrong(_) => continue,
            };
            let value = line.word.bytes;
            signs.given = signs.given | opt.bit();
            if Opts::SYSV.any(opt.bit()) {
                signs.key = value;
                signs.resources += 1;
            }
            if opt == Opt::Size && line.is_letter && !is_plainly_size(value) {
                signs.has_other_size = true;
            }
            if opt == Opt::Nsems
                && (!line.is_letter || (number::elements(value).is_ok() && !is_like_mode(value)))
            {
                signs.has_nsems = true;
            }
        }
        signs
    }

    /// Whether the line is the keyed grammar's.
    #[must_use]
    pub fn are_keyed(&self) -> bool {
        let has = |opts: Opts| self.given.any(opts);
        self.resources == 1
            && if has(Opts::SEM) {
                !has(Opt::Size.bit()) && (is_plainly_key(self.key) || self.has_nsems)
            } else {
                has(Opt::Optkey | Opt::Size)
                    && !self.has_other_size
                    && number::read(Argument::Key, self.key).is_ok()
                    && !is_like_mode(self.key)
            }
    }
}

/// Whether the value of -S is plainly a key, since no number of semaphores is written so.
fn is_plainly_key(text: &[u8]) -> bool {
    matches!(text, [b'0', b'x' | b'X', ..]) || text == PRIVATE
}

/// Whether a text has the shape of a mode that lets its owner read: `0?[0-7]?[4-7][0-7][0-7]`.
#[inline(never)] // size: 128 bytes on x86_64, 144 on aarch64 (make inline)
fn is_like_mode(text: &[u8]) -> bool {
    let [start @ .., b'4'..=b'7', b'0'..=b'7', b'0'..=b'7'] = text else {
        return false;
    };
    matches!(start, [] | [b'0'..=b'7'] | [b'0', b'0'..=b'7'])
}

/// Whether a text is a mode that people use, or that with a digit before it:
/// `[0-7]?[4-7][04-7][04-7]`.
fn is_usual_mode(text: &[u8]) -> bool {
    let [
        start @ ..,
        b'4'..=b'7',
        b'0' | b'4'..=b'7',
        b'0' | b'4'..=b'7',
    ] = text
    else {
        return false;
    };
    matches!(start, [] | [b'0'..=b'7'])
}

/// Whether the argument of -p is plainly a size: no mode, and no mode with a wrong key in it.
fn is_plainly_size(text: &[u8]) -> bool {
    let Ok(size) = number::size(text) else {
        return false;
    };
    let letter = text.iter().position(u8::is_ascii_alphabetic);
    let split = text.split_at_checked(letter.unwrap_or(text.len()));
    match split.unwrap_or_default() {
        ([b'0'], [b'x' | b'X', ..]) => size > 0xfff,
        ([b'1'..=b'9', ..], []) => size.is_multiple_of(1024) && !is_mode(text),
        (number @ [b'1'..=b'9', ..], [b'K' | b'k' | b'M' | b'm' | b'G' | b'g', ..]) => {
            !is_usual_mode(number)
        }
        _ => false,
    }
}
