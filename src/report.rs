//! What the user reads: a line for each id, or the words for what went wrong.

use core::mem;
use core::num::NonZero;

use heapless::{Vec, VecView};

use crate::batch::MOST_OBJECTS;
use crate::errno::Errno;
use crate::getopt::split_name;
use crate::hint::Figures;
use crate::kernel::{Fd, Kernel, State, write_all};
use crate::number::{EIGHT, SIXTEEN, TEN, digits};
use crate::options::{self, Argument, Opt};
use crate::plan::{Attempt, Called, Doing, Kind, Made};
use crate::render;
use crate::request::{Output, Request};
use crate::usage::{Mistake, Refusal};
use crate::words::Words;

/// Bytes of the longest output line with an id, `Shared memory id: 2147483647` and
/// a newline.
pub const LONGEST_LINE: usize = 29;

/// Bytes that an object takes in JSON at most, without a path or a name, and with
/// its share of the brackets.
pub const LONGEST_JSON: usize = 160;

/// Adds the line of an object to the output.
///
/// # Errors
/// ENOBUFS where there is no room for it.
pub fn line(
    request: &Request<'_>,
    kind: Kind,
    called: Called<'_>,
    output: &mut VecView<u8>,
) -> Result<(), Errno> {
    let mut fits = true;
    if request.output() == Output::Words {
        fits = output
            .extend_from_slice(words_before(kind, called).as_bytes())
            .is_ok();
    }
    match called {
        Called::Id(id) => {
            for digit in digits(id, TEN).iter().rev() {
                fits &= output.push(*digit).is_ok();
            }
        }
        Called::Name(name) => fits &= output.extend_from_slice(name.bytes).is_ok(),
    }
    if fits && output.push(b'\n').is_ok() {
        Ok(())
    } else {
        Err(Errno::ENOBUFS)
    }
}

/// Adds words to the output, where it is JSON.
///
/// # Errors
/// ENOBUFS where there is no room for them.
pub fn frame<K: Kernel>(
    request: &Request<'_>,
    words: Words,
    output: &mut VecView<u8>,
) -> Result<(), Errno> {
    let mut text = Text::<K>::new(None, output);
    if request.has(Opt::Json.set()) {
        text.fill(words);
    }
    text.written
}

/// Adds an object in JSON to the output.
///
/// # Errors
/// ENOBUFS where there is no room for it.
#[inline(never)] // its variables would be in the frame of every run
pub fn json<K: Kernel>(
    request: &Request<'_>,
    attempt: &Attempt<'_>,
    called: Called<'_>,
    created: bool,
    output: &mut VecView<u8>,
    kernel: &mut K,
) -> Result<(), Errno> {
    let mut kind = attempt.step.kind;
    let state = match called {
        Called::Id(_) if created => Ok(State {
            mode: request.mode(),
            amount: attempt.step.amount,
        }),
        Called::Id(id) => kernel.state(kind, id),
        Called::Name(_) if attempt.flags == 0 => Err(Errno::NONE),
        Called::Name(_) => Ok(State {
            mode: attempt.flags,
            amount: attempt.step.amount,
        }),
    };
    let is_first = output.last() == Some(&b'[');
    let mut text = Text::<K>::new(None, output);
    text.put(if is_first { b"" } else { b"," });
    match called {
        Called::Id(id) => {
            text.figures = [id, attempt.key.into(), 0];
            text.fill(Words::JSON_OBJECT.of(kind));
            if let Some((path, _)) = request.ftok() {
                text.fill(Words::JSON_PATH);
                text.json_string(path);
            }
        }
        Called::Name(name) => {
            text.fill(Words::JSON_POSIX.of(kind));
            text.json_string(name.bytes);
            if kind == Kind::Sem {
                // As that of a queue: it has a mode and nothing more.
                kind = Kind::Queue;
            }
        }
    }
    let words = match state {
        Ok(State { mode, amount }) => {
            text.figures = [u64::from(mode & 0o777), amount, 0];
            Words::JSON_STATE
        }
        Err(_) => Words::JSON_UNKNOWN,
    };
    text.fill(words.of(kind));
    text.fill(if created {
        Words::JSON_CREATED
    } else {
        Words::JSON_FOUND
    });
    text.written
}

