//! Sizes, modes and counts: thousands of texts mean exactly what they mean to util-linux.
//!
//! The judge is util-linux's ipcmk under trace: what it hands to shmget(2), msgget(2) and semget(2)
//! is what a text means. The calls themselves are not made, so that no limit plays a part.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use ipcmk::cli::number::{self, Bad};
use ipcmk::cli::options::Argument;
use ipcmk_tests::subject::util_linux_ipcmk;
use ipcmk_tests::suite::{self, reproduce};
use ipcmk_tests::tracer::{Action, Tracee};

fn main() -> ExitCode {
    suite::main(&[
        ("sizes_are_those_of_util_linux", sizes),
        ("modes_are_those_of_util_linux", modes),
        ("counts_are_those_of_util_linux", counts),
    ])
}

/// The seed of every random choice here.
const SEED: u64 = 0x1bc_314;

/// Every how manieth text the real file is asked as well.
const REAL_FILE_STEP: usize = 13;

/// What a program makes of a text.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    /// It makes the call with this number in the place that matters.
    Number(u64),
    /// It refuses: exit status 1, and the last words of its message.
    Refused(String),
}

/// An option with a number, which goes into the second argument of a call.
struct Place {
    /// The words before the text.
    words: &'static [&'static str],
    call: &'static str,
}

const SIZE: Place = Place {
    words: &["-M"],
    call: "shmget",
};
const MODE: Place = Place {
    words: &["-Q", "-p"],
    call: "msgget",
};
const COUNT: Place = Place {
    words: &["-S"],
    call: "semget",
};

impl Place {
    fn line<'a>(&self, text: &'a [u8]) -> Vec<&'a [u8]> {
        let words = self.words.iter().map(|word| word.as_bytes());
        words.chain([text]).collect()
    }

    /// Asks a program by running it.
    fn ask(&self, program: &Path, text: &[u8]) -> Meaning {
        let line = self.line(text);
        let mut command = Command::new(program);
        command
            .args(line.iter().map(|word| OsStr::from_bytes(word)))
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut tracee = Tracee::spawn(&mut command).expect("it starts");
        drop(command);
        let errors = tracee.stderr.take();
        let mut number = None;
        let trace = tracee
            .run(|call| {
                if call.name != self.call {
                    return Action::Continue;
                }
                number = Some(call.args[1]);
                // An id of no object: none is created.
                Action::Return(7)
            })
            .expect("it ends");
        let mut message = Vec::new();
        errors
            .expect("it is a pipe")
            .read_to_end(&mut message)
            .expect("what fits into a pipe");
        // The text is echoed as it is, and may be no UTF-8.
        let message = String::from_utf8_lossy(&message);
        match (number, trace.status.code()) {
            (Some(number), Some(0)) => Meaning::Number(number),
            (None, Some(1)) => {
                let reason = message.trim_end().rsplit(": ").next().unwrap_or_default();
                Meaning::Refused(reason.to_owned())
            }
            outcome => panic!("{}\n  {outcome:?}: {message}", reproduce(program, &line)),
        }
    }
}

/// Puts each text to util-linux, and now and then to the real file. `judge` compares what
/// util-linux makes of it with the library, and gives the number that the real file must come to,
/// if any.
fn compare(
    place: &Place,
    texts: &[Vec<u8>],
    judge: impl Fn(&[u8], &Meaning) -> Result<Option<u64>, String> + Sync,
) {
    let theirs = util_linux_ipcmk().expect("util-linux's ipcmk");
    let ours = suite::x86_64();
    let texts: Vec<_> = texts.iter().enumerate().collect();
    suite::try_all(&texts, |&(index, text)| {
        let line = place.line(text);
        let expected = judge(text, &place.ask(&theirs, text))
            .map_err(|what| format!("{}\n  {what}", reproduce(&theirs, &line)))?;
        if index % REAL_FILE_STEP != 0 {
            return Ok(());
        }
        match (place.ask(&ours, text), expected) {
            (Meaning::Number(real), Some(expected)) if real == expected => Ok(()),
            (Meaning::Refused(_), None) => Ok(()),
            (real, _) => Err(format!(
                "{}\n  {real:?} instead of {expected:?}",
                reproduce(&ours, &line)
            )),
        }
    });
}

