//! Generates a random line, and the conditions under which it runs.

use fastrand::Rng;
use ipcmk::cli::options::{Opt, Opts};
use ipcmk::cli::request::Action;
use ipcmk_tests::case::{Case, Start};
use ipcmk_tests::files::NewFile;
use ipcmk_tests::random;
use ipcmk_tests::reading::{Reading, read};
use ipcmk_tests::syscalls;

/// The conditions: each row is the number of lines, of a thousand, that get one of its entries, and
/// the entries. An entry has conditions of a case. `USER` is a user.
const FOUND: &str = "
200 shm key=1 size=5000 mode=640 | shm key=1 size=1 mode=2600
200 msg key=1 mode=640 qbytes=100 | msg key=1 mode=600
200 sem key=1 nsems=3 mode=640 values=1,2,3
100 shm key=2 size=1 mode=600 owner=7:8; msg key=2 mode=0 owner=7; sem key=2 nsems=9 mode=666
60 shm key=0 size=1 mode=600; shm key=0 size=1 mode=600; msg key=0 mode=600; sem key=0 nsems=1 mode=600
60 sysctl kernel.shm_next_id 1234567; sysctl kernel.msg_next_id 2147450879; sysctl kernel.sem_next_id 65536
250 posix shm x size=5000 mode=640 bytes=abc | posix shm x size=5000 mode=0 | posix shm n1 size=5000 mode=666 | \
    posix shm x size=1 mode=666 owner=7:8 | posix directory x mode=755 | posix link x n1 | \
    posix link n1 n2; posix shm n2 size=9 mode=644
250 posix sem sem.x value=7 mode=640 | posix sem sem.n1 value=7 mode=666 | posix shm sem.x size=3 mode=600 | \
    posix sem n3 libc=musl value=3 mode=644
250 posix queue x maxmsg=3 msgsize=5 mode=640 | posix queue n1 mode=666 | posix queue x mode=0 owner=7
300 sysctl kernel.shmmax 4096 | sysctl kernel.shmmax 0 | \
    sysctl kernel.shmmni 2; fill shm | sysctl kernel.shmmni 0 | \
    sysctl kernel.shmall 3 | sysctl kernel.shmall 3; fill shm size=5000 | sysctl kernel.shm_rmid_forced 1 | \
    sysctl kernel.msgmni 2; fill msg | sysctl kernel.msgmni 0 | \
    sysctl kernel.msgmnb 100 | sysctl kernel.msgmnb 65536 | \
    sysctl kernel.sem 5 32000 32 32000 | sysctl kernel.sem 250 12 32 32000 | \
    sysctl kernel.sem 250 12 32 32000; fill sem nsems=4 | sysctl kernel.sem 250 32000 32 3; fill sem | \
    sysctl fs.mqueue.queues_max 0 | sysctl fs.mqueue.msg_max 4 | sysctl fs.mqueue.msgsize_max 128 | \
    sysctl fs.mqueue.msg_default 3; sysctl fs.mqueue.msgsize_default 128 | \
    dev-shm missing | dev-shm read-only | dev-shm proc | dev-shm tmpfs mode=700 | dev-shm tmpfs nr_inodes=1 | \
    dev-shm tmpfs size=4k; posix shm full size=4096 mode=600 bytes={a*4096} | \
    fsize 0 | fsize 4096 | stdout limit 10 | nofile 3 | nofile 4
400 user USER | user USER | user USER | user USER; noproc | user USER; memlock 0 | user USER; memlock 8192 | \
    user USER; msgqueue 0 | user USER; msgqueue 1000 | userns | noproc
150 umask 0 | umask 077 | umask 0777 | umask 027
60 env POSIXLY_CORRECT=1 | env POSIXLY_CORRECT= | env - | argv0 other | argv0 ''
60 random 0x1 0x0 0x2 0x7 | random 0x1 0x1 0x1 0x1 | random 0x0 0x0 0x0 0x0 | random none
40 stdout closed | stdout full | stdout broken | stderr closed | stderr full | stderr broken
";

/// The errnos of seccomp filters.
const FILTERED: [&str; 3] = ["EPERM", "ENOSYS", "EACCES"];

/// Calls that no filter refuses: a child makes them between the filter and its exec, or to add
/// another filter.
const NOT_FILTERED: [&str; 3] = ["prctl", "rt_sigaction", "rt_sigprocmask"];

/// The errnos of failing calls. The program has no text for the last one.
const FAILURES: [&str; 13] = [
    "EPERM", "ENOENT", "EINTR", "EAGAIN", "ENOMEM", "EACCES", "EEXIST", "EINVAL", "ENFILE",
    "ENOSPC", "EIDRM", "ENOSYS", "EDOM",
];

