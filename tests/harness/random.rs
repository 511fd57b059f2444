//! Generates random command lines: difficult words, options in every spelling, numbers, and
//! mutations of all these.

use fastrand::Rng;
use ipcmk::cli::options::TABLE;

use crate::reading::WORDS;

/// A random command line, without the program's name.
pub fn line(random: &mut Rng) -> Vec<Vec<u8>> {
    // Most lines are short, since long ones are nearly always refused.
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

/// A random command line that asks for POSIX objects and has a name for them.
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

/// A random command line that asks for objects, with options that apply to them and mostly valid
/// arguments. It takes its keys and names from `names` of each.
pub fn usual_line(random: &mut Rng, names: u32) -> Vec<Vec<u8>> {
    let mut options = if random.u8(..3) == 0 {
        usual_keyed(random, names)
    } else {
        usual_standard(random, names)
    };
    for (odds, letter, name) in [(10, "-r", "--raw"), (8, "-J", "--json")] {
        if random.u8(..odds) == 0 {
            options.push(flag(random, letter, name));
        }
    }
    if random.u8(..8) == 0 {
        let owner = ["0", "7", "7:8", "0:0", "65534"][random.usize(..5)];
        options.push(spell(random, "", "--owner", owner.into()));
    }
    // `--keyed` must stay first.
    let is_keyed = options
        .first()
        .is_some_and(|option| option == &[b"--keyed"]);
    random.shuffle(&mut options[is_keyed.into()..]);
    let mut words = options.concat();
    if random.u8(..12) == 0 {
        mutate(random, &mut words);
    }
    words
}

/// Options that ask for objects in the standard grammar.
fn usual_standard(random: &mut Rng, names: u32) -> Vec<Vec<Vec<u8>>> {
    let mut options = Vec::new();
    let mut asks_for = [false; 6];
    for _ in 0..[1, 1, 1, 1, 2, 2, 3, 5][random.usize(..8)] {
        asks_for[random.usize(..6)] = true;
    }
    let [
        shmem,
        queue,
        semaphore,
        posix_shmem,
        posix_mqueue,
        posix_semaphore,
    ] = asks_for;
    let (is_sysv, is_posix) = (
        shmem || queue || semaphore,
        posix_shmem || posix_mqueue || posix_semaphore,
    );
    let often = |random: &mut Rng, odds| random.u8(..odds) == 0;
    if shmem {
        let size = usual_size(random);
        options.push(spell(random, "-M", "--shmem", size));
        if often(random, 16) {
            options.push(flag(random, "", "--lock"));
        }
        if often(random, 16) {
            options.push(flag(random, "", "--noreserve"));
        }
        if often(random, 32) {
            let page = any_of(
                random,
                &["--hugetlb", "--hugetlb=2M", "--hugetlb=1G", "--hugetlb=4M"],
            );
            options.push(vec![page.into()]);
        }
    }
    if queue {
        options.push(flag(random, "-Q", "--queue"));
        if often(random, 4) {
            let size = usual_size(random);
            options.push(spell(random, "", "--qbytes", size));
        }
    }
    if semaphore || posix_semaphore {
        let semaphores = usual_count(random);
        if semaphore {
            options.push(spell(
                random,
                "-S",
                "--semaphore",
                semaphores.to_string().into(),
            ));
        }
        if posix_semaphore {
            options.push(flag(random, "-s", "--posix-semaphore"));
            if often(random, 4) {
                let libc = any_of(random, &["glibc", "musl"]).into();
                options.push(spell(random, "", "--libc", libc));
            }
        }
        if often(random, 3) {
            let each = semaphore && !posix_semaphore && random.bool();
            let values = usual_values(random, if each { semaphores } else { 1 });
            options.push(spell(random, "", "--value", values));
        }
    }
    if posix_shmem {
        let size = usual_size(random);
        options.push(spell(random, "-m", "--posix-shmem", size));
    }
    if posix_mqueue {
        options.push(flag(random, "-q", "--posix-mqueue"));
        for name in ["--maxmsg", "--msgsize"] {
            if often(random, 4) {
                let number = any_of(random, &["1", "3", "5", "10", "100", "0"]).into();
                options.push(spell(random, "", name, number));
            }
        }
    }
    if is_posix {
        let name = usual_name(random, names);
        options.push(spell(random, "-n", "--name", name));
    }
    if is_sysv && often(random, 3) {
        let key = usual_key(random, names);
        options.push(spell(random, "-k", "--key", key));
    }
    if is_sysv && often(random, 8) {
        let file = any_of(
            random,
            &["f", "f:2", "d:255", "l", "f:1", "e:f:9", "n", "f:0"],
        );
        options.push(spell(random, "", "--ftok", file.into()));
    }
    if often(random, 3) {
        let mode = usual_mode(random);
        options.push(spell(random, "-p", "--mode", mode));
    }
    if shmem && often(random, 16) {
        options.push(vec![usual_mode(random)]);
    }
    if often(random, 5) {
        options.push(flag(random, "-e", "--existing"));
    }
    options
}

/// Options that ask for an object in the keyed grammar.
fn usual_keyed(random: &mut Rng, names: u32) -> Vec<Vec<Vec<u8>>> {
    let mut options = Vec::new();
    if random.u8(..4) != 0 {
        options.push(vec![b"--keyed".to_vec()]);
    }
    let key = usual_key(random, names);
    let resources = [("-M", "--shmem"), ("-Q", "--queue"), ("-S", "--semaphore")];
    let kind = random.usize(..3);
    let (letter, name) = resources[kind];
    options.push(spell(random, letter, name, key));
    if kind < 2 {
        let size = usual_size(random);
        options.push(spell(random, "-p", "--size", size));
    } else if random.bool() {
        let semaphores = usual_count(random);
        options.push(spell(
            random,
            "-s",
            "--nsems",
            semaphores.to_string().into(),
        ));
        if random.u8(..3) == 0 {
            let values = usual_values(random, semaphores);
            options.push(spell(random, "", "--value", values));
        }
    }
    if random.u8(..4) == 0 {
        options.push(vec![b"-o".to_vec(), usual_key(random, names)]);
    } else if random.u8(..5) == 0 {
        options.push(flag(random, "-e", "--existing"));
    }
    if random.u8(..3) == 0 {
        let mode = usual_mode(random);
        options.push(spell(random, "", "--mode", mode));
    }
    options
}

/// A size; all but a few are valid.
fn usual_size(random: &mut Rng) -> Vec<u8> {
    if random.u8(..12) == 0 {
        return size(random);
    }
    any_of(
        random,
        &[
            "0", "1", "100", "4096", "4097", "5000", "5001", "0x1000", "010000", "1K", "64KiB",
            "1.5M", "16384",
        ],
    )
    .into()
}

/// A number of semaphores; all but a few are valid.
fn usual_count(random: &mut Rng) -> u32 {
    match random.u8(..16) {
        0 => [0, 250, 251, 32_000, 32_001][random.usize(..5)],
        _ => random.u32(1..12),
    }
}

/// Permissions; all but a few are valid.
fn usual_mode(random: &mut Rng) -> Vec<u8> {
    match random.u8(..8) {
        0 => mode(random),
        _ => any_of(
            random,
            &["600", "644", "0640", "666", "777", "0", "0400", "7"],
        )
        .into(),
    }
}

/// As many values as there are semaphores; one for all of a large set.
fn usual_values(random: &mut Rng, semaphores: u32) -> Vec<u8> {
    let values = if semaphores <= 12 { semaphores } else { 1 };
    let values: Vec<String> = (0..values)
        .map(|_| match random.u8(..16) {
            0 => "32768".to_owned(),
            _ => random.u16(..=32767).to_string(),
        })
        .collect();
    values.join(",").into()
}

/// One of `names` keys; a few are invalid.
fn usual_key(random: &mut Rng, names: u32) -> Vec<u8> {
    let number = random.u32(1..=names);
    match random.u8(..8) {
        0 => key(random),
        1 => b"private".to_vec(),
        2..=4 => format!("{number}").into(),
        _ => format!("{number:#x}").into(),
    }
}

/// One of `names` names; a few are invalid.
fn usual_name(random: &mut Rng, names: u32) -> Vec<u8> {
    let slash = any_of(random, &["", "/"]);
    match random.u32(..names + 1) {
        0 if random.u8(..4) == 0 => name(random),
        0 => b"x".to_vec(),
        number => format!("{slash}n{number}").into(),
    }
}

/// An option and its argument, in one of their spellings.
fn spell(random: &mut Rng, letter: &str, name: &str, argument: Vec<u8>) -> Vec<Vec<u8>> {
    let by_letter = !letter.is_empty() && random.bool();
    let attached = random.bool();
    match (by_letter, attached) {
        (true, true) => vec![[letter.as_bytes(), &argument].concat()],
        (true, false) => vec![letter.into(), argument],
        (false, true) => vec![[name.as_bytes(), b"=", &argument].concat()],
        (false, false) => vec![name.into(), argument],
    }
}

/// An option without an argument, in one of its spellings.
fn flag(random: &mut Rng, letter: &str, name: &str) -> Vec<Vec<u8>> {
    let by_letter = !letter.is_empty() && random.bool();
    vec![if by_letter { letter } else { name }.into()]
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

/// Options by letter and by name, each with a generator of arguments.
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

/// Options that only our ipcmk has, without an argument.
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
    words.extend(spell(random, letter, name, number));
}

/// A prefix of a long name, perhaps with a value.
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

/// A cluster of letters, perhaps with a value.
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

/// A number of any magnitude: small ones are as frequent as large ones.
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
        // A larger factor overflows with most units.
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

/// As many units as fit into 64 bits, and a fraction that may overflow them.
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
        // What may be a size.
        4 => (1024 * random.u64(..100)).to_string(),
        5 => format!("{:o}", random.u32(0o1000..0o400_000)),
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
        3 => random.i32(..).to_string(),
        _ => format!("{key:#x}"),
    }
    .into_bytes()
}

/// Values of semaphores: many, or as many as a set may have.
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

/// A user, perhaps with a group; a user namespace maps few of them.
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

/// A name of a POSIX object, valid or not.
fn name(random: &mut Rng) -> Vec<u8> {
    match random.u8(..16) {
        0 => bytes(random),
        1 => [b"/", &bytes(random)[..]].concat(),
        // With glibc, the name of a semaphore has up to 251 bytes, any other up to 255.
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

/// A file, which exists or not.
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
            _ => random.u8(..).to_string().into_bytes(),
        });
    }
    text
}

/// A few bytes other than NUL.
fn bytes(random: &mut Rng) -> Vec<u8> {
    let length = random.usize(1..=6);
    std::iter::repeat_with(|| random.u8(1..))
        .take(length)
        .collect()
}

/// Makes one change.
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

/// A byte that may change the meaning of a word, or any other; never NUL.
fn byte(random: &mut Rng) -> u8 {
    const TELLING: &[u8] = b"-=0123456789xKMGTEBi.+ MQSpsohnmqkerJ,:#";
    match random.u8(..4) {
        0 => random.u8(1..),
        _ => TELLING[random.usize(..TELLING.len())],
    }
}