/// util-linux's words before an id or a name, to the letter.
const fn words_before(kind: Kind, called: Called<'_>) -> &'static str {
    match (kind, called) {
        (Kind::Shm, Called::Id(_)) => "Shared memory id: ",
        (Kind::Queue, Called::Id(_)) => "Message queue id: ",
        (Kind::Sem, Called::Id(_)) => "Semaphore id: ",
        (Kind::Shm, Called::Name(_)) => "POSIX shared memory name: ",
        (Kind::Queue, Called::Name(_)) => "POSIX message queue name: ",
        (Kind::Sem, Called::Name(_)) => "POSIX semaphore name: ",
    }
}

/// The words for what failed: util-linux's, where it has some.
fn failed(attempt: &Attempt<'_>) -> Words {
    let words = doing(attempt.doing);
    if words != Words::CREATE_FAILED {
        words
    } else if attempt.step.is_posix {
        Words::CREATE_POSIX_FAILED.of(attempt.step.kind)
    } else {
        words.of(attempt.step.kind)
    }
}

/// A table of constants, and no code.
#[inline(never)] // `make size`: a copy at its caller is larger
const fn doing(doing: Doing) -> Words {
    match doing {
        Doing::Find | Doing::Create | Doing::Set | Doing::Own | Doing::Link | Doing::Close => {
            Words::CREATE_FAILED
        }
        Doing::SetValues => Words::SET_VALUES_FAILED,
        Doing::Lock => Words::LOCK_FAILED,
        Doing::ReadBatch => Words::READ_FAILED,
        Doing::Ftok => Words::FTOK_FAILED,
        Doing::ForcedShm => Words::FORCED_SHM,
        Doing::BlockSignals => Words::BLOCK_FAILED,
        Doing::RandomKey => Words::RANDOM_FAILED,
        Doing::Write => Words::WRITE_FAILED,
        Doing::Memory => Words::MEMORY_FAILED,
    }
}

/// Answers --help or --version.
///
/// # Errors
/// Those of [`write_all`].
#[inline(never)] // its buffer would be in the frame of every run
pub fn answer<K: Kernel>(words: Words, kernel: &mut K) -> Result<(), Errno> {
    let mut waiting = Vec::<u8, WRITE>::new();
    let mut text = Text::new(Some((kernel, Fd::Out)), &mut waiting);
    text.fill(words);
    text.flush();
    text.written
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

/// A table of constants, and no code.
#[inline(never)] // `make size`: a copy at its caller is larger
const fn mistake(mistake: Mistake) -> Words {
    match mistake {
        Mistake::UnknownLetter => Words::UNKNOWN_LETTER,
        Mistake::UnknownName => Words::UNKNOWN_NAME,
        Mistake::Ambiguous => Words::AMBIGUOUS,
        Mistake::LetterNeedsArgument => Words::LETTER_NEEDS_ARGUMENT,
        Mistake::NameNeedsArgument => Words::NAME_NEEDS_ARGUMENT,
        Mistake::NameTakesNone => Words::NAME_TAKES_NONE,
        Mistake::KeyedNotFirst => Words::KEYED_NOT_FIRST,
        Mistake::ExtraOperand => Words::EXTRA_OPERAND,
        Mistake::ModeTwice => Words::MODE_TWICE,
        Mistake::NoResource => Words::NO_RESOURCE,
        Mistake::NoName => Words::NO_NAME,
        Mistake::SeveralKeyed => Words::SEVERAL_KEYED,
        Mistake::NoSize => Words::NO_SIZE,
        Mistake::NsemsWithoutSet => Words::NSEMS_WITHOUT_SET,
        Mistake::KeyTwice => Words::KEY_TWICE,
        Mistake::OneFile => Words::ONE_FILE,
        Mistake::NotApplicable => Words::NOT_APPLICABLE,
        Mistake::ValueCount => Words::VALUE_COUNT,
        Mistake::BatchNotAlone => Words::BATCH_NOT_ALONE,
        Mistake::NotInBatch => Words::NOT_IN_BATCH,
        Mistake::TooMany => Words::TOO_MANY,
        Mistake::BadValue | Mistake::BadRange => Words::BAD_SIZE,
    }
}

/// A table of constants, and no code.
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
        | Argument::Text
        | Argument::None => Words::BAD_SIZE,
    }
}

