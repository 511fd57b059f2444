//! Checks what holds for every reading of every command line.

use std::cell::Cell;

use ipcmk::cli::batch::Arguments;
use ipcmk::cli::getopt::{Getopt, Token};
use ipcmk::cli::grammar;
use ipcmk::cli::mistake::{Mistake, Position, Refusal};
use ipcmk::cli::number;
use ipcmk::cli::options::{Argument, Grammar, Opt, Opts, TABLE};
use ipcmk::cli::request::{Action, Request};
use ipcmk::kernel::port::Owner;

/// Words of command lines: resources, valid and invalid values, keys, properties, clusters,
/// abbreviations, ambiguities, and words that are no options.
pub const WORDS: [&[u8]; 43] = [
    b"-M",
    b"4096",
    b"-Q",
    b"-S",
    b"3",
    b"-p",
    b"600",
    b"688",
    b"0x1234",
    b"-o",
    b"-s",
    b"--keyed",
    b"--",
    b"-",
    b"",
    b"--sh",
    b"--s=1",
    b"--mode=7",
    b"-Qp600",
    b"-M0x10",
    b"private",
    b"-h",
    b"-n",
    b"-m",
    b"-q",
    b"0",
    b"-1",
    b"4644",
    b"--k",
    b"--size=1K",
    b"x\xff",
    b"-p1644",
    b"-k",
    b"-eJr",
    b"--ftok=x:2",
    b"--value=1,2,3",
    b"--owner=7:8",
    b"--qbytes",
    b"--hu",
    b"--lock",
    b"--batch",
    b"--maxmsg=9",
    b"--libc=musl",
];

/// The result of reading a line.
pub type Reading<'a> = (Result<Action, Refusal<'a>>, Request<'a>);

/// Reads a line, which is without the program's name.
pub fn read<'a>(
    words: impl Iterator<Item = &'a [u8]> + Clone,
    posixly_correct: bool,
) -> Reading<'a> {
    let mut request = Request::new();
    let result = grammar::read(words, posixly_correct, &mut request);
    (result, request)
}

/// Whether two readings mean the same. What a request keeps of options that a later one has
/// overridden is not compared.
fn is_same((result, request): &Reading<'_>, (other_result, other): &Reading<'_>) -> bool {
    let same = |(opt, text): (Opt, &[u8]), (_, other_text): (Opt, &[u8])| {
        request.has(opt) == other.has(opt) && (!request.has(opt) || text == other_text)
    };
    result == other_result
        && TABLE
            .iter()
            .all(|row| request.get(row.opt) == other.get(row.opt))
        && texts(request)
            .into_iter()
            .zip(texts(other))
            .all(|(one, another)| same(one, another))
}

/// The options whose arguments are kept as typed, and these arguments.
fn texts<'a>(request: &Request<'a>) -> [(Opt, &'a [u8]); 5] {
    [
        (Opt::Name, request.name),
        (Opt::Batch, request.batch),
        (Opt::Ftok, request.ftok),
        (Opt::Value, request.values),
        (Opt::Owner, request.accounts),
    ]
}

/// Iterates over words, and counts the calls of `next` of all its clones.
#[derive(Clone)]
struct Counted<'a> {
    words: std::iter::Copied<std::slice::Iter<'a, &'a [u8]>>,
    asked: &'a Cell<usize>,
}

impl<'a> Iterator for Counted<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.asked.set(self.asked.get() + 1);
        self.words.next()
    }
}

