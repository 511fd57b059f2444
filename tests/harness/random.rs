//! Random command lines: words that are nasty, options in every spelling, numbers, and mutations of
//! all these.

use fastrand::Rng;
use ipcmk::cli::options::TABLE;

use crate::reading::WORDS;

/// A random command line, without the program's name.
pub fn line(random: &mut Rng) -> Vec<Vec<u8>> {
    // Most lines are short, as those are that are read at all.
    let pieces = [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8];
    let pieces = pieces[random.usize(..pieces.len())];
    let mut words = Vec::new();
    for _ in 0..pieces {
        piece(random, &mut words);
    }
    while random.u8(..4) == 0 {
        mutate(random, &mut words);
    }
    words
}

/// A random command line that asks for POSIX objects, and gives them a name.
pub fn posix_line(random: &mut Rng) -> Vec<Vec<u8>> {
    let mut words = line(random);
    let resource = match random.u8(..4) {
        0..=1 => [b"-m", &size(random)[..]].concat(),
        2 => b"-q".to_vec(),
        _ => b"-s".to_vec(),
    };
    for word in [resource, [b"-n", &name(random)[..]].concat()] {
        words.insert(random.usize(..=words.len()), word);
    }
    words
}

/// Adds a word, or an option and its argument.
fn piece(random: &mut Rng, words: &mut Vec<Vec<u8>>) {
    match random.u8(..16) {
        0..=4 => words.push(WORDS[random.usize(..WORDS.len())].to_vec()),
        5..=10 => option(random, words),
        11..=12 => words.push(abbreviation(random)),
        13 => words.push(cluster(random)),
        14 => words.push(number(random)),
        _ => words.push(bytes(random)),
    }
}

/// Makes a number.
type Number = fn(&mut Rng) -> Vec<u8>;

/// Options by letter and by name, each with a text that may be right for it.
const OPTIONS: &[(&str, &str, Number)] = &[
    ("-M", "--shmem", size),
    ("-M", "--shmem", size),
    ("-S", "--semaphore", count),
    ("-S", "--semaphore", count),
    ("-p", "--mode", mode),
    ("-M", "--shmem", key),
    ("-S", "--semaphore", key),
    ("-Q", "--queue", key),
    ("-p", "--size", size),
    ("-s", "--nsems", count),
    ("-o", "-o", key),
    ("-k", "--key", key),
    ("", "--ftok", ftok),
    ("", "--owner", owner),
    ("", "--value", values),
    ("", "--qbytes", size),
    ("", "--hugetlb", size),
    ("", "--batch", file),
    ("-m", "--posix-shmem", size),
    ("-n", "--name", name),
    ("-n", "--name", name),
    ("", "--maxmsg", count),
    ("", "--msgsize", size),
    ("", "--libc", libc),
];

/// Resources without an argument.
const RESOURCES: &[&str] = &[
    "-Q",
    "-Q",
    "--queue",
    "-q",
    "--posix-mqueue",
    "-s",
    "--posix-semaphore",
];

/// Options of ours without an argument.
const FLAGS: &[&str] = &[
    "-e",
    "--existing",
    "-r",
    "--raw",
    "-J",
    "--json",
    "--hugetlb",
    "--noreserve",
    "--lock",
];

fn option(random: &mut Rng, words: &mut Vec<Vec<u8>>) {
    match random.u8(..8) {
        0..=1 => return words.push(any_of(random, RESOURCES).into()),
        2 => return words.push(FLAGS[random.usize(..FLAGS.len())].into()),
        _ => {}
    }
    let (letter, name, number) = OPTIONS[random.usize(..OPTIONS.len())];
    let number = number(random);
    let by_letter = !letter.is_empty() && random.bool();
    let attached = random.bool();
    match (by_letter, attached) {
        (true, true) => words.push([letter.as_bytes(), &number].concat()),
        (true, false) => words.extend([letter.as_bytes().to_vec(), number]),
        (false, true) => words.push([name.as_bytes(), b"=", &number].concat()),
        (false, false) => words.extend([name.as_bytes().to_vec(), number]),
    }
}

