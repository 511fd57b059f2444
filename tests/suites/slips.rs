//! Lines of util-linux's with a slip of the finger: none with a usual mode becomes an object with
//! mode 0666 and a guessable key.
//!
//! Every line that people write, and every slip of one key in it, through the grammar. What other
//! mistakes make is counted by its shape, and every shape is one that the man page names.
//!
//! IPCMK_SLIPS=all tries every line with every slip, else one in [`STEP`].

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;
use std::sync::Mutex;

use ipcmk::cli::options::Opt;
use ipcmk::cli::request::Action;
use ipcmk_tests::case::Start;
use ipcmk_tests::namespace;
use ipcmk_tests::reading::read;
use ipcmk_tests::subject::Subject;
use ipcmk_tests::suite;

fn main() -> ExitCode {
    suite::main(&[
        ("no_slip_of_one_key_makes_a_guessable_object", slips),
        ("what_other_mistakes_make_is_in_the_man_page", mistakes),
        ("the_real_file_reads_slips_alike", real_file),
    ])
}

/// One line in so many is tried. No size, mode or form has a number of them that it divides.
const STEP: usize = 11;

/// One slip in so many runs as a process.
const REAL_STEP: usize = 1999;

const SIZES: [&str; 43] = [
    "1",
    "10",
    "100",
    "512",
    "640",
    "1000",
    "1024",
    "1234",
    "2048",
    "4000",
    "4096",
    "8192",
    "10240",
    "16384",
    "32768",
    "65536",
    "100000",
    "131072",
    "262144",
    "524288",
    "1000000",
    "1048576",
    "1073741824",
    "1K",
    "4K",
    "4k",
    "8K",
    "16K",
    "64K",
    "64k",
    "100K",
    "512K",
    "1M",
    "1m",
    "2M",
    "16M",
    "64M",
    "1G",
    "4KiB",
    "0x10",
    "0x1000",
    "0X1000",
    "010000",
];

const COUNTS: [&str; 17] = [
    "1", "2", "3", "4", "5", "7", "8", "10", "16", "25", "32", "64", "100", "250", "256", "600",
    "1000",
];

/// The modes that people use, each also with a 0 before it.
const MODES: [&str; 13] = [
    "600", "640", "644", "660", "664", "666", "700", "750", "755", "777", "400", "440", "444",
];

/// Modes whose last three digits are under 400, and one that has a digit 1 to 3.
const OTHER_MODES: [&str; 8] = ["0", "000", "022", "200", "220", "222", "711", "751"];

/// Lines without a set: {z} is a size, {p} a mode.
const OF_SIZE: [&str; 16] = [
    "-M {z} -p {p}",
    "-p {p} -M {z}",
    "-M{z} -p{p}",
    "-M {z} {p}",
    "-M {z} --mode {p}",
    "--shmem {z} --mode {p}",
    "--shmem={z} --mode={p}",
    "-M {z} -Q -p {p}",
    "-Q -M {z} -p {p}",
    "-M {z} -S 3 -p {p}",
    "-S 3 -M {z} -p {p}",
    "-M {z} -Q -S 3 -p {p}",
    "-m {z} -n x -p {p}",
    "-M {z} -m {z} -n /x -p {p}",
    "-M {z} -s -n x -p {p}",
    "-M {z} -q -n 5 -p {p}",
];

/// Lines with a set and no segment, or with a queue alone: {c} is a number of semaphores.
const OF_COUNT: [&str; 14] = [
    "-S {c} -p {p}",
    "-p {p} -S {c}",
    "-S{c} -p{p}",
    "-S {c} --mode {p}",
    "--semaphore {c} --mode={p}",
    "-Q -S {c} -p {p}",
    "-S {c} -Q -p {p}",
    "-S {c} -s -n x -p {p}",
    "-S {c} -s -n 5 -p {p}",
    "-s -n 5 -S {c} --mode {p}",
    "-Q -p {p}",
    "-p {p} -Q",
    "-Qp{p}",
    "--queue --mode {p}",
];