/// The reason for a mistake, where it has one.
fn reason(refusal: &Refusal<'_>) -> Errno {
    if refusal.mistake == Mistake::BadRange {
        Errno::ERANGE
    } else if is_value(refusal) && refusal.word.argument != Argument::Elements {
        Errno::EINVAL
    } else {
        // Not even for a bad number of semaphores: util-linux's line has none.
        Errno::NONE
    }
}

/// Whether the line is right but for a value that is wrong or missing.
const fn is_value(refusal: &Refusal<'_>) -> bool {
    matches!(
        refusal.mistake,
        Mistake::BadValue | Mistake::BadRange | Mistake::NoSize
    )
}

/// Says why nothing was created or printed, what may help, and which objects
/// are left, since their removal was refused.
#[inline(never)] // its buffer would be in the frame of every run
pub fn failure<K: Kernel>(
    attempt: &Attempt<'_>,
    errno: Errno,
    hint: Option<Words>,
    figures: &Figures,
    made: &[Made<'_>],
    kernel: &mut K,
) {
    let mut waiting = Vec::<u8, WRITE>::new();
    let mut text = Text::new(Some((kernel, Fd::Err)), &mut waiting);
    text.line = attempt.line;
    text.word = attempt.path;
    if let Some(refusal) = &attempt.refusal {
        text.refusal(refusal);
    } else {
        text.begin(failed(attempt));
        text.reason(errno);
    }
    if let Some(words) = hint {
        text.figures = *figures;
        text.begin(words);
        text.reason(Errno::NONE);
    }
    for object in made.iter().filter(|object| object.left != Errno::NONE) {
        let words = match object.called {
            Called::Id(id) => {
                text.figures = [id, 0, 0];
                Words::LEFT
            }
            Called::Name(name) => {
                text.word = name.bytes;
                Words::LEFT_POSIX
            }
        };
        text.begin(words.of(object.kind));
        text.reason(object.left);
    }
    // Nobody is left to hear of an error here.
    text.flush();
}

/// Whether bytes are UTF-8. core's way to find out is fast, and six times as
/// large.
fn is_utf8(mut bytes: &[u8]) -> bool {
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        let length = first.leading_ones();
        if length == 0 {
            continue;
        }
        let mut code = u32::from(*first) & (0x7f >> length);
        for _ in 1..length {
            match bytes {
                [next @ 0x80..0xc0, rest @ ..] => {
                    code = code << 6 | u32::from(*next) & 0x3f;
                    bytes = rest;
                }
                _ => return false,
            }
        }
        // Neither a surrogate nor longer than it must be.
        let is_shortest = |code: char| u32::try_from(code.len_utf8()) == Ok(length);
        if length == 1 || !char::from_u32(code).is_some_and(is_shortest) {
            return false;
        }
    }
    true
}

/// What a batch may hold, for a text that says so.
const MOST: Figures = [MOST_OBJECTS, 0, 0];

/// Bytes of a text that go out in one write; a longer one takes more.
const WRITE: usize = 2560;
const _: () = assert!(render::HELP.len() <= WRITE, "the help text is one write");

/// A text, written in one piece where it fits, and whole in any case.
struct Text<'k, K: Kernel> {
    /// Where it goes; what has no way out yet must have room.
    out: Option<(&'k mut K, Fd)>,
    /// The number of the line that is wrong; 0 if it has none, or was named.
    line: u32,
    /// The word that is wrong.
    word: &'k [u8],
    /// The figures of the next words.
    figures: Figures,
    waiting: &'k mut VecView<u8>,
    /// How writing went so far.
    written: Result<(), Errno>,
}