/// Reads a line, and checks the reading. Returns the grammar that reads it, if it asks for objects.
///
/// # Errors
/// What is wrong, for a developer.
pub fn check(words: &[&[u8]], posixly_correct: bool) -> Result<Option<Grammar>, String> {
    let asked = Cell::new(0);
    let counted = Counted {
        words: words.iter().copied(),
        asked: &asked,
    };
    let reading = read(counted, posixly_correct);
    // One pass for the choice of the grammar, one for what a shell would change. In each grammar
    // one for the options, one for what they apply to, and two for single words. Each may ask twice
    // whether that is all.
    if asked.get() > 10 * (words.len() + 2) {
        return Err(format!("{} words asked for", asked.get()));
    }
    // A second time: as a line of a batch, if the words can be one.
    let line = batch_line(words);
    let again = match &line {
        Some(line) => read(
            Arguments::<std::iter::Empty<_>>::Line(line),
            posixly_correct,
        ),
        None => read(words.iter().copied(), posixly_correct),
    };
    if !is_same(&again, &reading) {
        return Err(format!("{reading:?}, but then: {again:?}"));
    }
    let with_keyed = || {
        // An abbreviated `--keyed` is replaced by the full name.
        let words = words.iter().skip(says_keyed(words).into()).copied();
        let words = [&b"--keyed"[..]].into_iter().chain(words);
        read(words, posixly_correct)
    };
    let (result, request) = reading;
    match result {
        Ok(Action::Help | Action::Version) => Ok(None),
        Ok(Action::Batch) => {
            let alone = set(&[Opt::Batch, Opt::Raw, Opt::Json, Opt::DryRun, Opt::Remove]);
            if !request.has(Opt::Batch)
                || request.given().without(alone) != Opts::NONE
                || !is_there(request.batch, words)
            {
                return Err(format!("accepted as no batch: {request:?}"));
            }
            Ok(None)
        }
        Ok(Action::Create) => {
            if !is_whole(&request, words) {
                return Err(format!("accepted as no whole request: {request:?}"));
            }
            if !request.has(Opt::Keyed) {
                return Ok(Some(Grammar::Standard));
            }
            if !are_keys(words, posixly_correct) {
                return Err(format!("read by keys against the rule: {request:?}"));
            }
            let with_keyed = with_keyed();
            if !is_same(&with_keyed, &(result, request.clone())) {
                return Err(format!("{request:?}, but with --keyed: {with_keyed:?}"));
            }
            Ok(Some(Grammar::Keyed))
        }
        Err(refusal) => {
            let (with_keyed, _) = with_keyed();
            // Where the line was read by keys and refused, no hint is due.
            let is_hinted = with_keyed == Ok(Action::Create) && words.iter().all(is_plain);
            if refusal.key.is_some() != is_hinted {
                return Err(format!("{refusal:?}, but with --keyed: {with_keyed:?}"));
            }
            if refusal.key.is_some_and(|key| !is_there(key, words)) {
                return Err(format!("the key is no word: {refusal:?}"));
            }
            // A mode up to 07777 makes a line the standard grammar's, even one that util-linux
            // refuses for another word.
            let is_mode =
                (refusal.mistake, refusal.word.argument) == (Mistake::BadRange, Argument::Mode);
            let is_keyed = refusal.grammar == Grammar::Keyed;
            let should_be = are_keys(words, posixly_correct);
            if is_keyed != should_be && (is_keyed || !is_mode) {
                return Err(format!("refused by the other grammar: {refusal:?}"));
            }
            lies_within(words, posixly_correct, &refusal).map(|()| None)
        }
    }
}

/// The same words as a line of a batch, in the same places, followed by a comment; None if a line
/// of a batch cannot have such words.
fn batch_line(words: &[&[u8]]) -> Option<Vec<u8>> {
    let is_word = |word: &&[u8]| {
        !matches!(word, [] | [b'#', ..]) && !word.iter().any(u8::is_ascii_whitespace)
    };
    let line = [&words.join(&b' '), &b" # --help"[..]].concat();
    words.iter().all(is_word).then_some(line)
}

/// Whether a text is a slice of one of the words, and not a copy.
fn is_there(text: &[u8], words: &[&[u8]]) -> bool {
    let text = text.as_ptr_range();
    let mut words = words.iter().map(|word| word.as_ptr_range());
    words.any(|word| word.start <= text.start && text.end <= word.end)
}

