//! Random command lines through the real files, beside the ipcmk of this machine's util-linux and
//! that of util-linux 2.41, the first one with POSIX objects: each makes the same objects and
//! prints the same, or differs for a reason that is listed here.
//!
//! IPCMK_SEED=<number> chooses other lines, IPCMK_LINES=<number> so many of them; the number of
//! those that are tried is printed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::process::ExitCode;
use std::sync::Mutex;
use std::{array, env, mem, str};

use ipcmk::cli::getopt::{Getopt, Token};
use ipcmk::cli::mistake::{Mistake, Position, Refusal, Word};
use ipcmk::cli::number::{self, Bad};
use ipcmk::cli::options::Opts;
use ipcmk::cli::options::{Opt, TABLE};
use ipcmk::cli::request::{Action, Request};
use ipcmk_tests::case::{Start, Version};
use ipcmk_tests::namespace::{self, Kind, Object};
use ipcmk_tests::only;
use ipcmk_tests::posix::{self, Queue, Wanted, What};
use ipcmk_tests::random;
use ipcmk_tests::reading::{self, Reading, read};
use ipcmk_tests::subject::{Subject, util_linux_2_41, util_linux_ipcmk};
use ipcmk_tests::suite::{self, HARMLESS};

fn main() -> ExitCode {
    suite::main(&[
        ("lines_mean_what_they_mean_to_util_linux", differential),
        ("both_files_read_lines_alike", both_files),
        ("the_list_has_these_differences_and_no_other", list),
    ])
}

/// The seed of every random choice here, unless IPCMK_SEED is another.
const SEED: u64 = 0x1bc_411;

/// The umask of all lines.
const UMASK: u32 = 0o022;

/// The lines that are tried beside util-linux, so many of each [`Sort`]; IPCMK_LINES changes their
/// sum.
const BESIDE_UTIL_LINUX: [usize; SORTS] = [300, 50, 200, 100, 200, 400, 1500];

/// The lines that are tried on each pair of files.
const ON_BOTH_FILES: [usize; SORTS] = [80, 150, 80, 30, 30, 100, 80];

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
    &[b"-Q", b"0x63", b"-p", b"4000"],
    &[b"-M", b"4096", b"-p", b"65536"],
    &[b"-M", b"600", b"-p", b"65536"],
    &[b"-Q", b"0x10", b"-p", b"10240"],
    &[b"-M", b"4096", b"-p", b"100644"],
    &[b"-M", b"0x1000", b"-p", b"1777"],
    &[b"-M", b"0x10", b"-p", b"64K"],
    &[b"-S", b"0x10", b"-p", b"600"],
    &[b"-S", b"3", b"-s", b"600"],
    &[b"-M", b"4096", b"3"],
    &[b"-Q", b"-n", b"x"],
    &[b"-S", b"0", b"-S", b"3"],
    &[b"-S", b"1234"],
    &[b"-S", b"0x1234"],
    &[b"-S", b"7", b"-s", b"3"],
    &[b"-k", b"7", b"-Q", b"-eJ"],
    &[b"--help"],
    &[b"-m", b"4096", b"-M", b"8192", b"-n", b"/x"],
    &[b"-M", b"0", b"-m", b"1", b"-n", b"/x"],
    &[b"-m", b"0", b"-M", b"1", b"-n", b"/x"],
    &[b"-m", b"4096", b"-n", b"/x", b"600"],
    &[b"-m", b"4096", b"-n", b"/x", b"-p", b"660"],
    &[b"-q", b"-n", b"x"],
    &[b"-s", b"-n", b"."],
    &[b"-s", b"-q", b"-m", b"9223372036854775808", b"-n", b"/x"],
];

/// A line for the real files.
struct Line {
    words: Vec<Vec<u8>>,
    posixly_correct: bool,
    /// Which of the objects of [`existing`] are there before it.
    given: [bool; 3],
}

/// Objects of a name that many lines have.
fn existing() -> [Wanted; 3] {
    let queue = Queue {
        maxmsg: 3,
        msgsize: 5,
        messages: 0,
    };
    [
        ("x", What::file(5000, b"abc".into())),
        ("sem.x", What::semaphore(7, false, only::Word::Bits64)),
        ("x", What::Queue(queue)),
    ]
    .map(|(name, what)| Wanted {
        name: name.into(),
        what,
        mode: 0o640,
        owner: None,
    })
}