impl<'k, K: Kernel> Text<'k, K> {
    #[inline(always)]
    fn new(out: Option<(&'k mut K, Fd)>, waiting: &'k mut VecView<u8>) -> Self {
        Self {
            out,
            line: 0,
            word: b"",
            figures: [0; 3],
            waiting,
            written: Ok(()),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.waiting.extend_from_slice(bytes).is_err() {
            self.flush();
            if self.waiting.extend_from_slice(bytes).is_err() {
                self.write(bytes);
            }
        }
    }

    /// Puts a number, with so many digits at least.
    fn number(&mut self, number: u64, base: NonZero<u64>, width: usize) {
        let digits = digits(number, base);
        for _ in digits.len()..width {
            self.put(b"0");
        }
        for digit in digits.iter().rev() {
            self.put(&[*digit]);
        }
    }

    /// Says what is wrong with a command line.
    fn refusal(&mut self, refusal: &Refusal<'k>) {
        self.word = refusal.word.bytes;
        self.figures = MOST;
        self.begin(words(refusal));
        if refusal.mistake == Mistake::Ambiguous {
            let (name, _) = split_name(refusal.word.bytes);
            for spec in options::possibilities(refusal.grammar, name) {
                self.word = spec.long();
                self.fill(Words::POSSIBILITY);
            }
        }
        self.reason(reason(refusal));
        if refusal.keyed_reads {
            self.begin(Words::SAY_KEYED);
            self.reason(Errno::NONE);
        }
        if !is_value(refusal) {
            self.fill(Words::TRY_HELP);
        }
    }

    /// Begins a line with the program's name and these words.
    fn begin(&mut self, words: Words) {
        self.put(b"ipcmk: ");
        if self.line != 0 {
            self.put(b"line ");
            let line = mem::take(&mut self.line);
            self.number(line.into(), TEN, 1);
            self.put(b": ");
        }
        self.fill(words);
    }

    /// Puts words, with what they have places for.
    fn fill(&mut self, words: Words) {
        let mut figures = self.figures.into_iter();
        words.put(&mut |byte| {
            let (base, width) = match byte {
                b'@' => return self.put(self.word),
                b'%' => (TEN, 1),
                b'#' => (SIXTEEN, 1),
                b'$' => (SIXTEEN, 8),
                b'&' => (EIGHT, 4),
                _ => return self.put(&[byte]),
            };
            self.number(figures.next().unwrap_or_default(), base, width);
        });
    }

    /// Puts bytes as a string, or, where that would take escapes, or is not in
    /// UTF-8, as an array of numbers.
    fn json_string(&mut self, bytes: &[u8]) {
        let is_plain = |byte: &u8| !matches!(byte, 0..b' ' | b'"' | b'\\');
        if is_utf8(bytes) && bytes.iter().all(is_plain) {
            self.put(b"\"");
            self.put(bytes);
            return self.put(b"\"");
        }
        let mut separator: &[u8] = b"[";
        for &byte in bytes {
            self.put(separator);
            separator = b", ";
            self.number(byte.into(), TEN, 1);
        }
        self.put(b"]");
    }

    /// Ends the line with a reason, if there is one.
    fn reason(&mut self, errno: Errno) {
        if errno != Errno::NONE {
            self.put(b": ");
            match Words::of_errno(errno) {
                Some(words) => self.fill(words),
                None => {
                    self.figures = [errno.number(), 0, 0];
                    self.fill(Words::UNKNOWN_ERRNO);
                }
            }
        }
        self.put(b"\n");
    }

    /// Writes bytes, if nothing has failed so far.
    fn write(&mut self, bytes: &[u8]) {
        if self.written.is_ok() {
            self.written = match &mut self.out {
                Some((kernel, fd)) => write_all(*kernel, *fd, bytes),
                None => Err(Errno::ENOBUFS),
            };
        }
    }

    /// Writes what waits, where there is a way out.
    fn flush(&mut self) {
        if let Some((kernel, fd)) = &mut self.out {
            if self.written.is_ok() {
                self.written = write_all(*kernel, *fd, self.waiting);
            }
            self.waiting.clear();
        }
    }
}