fn sizes() {
    let texts = size_texts();
    assert!(texts.len() >= 5_000, "only {} sizes", texts.len());
    let overflows = AtomicUsize::new(0);
    compare(&SIZE, &texts, |text, theirs| {
        let ours = number::read(Argument::Size, text);
        match (ours, theirs) {
            (Ok(ours), Meaning::Number(theirs)) if ours == *theirs => Ok(Some(ours)),
            (Err(Bad::Invalid), Meaning::Refused(reason)) if reason == "Invalid argument" => {
                Ok(None)
            }
            (Err(Bad::Range), Meaning::Refused(reason))
                if reason == "Numerical result out of range" =>
            {
                Ok(None)
            }
            (Err(Bad::Range), Meaning::Number(theirs)) if passes_64_bits(text, *theirs) => {
                overflows.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            _ => Err(format!("{theirs:?}, ours: {ours:?}")),
        }
    });
    let overflows = overflows.into_inner();
    println!(
        "{} sizes, {overflows} of which util-linux wraps",
        texts.len()
    );
    assert!(overflows > 0, "no size is refused for its overflow alone");
}

/// Whether util-linux cannot have meant the number that it passed on: the unit has more than 64
/// bits, or the sum wrapped and came out less than its whole part, reckoned here in 128 bits (where
/// that is decimal; other overflows are to be refused by both).
fn passes_64_bits(text: &[u8], theirs: u64) -> bool {
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    let base: u128 = if text.ends_with('b') && !text.ends_with("ib") {
        1000
    } else {
        1024
    };
    let Some(power) = "kmgtpezy".find(|letter| text.contains(letter)) else {
        return false;
    };
    let unit = base.pow(power as u32 + 1);
    let whole = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(end) if !text.starts_with('0') => text[..end].parse().unwrap_or(0),
        _ => 0,
    };
    unit > u64::MAX.into() || u128::from(theirs) < unit.saturating_mul(whole)
}

/// Everything before the number.
const LEADS: &[&[u8]] = &[
    b"",
    b" ",
    b"\t",
    b"\n\x0b\x0c\r ",
    b"+",
    b"-",
    b" -",
    b"+-",
    b"-+",
    b"- ",
    b"+ ",
    b"'",
    b"\xa0",
    b"\xff",
];

const WHOLES: &[&str] = &[
    "",
    "0",
    "00",
    "1",
    "3",
    "7",
    "8",
    "08",
    "09",
    "010",
    "0777",
    "0x",
    "0X",
    "0x0",
    "0x10",
    "0X1F",
    "0xg",
    "00x1",
    "0x0x1",
    "10",
    "15",
    "16",
    "17",
    "31",
    "1023",
    "1024",
    "1025",
    "4095",
    "4096",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "17592186044415",
    "17592186044416",
    "18014398509481983",
    "18014398509481984",
    "18446744073709551",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
    "0x7fffffffffffffff",
    "0xffffffffffffffff",
    "0x10000000000000000",
    "01777777777777777777777",
    "02000000000000000000000",
    "1e3",
    "1_000",
    "1 000",
    "one",
];

const FRACTIONS: &[&str] = &[
    "",
    ".",
    "..",
    "...",
    ".0",
    ".00",
    ".0.",
    ".0.0",
    ".0.5",
    "..5",
    ".5.",
    ".5.0",
    ".5.5",
    ".1",
    ".2",
    ".3",
    ".4",
    ".5",
    ".6",
    ".7",
    ".8",
    ".9",
    ".10",
    ".100",
    ".11",
    ".19",
    ".25",
    ".50",
    ".75",
    ".90",
    ".99",
    ".01",
    ".001",
    ".05",
    ".005",
    ".0000000000000000001",
    ".00000000000000000001",
    ".000000000000000000001",
    ".333333333333",
    ".999999999999999999",
    ".9999999999999999999",
    ".1844674407370955161",
    ".18446744073709551615",
    ".18446744073709551616",
    ".99999999999999999999",
    ".000000000000000000000000018446744073709551615",
    ".05000000000000000000",
    ".+5",
    ".-5",
    ". 5",
    ".0x5",
    ",5",
    ",",
    ".5,5",
    ".a",
];