impl Line {
    fn random(random: &mut fastrand::Rng) -> Self {
        let is_posix = random.u8(..3) == 0;
        let words = if is_posix {
            random::posix_line(random)
        } else {
            random::line(random)
        };
        let some = is_posix && random.u8(..4) == 0;
        Self {
            words,
            posixly_correct: random.u8(..8) == 0,
            given: array::from_fn(|_| some && random.bool()),
        }
    }

    fn words(&self) -> Vec<&[u8]> {
        self.words.iter().map(Vec::as_slice).collect()
    }

    /// Whether it is the keyed grammar's, by the specification's rule.
    fn is_by_keys(&self) -> bool {
        reading::is_by_keys(&self.words(), self.posixly_correct)
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

    /// Whether it has a mode with bits over the `most` ones, by the standard library's reading.
    fn has_mode_over(&self, most: i128) -> bool {
        self.tokens().any(|(token, word)| {
            let mode = octal(word.bytes);
            token == Token::Option(Opt::Mode)
                && mode.is_some_and(|mode| !(0..=most).contains(&mode))
        })
    }

    /// The same line with one semaphore where it asks for none or fewer, if it does.
    fn without_low_counts(&self) -> Option<Self> {
        let low = |count: &[u8]| {
            let count = String::from_utf8_lossy(count);
            let count = count.trim_start_matches(BLANKS).parse::<i32>();
            count.is_ok_and(|count| count <= 0)
        };
        self.with(Opt::Semaphore, low, b"1")
    }

    /// The same line with a usual mode where it has one over 0777, if it does.
    fn without_high_modes(&self) -> Option<Self> {
        let high = |mode: &[u8]| octal(mode).is_some_and(|mode| mode > 0o777);
        self.with(Opt::Mode, high, b"600")
    }

    /// The same line with another argument for this option where the old one is such, if one is.
    fn with(&self, opt: Opt, is_such: impl Fn(&[u8]) -> bool, other: &[u8]) -> Option<Self> {
        let mut text = self.words.join(&0);
        let such = |(token, word): (Token, Word<'_>)| {
            let Position(at) = word.at;
            let is_it = token == Token::Option(opt) && is_such(word.bytes);
            is_it.then(|| at..at + word.bytes.len())
        };
        let places: Vec<_> = self.tokens().filter_map(such).collect();
        for place in places.iter().rev() {
            text.splice(place.clone(), other.iter().copied());
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

    fn start(&self) -> Start {
        let mut start = Start {
            umask: UMASK,
            ..Start::default()
        };
        if self.posixly_correct {
            start
                .environment
                .push((b"POSIXLY_CORRECT".to_vec(), b"1".to_vec()));
        }
        start
    }

    /// The objects that are there before it.
    fn given(&self) -> impl Iterator<Item = Wanted> {
        let objects = existing().into_iter().zip(self.given);
        objects.filter(|(_, is_there)| *is_there).map(|row| row.0)
    }

    /// Runs a program with this line in new namespaces.
    fn run(&self, subject: &Subject) -> Result<Outcome, String> {
        self.try_run(subject)
            .map_err(|error| format!("{}\n  {error}", self.show(subject)))
    }

    fn try_run(&self, subject: &Subject) -> io::Result<Outcome> {
        namespace::unshare()?;
        self.given().try_for_each(|object| object.create())?;
        let window = posix::Window::open()?;
        let before = window.objects()?;
        let outcome = subject.run(&self.start(), &self.words, false)?;
        let objects = namespace::objects()?;
        let after = window.objects()?;
        posix::remove_queues(&after)?;
        let is_new = |object: &&posix::Object| !before.contains(object);
        let mut posix: Vec<_> = after.iter().filter(is_new).map(made).collect();
        posix.sort_by_key(|object| (object.name.clone(), object.what.is_queue()));
        let is_lost = |object: &&posix::Object| {
            let mut after = after.iter();
            !after.any(|other| (&other.name, other.inode) == (&object.name, object.inode))
        };
        Ok(Outcome {
            status: outcome.status.code(),
            output: without_ids(&outcome.stdout, &objects),
            failure: failure(&outcome.stderr),
            objects: objects.iter().map(Made::new).collect(),
            posix,
            lost: before.iter().filter(is_lost).map(made).collect(),
        })
    }

    /// Writes a run as a user would type it in bash to see it again without harm.
    fn show(&self, subject: &Subject) -> String {
        let line = subject.shell_line(&self.start(), &self.words);
        let given = self.given().map(|object| format!("\n  given: {object}"));
        format!("{HARMLESS} {line}{}", given.collect::<String>())
    }
}

/// The refusal of an object in the first line of standard error, if it is one.
fn failure(stderr: &[u8]) -> Option<String> {
    let line = stderr.split(|&byte| byte == b'\n').next()?;
    let text = str::from_utf8(line).ok()?.strip_prefix("ipcmk: ")?;
    text.starts_with("create ").then(|| text.to_owned())
}

/// How a refusal begins, for each object in the order of creation.
const STEPS: [&str; 6] = [
    "create share memory failed: ",
    "create POSIX shared memory failed: ",
    "create message queue failed: ",
    "create POSIX message queue failed: ",
    "create semaphore failed: ",
    "create POSIX semaphore failed: ",
];

/// The blanks that strtoul(3) and the like skip.
const BLANKS: [char; 6] = ['\t', '\n', '\x0b', '\x0c', '\r', ' '];

/// A mode as the standard library reads it.
fn octal(text: &[u8]) -> Option<i128> {
    let text = String::from_utf8_lossy(text);
    i128::from_str_radix(text.trim_start_matches(BLANKS), 8).ok()
}

/// What a line came to.
#[derive(Clone, Debug)]
struct Outcome {
    status: Option<i32>,
    /// Standard output, with `#` for each id or key of an object that exists.
    output: String,
    /// What standard error says of the object that was refused.
    failure: Option<String>,
    objects: Vec<Made>,
    /// The POSIX objects that are new or changed.
    posix: Vec<Wanted>,
    /// Those that are gone, or that another object stands for.
    lost: Vec<Wanted>,
}

impl Outcome {
    /// Whether two runs came to the same.
    fn is(&self, other: &Self) -> bool {
        self.has_failure_of(other)
            && (self.status, &self.output) == (other.status, &other.output)
            && self.objects == other.objects
            && self.posix == other.posix
            && self.lost == other.lost
    }

    /// Whether both are refused the same object for the same reason. Who refuses a line as it is
    /// read does not come so far.
    fn has_failure_of(&self, other: &Self) -> bool {
        match (&self.failure, &other.failure) {
            (Some(failure), Some(other)) => failure == other,
            _ => true,
        }
    }

    /// The same, with the modes of the POSIX objects as the umask leaves them.
    fn under_umask(&self) -> Self {
        let mut outcome = self.clone();
        for object in &mut outcome.posix {
            object.mode &= !UMASK;
        }
        outcome
    }

    /// Whether all is as it was before.
    fn is_nothing(&self) -> bool {
        self.objects.is_empty() && self.posix.is_empty() && self.lost.is_empty()
    }

    /// The object that was refused: its place in [`STEPS`], and why.
    fn refusal(&self) -> Option<(usize, &str)> {
        let failure = self.failure.as_deref()?;
        let rest = |start: &&str| failure.strip_prefix(*start);
        let mut steps = STEPS.iter().enumerate();
        steps.find_map(|(step, start)| Some((step, rest(start)?)))
    }
}

/// What the kernel then holds.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A POSIX object without what differs from run to run.
fn made(object: &posix::Object) -> Wanted {
    Wanted {
        name: object.name.clone(),
        what: object.what.clone(),
        mode: object.mode,
        owner: Some((object.owner.0, Some(object.owner.1))),
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
    /// Its row of differences.txt. None of options that util-linux lacks, and of the help text.
    row: Option<&'static str>,
}

/// The list of all deliberate differences.
const LIST: &str = include_str!("../differences.txt");

/// Its rows that no random line can show: they are of the world around it.
const NOT_OF_LINES: [&str; 2] = ["closed-output", "shm-rmid-forced"];

const FIRST: Version = Version(0, 0);
const NEVER: Version = Version(u32::MAX, 0);
/// The version that brought POSIX objects.
const POSIX_SINCE: Version = Version(2, 41);
/// The version that refuses modes over 07777.
const MOST_MODE_SINCE: Version = Version(2, 43);

const RULES: &[Rule] = &[
    Rule {
        tag: "existing",
        reason: "a POSIX object that exists is refused; util-linux truncates it in place, or reports success on \
                 one that it did not make",
        explains: |line, ours, theirs| {
            let is_later = |at| {
                theirs
                    .refusal()
                    .map_or(theirs.status == Some(0), |(step, _)| step > at)
            };
            line.given().next().is_some()
                && ours.status == Some(1)
                && ours.is_nothing()
                && ours.output.is_empty()
                && ours
                    .refusal()
                    .is_some_and(|(step, why)| why == "File exists" && is_later(step))
                && theirs.lost.is_empty()
        },
        versions: (POSIX_SINCE, NEVER),
        row: Some("posix-existing"),
    },
    Rule {
        tag: "sizes",
        reason: "-m and -M have each their own size; util-linux gives both the last one",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            let (Some(segment), Some(file)) =
                (request.get(Opt::Shmem), request.get(Opt::PosixShmem))
            else {
                return false;
            };
            let name = request.name().bytes;
            let is_size = |token: &Token| {
                [Opt::Shmem, Opt::PosixShmem]
                    .map(Token::Option)
                    .contains(token)
            };
            let last = line.tokens().filter(|(token, _)| is_size(token)).last();
            let last = last.and_then(|(_, word)| number::size(word.bytes).ok());
            // The two sizes, and everything else.
            let sizes = |outcome: &Outcome| {
                let mut sizes = [None; 2];
                let mut objects = outcome.objects.clone();
                for made in objects.iter_mut().filter(|made| made.kind == Kind::Shm) {
                    sizes[0] = Some(mem::take(&mut made.size));
                }
                let mut posix = outcome.posix.clone();
                for made in posix.iter_mut().filter(|made| made.name == bare(name)) {
                    if let What::File { size, .. } = &mut made.what {
                        sizes[1] = Some(mem::take(size));
                    }
                }
                (
                    sizes,
                    (outcome.status, outcome.output.clone(), objects, posix),
                )
            };
            let ((our_sizes, our_rest), (their_sizes, their_rest)) = (sizes(ours), sizes(theirs));
            // Which of the two is refused is another one then.
            let is_refused = |outcome: &Outcome| {
                let refusal = outcome.refusal();
                outcome.status == Some(1) && refusal.is_some_and(|(step, _)| step < 2)
            };
            // Where theirs goes no further, ours may be refused a later object.
            let ours_is_refused = ours.status == Some(1)
                && ours.is_nothing()
                && (is_refused(ours) || is_refused(theirs));
            result == Ok(Action::Create)
                && !request.has(Opt::Keyed)
                && segment != file
                && (is_refused(theirs) || their_sizes == [last; 2])
                && (ours_is_refused || our_sizes == [Some(segment), Some(file)])
                && (ours_is_refused
                    || is_refused(theirs)
                    || our_rest == their_rest
                    || lacks_queue_slash(&request, theirs))
        },
        versions: (POSIX_SINCE, NEVER),
        row: Some("size"),
    },
    Rule {
        tag: "queue-slash",
        reason: "the name of a POSIX queue may do without its slash; util-linux's library wants it",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            let name = request.name().bytes;
            let is_queue =
                |object: &Wanted| object.name == name && object.what == What::Queue(Queue::USUAL);
            let has_all = theirs
                .objects
                .iter()
                .all(|made| ours.objects.contains(made))
                && theirs.posix.iter().all(|made| ours.posix.contains(made));
            let is_made = ours.status == Some(0) && ours.posix.iter().any(is_queue) && has_all;
            let is_refused_too = || {
                let refusal = ours.refusal();
                ours.status == Some(1)
                    && ours.is_nothing()
                    && refusal.is_some_and(|(step, _)| step >= 3)
            };
            result == Ok(Action::Create)
                && lacks_queue_slash(&request, theirs)
                && (is_made || is_refused_too())
        },
        versions: (POSIX_SINCE, NEVER),
        row: Some("posix-names"),
    },
    Rule {
        tag: "semaphore-dots",
        reason: "a POSIX semaphore cannot be called `.` or `..`; util-linux's library makes files of them",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            let name = request.name().bytes;
            let is_it = |object: &Wanted| [&b"sem.."[..], b"sem..."].contains(&&object.name[..]);
            result == Ok(Action::Create)
                && [&b"."[..], b".."].contains(&bare(name))
                && ours.refusal() == Some((5, "Invalid argument"))
                && refused_but_accepted(ours, theirs)
                && theirs.posix.iter().any(is_it)
        },
        versions: (POSIX_SINCE, NEVER),
        row: Some("posix-names"),
    },
    Rule {
        tag: "names-first",
        reason: "a name that no POSIX object can have is refused before anything is created, as invalid or too \
                 long; util-linux leaves it to its library and the kernel, after what comes first",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            let name = request.name().bytes;
            let is_bad = |name: &[u8]| {
                matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || name.len() > 251
            };
            let queue = name.strip_prefix(b"/").unwrap_or(name);
            let refusals = ["Invalid argument", "File name too long"];
            result == Ok(Action::Create)
                && (is_bad(bare(name)) || request.has(Opt::PosixMqueue) && is_bad(queue))
                && ours.status == Some(1)
                && ours.is_nothing()
                && ours.output.is_empty()
                && ours
                    .refusal()
                    .is_some_and(|(step, why)| step % 2 == 1 && refusals.contains(&why))
                && theirs.status == Some(1)
        },
        versions: (POSIX_SINCE, NEVER),
        row: Some("posix-names"),
    },
    Rule {
        tag: "modes",
        reason: "a POSIX object has the mode that the line gives; util-linux lets the umask cut it",
        explains: |line, ours, theirs| {
            let (_, request) = line.reading();
            request.has(Opt::Mode) && ours.under_umask().is(theirs)
        },
        versions: (POSIX_SINCE, NEVER),
        row: Some("posix-mode"),
    },
    Rule {
        tag: "help",
        reason: "the help text is our own words, and the version our own number",
        explains: |line, ours, theirs| {
            matches!(line.reading().0, Ok(Action::Help | Action::Version))
                && (ours.status, theirs.status) == (Some(0), Some(0))
                && ours.is_nothing()
                && theirs.is_nothing()
        },
        versions: (FIRST, NEVER),
        row: None,
    },
    Rule {
        tag: "keys",
        reason: "a line that util-linux refuses is read by keys if it can be no mistyped line of its own",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            result.is_ok()
                && ours.status == Some(0)
                && (request.has(Opt::Keyed) || result != Ok(Action::Create))
                && theirs.status == Some(1)
                && theirs.is_nothing()
                && line.is_by_keys()
        },
        versions: (FIRST, NEVER),
        row: Some("keys"),
    },
    Rule {
        tag: "high-modes",
        reason: "a mode over 07777 that is plainly a size is one, and the line is read by keys; util-linux takes \
                 such modes before 2.43",
        explains: |line, ours, theirs| {
            let (result, request) = line.reading();
            result.is_ok()
                && request.has(Opt::Keyed)
                && ours.objects.len() <= 1
                && line.is_by_keys()
                && line.has_mode_over(0o7777)
                && theirs.status.is_some()
        },
        versions: (FIRST, MOST_MODE_SINCE),
        row: Some("keys"),
    },
    Rule {
        tag: "ours",
        reason: "an option that util-linux does not have",
        explains: |line, ours, theirs| {
            line.goes_beyond()
                && line.reading().0.is_ok()
                && ours.status == Some(0)
                && theirs.status == Some(1)
                && theirs.is_nothing()
        },
        versions: (FIRST, NEVER),
        row: None,
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
        row: Some("overflow"),
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
                && (ours.posix.is_empty(), ours.lost.is_empty()) == (true, true)
                && matches!(
                    (ours.objects.as_slice(), theirs.objects.as_slice()),
                    ([ours], [theirs]) if ours.kind == Kind::Shm && ours.size == theirs.size
                        && ours.mode == request.mode() && theirs.mode == 0o644
                )
        },
        versions: (FIRST, NEVER),
        row: Some("operands"),
    },
    Rule {
        tag: "operands",
        reason: "an operand that means nothing is an error; util-linux ignores it",
        explains: |line, ours, theirs| {
            let is_without = |line: Line| line.reading().0.is_ok();
            refused_but_accepted(ours, theirs) && line.without_operands().is_some_and(is_without)
        },
        versions: (FIRST, NEVER),
        row: Some("operands"),
    },
    Rule {
        tag: "mode-bits",
        reason: "bits over 0777 are flags of the calls; util-linux passes them on",
        explains: |line, ours, theirs| {
            line.has_mode_over(0o777)
                && line.reading().0.is_err()
                && ours.status == Some(1)
                && ours.is_nothing()
                && theirs.status.is_some()
        },
        versions: (FIRST, NEVER),
        row: Some("mode-bits"),
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
        row: Some("early-count"),
    },
    Rule {
        tag: "left-behind",
        reason: "what a failed line has created is removed again; util-linux leaves it, and has printed it",
        explains: |_, ours, theirs| {
            (ours.status, theirs.status) == (Some(1), Some(1))
                && ours.has_failure_of(theirs)
                && ours.is_nothing()
                && ours.output.is_empty()
                && !theirs.is_nothing()
        },
        versions: (FIRST, NEVER),
        row: Some("left-behind"),
    },
    Rule {
        tag: "posix-letters",
        reason: "util-linux has -m, -q, -s and -n since 2.41 only",
        explains: |line, ours, theirs| {
            line.is_posix()
                && line.reading().0.is_ok()
                && ours.status == Some(0)
                && theirs.status == Some(1)
                && theirs.is_nothing()
        },
        versions: (FIRST, POSIX_SINCE),
        row: None,
    },
];