/// Whether a request asks for objects, and has only options that apply to them.
fn is_whole(request: &Request<'_>, words: &[&[u8]]) -> bool {
    const INT_MAX: u64 = 0x7fff_ffff;
    let has = |opt: Opt| request.has(opt);
    let in_range = |opt, least, most| {
        request
            .get(opt)
            .is_none_or(|number| (least..=most).contains(&number))
    };
    let is_account = |part: &[u8]| {
        let is_id = part.iter().all(u8::is_ascii_digit);
        let id = str::from_utf8(part).ok().and_then(|id| id.parse().ok());
        !part.is_empty() && (!is_id || id.is_some_and(|id: u32| id != Owner::SAME))
    };
    let accounts: Vec<&[u8]> = request.accounts.split(|byte| *byte == b':').collect();
    let values: Vec<u64> = request.values().collect();
    // A POSIX semaphore may have a larger value than one of a set.
    let most_value = if has(Opt::Semaphore) { 32767 } else { INT_MAX };
    let in_range = request.mode() <= 0o777
        && in_range(Opt::Semaphore, 1, INT_MAX)
        && in_range(Opt::Qbytes, 0, INT_MAX)
        && in_range(Opt::Maxmsg, 0, INT_MAX)
        && in_range(Opt::Msgsize, 0, INT_MAX)
        && in_range(Opt::Libc, 0, 1)
        && in_range(Opt::Key, 0, u32::MAX.into())
        && in_range(Opt::Ftok, 0, 255)
        && in_range(Opt::Hugetlb, 0, 63)
        && (!has(Opt::Owner) || accounts.len() <= 2 && accounts.into_iter().all(is_account))
        && values.iter().all(|value| *value <= most_value)
        && request
            .get(Opt::Value)
            .is_none_or(|count| count == values.len() as u64);
    let goes_together = if has(Opt::Keyed) {
        let posix = Opts::POSIX | set(&[Opt::Name, Opt::Maxmsg, Opt::Msgsize, Opt::Libc]);
        let standard = posix | set(&[Opt::Ftok, Opt::Batch]);
        request.given().and(Opts::OBJECTS).count() == 1
            && !request.has(standard)
            && has(Opt::Key)
            && has(Opt::Qbytes) == has(Opt::Queue)
            && (!has(Opt::Optkey) || has(Opt::Existing))
    } else {
        let keyed = set(&[Opt::Size, Opt::Nsems, Opt::Optkey, Opt::Batch]);
        request.has(Opts::OBJECTS)
            && !request.has(keyed)
            && (has(Opt::Name) || !request.has(Opts::POSIX))
            && !(has(Opt::Key) && has(Opt::Ftok))
    };
    let one_or_each = values.len() < 2
        || !has(Opt::Value)
        || (request.get(Opt::Semaphore) == request.get(Opt::Value) && !has(Opt::PosixSemaphore));
    in_range
        && goes_together
        && one_or_each
        && texts(request)
            .into_iter()
            .all(|(opt, text)| !has(opt) || is_there(text, words))
        && narrow()
            .into_iter()
            .all(|(opt, to)| !has(opt) || request.has(to))
}

/// The options that apply to some objects only, each with these objects.
fn narrow() -> [(Opt, Opts); 13] {
    [
        (Opt::Key, Opts::SYSV),
        (Opt::Ftok, Opts::SYSV),
        (Opt::Existing, Opts::POSIX | set(&[Opt::Key, Opt::Ftok])),
        (Opt::Owner, Opts::OBJECTS),
        (Opt::Value, set(&[Opt::Semaphore, Opt::PosixSemaphore])),
        (Opt::Qbytes, set(&[Opt::Queue])),
        (Opt::Maxmsg, set(&[Opt::PosixMqueue])),
        (Opt::Msgsize, set(&[Opt::PosixMqueue])),
        (Opt::Libc, set(&[Opt::PosixSemaphore])),
        (Opt::Allocate, set(&[Opt::PosixShmem])),
        (Opt::Hugetlb, set(&[Opt::Shmem])),
        (Opt::Noreserve, set(&[Opt::Shmem])),
        (Opt::Lock, set(&[Opt::Shmem])),
    ]
}

/// These options as a set.
fn set(opts: &[Opt]) -> Opts {
    opts.iter().fold(Opts::NONE, |set, opt| set | opt.bit())
}

/// Whether the first word is `--keyed`, or an abbreviation of it that is not one of `--key`.
fn says_keyed(words: &[&[u8]]) -> bool {
    words
        .first()
        .is_some_and(|word| b"--keyed".starts_with(word) && word.len() > b"--key".len())
}

/// Whether a word is of the characters that the second line of a refusal may have.
fn is_plain(word: &&[u8]) -> bool {
    is_like(word, "[A-Za-z0-9_./:=,+@%-][A-Za-z0-9_./:=,+@%-]*")
}

/// Whether a line is the keyed grammar's: the specification's rule, sentence by sentence.
#[must_use]
pub fn is_by_keys(words: &[&[u8]], posixly_correct: bool) -> bool {
    // "A line that we accept is standard."
    let (result, request) = read(words.iter().copied(), posixly_correct);
    (result.is_err() || request.has(Opt::Keyed)) && are_keys(words, posixly_correct)
}

