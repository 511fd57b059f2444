//! Random command lines through the real files, beside util-linux's ipcmk: each makes the same
//! objects and prints the same, or differs for a reason that is listed here.
//!
//! IPCMK_SEED=<number> chooses other lines; the number of those that are tried is printed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

use ipcmk::getopt::{Getopt, Token};
use ipcmk::number::{self, Bad};
use ipcmk::options::{Opt, TABLE};
use ipcmk::request::Action;
use ipcmk::usage::{Mistake, Position, Refusal, Word};
use ipcmk_tests::case::{Start, Version};
use ipcmk_tests::namespace::{self, Kind, Object};
use ipcmk_tests::random;
use ipcmk_tests::reading::{Reading, may_have_key, read};
use ipcmk_tests::subject::{Subject, util_linux_ipcmk};
use ipcmk_tests::suite::{self, reproduce};

fn main() -> ExitCode {
    suite::main(&[
        ("lines_mean_what_they_mean_to_util_linux", differential),
        ("both_files_read_lines_alike", both_files),
    ])
}

/// The seed of every random choice here, unless IPCMK_SEED is another.
const SEED: u64 = 0x1bc_411;

/// The lines that are tried beside util-linux: accepted ones without and with options that it does
/// not have, those read by keys, those that only their operands spoil, and all others.
const BESIDE_UTIL_LINUX: [usize; 5] = [7_000, 1_000, 4_000, 2_000, 9_000];

/// The lines that are tried on both files.
const ON_BOTH_FILES: [usize; 5] = [150, 300, 150, 50, 200];

/// Lines that are always among those for the real files: some for each rule.
const EXAMPLES: &[&[&[u8]]] = &[
    &[b"-M", b"4096", b"600"],
    &[b"-M", b"4096", b"-p", b"600", b"700"],
    &[b"-M", b"4096", b"-p", b"688"],
    &[b"-M", b"4096", b"-p", b"4644"],
    &[b"-M", b"0x1234"],
    &[b"-M", b"0x1234", b"-p", b"512"],
    &[b"-M", b"0x1234", b"-p", b"4096"],
    // Its fraction wraps it to 10485 in util-linux.
    &[b"-M", b"17592186044415.91M"],
    &[b"-M", b"4096", b"-S", b"0"],
    &[b"-M", b"4096", b"-Q", b"-S", b"99999"],
    &[b"-Q", b"600"],
    &[b"-Q", b"1234", b"-p", b"600"],
    &[b"-Q", b"0x1234", b"-p", b"600"],
    &[b"-Q", b"0x1234", b"-p", b"4096"],
    &[b"-Q", b"-n", b"x"],
    &[b"-S", b"0", b"-S", b"3"],
    &[b"-S", b"1234"],
    &[b"-S", b"0x1234"],
    &[b"-S", b"7", b"-s", b"3"],
    &[b"-k", b"7", b"-Q", b"-eJ"],
    &[b"--help"],
];

/// A line for the real files.
struct Line {
    words: Vec<Vec<u8>>,
    posixly_correct: bool,
}

impl Line {
    fn random(random: &mut fastrand::Rng) -> Self {
        Self {
            words: random::line(random),
            posixly_correct: random.u8(..8) == 0,
        }
    }

    fn words(&self) -> Vec<&[u8]> {
        self.words.iter().map(Vec::as_slice).collect()
    }