/// The beginning of a long name, perhaps with a value.
fn abbreviation(random: &mut Rng) -> Vec<u8> {
    let names = TABLE.iter().map(|row| row.long);
    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    let name = any_of(random, &names);
    let mut word = [b"--", &name.as_bytes()[..random.usize(1..=name.len())]].concat();
    if random.u8(..3) == 0 {
        word.push(b'=');
        word.extend(number(random));
    }
    word
}

/// Letters in a row, perhaps with a value.
fn cluster(random: &mut Rng) -> Vec<u8> {
    const LETTERS: &[u8] = b"QQQQMMSSppnsnsmmqomqhVkerJ";
    let mut word = vec![b'-'];
    for _ in 0..random.usize(1..=4) {
        word.push(LETTERS[random.usize(..LETTERS.len())]);
    }
    if random.bool() {
        word.extend(number(random));
    }
    word
}

/// A number of any kind.
fn number(random: &mut Rng) -> Vec<u8> {
    [size, count, mode, key, values, owner][random.usize(..6)](random)
}

/// A number of any magnitude: as many are small as large.
fn magnitude(random: &mut Rng) -> u64 {
    random.u64(..) >> random.u32(..64)
}

fn any_of<'a>(random: &mut Rng, texts: &[&'a str]) -> &'a str {
    texts[random.usize(..texts.len())]
}

fn size(random: &mut Rng) -> Vec<u8> {
    if random.u8(..16) == 0 {
        return largest_size(random);
    }
    let whole = magnitude(random);
    let whole = match random.u8(..6) {
        0 => format!("{whole:#x}"),
        1 => format!("0{whole:o}"),
        // Most units are too large for more.
        2 => format!("{}", whole % 20),
        _ => format!("{whole}"),
    };
    let lead = any_of(random, &["", "", "", "", "", "", " ", "+", "-"]);
    let fraction = match random.u8(..6) {
        0 => format!(".{}", magnitude(random)),
        1 => any_of(
            random,
            &[".", ".0", ".5", ".05", "..1", ".10", ".0.25", ",5"],
        )
        .to_owned(),
        _ => String::new(),
    };
    let suffix = any_of(
        random,
        &[
            "", "", "", "", "K", "k", "M", "G", "T", "P", "E", "Z", "KiB", "kb", "MB", "Gib", "Ki",
            "B",
        ],
    );
    format!("{lead}{whole}{fraction}{suffix}").into_bytes()
}

/// As many units as 64 bits hold, and a fraction that may be too much.
fn largest_size(random: &mut Rng) -> Vec<u8> {
    let (suffix, power) = [
        ("K", 10),
        ("M", 20),
        ("G", 30),
        ("T", 40),
        ("P", 50),
        ("E", 60),
    ][random.usize(..6)];
    format!("{}.{}{suffix}", u64::MAX >> power, magnitude(random)).into_bytes()
}

/// A number of semaphores; a set has at most 32000 by default.
fn count(random: &mut Rng) -> Vec<u8> {
    match random.u8(..8) {
        0 => magnitude(random).to_string(),
        1 => format!("{}", -random.i64(..=1)),
        2 => random.u32(31_900..32_100).to_string(),
        3 => format!("{:#x}", random.u16(..)),
        _ => (magnitude(random) % 40_000).to_string(),
    }
    .into_bytes()
}

fn mode(random: &mut Rng) -> Vec<u8> {
    match random.u8(..8) {
        0 => magnitude(random).to_string(),
        1 => format!("{:o}", random.u16(..)),
        2 => format!("-{:o}", random.u16(..)),
        3 => format!(" +0{:o}", random.u16(..0o1000)),
        _ => format!("{:o}", random.u16(..0o1000)),
    }
    .into_bytes()
}

fn key(random: &mut Rng) -> Vec<u8> {
    let key = magnitude(random) >> random.u32(..40);
    match random.u8(..6) {
        0 => "private".to_owned(),
        1 => key.to_string(),
        2 => format!("0{key:o}"),
        _ => format!("{key:#x}"),
    }
    .into_bytes()
}