/// The same of a line that the standard grammar refuses.
fn are_keys(words: &[&[u8]], posixly_correct: bool) -> bool {
    if says_keyed(words) {
        return true;
    }
    // "Or that util-linux 2.43 accepts": our options may be on it.
    if util_linux_accepts(words, posixly_correct) {
        return false;
    }
    let mut tokens = Getopt::new(words.iter().copied(), posixly_correct);
    tokens.restart(Grammar::Keyed);
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        if let Token::Option(opt) = token {
            found.push((opt, tokens.is_letter, tokens.word.bytes));
        }
    }
    let values = |opt: Opt| {
        let is_it = move |found: &&(Opt, bool, &[u8])| found.0 == opt;
        found.iter().filter(is_it).map(|found| (found.1, found.2))
    };
    let is_mode = |text: &[u8]| is_like(text, "0?[0-7]?[4-7][0-7][0-7]");
    let (segments, queues, sets) = (
        values(Opt::Shmem).count(),
        values(Opt::Queue).count(),
        values(Opt::Semaphore).count(),
    );
    match (segments + queues, sets) {
        (0, 1) => {
            let key =
                values(Opt::Semaphore).any(|(_, key)| is_hexadecimal(key) || key == b"private");
            let mut counts = values(Opt::Nsems);
            let count = counts.any(|(is_letter, count)| {
                let is_number = number::elements(count).is_ok();
                !is_letter || is_number && !is_mode(count)
            });
            values(Opt::Size).next().is_none() && (key || count)
        }
        (1, 0) => {
            let mut keys = values(Opt::Shmem).chain(values(Opt::Queue));
            let has_size = values(Opt::Optkey)
                .chain(values(Opt::Size))
                .next()
                .is_some();
            let mut sizes = values(Opt::Size);
            has_size
                && sizes.all(|(is_letter, size)| !is_letter || is_plainly_size(size))
                && keys.all(|(_, key)| number::read(Argument::Key, key).is_ok() && !is_mode(key))
        }
        _ => false,
    }
}

/// Whether a text is written 0x...
fn is_hexadecimal(text: &[u8]) -> bool {
    text.starts_with(b"0x") || text.starts_with(b"0X")
}

/// Whether -p's argument is plainly a size.
fn is_plainly_size(text: &[u8]) -> bool {
    let Ok(bytes) = number::size(text) else {
        return false;
    };
    let is_octal = u64::from_str_radix(&String::from_utf8_lossy(text), 8);
    let end = text.iter().position(|byte| b"KkMmGg".contains(byte));
    is_hexadecimal(text) && bytes > 0xfff
        || is_like(text, "[1-9][0-9]*")
            && bytes % 1024 == 0
            && !is_octal.is_ok_and(|mode| mode <= 0o7777)
        || end.is_some_and(|end| {
            is_like(&text[..end], "[1-9][0-9.]*")
                && !is_like(&text[..end], "[0-7]?[4-7][04-7][04-7]")
        })
}

/// Whether util-linux 2.43, if it had our options, would accept a line that we refuse for its
/// operands, or for a mode up to 07777.
fn util_linux_accepts(words: &[&[u8]], posixly_correct: bool) -> bool {
    let mut line = Getopt::new(words.iter().copied(), posixly_correct);
    let mut given = Opts::NONE;
    let mut is_refused_here = false;
    let mut is_musl = false;
    while let Some(token) = line.next() {
        let text = line.word.bytes;
        let opt = match token {
            Token::Option(opt) => opt,
            Token::Operand => {
                is_refused_here = true;
                continue;
            }
            Token::Wrong(_) => return false,
        };
        let is_right = match opt {
            Opt::Help | Opt::Version => return is_refused_here,
            Opt::Batch | Opt::Keyed => false,
            Opt::Mode => number::mode(text).is_ok_and(|mode| {
                is_refused_here |= mode > 0o777;
                mode <= 0o7777
            }),
            _ => number::read(line.word.argument, text).is_ok(),
        };
        if !is_right {
            return false;
        }
        is_musl = if opt == Opt::Libc {
            text == b"musl"
        } else {
            is_musl
        };
        given = given | opt.bit();
    }
    let has = |opt: Opt| given.any(opt.bit());
    is_refused_here
        && given.any(Opts::OBJECTS)
        && (has(Opt::Name) || !given.any(Opts::POSIX))
        && !(has(Opt::Key) && has(Opt::Ftok))
        && !(is_musl && has(Opt::PosixShmem) && has(Opt::PosixSemaphore))
}