/// Conditions that an emulator cannot provide, or that would affect itself.
const NOT_EMULATED: [&str; 6] = ["random", "nofile", "seccomp", "fail", "argv0", "argc0"];

/// Number of keys and names of single lines. Some have objects already.
const FEW: u32 = 4;
/// Number of keys and names of the lines of a batch.
const MANY: u32 = 1000;

/// Command lines and batch lines: words.
type Words = Vec<Vec<u8>>;

/// Composes the line of a seed as a case, which is the same for every user.
pub fn compose(seed: u64, user: u32, is_emulated: bool) -> String {
    let random = &mut Rng::with_seed(seed);
    let mut given: Vec<String> = ["file f x", "directory d", "link l f", "file e:f x"]
        .map(str::to_owned)
        .into();
    let mut words = match random.u8(..100) {
        0..=21 => batch(random, is_emulated, &mut given),
        // Most lines of random words are refused while they are read, all in the same way.
        22..=33 => choose(random, any, is_accepted),
        34..=43 => choose(random, any, |_| true),
        44 => {
            given.push("argc0".to_owned());
            Words::new()
        }
        45 => vec![[&b"-h"[..], b"-V", b"--help", b"--version"][random.usize(..4)].to_vec()],
        _ => choose(random, |random| random::usual_line(random, FEW), |_| true),
    };
    if !words.is_empty() && random.u8(..24) == 0 {
        words.push(b"-J".to_vec());
    }
    for row in FOUND.trim().lines() {
        let (odds, entries) = row.split_once(' ').expect("a number and entries");
        if random.u16(..1000) < odds.parse().expect(row) {
            let entries: Vec<&str> = entries.split(" | ").collect();
            let entry = entries[random.usize(..entries.len())];
            let entry = entry.replace("USER", &user.to_string());
            given.extend(
                entry
                    .split("; ")
                    .map(|condition| condition.trim().to_owned()),
            );
        }
    }
    given.extend(refused_calls(random));
    if !given
        .iter()
        .any(|condition| condition.starts_with("random "))
    {
        let numbers = [(); 4].map(|()| format!(" {:#x}", random.u32(..)));
        given.push(format!("random{}", numbers.concat()));
    }
    let mut runs = if random.u8(..16) == 0 { 2 } else { 1 };
    if is_emulated {
        let is_of_file = |condition: &String| {
            let what = condition.split(' ').next();
            what.is_some_and(|what| !NOT_EMULATED.contains(&what))
        };
        given.retain(is_of_file);
        // The emulator fills the bytes at AT_RANDOM from this seed.
        given.push("env QEMU_RAND_SEED=1".to_owned());
        // The random keys of a second run would be in use, and it would take others.
        runs = 1;
    }
    let given: String = given
        .iter()
        .map(|condition| format!("given: {condition}\n"))
        .collect();
    let words: String = words
        .iter()
        .map(|word| format!(" {}", spell(word)))
        .collect();
    let run = format!("run:{words}\n").repeat(runs);
    format!("case: a line\n{given}{run}util-linux: same\n")
}

/// A line of random words.
fn any(random: &mut Rng) -> Words {
    match random.u8(..3) {
        0 => random::posix_line(random),
        _ => random::line(random),
    }
}

/// Generates lines up to the first one that is of a sort, and that does not take seconds.
fn choose(
    random: &mut Rng,
    make: impl Fn(&mut Rng) -> Words,
    is_of_sort: impl Fn(&Words) -> bool,
) -> Words {
    loop {
        let words = make(random);
        if is_of_sort(&words) && !is_slow(&words) {
            return words;
        }
    }
}

fn reading(words: &Words) -> Reading<'_> {
    read(words.iter().map(Vec::as_slice), false)
}

fn is_accepted(words: &Words) -> bool {
    reading(words).0 == Ok(Action::Create)
}

/// Whether it sets so many semaphores that the kernel takes seconds.
fn is_slow(words: &Words) -> bool {
    let (_, request) = reading(words);
    request.has(Opt::Value) && request.get(Opt::Semaphore) > Some(2_000)
}