/// Whether util-linux's library wants a slash that is not there.
fn lacks_queue_slash(request: &Request<'_>, theirs: &Outcome) -> bool {
    request.has(Opt::PosixMqueue)
        && !request.name().bytes.starts_with(b"/")
        && theirs.status == Some(1)
        && theirs.refusal() == Some((3, "Invalid argument"))
}

/// A name without the slashes at its start.
fn bare(name: &[u8]) -> &[u8] {
    let start = name.iter().position(|&byte| byte != b'/');
    start.map_or(b"", |start| &name[start..])
}

fn refused_but_accepted(ours: &Outcome, theirs: &Outcome) -> bool {
    ours.status == Some(1)
        && ours.is_nothing()
        && ours.output.is_empty()
        && theirs.status == Some(0)
}

/// The sorts of lines, as far as a choice of them is concerned.
#[derive(Clone, Copy)]
enum Sort {
    /// Accepted, without options that util-linux does not have.
    Plain,
    /// Accepted, with such options.
    Beyond,
    /// Read by keys.
    Keyed,
    /// Refused for its operands alone.
    Operands,
    /// Refused for a mode over 0777 alone, or read by keys, where it is a size.
    HighMode,
    /// Refused, or asking for no object.
    Other,
    /// Accepted, and asking for POSIX objects.
    Posix,
}