/// Values of semaphores: many, or as many as there may be semaphores.
fn values(random: &mut Rng) -> Vec<u8> {
    let values = match random.u8(..4) {
        0 => 1,
        1 => random.usize(..200),
        _ => random.usize(..4),
    };
    let value = |random: &mut Rng| match random.u8(..16) {
        0 => magnitude(random).to_string(),
        1 => any_of(random, &["", "32768", " 1", "+1", "-1", "1K"]).to_owned(),
        _ => random.u16(..=32767).to_string(),
    };
    let values: Vec<String> = (0..values).map(|_| value(random)).collect();
    values.join(",").into_bytes()
}

/// A user, perhaps with a group; few are mapped in a user namespace.
fn owner(random: &mut Rng) -> Vec<u8> {
    let id = |random: &mut Rng| match random.u8(..4) {
        0 => (magnitude(random) >> 31).to_string(),
        1 => any_of(random, &["", "root", "4294967294", "4294967295"]).to_owned(),
        _ => "0".to_owned(),
    };
    let user = id(random);
    match random.u8(..3) {
        0 => user,
        _ => format!("{user}:{}", id(random)),
    }
    .into_bytes()
}

/// A name of a POSIX object, which is one or not.
fn name(random: &mut Rng) -> Vec<u8> {
    match random.u8(..16) {
        0 => bytes(random),
        1 => [b"/", &bytes(random)[..]].concat(),
        // Of glibc, a semaphore has up to 251 bytes, and any other object up to 255.
        2 => {
            let slashes = "/".repeat(random.usize(..3));
            let length = [250, 251, 252, 253, 255, 256][random.usize(..6)];
            [slashes, "x".repeat(length)].concat().into()
        }
        3..=5 => any_of(
            random,
            &[
                "", "/", "//", ".", "..", "/.", "/..", "//x", "a/b", "/a/b", "x/",
            ],
        )
        .into(),
        _ => any_of(random, &["x", "/x", "/x", "/x", "sem.x", "/sem.x"]).into(),
    }
}

/// The name of a C library.
fn libc(random: &mut Rng) -> Vec<u8> {
    any_of(random, &["glibc", "glibc", "musl", "m", ""]).into()
}

/// A file, which is there or not.
fn file(random: &mut Rng) -> Vec<u8> {
    any_of(random, &["/", "/dev/null", "-", ".", "nowhere", ""]).into()
}

/// A file, perhaps with an id.
fn ftok(random: &mut Rng) -> Vec<u8> {
    let mut text = file(random);
    if random.bool() {
        text.push(b':');
        text.extend(match random.u8(..4) {
            0 => key(random),
            1 => any_of(random, &["", "256", "x", "1x"]).into(),
            _ => random.u8(1..).to_string().into_bytes(),
        });
    }
    text
}

/// A few bytes, any but NUL.
fn bytes(random: &mut Rng) -> Vec<u8> {
    let length = random.usize(1..=6);
    std::iter::repeat_with(|| random.u8(1..))
        .take(length)
        .collect()
}

/// Changes one thing.
fn mutate(random: &mut Rng, words: &mut Vec<Vec<u8>>) {
    if words.is_empty() {
        return words.push(bytes(random));
    }
    let index = random.usize(..words.len());
    let other = random.usize(..words.len());
    let byte = byte(random);
    let word = &mut words[index];
    let place = random.usize(..=word.len());
    match random.u8(..8) {
        0..=1 if place < word.len() => word[place] = byte,
        2 if place < word.len() => _ = word.remove(place),
        3 => word.truncate(place),
        4 => _ = words.remove(index),
        5 => words.swap(index, other),
        6 => words.insert(other, words[index].clone()),
        _ => word.insert(place, byte),
    }
}

/// A byte that may change what a word means, or any other; no NUL.
fn byte(random: &mut Rng) -> u8 {
    const TELLING: &[u8] = b"-=0123456789xKMGTEBi.+ MQSpsohnmqkerJ,:#";
    match random.u8(..4) {
        0 => random.u8(1..),
        _ => TELLING[random.usize(..TELLING.len())],
    }
}