/// The command line of a batch, whose lines go into a file.
fn batch(random: &mut Rng, is_emulated: bool, given: &mut Vec<String>) -> Words {
    let lines = loop {
        let (lines, random_keys) = batch_lines(random);
        // A fifth key would be from getrandom(2), which the emulator does not make repeatable.
        if !is_emulated || random_keys <= 4 {
            break lines;
        }
    };
    match lines.as_slice() {
        [] => given.push("text b \\x20".to_owned()),
        lines => given.extend(lines.iter().map(|line| format!("file b {line}"))),
    }
    let (option, condition): (&[&[u8]], _) = match random.u8(..20) {
        0..=6 => (&[b"--batch", b"b"], None),
        7..=9 => (&[b"--batch=b"], None),
        10..=11 => (&[b"--bat=p"], Some("fifo p b")),
        12..=14 => (&[b"--batch", b"-"], Some("stdin file b")),
        15..=17 => (&[b"--batch=-"], Some("stdin pipe b")),
        18 => (&[b"--batch=-"], None),
        _ => (&[b"--batch", b"d"], None),
    };
    given.extend(condition.map(str::to_owned));
    let mut words: Vec<&[u8]> = option.to_vec();
    if random.u8(..3) == 0 {
        let further: [&[u8]; 7] = [b"-r", b"--raw", b"-J", b"-J", b"--json", b"-rJ", b"-Q"];
        let further = further[random.usize(..further.len())];
        words.insert(if random.bool() { 0 } else { words.len() }, further);
    }
    words.into_iter().map(<[u8]>::to_vec).collect()
}

/// The lines of a batch, as in a case, and how many random keys they take.
fn batch_lines(random: &mut Rng) -> (Vec<String>, usize) {
    const LONG: [&str; 5] = [
        "{-Q\\n*4096}",
        "{-Q\\n*4097}",
        "{-S 1 # one\\n*200}",
        "{# a comment\\n*50000}",
        "{x*524288}",
    ];
    if random.u16(..300) == 0 {
        return (vec![LONG[random.usize(..LONG.len())].to_owned()], 4096);
    }
    let goes_into_batch = |words: &Words| {
        let has_json = reading(words).1.has(Opt::Json);
        is_accepted(words) && !has_json
    };
    let count = [0, 1, 1, 2, 2, 3, 4, 5, 6, 10, 20, 50][random.usize(..12)];
    let usual = |random: &mut Rng| random::usual_line(random, MANY);
    let mut lines: Vec<Words> = (0..count)
        .map(|_| choose(random, usual, goes_into_batch))
        .collect();
    if random.u8(..3) == 0
        && let Some(line) = random.choice(&mut lines)
    {
        *line = choose(random, any, |_| true);
    }
    let random_keys = lines.iter().map(|words| {
        let (_, request) = reading(words);
        let asked_for = request.given().and(Opts::SYSV).count() as usize;
        if request.has(Opt::Key | Opt::Ftok) {
            0
        } else {
            asked_for
        }
    });
    let random_keys = random_keys.sum();
    let mut lines: Vec<Vec<u8>> = lines.iter().map(|words| words.join(&b' ')).collect();
    if random.u8(..4) == 0 {
        let odd: [&[u8]; 8] = [
            b"", b"# x", b"  ", b"\t# x", b"#", b"\r", b"\xff", b"--keyed",
        ];
        let place = random.usize(..=lines.len());
        lines.insert(place, odd[random.usize(..odd.len())].to_vec());
    }
    for line in &mut lines {
        match random.u8(..16) {
            0 => line.extend(b" # x"),
            1 => line.insert(0, b'\t'),
            2 => line.push(b'\r'),
            3 => line.extend(b"  "),
            _ => {}
        }
    }
    (
        lines.iter().map(|line| spell_line(line)).collect(),
        random_keys,
    )
}

/// Conditions that make calls fail, in a few of a hundred lines.
fn refused_calls(random: &mut Rng) -> Vec<String> {
    let mut number = [1, 1, 2, 3][random.usize(..4)];
    if random.u8(..100) >= 8 {
        number = 0;
    }
    // Without exit_group(2) no run would end.
    let calls = syscalls::OF_IPCMK.into_iter();
    let calls: Vec<&str> = calls.filter(|call| *call != "exit_group").collect();
    let one = |_| {
        let call = calls[random.usize(..calls.len())];
        if random.u8(..3) == 0 && !NOT_FILTERED.contains(&call) {
            let errno = FILTERED[random.usize(..FILTERED.len())];
            return format!("seccomp {call} {errno}");
        }
        let errno = FAILURES[random.usize(..FAILURES.len())];
        // The number of reads from a pipe is random.
        let most = if call == "read" { 1 } else { 2 };
        format!("fail {call} {errno} {}", random.u8(1..=most))
    };
    (0..number).map(one).collect()
}

/// Quotes a word as in a case.
fn spell(word: &[u8]) -> String {
    match word {
        [] => "''".to_owned(),
        _ => word.iter().map(spell_byte).collect(),
    }
}