/// Every line with one of these modes.
fn lines(modes: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for mode in modes {
        for mode in [(*mode).to_owned(), format!("0{mode}")] {
            for (forms, amounts, place) in [
                (&OF_SIZE[..], &SIZES[..], "{z}"),
                (&OF_COUNT[..], &COUNTS[..], "{c}"),
            ] {
                for form in forms {
                    // One without an amount is one line.
                    let amounts = if form.contains(place) {
                        amounts
                    } else {
                        &[""][..]
                    };
                    for amount in amounts {
                        lines.push(form.replace(place, amount).replace("{p}", &mode));
                    }
                }
            }
        }
    }
    lines
}

/// The rows of a keyboard, and the same with the shift key.
const ROWS: [[&[u8]; 4]; 2] = [
    [
        b"`1234567890-=",
        b" qwertyuiop[]",
        b" asdfghjkl;'",
        b" zxcvbnm,./",
    ],
    [
        b"~!@#$%^&*()_+",
        b" QWERTYUIOP{}",
        b" ASDFGHJKL:\"",
        b" ZXCVBNM<>?",
    ],
];

/// The keys around a key.
fn neighbours(key: u8) -> Vec<u8> {
    // The space bar is below six of them.
    if key == b' ' {
        return b"xcvbnm".to_vec();
    }
    let mut found = Vec::new();
    for rows in ROWS {
        for (row, keys) in rows.iter().enumerate() {
            let Some(column) = keys.iter().position(|&other| other == key) else {
                continue;
            };
            // A row stands half a key to the right of the one above it.
            for (row, columns) in [
                (row.wrapping_sub(1), [column, column + 1]),
                (row, [column.wrapping_sub(1), column + 1]),
                (row + 1, [column.wrapping_sub(1), column]),
            ] {
                let keys = rows.get(row).copied().unwrap_or_default();
                found.extend(columns.iter().filter_map(|&column| keys.get(column)));
            }
        }
    }
    found.retain(|&key| key != b' ');
    found
}

/// Passes each text that is typed for `line` with one slip.
fn each_slip(line: &str, slip: &mut dyn FnMut(&[u8])) {
    let line = line.as_bytes();
    for place in 0..line.len() {
        let (before, key, after) = (&line[..place], line[place], &line[place + 1..]);
        let mut typed = |keys: &[u8]| slip(&[before, keys, after].concat());
        // Left out, doubled, with another shift.
        typed(&[]);
        typed(&[key, key]);
        if key.is_ascii_alphabetic() {
            typed(&[key ^ 0x20]);
        }
        // The key beside it, instead or too.
        for beside in neighbours(key) {
            typed(&[beside]);
            typed(&[beside, key]);
            typed(&[key, beside]);
        }
        // Another digit, or one more.
        if key.is_ascii_digit() {
            for digit in b'0'..=b'9' {
                typed(&[digit]);
                typed(&[digit, key]);
                typed(&[key, digit]);
            }
        }
        // Two keys in the wrong order.
        if let [next, after @ ..] = after {
            slip(&[before, &[*next, key], after].concat());
        }
    }
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    for place in 0..words.len() {
        // Two words in the wrong order.
        for other in place + 1..words.len() {
            let mut words = words.clone();
            words.swap(place, other);
            slip(&words.join(&b' '));
        }
        // A word, and an option with what follows it, twice.
        for end in place + 1..=words.len().min(place + 2) {
            let twice = [&words[..end], &words[place..]].concat();
            slip(&twice.join(&b' '));
        }
    }
}