const SUFFIXES: &[&[u8]] = &[
    b"",
    b"B",
    b"b",
    b"i",
    b"iB",
    b"K",
    b"k",
    b"KB",
    b"kB",
    b"kb",
    b"Kb",
    b"KiB",
    b"kib",
    b"KIB",
    b"Kib",
    b"kIb",
    b"Ki",
    b"KBi",
    b"KK",
    b"KM",
    b"K ",
    b" K",
    b"KiB ",
    b"KiBB",
    b"KBB",
    b"K1",
    b"K.5",
    b"K.",
    b"M",
    b"m",
    b"MB",
    b"MiB",
    b"G",
    b"g",
    b"gb",
    b"GiB",
    b"T",
    b"t",
    b"TB",
    b"TiB",
    b"P",
    b"p",
    b"PB",
    b"PiB",
    b"E",
    b"e",
    b"EB",
    b"EiB",
    b"Z",
    b"z",
    b"ZB",
    b"ZiB",
    b"Y",
    b"y",
    b"YB",
    b"YiB",
    b"R",
    b"Q",
    b"q",
    b"x",
    b"-",
    b"%",
    b"\xff",
    b"\xce\xbc",
    b"K\xff",
];

/// How many sizes are tried.
const SIZES: usize = 6_500;

/// Every part by itself among plain ones, always; and a seeded choice out of all the mixtures.
fn size_texts() -> Vec<Vec<u8>> {
    let text = |lead: &[u8], whole: &str, fraction: &str, suffix: &[u8]| {
        [lead, whole.as_bytes(), fraction.as_bytes(), suffix].concat()
    };
    let mut always = BTreeSet::new();
    let mut mixtures = BTreeSet::new();
    for &whole in WHOLES {
        for suffix in [&b""[..], b"K", b"kB", b"e"] {
            always.insert(text(b"", whole, "", suffix));
        }
        for &lead in LEADS {
            mixtures.insert(text(lead, whole, "", b""));
            mixtures.insert(text(lead, whole, ".5", b"K"));
        }
        for &fraction in FRACTIONS {
            mixtures.insert(text(b"", whole, fraction, b"K"));
        }
        for &suffix in SUFFIXES {
            mixtures.insert(text(b"", whole, "", suffix));
        }
    }
    for &lead in LEADS {
        always.insert(text(lead, "10", "", b""));
        always.insert(text(lead, "18446744073709551616", "", b""));
    }
    for &suffix in SUFFIXES {
        always.insert(text(b"", "1", "", suffix));
        always.insert(text(b"", "", "", suffix));
        always.insert(text(b"", "1", ".5", suffix));
    }
    for &fraction in FRACTIONS {
        for suffix in [&b""[..], b"K", b"kB", b"E"] {
            always.insert(text(b"", "1", fraction, suffix));
            always.insert(text(b"", "15", fraction, suffix));
        }
        for &suffix in SUFFIXES {
            for whole in ["", "0", "1", "15"] {
                mixtures.insert(text(b"", whole, fraction, suffix));
            }
        }
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    for _ in 0..6_000 {
        let lead = if random.u8(..8) == 0 {
            pick(&mut random, LEADS)
        } else {
            b""
        };
        let whole = if random.bool() {
            pick(&mut random, WHOLES).to_owned()
        } else {
            digits(&mut random, 22)
        };
        let fraction = match random.u8(..4) {
            0 => String::new(),
            1 => pick(&mut random, FRACTIONS).to_owned(),
            2 => format!(".{}", digits(&mut random, 24)),
            _ => format!(
                ".{}{}",
                "0".repeat(random.usize(..24)),
                digits(&mut random, 22)
            ),
        };
        mixtures.insert(text(lead, &whole, &fraction, pick(&mut random, SUFFIXES)));
    }
    for _ in 0..2_000 {
        let length = random.usize(1..9);
        let junk = (0..length).map(|_| pick(&mut random, b"0019.xXKkMEZYiBb +-,"));
        mixtures.insert(junk.collect());
    }
    let mut mixtures: Vec<_> = mixtures.difference(&always).cloned().collect();
    random.shuffle(&mut mixtures);
    mixtures.truncate(SIZES.saturating_sub(always.len()));
    always.into_iter().chain(mixtures).collect()
}

fn pick<T: Copy>(random: &mut fastrand::Rng, from: &[T]) -> T {
    from[random.usize(..from.len())]
}

/// One to `most` digits.
fn digits(random: &mut fastrand::Rng, most: usize) -> String {
    let length = random.usize(1..=most);
    (0..length).map(|_| random.digit(10)).collect()
}

fn modes() {
    let mut texts = whole_texts(8);
    texts.extend((0..=0o1010).map(|mode| format!("{mode:o}").into_bytes()));
    let refused = AtomicUsize::new(0);
    compare(&MODE, &texts, |text, theirs| {
        let ours = number::read(Argument::Mode, text).ok();
        match (ours, theirs) {
            (Some(ours), Meaning::Number(theirs)) if ours | CREAT == *theirs && ours <= 0o777 => {
                Ok(Some(ours | CREAT | EXCL))
            }
            (None, Meaning::Refused(_)) => Ok(None),
            // Higher bits are flags of the calls.
            (None, Meaning::Number(theirs)) if is_over_0777(text, *theirs) => {
                refused.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            _ => Err(format!("{theirs:?}, ours: {ours:?}")),
        }
    });
    let refused = refused.into_inner();
    println!(
        "{} modes, {refused} of which util-linux takes though they are over 0777",
        texts.len()
    );
    assert!(refused > 0, "no mode is refused for its high bits alone");
}

/// IPC_CREAT and IPC_EXCL, as the C library has them.
const CREAT: u64 = libc::IPC_CREAT as u64;
const EXCL: u64 = libc::IPC_EXCL as u64;

/// Whether a text that util-linux made these flags of is a number over 0777 (a negative one counts,
/// since it has all high bits), by the standard library's reading.
fn is_over_0777(text: &[u8], flags: u64) -> bool {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let Ok(mode) = i128::from_str_radix(text, 8) else {
        return false;
    };
    // An int is what util-linux keeps of it.
    let kept = (mode as u64 | CREAT) as u32;
    !(0..=0o777).contains(&mode) && kept == flags as u32
}

fn counts() {
    let mut texts = whole_texts(10);
    texts.extend((0..100).map(|count| count.to_string().into_bytes()));
    let refused = AtomicUsize::new(0);
    compare(&COUNT, &texts, |text, theirs| {
        let ours = number::read(Argument::Elements, text).ok();
        match (ours, theirs) {
            (Some(ours), Meaning::Number(theirs)) if ours == *theirs => Ok(Some(ours)),
            (None, Meaning::Refused(_)) => Ok(None),
            // What semget(2) itself refuses.
            (None, Meaning::Number(theirs)) if (*theirs as i32) <= 0 => {
                refused.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            _ => Err(format!("{theirs:?}, ours: {ours:?}")),
        }
    });
    let refused = refused.into_inner();
    println!(
        "{} counts, {refused} of which util-linux leaves to semget to refuse",
        texts.len()
    );
    assert!(refused > 0, "no count is refused for being under 1 alone");
}

/// Texts of whole numbers around every boundary of this base, with everything that may stand
/// around them.
fn whole_texts(base: u32) -> Vec<Vec<u8>> {
    let mut texts = BTreeSet::new();
    let written = |number: i128| match base {
        8 if number < 0 => format!("-{:o}", -number),
        8 => format!("{number:o}"),
        _ => number.to_string(),
    };
    let mut numbers: Vec<i128> = vec![
        0, 1, 7, 8, 9, 10, 0o600, 0o644, 0o777, 0o1000, 0o4644, 0o7777,
    ];
    for power in [15, 16, 31, 32, 63, 64, 65] {
        numbers.extend((-1..=1).map(|off| (1 << power) + off));
    }
    for number in numbers {
        for number in [number, -number] {
            for lead in LEADS {
                texts.insert([lead, written(number).as_bytes()].concat());
            }
            for tail in [
                &b" "[..],
                b"8",
                b"9",
                b"x",
                b".0",
                b"K",
                b"\xff",
                b"-",
                b"0",
            ] {
                texts.insert([written(number).as_bytes(), tail].concat());
            }
        }
    }
    for text in [
        "",
        "0x10",
        "0600",
        "00000000000000000000000000000644",
        "u+rw",
        "0o600",
        "1e1",
        "--1",
    ] {
        texts.insert(text.as_bytes().to_vec());
    }
    texts.into_iter().collect()
}