    fn reading(&self) -> Reading<'_> {
        read(self.words.iter().map(Vec::as_slice), self.posixly_correct)
    }

    /// What util-linux's grammar makes of the words.
    fn tokens(&self) -> impl Iterator<Item = (Token, Word<'_>)> {
        let words = self.words.iter().map(Vec::as_slice);
        let mut tokens = Getopt::new(words, self.posixly_correct);
        std::iter::from_fn(move || tokens.next().map(|token| (token, tokens.word)))
    }

    /// Whether an option of this line asks for a POSIX object, or names one.
    fn is_posix(&self) -> bool {
        use Opt::{Name, PosixMqueue, PosixSemaphore, PosixShmem};
        let posix = [PosixShmem, PosixMqueue, PosixSemaphore, Name].map(Token::Option);
        self.tokens().any(|(token, _)| posix.contains(&token))
    }

    /// Whether it has an option that util-linux does not have.
    fn goes_beyond(&self) -> bool {
        let mut tokens = self.tokens();
        tokens.any(|(token, _)| {
            let is_ours = |opt| TABLE.iter().any(|row| row.opt == opt && !row.util_linux);
            matches!(token, Token::Option(opt) if is_ours(opt))
        })
    }

    /// Whether it has a mode with bits over 0777, by the standard library's reading.
    fn has_high_mode(&self) -> bool {
        self.tokens().any(|(token, word)| {
            let mode = octal(word.bytes);
            token == Token::Option(Opt::Mode)
                && mode.is_some_and(|mode| !(0..=0o777).contains(&mode))
        })
    }

    /// The same line with one semaphore where it asks for none or fewer, if it does.
    fn without_low_counts(&self) -> Option<Self> {
        let mut text = self.words.join(&0);
        let low = |(token, word): (Token, Word<'_>)| {
            let count = String::from_utf8_lossy(word.bytes);
            let count = count.trim_start_matches(BLANKS).parse::<i32>();
            let is_low = count.is_ok_and(|count| count <= 0);
            let Position(at) = word.at;
            (token == Token::Option(Opt::Semaphore) && is_low).then(|| at..at + word.bytes.len())
        };
        let places: Vec<_> = self.tokens().filter_map(low).collect();
        for place in places.iter().rev() {
            text.splice(place.clone(), *b"1");
        }
        let words = text.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect();
        (!places.is_empty()).then_some(Self { words, ..*self })
    }

    /// The same line without its operands, if it has any.
    fn without_operands(&self) -> Option<Self> {
        let operands = self.tokens().filter(|(token, _)| *token == Token::Operand);
        let operands: Vec<usize> = operands.map(|(_, word)| word.at.0).collect();
        let mut start = 0;
        let is_no_operand = |word: &&Vec<u8>| {
            let at = start;
            start += word.len() + 1;
            !operands.contains(&at)
        };
        let words = self.words.iter().filter(is_no_operand).cloned().collect();
        (!operands.is_empty()).then_some(Self { words, ..*self })
    }

    /// Runs a program with this line in a new namespace.
    fn run(&self, subject: &Subject) -> Result<Outcome, String> {
        self.try_run(subject)
            .map_err(|error| format!("{}\n  {error}", show(self, Path::new("ipcmk"))))
    }

    fn try_run(&self, subject: &Subject) -> io::Result<Outcome> {
        namespace::unshare()?;
        let mut start = Start::default();
        if self.posixly_correct {
            start
                .environment
                .push((b"POSIXLY_CORRECT".to_vec(), b"1".to_vec()));
        }
        let outcome = subject.run(&start, &self.words, false)?;
        let objects = namespace::objects()?;
        Ok(Outcome {
            status: outcome.status.code(),
            output: without_ids(&outcome.stdout, &objects),
            objects: objects.iter().map(Made::new).collect(),
        })
    }
}

/// The blanks that strtoul(3) and the like skip.
const BLANKS: [char; 6] = ['\t', '\n', '\x0b', '\x0c', '\r', ' '];

/// A mode as the standard library reads it.
fn octal(text: &[u8]) -> Option<i128> {
    let text = String::from_utf8_lossy(text);
    i128::from_str_radix(text.trim_start_matches(BLANKS), 8).ok()
}

/// What a line came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    status: Option<i32>,
    /// Standard output, with `#` for each id or key of an object that exists.
    output: String,
    objects: Vec<Made>,
}

/// What the kernel then holds.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    kind: Kind,
    size: u64,
    mode: u32,
    is_private: bool,
}

impl Made {
    fn new(object: &Object) -> Self {
        Self {
            kind: object.kind,
            size: object.size,
            mode: object.mode,
            is_private: object.key == 0,
        }
    }
}

fn without_ids(output: &[u8], objects: &[Object]) -> String {
    let is_known = |word: &str| {
        let key = word.strip_prefix("0x");
        let key = key.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let id = word.parse().ok();
        let is_it = |object: &Object| key == Some(object.key) || id == Some(object.id);
        objects.iter().any(is_it)
    };
    let mut bare = String::new();
    for part in String::from_utf8_lossy(output).split_inclusive(|c: char| !c.is_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
        bare.push_str(if is_known(word) { "#" } else { word });
        bare.push_str(&part[word.len()..]);
    }
    bare
}

/// A deliberate difference from util-linux.
struct Rule {
    tag: &'static str,
    /// Why the difference is wanted.
    reason: &'static str,
    /// Whether it explains the difference: the line, our outcome, theirs.
    explains: fn(&Line, &Outcome, &Outcome) -> bool,
    /// The versions of util-linux that differ so: from this one, and before that one.
    versions: (Version, Version),
}

const FIRST: Version = Version(0, 0);
const NEVER: Version = Version(u32::MAX, 0);
/// The version that brought POSIX objects.
const POSIX: Version = Version(2, 41);