/// The words of a text, as a shell splits them.
fn words(text: &[u8]) -> Vec<&[u8]> {
    let words = text.split(|&byte| byte == b' ');
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether a text makes an object with mode 0666 and a key that can be guessed.
fn is_guessable(text: &[u8]) -> bool {
    let (result, request) = read(words(text).into_iter(), false);
    result == Ok(Action::Create)
        && request.has(Opt::Keyed)
        && request.mode() == 0o666
        && request.key() != Some(0)
}

/// The lines that are tried.
fn chosen(lines: Vec<String>) -> Vec<String> {
    let all = lines.len();
    let step = match env::var("IPCMK_SLIPS").as_deref() {
        Ok("all") => 1,
        Ok(other) => panic!("IPCMK_SLIPS={other}: not `all`"),
        Err(_) => STEP,
    };
    let lines: Vec<String> = lines.into_iter().step_by(step).collect();
    println!("{} of {all} lines", lines.len());
    lines
}

/// The specification's sentence.
fn slips() {
    let tried = Mutex::new(0_u64);
    suite::try_all(&chosen(lines(&MODES)), |line| {
        let mut wrong = Vec::new();
        let mut count = 0;
        each_slip(line, &mut |text| {
            count += 1;
            if is_guessable(text) {
                wrong.push(String::from_utf8_lossy(text).into_owned());
            }
        });
        *tried.lock().expect("no thread panics with it") += count;
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(format!("{line}: {wrong:?}"))
        }
    });
    let tried = tried.into_inner().expect("no thread panics with it");
    println!("{tried} slips");
    assert!(tried > 1_000_000, "{tried} slips");
}

/// A mistake that makes a guessable object, and how the man page names it.
struct Shape {
    named: &'static [&'static str],
    /// Whether what was meant, by this kind of mistake, became what was typed.
    is_it: fn(&str, Kind, &str) -> bool,
}

/// What kind of mistake it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The line is typed as it was meant.
    None,
    /// A slip, see [`each_slip`]; two swapped words are one.
    Slip,
    /// Another letter instead of a key, wherever it is on the keyboard.
    Letter,
    /// A word is left out.
    Missing,
}

const SHAPES: [Shape; 7] = [
    Shape {
        named: &["-S 0x10"],
        is_it: |meant, kind, _| kind == Kind::None && meant.starts_with("-S 0x"),
    },
    Shape {
        named: &["-S 0x1000", "-M 0x1000"],
        is_it: |meant, kind, typed| {
            kind == Kind::Letter
                && ["0x", "0X"]
                    .iter()
                    .any(|hex| meant.replace(&format!("-M {hex}"), &format!("-S {hex}")) == typed)
        },
    },
    Shape {
        named: &["-p 64K", "-p 640"],
        is_it: |_, kind, typed| {
            let value = typed.split("-p").nth(1).unwrap_or_default().trim_start();
            let value = value.split(' ').next().unwrap_or_default();
            kind == Kind::Letter && value.ends_with(['K', 'k', 'M', 'm', 'G', 'g'])
        },
    },
    Shape {
        named: &["-M 0 -p 4096"],
        is_it: |meant, kind, typed| {
            let sorted = |text: &str| {
                let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
                words.sort();
                words
            };
            kind == Kind::Slip && has_other_mode(meant) && sorted(meant) == sorted(typed)
        },
    },
    Shape {
        named: &["-S 3 -s 200", "-p 200"],
        is_it: |meant, kind, typed| {
            kind == Kind::Letter && has_other_mode(meant) && meant.replace("-p", "-s") == typed
        },
    },
    Shape {
        named: &["-p 711m", "-p 711"],
        is_it: |meant, kind, typed| {
            kind == Kind::Slip && has_other_mode(meant) && typed.replace("m ", " ") == meant
        },
    },
    Shape {
        named: &["-S 3 -s 5", "-S 3 -s -n 5"],
        is_it: |meant, kind, typed| kind == Kind::Missing && meant.replace(" -n 5", " 5") == typed,
    },
];

/// Whether a line has one of [`OTHER_MODES`].
fn has_other_mode(line: &str) -> bool {
    let mode = line.rsplit("-p").next().unwrap_or_default().trim_start();
    let mode = mode.split(' ').next().unwrap_or_default();
    OTHER_MODES
        .iter()
        .any(|low| mode == *low || mode == format!("0{low}"))
}

/// Lines without a mode, or whose semaphores are counted in hexadecimal.
fn other_lines() -> Vec<String> {
    let mut lines = lines(&OTHER_MODES);
    for size in SIZES {
        lines.push(format!("-M {size}"));
        lines.push(format!("-M {size} -Q"));
    }
    for count in COUNTS {
        lines.push(format!("-S {count}"));
        lines.push(format!("-S {count} -s -n 5"));
        lines.push(format!("-s -n 5 -S {count}"));
    }
    lines.extend(["0x1", "0x10", "0x40", "0xff"].map(|count| format!("-S {count}")));
    lines.push("-Q".into());
    lines
}