/// Whether a text is like a pattern: bytes and classes in brackets, each perhaps with `?` behind
/// it. A class with `*` behind it takes as many bytes as it can.
fn is_like(text: &[u8], pattern: &str) -> bool {
    let pattern = pattern.as_bytes();
    let (class, rest) = match pattern {
        [] => return text.is_empty(),
        [b'[', ..] => {
            let end = pattern.iter().position(|&byte| byte == b']');
            let end = end.expect("a class ends");
            (&pattern[1..end], &pattern[end + 1..])
        }
        _ => pattern.split_at(1),
    };
    let is_first = text.first().is_some_and(|first| is_in(*first, class));
    let tail = text.get(1..).unwrap_or_default();
    let shown = |pattern| str::from_utf8(pattern).expect("ASCII");
    match rest {
        [b'?', rest @ ..] => is_first && is_like(tail, shown(rest)) || is_like(text, shown(rest)),
        [b'*', rest @ ..] => {
            let length = text.iter().take_while(|byte| is_in(**byte, class)).count();
            is_like(&text[length..], shown(rest))
        }
        _ => is_first && is_like(tail, shown(rest)),
    }
}

/// Whether a byte is in a class, such as `04-7`.
fn is_in(byte: u8, class: &[u8]) -> bool {
    match class {
        [first, b'-', last, rest @ ..] => (*first..=*last).contains(&byte) || is_in(byte, rest),
        [one, rest @ ..] => *one == byte || is_in(byte, rest),
        [] => false,
    }
}

/// Checks that a refusal points to the word that it shows, or after the end of the line.
fn lies_within(
    words: &[&[u8]],
    posixly_correct: bool,
    refusal: &Refusal<'_>,
) -> Result<(), String> {
    let Position(at) = refusal.word.at;
    if refusal.word.at == Position::END {
        return match refusal.mistake {
            Mistake::NoResource
            | Mistake::OnlyName
            | Mistake::NumberForName
            | Mistake::NoName
            | Mistake::NoSize
            | Mistake::KeyTwice
            | Mistake::OneFile
            | Mistake::BatchNotAlone => Ok(()),
            _ => Err(format!("at the end: {refusal:?}")),
        };
    }
    let text = words.join(&0);
    // An empty last word lies after the last byte.
    let Some(rest) = text.get(at..) else {
        return Err(format!("behind the end: {refusal:?}"));
    };
    // Messages name a long option in full, or as typed without its dashes.
    let is_long = matches!(
        refusal.mistake,
        Mistake::NameNeedsArgument
            | Mistake::NameTakesNone
            | Mistake::UnknownName
            | Mistake::Ambiguous
            | Mistake::KeyedNotFirst
    );
    if refusal.mistake == Mistake::NotApplicable {
        // It points to the place where the option or its argument is read, and names the option.
        let mut line = Getopt::new(words.iter().copied(), posixly_correct);
        line.restart(refusal.grammar);
        while line.next().is_some() {
            if line.word.at == refusal.word.at && line.spec.long() == refusal.word.bytes {
                return Ok(());
            }
        }
        return Err(format!("no such option stands there: {refusal:?}"));
    }
    let is_letter = matches!(
        refusal.mistake,
        Mistake::UnknownLetter | Mistake::LetterNeedsArgument
    );
    let stands_there = if is_long {
        rest.starts_with(b"--")
    } else {
        let after = rest.strip_prefix(refusal.word.bytes);
        after.is_some_and(|after| is_letter || matches!(after, [] | [0, ..]))
    };
    if stands_there {
        Ok(())
    } else {
        Err(format!("another word stands there: {refusal:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipcmk::cli::options::ANYTHING;

    #[test]
    fn every_option_that_applies_to_some_objects_only_has_a_row() {
        for row in TABLE {
            let has_row = narrow().iter().any(|(opt, _)| *opt == row.opt);
            assert_eq!(has_row, row.applies != ANYTHING, "{:?}", row.opt);
        }
    }
}