const SORTS: usize = Sort::Posix as usize + 1;

impl Line {
    fn is_right_but_for_its_mode(&self) -> bool {
        let usual = self.without_high_modes();
        usual.is_some_and(|line| matches!(line.reading().0, Ok(Action::Create)))
    }

    fn sort(&self) -> Sort {
        match self.reading() {
            _ if self.is_right_but_for_its_mode() => Sort::HighMode,
            (Ok(Action::Create), request) if request.has(Opt::Keyed) => Sort::Keyed,
            (Ok(Action::Create | Action::Batch), _) if self.goes_beyond() => Sort::Beyond,
            (Ok(Action::Create), request) if request.has(Opts::POSIX) => Sort::Posix,
            (Ok(Action::Create | Action::Batch), _) => Sort::Plain,
            (Err(refusal), _) if is_of_operands(refusal.mistake) => Sort::Operands,
            _ => Sort::Other,
        }
    }
}

/// A choice of lines, so many of each [`Sort`], since by far most lines are refused, and alike.
fn sample(seed: u64, mut of_each: [usize; SORTS]) -> Vec<Line> {
    let random = &mut fastrand::Rng::with_seed(seed);
    let mut lines = Vec::new();
    while of_each.iter().any(|left| *left > 0) {
        let line = Line::random(random);
        let left = &mut of_each[line.sort() as usize];
        if *left > 0 {
            *left -= 1;
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

/// An ipcmk of util-linux.
struct Theirs {
    subject: Subject,
    version: Version,
    /// How many lines came to the same, and how many differed by each rule.
    used: Mutex<BTreeMap<&'static str, usize>>,
}

impl Theirs {
    fn new(subject: io::Result<Subject>) -> Self {
        let subject = subject.expect("util-linux's ipcmk (tests/tools/util-linux.sh)");
        Self {
            version: subject.util_linux_version().expect("its version"),
            subject,
            used: Mutex::default(),
        }
    }

    fn use_rule(&self, tag: &'static str) {
        let mut used = self.used.lock().expect("no thread panics with it");
        *used.entry(tag).or_default() += 1;
    }

    /// Whether it differs by a rule.
    fn has(&self, rule: &Rule) -> bool {
        let (from, before) = rule.versions;
        (from..before).contains(&self.version)
    }
}

/// Whatever util-linux accepts means the same here, or differs for a reason in [`RULES`].
fn differential() {
    let own = util_linux_ipcmk().and_then(|path| Subject::new(&path, None));
    let theirs = [own, util_linux_2_41()].map(Theirs::new);
    let [_, fetched] = &theirs;
    assert!(
        fetched.version >= POSIX_SINCE,
        "{} is too old",
        fetched.version
    );
    let ours = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    let usual: usize = BESIDE_UTIL_LINUX.iter().sum();
    let number = env::var("IPCMK_LINES").map_or(usual, |text| text.parse().expect("a number"));
    let of_each = BESIDE_UTIL_LINUX.map(|lines| lines * number / usual);
    let mut lines = sample(seed(), of_each);
    lines.extend(EXAMPLES.iter().map(|words| Line {
        words: words.iter().map(|word| word.to_vec()).collect(),
        posixly_correct: false,
        given: [false; 3],
    }));
    suite::try_all(&lines, |line| {
        let our_outcome = line.run(&ours)?;
        for theirs in &theirs {
            let their_outcome = line.run(&theirs.subject)?;
            let rules = || RULES.iter().filter(|rule| theirs.has(rule));
            let tag = if our_outcome.is(&their_outcome) {
                "same"
            } else {
                // What differs by another rule can differ by its modes too.
                let explains = |rule: &&Rule| {
                    [&our_outcome, &our_outcome.under_umask()]
                        .iter()
                        .any(|ours| (rule.explains)(line, ours, &their_outcome))
                };
                let unexplained = || {
                    format!(
                        "{}\n  {our_outcome:?}\n{}\n  {their_outcome:?}",
                        line.show(&ours),
                        line.show(&theirs.subject)
                    )
                };
                rules().find(explains).ok_or_else(unexplained)?.tag
            };
            theirs.use_rule(tag);
        }
        Ok(())
    });
    for theirs in &theirs {
        let used = theirs.used.lock().expect("no thread panics with it");
        let (number, version) = (lines.len(), theirs.version);
        println!("{number} lines beside util-linux {version}: {used:?}");
        for rule in RULES.iter().filter(|rule| theirs.has(rule)) {
            let (tag, reason) = (rule.tag, rule.reason);
            assert!(
                used.contains_key(tag),
                "no line differs from {version} by the rule {tag:?}: {reason}"
            );
        }
    }
}

/// What one file does, another with words of the same size does, down to the last word.
fn both_files() {
    let native = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    let emulated: HashMap<_, _> = suite::emulated().collect();
    let pairs = [
        (&native, &emulated["aarch64"]),
        (&native, &emulated["riscv64"]),
        (&emulated["armv7"], &emulated["i686"]),
    ];
    for ((first, second), number) in pairs.into_iter().zip(1..) {
        assert_eq!(first.word(), second.word());
        let lines = sample(seed() + number, ON_BOTH_FILES);
        suite::try_all(&lines, |line| {
            let (here, there) = (line.run(first)?, line.run(second)?);
            if here.is(&there) && here.failure == there.failure {
                return Ok(());
            }
            let second = second.path().display();
            Err(format!(
                "{}\n  {here:?}\n  {second}: {there:?}",
                line.show(first)
            ))
        });
    }
}

/// Each rule has its row in the list, and each row a rule, or it is of the world around a line.
fn list() {
    let rows = LIST.lines().filter(|line| !line.starts_with('#'));
    let listed: BTreeSet<&str> = rows
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    let of_rules = RULES.iter().filter_map(|rule| rule.row);
    assert_eq!(listed, of_rules.chain(NOT_OF_LINES).collect());
}