/// What is left.
fn mistakes() {
    let counts = Mutex::new([0_u64; SHAPES.len()]);
    let mut meant = other_lines();
    meant.extend(chosen(lines(&MODES)));
    suite::try_all(&meant, |meant| {
        let mut unnamed = Vec::new();
        let mut typed = |text: &[u8], kind: Kind| {
            if !is_guessable(text) {
                return;
            }
            let text = str::from_utf8(text).expect("ASCII");
            let shape = SHAPES
                .iter()
                .position(|shape| (shape.is_it)(meant, kind, text));
            match shape {
                Some(shape) => counts.lock().expect("no thread panics with it")[shape] += 1,
                None => unnamed.push(text.to_owned()),
            }
        };
        typed(meant.as_bytes(), Kind::None);
        if !is_guessable(meant.as_bytes()) {
            each_slip(meant, &mut |text| typed(text, Kind::Slip));
            for place in 0..meant.len() {
                for letter in (b'a'..=b'z').chain(b'A'..=b'Z') {
                    let mut text = meant.as_bytes().to_vec();
                    text[place] = letter;
                    typed(&text, Kind::Letter);
                }
            }
            let words = words(meant.as_bytes());
            for place in 0..words.len() {
                let text = [&words[..place], &words[place + 1..]].concat();
                typed(&text.join(&b' '), Kind::Missing);
            }
        }
        if unnamed.is_empty() {
            Ok(())
        } else {
            Err(format!("{meant}: {unnamed:?}"))
        }
    });
    let page = ipcmk::report::man::Man.to_string().replace("\\-", "-");
    let counts = counts.into_inner().expect("no thread panics with it");
    for (shape, count) in SHAPES.iter().zip(counts) {
        println!("{count}: {:?}", shape.named);
        assert_ne!(count, 0, "{:?}", shape.named);
        for named in shape.named {
            assert!(page.contains(named), "the man page does not name {named}");
        }
    }
}

/// A sample of slips as processes: each object has the mode that the line gives, and a line of
/// output with words, not a bare id.
fn real_file() {
    let subject = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    let mut texts = Vec::new();
    let mut number = 0;
    for line in chosen(lines(&MODES)) {
        each_slip(&line, &mut |text| {
            number += 1;
            if number % REAL_STEP == 0 {
                texts.push(text.to_vec());
            }
        });
    }
    println!("{} of {number} slips", texts.len());
    let made = Mutex::new(BTreeMap::<u32, usize>::new());
    suite::try_all(&texts, |text| {
        let words: Vec<Vec<u8>> = words(text).iter().map(|word| word.to_vec()).collect();
        let show = |what| format!("{}\n  {what}", String::from_utf8_lossy(text));
        namespace::unshare().map_err(|error| show(error.to_string()))?;
        let outcome = subject.run(&Start::default(), &words, false);
        let outcome = outcome.map_err(|error| show(error.to_string()))?;
        let objects = namespace::objects().map_err(|error| show(error.to_string()))?;
        let (result, request) = read(words.iter().map(Vec::as_slice), false);
        let is_made = outcome.status.success();
        if is_made && result.is_err() || !is_made && !objects.is_empty() {
            return Err(show(format!("{result:?}, but {outcome:?} and {objects:?}")));
        }
        if outcome.stdout.first().is_some_and(u8::is_ascii_digit) {
            return Err(show("a bare id".into()));
        }
        for object in objects {
            if object.mode != request.mode() {
                return Err(show(format!("{object:?}")));
            }
            *made
                .lock()
                .expect("no thread panics with it")
                .entry(object.mode)
                .or_default() += 1;
        }
        Ok(())
    });
    let made = made.into_inner().expect("no thread panics with it");
    println!("objects by mode: {made:?}");
    assert!(made.len() > 5, "{made:?}");
}