/// Quotes a line of a file as in a case.
fn spell_line(line: &[u8]) -> String {
    let end = line.len().saturating_sub(1);
    let bytes = line.iter().enumerate();
    bytes
        .map(|(place, byte)| match byte {
            b' ' if place < end => " ".to_owned(),
            _ => spell_byte(byte),
        })
        .collect()
}

fn spell_byte(byte: &u8) -> String {
    let is_plain = byte.is_ascii_alphanumeric() || b"-_=+,./:@%^#".contains(byte);
    if is_plain {
        char::from(*byte).into()
    } else {
        format!("\\x{byte:02x}")
    }
}

/// Reads a command line as the subject does.
fn reading_in<'a>(start: &Start, words: &'a Words) -> Reading<'a> {
    let is_posixly_correct = |(name, _): &(Vec<u8>, _)| name == b"POSIXLY_CORRECT";
    let words = words.iter().map(Vec::as_slice);
    read(words, start.environment.iter().any(is_posixly_correct))
}

/// Whether a command line asks for --help or --version.
pub fn asks_for_text(start: &Start, words: &Words) -> bool {
    matches!(
        reading_in(start, words).0,
        Ok(Action::Help | Action::Version)
    )
}

/// A kind of lines. A line may be of several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The standard grammar reads it, and it asks for objects.
    Standard,
    /// The keyed grammar reads it, and it asks for objects.
    Keyed,
    /// It runs a batch.
    Batch,
    /// It asks for POSIX objects, or a line of its batch does.
    Posix,
    /// It asks for JSON.
    Json,
    /// It is refused while it is read.
    Mistake,
    /// It asks for --help or --version.
    Text,
    /// It runs as another user than root.
    User,
    /// A call fails.
    Refused,
}

/// All kinds.
pub const KINDS: [Kind; 9] = [
    Kind::Standard,
    Kind::Keyed,
    Kind::Batch,
    Kind::Posix,
    Kind::Json,
    Kind::Mistake,
    Kind::Text,
    Kind::User,
    Kind::Refused,
];

impl Kind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Keyed => "keyed",
            Self::Batch => "batch",
            Self::Posix => "POSIX",
            Self::Json => "JSON",
            Self::Mistake => "mistake",
            Self::Text => "--help, --version",
            Self::User => "as a user",
            Self::Refused => "a call may be refused",
        }
    }

    /// The least number of a hundred lines that must be of this kind.
    pub fn least_share(self) -> usize {
        match self {
            Self::Standard | Self::Posix => 20,
            Self::Keyed | Self::Batch | Self::Json | Self::Mistake | Self::User => 10,
            Self::Refused => 5,
            Self::Text => 0,
        }
    }

    /// Whether some of its lines are accepted and some are not.
    pub fn is_mixed(self) -> bool {
        !matches!(self, Self::Mistake | Self::Text)
    }

    /// All kinds of a line.
    pub fn all_of(case: &Case) -> Vec<Self> {
        let start = &case.start;
        let (action, request) = reading_in(start, &case.runs[0].words);
        let is = [
            (
                Self::Standard,
                action == Ok(Action::Create) && !request.has(Opt::Keyed),
            ),
            (
                Self::Keyed,
                action == Ok(Action::Create) && request.has(Opt::Keyed),
            ),
            (Self::Batch, action == Ok(Action::Batch)),
            (
                Self::Posix,
                action == Ok(Action::Create) && request.has(Opts::POSIX)
                    || action == Ok(Action::Batch) && has_posix_lines(start),
            ),
            (
                Self::Json,
                matches!(action, Ok(Action::Create | Action::Batch)) && request.has(Opt::Json),
            ),
            (Self::Mistake, action.is_err()),
            (
                Self::Text,
                matches!(action, Ok(Action::Help | Action::Version)),
            ),
            (Self::User, start.user.is_some()),
            (
                Self::Refused,
                !start.filters.is_empty() || !start.faults.is_empty(),
            ),
        ];
        is.into_iter()
            .filter(|row| row.1)
            .map(|row| row.0)
            .collect()
    }
}

/// Whether a line of the batch asks for POSIX objects.
fn has_posix_lines(start: &Start) -> bool {
    let files = start.files.iter().filter(|(name, _)| name == b"b");
    let contents = files.filter_map(|(_, file)| match file {
        NewFile::Regular(content) => Some(content),
        _ => None,
    });
    let mut lines = contents.flat_map(|content| content.split(|&byte| byte == b'\n'));
    lines.any(|line| {
        let words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let (action, request) = read(words, false);
        action == Ok(Action::Create) && request.has(Opts::POSIX)
    })
}