const RULES: &[Rule] = &[
    Rule {
        tag: "help",
        reason: "the help text is our own words, and the version our own number",
        explains: |line, ours, theirs| {
            matches!(line.reading().0, Ok(Action::Help | Action::Version))
                && (ours.status, theirs.status) == (Some(0), Some(0))
                && ours.objects.is_empty()
                && theirs.objects.is_empty()
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "keys",
        reason: "a line that util-linux refuses is read by keys if it has the mark of one",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            result.is_ok()
                && ours.status == Some(0)
                && (request.has(Opt::Keyed.set()) || result != Ok(Action::Create))
                && theirs.status == Some(1)
                && theirs.objects.is_empty()
                && may_have_key(&line.words())
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "ours",
        reason: "an option that util-linux does not have",
        explains: |line, ours, theirs| {
            line.goes_beyond()
                && line.reading().0.is_ok()
                && ours.status == Some(0)
                && theirs.status == Some(1)
                && theirs.objects.is_empty()
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "operand-key",
        reason: "what follows -Q is an operand to util-linux, which ignores it; with the mark of a key it is one",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            let asks_for_text = matches!(result, Ok(Action::Help | Action::Version));
            let [ours] = ours.objects.as_slice() else {
                return asks_for_text && may_have_key(&line.words()) && theirs.status == Some(0);
            };
            let queue_alone = |made: &[Made]| matches!(made, [made] if made.kind == Kind::Msg);
            result == Ok(Action::Create)
                && request.has(Opt::Keyed.set())
                && (request.key() == Some(0)) == ours.is_private
                && ours.kind == Kind::Msg
                && queue_alone(&theirs.objects)
                && may_have_key(&line.words())
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "overflow",
        reason: "a size over 64 bits is refused; util-linux lets the fraction wrap it",
        explains: |line, ours, theirs| {
            matches!(
                line.reading().0,
                Err(Refusal { mistake: Mistake::BadRange, word, .. }) if number::size(word.bytes) == Err(Bad::Range)
            ) && refused_but_accepted(ours, theirs)
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "operand-mode",
        reason: "an operand behind -M alone is its mode; util-linux ignores it and makes the segment with mode 644",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            let mode = Some(request.mode().into());
            let stands_there = line.words.iter().any(|word| octal(word) == mode);
            result == Ok(Action::Create)
                && stands_there
                && ours.output == theirs.output
                && matches!(
                    (ours.objects.as_slice(), theirs.objects.as_slice()),
                    ([ours], [theirs]) if ours.kind == Kind::Shm && ours.size == theirs.size
                        && ours.mode == request.mode() && theirs.mode == 0o644
                )
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "operands",
        reason: "an operand that means nothing is an error; util-linux ignores it",
        explains: |line, ours, theirs| {
            let is_without = |line: Line| line.reading().0.is_ok();
            refused_but_accepted(ours, theirs) && line.without_operands().is_some_and(is_without)
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "mode-bits",
        reason: "bits over 0777 are flags of the calls; util-linux passes them on",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            let is_read_by_keys = result.is_ok() && request.has(Opt::Keyed.set());
            let is_refused = result.is_err() && ours.status == Some(1) && ours.objects.is_empty();
            line.has_high_mode()
                && (is_refused || (is_read_by_keys && may_have_key(&line.words())))
                && theirs.status.is_some()
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "early-count",
        reason: "a number of semaphores under 1 is refused where it stands; util-linux leaves it to the kernel, \
                 unless a later -S or -h makes it void",
        explains: |line, ours, theirs| {
            let is_read = |line: &Line| line.reading().0.is_ok();
            let is_read = |line: Line| {
                is_read(&line) || line.without_operands().is_some_and(|line| is_read(&line))
            };
            refused_but_accepted(ours, theirs) && line.without_low_counts().is_some_and(is_read)
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "left-behind",
        reason: "what a failed line has created is removed again; util-linux leaves it, and has printed it",
        explains: |_, ours, theirs| {
            (ours.status, theirs.status) == (Some(1), Some(1))
                && ours.objects.is_empty()
                && ours.output.is_empty()
                && !theirs.objects.is_empty()
        },
        versions: (FIRST, NEVER),
    },
    Rule {
        tag: "posix-letters",
        reason: "util-linux has -n since 2.41 only, and there as here it is without meaning for System V objects",
        explains: |line, ours, theirs| {
            line.is_posix()
                && line.reading().0.is_ok()
                && ours.status == Some(0)
                && theirs.status == Some(1)
                && theirs.objects.is_empty()
        },
        versions: (FIRST, POSIX),
    },
];

fn refused_but_accepted(ours: &Outcome, theirs: &Outcome) -> bool {
    ours.status == Some(1)
        && ours.objects.is_empty()
        && ours.output.is_empty()
        && theirs.status == Some(0)
}

/// A choice of lines that are `wanted`, so many of each sort, since by far most lines are refused,
/// and alike: accepted ones without and with options that util-linux does not have, those read by
/// keys, those that only their operands spoil, and all others.
fn sample(seed: u64, of_each: [usize; 5], wanted: impl Fn(&Line) -> bool) -> Vec<Line> {
    let random = &mut fastrand::Rng::with_seed(seed);
    let mut left = of_each;
    let mut lines = Vec::new();
    while lines.len() < of_each.iter().sum() {
        let line = Line::random(random);
        let sort = match line.reading() {
            (Ok(Action::Create), request) if request.has(Opt::Keyed.set()) => 2,
            (Ok(Action::Create | Action::Batch), _) => usize::from(line.goes_beyond()),
            (Err(refusal), _) if is_of_operands(refusal.mistake) => 3,
            _ => 4,
        };
        if left[sort] > 0 && wanted(&line) {
            left[sort] -= 1;
            lines.push(line);
        }
    }
    lines
}

fn seed() -> u64 {
    suite::seed(SEED)
}

fn is_of_operands(mistake: Mistake) -> bool {
    matches!(mistake, Mistake::ExtraOperand | Mistake::ModeTwice)
}

/// Whatever util-linux accepts means the same here, or differs for a reason in [`RULES`].
fn differential() {
    let path = util_linux_ipcmk().expect("util-linux's ipcmk");
    let theirs = Subject::new(&path, None).expect("util-linux's ipcmk");
    let ours = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    let version = version(&theirs);
    // It would make objects in /dev/shm, which is everybody's.
    let can_be_asked = |line: &Line| version < POSIX || !line.is_posix();
    let mut lines = sample(seed(), BESIDE_UTIL_LINUX, can_be_asked);
    let examples = EXAMPLES.iter().map(|words| Line {
        words: words.iter().map(|word| word.to_vec()).collect(),
        posixly_correct: false,
    });
    lines.extend(examples.filter(can_be_asked));
    let used = Mutex::new(BTreeMap::<&str, usize>::new());
    let use_rule = |tag| {
        *used
            .lock()
            .expect("no thread panics with it")
            .entry(tag)
            .or_default() += 1
    };
    suite::try_all(&lines, |line| {
        let our_outcome = line.run(&ours)?;
        let their_outcome = line.run(&theirs)?;
        if our_outcome == their_outcome {
            use_rule("same");
            return Ok(());
        }
        let explains = |rule: &&Rule| {
            let (from, before) = rule.versions;
            (from..before).contains(&version) && (rule.explains)(line, &our_outcome, &their_outcome)
        };
        let unexplained = || {
            format!(
                "{}\n  {our_outcome:?}\n{}\n  {their_outcome:?}",
                show(line, &suite::x86_64()),
                show(line, &path)
            )
        };
        let rule = RULES.iter().find(explains).ok_or_else(unexplained)?;
        use_rule(rule.tag);
        Ok(())
    });
    let used = used.into_inner().expect("no thread panics with it");
    println!(
        "{} lines beside util-linux {version}: {used:?}",
        lines.len()
    );
    for rule in RULES {
        let (from, before) = rule.versions;
        let is_due = (from..before).contains(&version);
        assert!(
            !is_due || used.contains_key(rule.tag),
            "no line differs by the rule {:?}: {}",
            rule.tag,
            rule.reason
        );
    }
}

/// The version of util-linux's ipcmk, the last word of its answer.
fn version(subject: &Subject) -> Version {
    let outcome = subject.run(&Start::default(), &[b"--version".to_vec()], false);
    let outcome = outcome.expect("it runs");
    let text = String::from_utf8_lossy(&outcome.stdout);
    let word = text.split_whitespace().last().unwrap_or_default();
    word.parse().expect("it ends with its version")
}

/// What one file does, the other does, down to the last word.
fn both_files() {
    let native = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    let emulated =
        Subject::new(&suite::aarch64(), Some(Path::new("qemu-aarch64"))).expect("our ipcmk");
    let lines = sample(seed() + 1, ON_BOTH_FILES, |_| true);
    suite::try_all(&lines, |line| {
        let (native, emulated) = (line.run(&native)?, line.run(&emulated)?);
        if native == emulated {
            return Ok(());
        }
        let line = show(line, &suite::x86_64());
        Err(format!(
            "{line}\n  {native:?}\n  under qemu-aarch64: {emulated:?}"
        ))
    });
}

fn show(line: &Line, program: &Path) -> String {
    let posixly = if line.posixly_correct {
        "POSIXLY_CORRECT=1 "
    } else {
        ""
    };
    format!("{posixly}{}", reproduce(program, &line.words))
}
