//! Checks what holds for every reading of every command line.

use std::cell::Cell;

use ipcmk::cli::batch::Arguments;
use ipcmk::cli::getopt::Getopt;
use ipcmk::cli::grammar;
use ipcmk::cli::mistake::{Mistake, Position, Refusal};
use ipcmk::cli::options::{Grammar, Opt, Opts, TABLE};
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
        (Opt::Owner, request.owner),
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
    // One pass looks for a key. In each grammar, one reads the options, one checks what they apply
    // to, and two look for single words. Each may call `next` twice after the end.
    if asked.get() > 9 * (words.len() + 2) {
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
            let alone = set(&[Opt::Batch, Opt::Raw, Opt::Json]);
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
            if !may_have_key(words) {
                return Err(format!("read by keys without the mark of one: {request:?}"));
            }
            let with_keyed = with_keyed();
            if !is_same(&with_keyed, &(result, request.clone())) {
                return Err(format!("{request:?}, but with --keyed: {with_keyed:?}"));
            }
            Ok(Some(Grammar::Keyed))
        }
        Err(refusal) => {
            let (with_keyed, _) = with_keyed();
            // The keyed grammar has refused the line itself, so there is no hint.
            if refusal.keyed_reads != (with_keyed == Ok(Action::Create)) {
                return Err(format!("{refusal:?}, but with --keyed: {with_keyed:?}"));
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
    let Owner { uid, gid } = request.owner();
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
        && in_range(Opt::Ftok, 1, 255)
        && in_range(Opt::Hugetlb, 0, 63)
        && (!has(Opt::Owner) || uid != Owner::SAME)
        && (!has(Opt::Owner) || (gid != Owner::SAME) == request.owner.contains(&b':'))
        && values.iter().all(|value| *value <= most_value)
        && request
            .get(Opt::Value)
            .is_none_or(|count| count == values.len() as u64);
    let goes_together = if has(Opt::Keyed) {
        let posix = Opts::POSIX | set(&[Opt::Name, Opt::Maxmsg, Opt::Msgsize, Opt::Libc]);
        let standard = posix | set(&[Opt::Ftok, Opt::Batch]);
        request.objects() == 1
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
fn narrow() -> [(Opt, Opts); 12] {
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

/// Whether any word of the line could be an option with a key, in the widest sense.
pub fn may_have_key(words: &[&[u8]]) -> bool {
    says_keyed(words)
        || words.iter().any(|word| {
            let has = |part: &[u8]| word.windows(part.len()).any(|window| window == part);
            let is_cluster = word.starts_with(b"-") && !word.starts_with(b"--");
            has(b"0x")
                || has(b"0X")
                || has(b"private")
                || (is_cluster && (has(b"o") || has(b"s")))
                || word.starts_with(b"--ns")
        })
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
