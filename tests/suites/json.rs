//! The JSON of -J, read by three parsers that others wrote: it is JSON to the strictest of them,
//! and says of each object what the kernel says; the bytes of every path come out as they went in.
//!
//! Keys are judged by the C library's ftok(3), POSIX objects by /dev/shm and an mqueue file system,
//! all else by /proc/sysvipc. IPCMK_SEED=<number> chooses other names.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{env, thread};

use fastrand::Rng;
use ipcmk_tests::case::{Filter, Start};
use ipcmk_tests::files::Scratch;
use ipcmk_tests::namespace::{self, Kind, NewObject, Object};
use ipcmk_tests::posix::{self, Queue, Turn, What};
use ipcmk_tests::subject::Subject;
use ipcmk_tests::{suite, syscalls, text};
use serde::Deserialize;

fn main() -> ExitCode {
    const TESTS: [suite::Test; 11] = [
        ("every_byte_comes_out_of_a_path", every_byte),
        ("random_names_come_out_of_paths", random_names),
        ("the_longest_path_comes_out_whole", longest_path),
        ("found_objects_and_no_objects", found),
        ("as_many_as_the_kernel_allows", most),
        ("every_byte_comes_out_of_a_name", every_byte_of_a_name),
        ("random_names_of_posix_objects", random_posix_names),
        ("the_longest_names_come_out_whole", longest_names),
        ("found_posix_objects_and_both_interfaces", found_posix),
        ("wrong_json_is_found_out", planted),
        ("wrong_json_of_posix_objects_is_found_out", planted_posix),
    ];
    suite::run(|privilege| {
        let mut trials = suite::trials(&TESTS);
        let name = "a_size_that_a_64_bit_kernel_tells_a_32_bit_program_cut";
        trials.push(suite::of_root(privilege, (name, cut), no_32_bits()));
        trials
    })
}

/// Why the file for i686 does not run here, if it does not.
fn no_32_bits() -> Option<&'static str> {
    let run = Command::new(suite::ipcmk("i686")).arg("--version").output();
    let is_foreign = run.is_err_and(|error| error.raw_os_error() == Some(libc::ENOEXEC));
    is_foreign.then_some("this machine's kernel runs no 32-bit programs")
}

/// IPC_STAT of a 32-bit program has the lower 32 bits of the size.
fn cut() {
    for (key, size, told) in [
        ("0x63", "5GiB", "null"),
        ("0x64", "4GiB", "null"),
        ("0x65", "4096", "4096"),
    ] {
        let ipcmk = |file, size: &[&str]| {
            let mut command = Command::new(file);
            let output = command.args(["-k", key, "-M"]).args(size).output();
            let output = output.expect("it starts");
            assert!(output.status.success(), "{key}: {output:?}");
            String::from_utf8(output.stdout).expect("text")
        };
        // The pages are not used.
        ipcmk(suite::x86_64(), &[size, "--noreserve"]);
        let text = ipcmk(suite::ipcmk("i686"), &["1", "-e", "-J"]);
        assert!(text.contains(&format!("\"size\": {told}, ")), "{text}");
    }
}

/// The seed, unless IPCMK_SEED is another.
const SEED: u64 = 0x6a73_6f6e;

/// What is said of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    kind: String,
    /// Only of System V.
    id: Option<i32>,
    key: Option<u32>,
    /// None where no path stands there.
    path: Option<PathForm>,
    /// Only of POSIX.
    name: Option<PathForm>,
    /// None where it is null.
    mode: Option<u32>,
    /// None where it is null, or the object has none.
    amount: Option<u64>,
    /// Of a queue its qbytes, or its maxmsg and msgsize; each is None where it is null.
    limits: Vec<Option<u64>>,
    created: bool,
}

impl Item {
    /// What is to be said of this object, which was found.
    fn of(object: &Object) -> Self {
        Self {
            kind: kind_name(object.kind).to_owned(),
            id: Some(object.id),
            key: Some(object.key),
            path: None,
            name: None,
            mode: Some(object.mode),
            amount: (object.kind != Kind::Msg).then_some(object.size),
            limits: match object.kind {
                Kind::Msg => vec![Some(object.size)],
                Kind::Shm | Kind::Sem => Vec::new(),
            },
            created: false,
        }
    }
}

/// How a path is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum PathForm {
    /// As a string.
    Text(String),
    /// As an array of bytes.
    Bytes(Vec<u8>),
}

impl PathForm {
    /// How these bytes are to be written: as a string if they are UTF-8 and need no escape.
    fn of(path: &[u8]) -> Self {
        let plain = |text: &&str| !text.contains(|c: char| c < ' ' || c == '"' || c == '\\');
        match str::from_utf8(path).ok().filter(plain) {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.to_owned()),
        }
    }
}

/// The name of a kind in the output: lsipc's.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Shm => "shmem",
        Kind::Msg => "queue",
        Kind::Sem => "semaphore",
    }
}

/// A kind of POSIX object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Posix {
    Shm,
    Queue,
    Sem,
}

impl Posix {
    const ALL: [Self; 3] = [Self::Shm, Self::Queue, Self::Sem];

    /// The name of the kind in the output: that of the option.
    fn name(self) -> &'static str {
        match self {
            Self::Shm => "posix-shmem",
            Self::Queue => "posix-mqueue",
            Self::Sem => "posix-semaphore",
        }
    }

    /// Whether there is an object of the kind with this name.
    fn takes(self, name: &[u8]) -> bool {
        let bare = match name {
            [b'/', bare @ ..] => bare,
            bare => bare,
        };
        let most = if self == Self::Sem { 251 } else { 255 };
        !matches!(bare, b"" | b"." | b"..") && !bare.contains(&b'/') && bare.len() <= most
    }

    /// What is known of the object with this name, if there is one.
    fn find(self, name: &[u8], objects: &[posix::Object]) -> Option<Item> {
        let bare = name.strip_prefix(b"/").unwrap_or(name);
        let name_there = match self {
            Self::Shm | Self::Queue => bare.to_vec(),
            Self::Sem => [b"sem.", bare].concat(),
        };
        let object = objects.iter().find(|object| {
            object.name == name_there && object.what.is_queue() == (self == Self::Queue)
        })?;
        Some(Item {
            kind: self.name().to_owned(),
            id: None,
            key: None,
            path: None,
            name: Some(PathForm::of(name)),
            mode: Some(object.mode),
            amount: match (self, &object.what) {
                (Self::Shm, What::File { size, .. }) => Some(*size),
                _ => None,
            },
            limits: match &object.what {
                What::Queue(queue) => vec![Some(queue.maxmsg), Some(queue.msgsize)],
                _ => Vec::new(),
            },
            created: false,
        })
    }

    /// The words that ask for one.
    fn words(self, name: &[u8]) -> Vec<Vec<u8>> {
        let kind: &[&[u8]] = match self {
            Self::Shm => &[b"-m", b"4096"],
            // A small one: how many bytes they all have is limited.
            Self::Queue => &[b"-q", b"--maxmsg=1", b"--msgsize=1"],
            Self::Sem => &[b"-s"],
        };
        let mut words: Vec<Vec<u8>> = kind.iter().map(|word| word.to_vec()).collect();
        words.extend([b"-e".to_vec(), [b"--name=", name].concat()]);
        words
    }
}

fn key(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.len() == 8)?;
    u32::from_str_radix(digits, 16).ok()
}

fn mode(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('0').filter(|digits| digits.len() == 3)?;
    u32::from_str_radix(digits, 8).ok()
}

/// A parser: it makes the items of each text, or says what is wrong.
type Parser = fn(&[Vec<u8>]) -> Result<Vec<Vec<Item>>, String>;

const PARSERS: [(&str, Parser); 3] = [
    ("serde_json", by_serde),
    ("python", by_python),
    ("jq", by_jq),
];

fn by_serde(texts: &[Vec<u8>]) -> Result<Vec<Vec<Item>>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Output {
        ipcmk: Vec<Object>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, tag = "kind", rename_all = "kebab-case")]
    enum Object {
        Shmem {
            id: i32,
            key: String,
            path: Option<PathForm>,
            mode: Option<String>,
            size: Option<u64>,
            created: bool,
        },
        Queue {
            id: i32,
            key: String,
            path: Option<PathForm>,
            mode: Option<String>,
            qbytes: Option<u64>,
            created: bool,
        },
        Semaphore {
            id: i32,
            key: String,
            path: Option<PathForm>,
            mode: Option<String>,
            nsems: Option<u64>,
            created: bool,
        },
        PosixShmem {
            name: PathForm,
            mode: Option<String>,
            size: Option<u64>,
            created: bool,
        },
        PosixMqueue {
            name: PathForm,
            mode: Option<String>,
            maxmsg: Option<u64>,
            msgsize: Option<u64>,
            created: bool,
        },
        PosixSemaphore {
            name: PathForm,
            mode: Option<String>,
            created: bool,
        },
    }
    let mode = |text: Option<String>| text.map(|text| mode(&text).ok_or(text)).transpose();
    let named = |kind: Posix, name, mode_text, amount, limits, created| {
        Ok(Item {
            kind: kind.name().to_owned(),
            id: None,
            key: None,
            path: None,
            name: Some(name),
            mode: mode(mode_text)?,
            amount,
            limits,
            created,
        })
    };
    let item = |object| {
        let (kind, id, key_text, path, mode_text, amount, limits, created) = match object {
            Object::PosixShmem {
                name,
                mode,
                size,
                created,
            } => return named(Posix::Shm, name, mode, size, vec![], created),
            Object::PosixMqueue {
                name,
                mode,
                maxmsg,
                msgsize,
                created,
            } => {
                let limits = vec![maxmsg, msgsize];
                return named(Posix::Queue, name, mode, None, limits, created);
            }
            Object::PosixSemaphore {
                name,
                mode,
                created,
            } => return named(Posix::Sem, name, mode, None, vec![], created),
            Object::Shmem {
                id,
                key,
                path,
                mode,
                size,
                created,
            } => (Kind::Shm, id, key, path, mode, size, vec![], created),
            Object::Queue {
                id,
                key,
                path,
                mode,
                qbytes,
                created,
            } => (Kind::Msg, id, key, path, mode, None, vec![qbytes], created),
            Object::Semaphore {
                id,
                key,
                path,
                mode,
                nsems,
                created,
            } => (Kind::Sem, id, key, path, mode, nsems, vec![], created),
        };
        Ok(Item {
            kind: kind_name(kind).to_owned(),
            id: Some(id),
            key: Some(key(&key_text).ok_or(key_text)?),
            path,
            name: None,
            mode: mode(mode_text)?,
            amount,
            limits,
            created,
        })
    };
    let read = |text: &Vec<u8>| {
        let output: Output = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        output.ipcmk.into_iter().map(item).collect()
    };
    texts.iter().map(read).collect()
}

fn by_python(texts: &[Vec<u8>]) -> Result<Vec<Vec<Item>>, String> {
    let mut input = Vec::new();
    for text in texts {
        input.extend(
            format!("{}\n", text.len())
                .bytes()
                .chain(text.iter().copied()),
        );
    }
    lines(Command::new("python3").arg(file("read.py")), input)
}

/// It is lenient towards what is not UTF-8, but the other two are not.
fn by_jq(texts: &[Vec<u8>]) -> Result<Vec<Vec<Item>>, String> {
    let mut command = Command::new("jq");
    lines(
        command.args(["-r", "-f"]).arg(file("read.jq")),
        texts.concat(),
    )
}

/// A parser's program.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("suites/json")
        .join(name)
}

/// Runs a parser's program, and reads the lines that it writes: see read.py.
fn lines(command: &mut Command, input: Vec<u8>) -> Result<Vec<Vec<Item>>, String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Where it fails, its status says so.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("its output");
    writer.join().expect("it does not panic");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).expect("it prints ASCII");
    let mut texts = vec![Vec::new()];
    for line in text.lines() {
        if line == "." {
            texts.push(Vec::new());
        } else {
            let item = item(line).ok_or(line)?;
            texts.last_mut().expect("never empty").push(item);
        }
    }
    let last = texts.pop();
    assert!(last.is_some_and(|last| last.is_empty()), "{text}");
    Ok(texts)
}

/// Reads such a line.
fn item(line: &str) -> Option<Item> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[
        kind,
        key_text,
        mode_text,
        id,
        size,
        nsems,
        qbytes,
        maxmsg,
        msgsize,
        created,
        path,
        name,
    ] = fields.as_slice()
    else {
        return None;
    };
    let number = |text: &str| match text {
        "null" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let is_posix = kind.starts_with("posix-");
    // Each has what the other one lacks.
    if is_posix != (id == "-") || is_posix != (key_text == "-") || is_posix == (name == "-") {
        return None;
    }
    Some(Item {
        kind: kind.to_owned(),
        id: if is_posix {
            None
        } else {
            Some(id.parse().ok()?)
        },
        key: if is_posix { None } else { Some(key(key_text)?) },
        path: bytes(path)?,
        name: bytes(name)?,
        mode: match mode_text {
            "null" => None,
            text => Some(mode(text)?),
        },
        amount: match (kind, size, nsems) {
            ("shmem" | "posix-shmem", size, "-") => number(size)?,
            ("semaphore", "-", nsems) => number(nsems)?,
            ("queue" | "posix-mqueue" | "posix-semaphore", "-", "-") => None,
            _ => return None,
        },
        limits: match (kind, qbytes, maxmsg, msgsize) {
            ("queue", qbytes, "-", "-") => vec![number(qbytes)?],
            ("posix-mqueue", "-", maxmsg, msgsize) => vec![number(maxmsg)?, number(msgsize)?],
            ("shmem" | "semaphore" | "posix-shmem" | "posix-semaphore", "-", "-", "-") => vec![],
            _ => return None,
        },
        created: created.parse().ok()?,
    })
}

/// Reads such a string, or array of bytes, if it is there.
fn bytes(text: &str) -> Option<Option<PathForm>> {
    Some(match text.split_at_checked(1)? {
        ("-", "") => None,
        ("s", text) => Some(PathForm::Text(String::from_utf8(unquote(text)?).ok()?)),
        ("a", list) => Some(PathForm::Bytes(
            list.split(',')
                .map(|byte| byte.parse().ok())
                .collect::<Option<_>>()?,
        )),
        _ => return None,
    })
}

/// Takes the percent encoding off.
fn unquote(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut pieces = text.split('%');
    bytes.extend(pieces.next()?.bytes());
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend(rest.bytes());
    }
    Some(bytes)
}

/// Fails unless every parser reads these items out of these texts.
#[track_caller]
fn compare(texts: &[Vec<u8>], expected: &[Vec<Item>]) {
    for (name, parser) in PARSERS {
        let read = parser(texts).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.len(), expected.len(), "{name}: texts");
        for ((text, read), expected) in texts.iter().zip(&read).zip(expected) {
            let wrong = (0..read.len().max(expected.len()))
                .find(|&place| read.get(place) != expected.get(place));
            if let Some(place) = wrong {
                panic!(
                    "{name}: object {place} is {:?}, expected {:?}, in\n{}",
                    read.get(place),
                    expected.get(place),
                    String::from_utf8_lossy(&text[..text.len().min(4000)])
                );
            }
        }
    }
}

/// What is asked for: an object of a kind whose key is made of a path and an id.
#[derive(Clone)]
struct Ask {
    kind: Kind,
    path: Vec<u8>,
    id: u8,
}

impl Ask {
    /// The words that ask for it.
    fn words(&self) -> Vec<Vec<u8>> {
        let Self { kind, path, id } = self;
        let kind: &[&[u8]] = match kind {
            Kind::Shm => &[b"-M", b"4096"],
            Kind::Msg => &[b"-Q"],
            Kind::Sem => &[b"-S", b"3"],
        };
        let ftok = [&b"--ftok="[..], path, format!(":{id}").as_bytes()].concat();
        let mut words: Vec<Vec<u8>> = kind.iter().map(|word| word.to_vec()).collect();
        words.extend([b"-e".to_vec(), ftok]);
        words
    }

    /// Whether it can stand in a batch, whose words have no quoting.
    fn can_stand_in_a_batch(&self) -> bool {
        !self.path.iter().any(u8::is_ascii_whitespace)
    }
}

/// A directory with files, and what a subject was asked there.
struct Place {
    scratch: Scratch,
    subject: Subject,
    start: Start,
    texts: Vec<Vec<u8>>,
    /// What each of them is of: requests with their keys, and whether each was the first.
    asked: Vec<Vec<(Ask, u32, bool)>>,
    keys: HashSet<(Kind, u32)>,
}

impl Place {
    /// A new directory and a new namespace, for this file, run by this emulator if there is one.
    fn new(subject: &Path, through: Option<&str>) -> Self {
        namespace::unshare().expect("a namespace");
        let scratch = Scratch::new().expect("a directory");
        Self {
            subject: Subject::new(subject, through.map(Path::new)).expect("our ipcmk"),
            start: Start {
                directory: Some(scratch.join("")),
                ..Start::default()
            },
            scratch,
            texts: Vec::new(),
            asked: Vec::new(),
            keys: HashSet::new(),
        }
    }

    fn path(&self, name: &[u8]) -> PathBuf {
        self.scratch.join("").join(OsStr::from_bytes(name))
    }

    /// Makes a file of this name.
    fn touch(&self, name: &[u8]) {
        let path = self.path(name);
        // Such as `.`, and what an earlier name made.
        if !path.exists() {
            fs::write(&path, "").unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }

    /// Runs the subject with these arguments.
    fn print(&self, words: &[Vec<u8>]) -> Vec<u8> {
        let outcome = self.subject.run(&self.start, words, false);
        let outcome = outcome.expect("it runs");
        assert!(
            outcome.status.success() && outcome.stderr.is_empty(),
            "{}: {}",
            self.subject.shell_line(&self.start, words),
            String::from_utf8_lossy(&outcome.stderr)
        );
        outcome.stdout
    }

    /// Runs the subject with these arguments, which make or find this, in this order.
    fn run(&mut self, words: &[Vec<u8>], asks: &[Ask]) {
        let text = self.print(words);
        self.texts.push(text);
        let asked = asks.iter().map(|ask| {
            let key = namespace::ftok(&self.path(&ask.path), ask.id.into()).expect("a key");
            let is_first = self.keys.insert((ask.kind, key));
            (ask.clone(), key, is_first)
        });
        let asked = asked.collect();
        self.asked.push(asked);
    }

    /// Runs the subject once for each.
    fn one_by_one(&mut self, asks: &[Ask]) {
        for ask in asks {
            let mut words = ask.words();
            words.push(b"-J".to_vec());
            self.run(&words, std::slice::from_ref(ask));
        }
    }

    /// Runs the subject once for all that can stand in a batch; gives their number.
    fn at_once(&mut self, asks: &[Ask]) -> usize {
        let mut asks = asks.to_vec();
        asks.retain(Ask::can_stand_in_a_batch);
        let lines = asks
            .iter()
            .map(|ask| [ask.words().join(&b' '), b"\n".into()].concat());
        let lines: Vec<u8> = lines.collect::<Vec<_>>().concat();
        // No name of a file under test begins like that.
        fs::write(self.path(b"\x01batch"), lines).expect("it is written");
        let words = [&b"-J"[..], b"--batch", b"\x01batch"].map(<[u8]>::to_vec);
        self.run(&words, &asks);
        asks.len()
    }

    /// What the texts are to say.
    fn expected(&self) -> Vec<Vec<Item>> {
        let objects = namespace::objects().expect("what the namespace holds");
        let objects: HashMap<_, _> = objects
            .iter()
            .map(|object| ((object.kind, object.key), object))
            .collect();
        let item = |(ask, key, is_first): &(Ask, u32, bool)| {
            let object = objects
                .get(&(ask.kind, *key))
                .unwrap_or_else(|| panic!("no {} with key {key:#x}", ask.kind));
            Item {
                path: Some(PathForm::of(&ask.path)),
                created: *is_first,
                ..Item::of(object)
            }
        };
        let items = |asked: &Vec<_>| asked.iter().map(item).collect();
        self.asked.iter().map(items).collect()
    }

    /// Asks every parser; gives the number of texts, of objects, and of paths that are strings.
    #[track_caller]
    fn judge(self) -> [usize; 3] {
        let expected = self.expected();
        compare(&self.texts, &expected);
        let items = || expected.iter().flatten();
        let is_string = |item: &&Item| matches!(item.path, Some(PathForm::Text(_)));
        [
            expected.len(),
            items().count(),
            items().filter(is_string).count(),
        ]
    }
}

/// Both files, and what runs them.
fn subjects() -> [(PathBuf, Option<&'static str>); 2] {
    [
        (suite::x86_64(), None),
        (suite::aarch64(), Some("qemu-aarch64")),
    ]
}

/// Each byte as a whole name, at both ends and in the middle of a name; of 0 there can be none.
fn every_byte() {
    for (subject, through) in subjects() {
        let mut place = Place::new(&subject, through);
        let mut asks = Vec::new();
        for byte in 1..=u8::MAX {
            let names = [
                vec![byte],
                vec![b'x', byte, b'y'],
                vec![byte, b'z'],
                vec![b'z', byte],
            ];
            for (path, kind) in names.into_iter().zip(Kind::ALL.into_iter().cycle()) {
                match path.as_slice() {
                    // Nothing is made outside the directory.
                    b"/" => {}
                    [b'/', ..] => continue,
                    [.., b'/'] | [_, b'/', _] => {
                        fs::create_dir_all(place.path(&path)).expect("a directory");
                    }
                    _ => place.touch(&path),
                }
                let id = byte;
                asks.push(Ask { kind, path, id });
            }
        }
        // An emulator takes its time: whole names alone.
        let step = if through.is_some() { 4 } else { 1 };
        place.one_by_one(&asks.iter().step_by(step).cloned().collect::<Vec<_>>());
        let at_once = place.at_once(&asks);
        let [texts, objects, _] = place.judge();
        println!("{texts} texts, {at_once} objects of {objects} in one of them");
        assert!(at_once > 900);
    }
}

/// Pieces of names that are hard to get right: what UTF-8 allows at its edges, and what it does
/// not.
const PIECES: &[&[u8]] = &[
    b"a",
    b"\"",
    b"\\",
    b"\\u0041",
    b"\x01",
    b"\x1f",
    b"\n",
    b"\x7f",
    b" ",
    b":7",
    "\u{80}".as_bytes(),
    "\u{7ff}".as_bytes(),
    "\u{800}".as_bytes(),
    "\u{d7ff}".as_bytes(),
    "\u{e000}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{fffd}".as_bytes(),
    "\u{fffe}".as_bytes(),
    "\u{ffff}".as_bytes(),
    "\u{10000}".as_bytes(),
    "\u{1f600}".as_bytes(),
    "\u{10ffff}".as_bytes(),
    "\u{2028}".as_bytes(),
    // Overlong.
    b"\xc0\x80",
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xe0\x80\x80",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\x80",
    b"\xf0\x8f\xbf\xbf",
    // Surrogates, alone and in pairs.
    b"\xed\xa0\x80",
    b"\xed\xaf\xbf",
    b"\xed\xbf\xbf",
    b"\xed\xa0\xbd\xed\xb8\x80",
    // Over the last character.
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xfc\x84\x80\x80\x80\x80",
    b"\xfe",
    b"\xff",
    // Cut short, and ends without a beginning.
    b"\xc2",
    b"\xdf",
    b"\xe0\xa0",
    b"\xe1",
    b"\xef\xbf",
    b"\xf0\x90\x80",
    b"\xf1\x80",
    b"\xf4\x8f\xbf",
    b"\x80",
    b"\xbf",
];

/// A random name of a file, at most 255 bytes long.
fn name(random: &mut Rng) -> Vec<u8> {
    let mut name = Vec::new();
    let kind = random.u8(0..4);
    let pieces = if random.u8(0..20) == 0 { 60 } else { 6 };
    for _ in 0..random.usize(1..=pieces) {
        match kind {
            // Any bytes.
            0 => name.push(random.u8(1..)),
            // UTF-8 of all lengths.
            1 => {
                let mut bytes = [0; 4];
                let bits = random.u32(7..=21);
                let character = random.u32(1..1 << bits).min(0x10_ffff);
                let character = char::from_u32(character).unwrap_or('\u{fffd}');
                name.extend(character.encode_utf8(&mut bytes).bytes());
            }
            // The hard pieces, and UTF-8 with one of them in it.
            2 => name.extend(*random.choice(PIECES).expect("some")),
            _ => name.extend("aé€😀".as_bytes()),
        }
    }
    if kind == 3 {
        let place = random.usize(0..=name.len());
        let piece = random.choice(PIECES).expect("some");
        name.splice(place..place, piece.iter().copied());
    }
    name.retain(|&byte| byte != b'/' && byte != 0);
    name.truncate(255);
    name
}

fn random_names() {
    let mut random = Rng::with_seed(suite::seed(SEED));
    for (subject, through) in subjects() {
        let mut sums = [0; 3];
        for names in [100, 1_000, 2_500] {
            let mut place = Place::new(&subject, through);
            let mut asks = Vec::new();
            let pieces = PIECES.iter().map(|piece| piece.to_vec());
            let names = (0..names).map(|_| name(&mut random)).chain(pieces);
            for path in names.collect::<Vec<_>>() {
                if path.is_empty() {
                    continue;
                }
                place.touch(&path);
                let kind = *random.choice(Kind::ALL.as_slice()).expect("three");
                let id = random.u8(1..);
                asks.push(Ask { kind, path, id });
            }
            // An emulator takes its time.
            let few = if through.is_some() { 20 } else { 200 };
            place.one_by_one(&asks[..few.min(asks.len())]);
            assert!(place.at_once(&asks) > asks.len() / 2);
            for (sum, number) in sums.iter_mut().zip(place.judge()) {
                *sum += number;
            }
        }
        let [texts, objects, strings] = sums;
        println!("{texts} texts, {objects} objects, {strings} paths are strings");
        assert!(strings > objects / 10 && strings < objects * 9 / 10);
    }
}

/// A path of PATH_MAX bytes, its NUL included, of bytes that take most room, and of those that take
/// least.
fn longest_path() {
    const LONGEST: usize = 4095;
    for (subject, through) in subjects() {
        let mut place = Place::new(&subject, through);
        for byte in [b"\xff", b"\x01", b"\"", b"a"] {
            let component = [&byte.repeat(200)[..], b"/"].concat();
            let mut path = place.path(b"").into_os_string().into_encoded_bytes();
            while path.len() + component.len() < LONGEST {
                path.extend(&component);
            }
            path.extend(byte.repeat(LONGEST - path.len()));
            fs::create_dir_all(OsStr::from_bytes(&path)).expect("a directory");
            let ask = |kind| Ask {
                kind,
                path: path.clone(),
                id: 255,
            };
            let asks = Kind::ALL.map(ask);
            place.one_by_one(&asks);
            place.at_once(&asks);
        }
        assert_eq!(place.judge(), [16, 24, 6]);
    }
}

/// As many queues and sets as the kernel allows by default, in one batch.
fn most() {
    const EACH: u32 = 32_000;
    let place = Place::new(&suite::x86_64(), None);
    let wanted = || (1..=EACH).flat_map(|key| [(Kind::Msg, key), (Kind::Sem, key)]);
    let line = |(kind, key)| match kind {
        Kind::Sem => format!("-S 1 -k {key}\n"),
        _ => format!("-Q -k {key}\n"),
    };
    let lines: String = wanted().map(line).collect();
    fs::write(place.path(b"batch"), lines).expect("it is written");
    let text = place.print(&text::words("-J --batch batch").expect("words"));
    let objects = namespace::objects().expect("what the namespace holds");
    assert_eq!(objects.len(), 2 * EACH as usize);
    let objects: HashMap<_, _> = objects
        .iter()
        .map(|object| ((object.kind, object.key), object))
        .collect();
    let item = |wanted| Item {
        created: true,
        ..Item::of(objects[&wanted])
    };
    compare(&[text], &[wanted().map(item).collect()]);
}

/// No object at all, one without a path, one that is found, and one whose mode and size the kernel
/// does not tell.
fn found() {
    for (subject, through) in subjects() {
        let mut place = Place::new(&subject, through);
        let words = |line: &str| text::words(line).expect(line);
        place.run(&words("-J --batch /dev/null"), &[]);
        let mut texts = place.texts.clone();
        let mut expected = vec![Vec::new()];
        for (kind, line) in Kind::ALL.into_iter().zip(["-M 5", "-Q", "-S 2"]) {
            let line = words(&format!("{line} -k 0xfffffff0 -e -p 640 -J"));
            let new = NewObject {
                kind,
                key: 0xffff_fff0,
                size: 7,
                mode: 0o604,
                owner: None,
                qbytes: None,
                values: None,
            };
            new.create().expect("it can be made");
            let the_object = || {
                let objects = namespace::objects().expect("what the namespace holds");
                <[Object; 1]>::try_from(objects).expect("one object")
            };
            let [object] = the_object();
            texts.push(place.print(&line));
            expected.push(vec![Item::of(&object)]);

            place.start.filters = vec![Filter {
                call: syscalls::known(&format!("{kind}ctl")).expect("a call"),
                command: Some(libc::IPC_STAT),
                errno: libc::EACCES,
            }];
            texts.push(place.print(&line));
            expected.push(vec![Item {
                mode: None,
                amount: None,
                limits: vec![None; if kind == Kind::Msg { 1 } else { 0 }],
                ..Item::of(&object)
            }]);

            place.start.filters.clear();
            namespace::remove(kind, object.id).expect("it can be removed");
            texts.push(place.print(&line));
            let [object] = the_object();
            expected.push(vec![Item {
                created: true,
                ..Item::of(&object)
            }]);
            namespace::remove(kind, object.id).expect("it can be removed");
        }
        compare(&texts, &expected);
    }
}

/// A place where POSIX objects are asked for.
struct Named {
    place: Place,
    /// What each text is of, and whether each was the first.
    asked: Vec<Vec<(Posix, Vec<u8>, bool)>>,
    names: HashSet<(Posix, Vec<u8>)>,
    _turn: Turn,
}

impl Named {
    fn new(subject: &Path, through: Option<&str>) -> Self {
        let _turn = Turn::take().expect("a turn");
        let place = Place::new(subject, through);
        namespace::set_sysctl("fs.mqueue.queues_max", "100000").expect("it is ours");
        Self {
            place,
            asked: Vec::new(),
            names: HashSet::new(),
            _turn,
        }
    }

    fn run(&mut self, words: &[Vec<u8>], asks: &[(Posix, Vec<u8>)]) {
        let text = self.place.print(words);
        self.place.texts.push(text);
        let asked = asks.iter().map(|(kind, name)| {
            let bare = name.strip_prefix(b"/").unwrap_or(name);
            let is_first = self.names.insert((*kind, bare.to_vec()));
            (*kind, name.clone(), is_first)
        });
        let asked = asked.collect();
        self.asked.push(asked);
    }

    fn one_by_one(&mut self, asks: &[(Posix, Vec<u8>)]) {
        for ask in asks {
            let mut words = ask.0.words(&ask.1);
            words.push(b"-J".to_vec());
            self.run(&words, std::slice::from_ref(ask));
        }
    }

    /// Runs the subject once for all that can stand in a batch; gives their number.
    fn at_once(&mut self, asks: &[(Posix, Vec<u8>)]) -> usize {
        let mut asks = asks.to_vec();
        asks.retain(|(_, name)| !name.iter().any(u8::is_ascii_whitespace));
        let lines = asks
            .iter()
            .map(|(kind, name)| [kind.words(name).join(&b' '), b"\n".into()].concat());
        let lines: Vec<u8> = lines.collect::<Vec<_>>().concat();
        fs::write(self.place.path(b"batch"), lines).expect("it is written");
        let words = [&b"-J"[..], b"--batch", b"batch"].map(<[u8]>::to_vec);
        self.run(&words, &asks);
        asks.len()
    }

    /// Asks every parser; gives the number of texts, of objects, and of names that are strings.
    #[track_caller]
    fn judge(self) -> [usize; 3] {
        let objects = posix::objects().expect("what /dev/shm holds");
        let item = |(kind, name, is_first): &(Posix, Vec<u8>, bool)| {
            let found = kind.find(name, &objects);
            Item {
                created: *is_first,
                ..found.unwrap_or_else(|| panic!("no {} {}", kind.name(), name.escape_ascii()))
            }
        };
        let items = |asked: &Vec<_>| asked.iter().map(item).collect();
        let expected: Vec<Vec<Item>> = self.asked.iter().map(items).collect();
        posix::remove_queues(&objects).expect("they can be removed");
        compare(&self.place.texts, &expected);
        let items = || expected.iter().flatten();
        let is_string = |item: &&Item| matches!(item.name, Some(PathForm::Text(_)));
        [
            expected.len(),
            items().count(),
            items().filter(is_string).count(),
        ]
    }
}

/// Each byte as a whole name, at both ends and in the middle of a name; of 0 and inner slashes
/// there can be none.
fn every_byte_of_a_name() {
    for (subject, through) in subjects() {
        let mut named = Named::new(&subject, through);
        let mut asks = Vec::new();
        for byte in 1..=u8::MAX {
            let names = [
                vec![byte],
                vec![b'x', byte, b'y'],
                vec![byte, b'z'],
                vec![b'z', byte],
            ];
            for name in names {
                let kinds = Posix::ALL.into_iter().filter(|kind| kind.takes(&name));
                asks.extend(kinds.map(|kind| (kind, name.clone())));
            }
        }
        // An emulator takes its time.
        let step = if through.is_some() { 37 } else { 5 };
        let some: Vec<_> = asks.iter().step_by(step).cloned().collect();
        named.one_by_one(&some);
        let at_once = named.at_once(&asks);
        let [texts, objects, strings] = named.judge();
        println!("{texts} texts, {at_once} objects of {objects} in one of them, {strings} strings");
        assert!(at_once > 2_900 && strings > 1_000 && strings < objects - 1_000);
    }
}

fn random_posix_names() {
    let mut random = Rng::with_seed(suite::seed(SEED));
    for (subject, through) in subjects() {
        let mut named = Named::new(&subject, through);
        let pieces = PIECES.iter().map(|piece| piece.to_vec());
        let names: Vec<_> = (0..2_500)
            .map(|_| name(&mut random))
            .chain(pieces)
            .collect();
        let mut asks = Vec::new();
        for mut name in names {
            if random.bool() {
                name.insert(0, b'/');
            }
            let kind = *random.choice(Posix::ALL.as_slice()).expect("three");
            if kind.takes(&name) {
                asks.push((kind, name));
            }
        }
        // An emulator takes its time.
        let few = if through.is_some() { 20 } else { 200 };
        named.one_by_one(&asks[..few]);
        assert!(named.at_once(&asks) > asks.len() / 2);
        let [texts, objects, strings] = named.judge();
        println!("{texts} texts, {objects} objects, {strings} names are strings");
        assert!(strings > objects / 10 && strings < objects * 9 / 10);
    }
}

/// Names as long as they can be, of bytes that take most room, and of those that take least.
fn longest_names() {
    for (subject, through) in subjects() {
        let mut named = Named::new(&subject, through);
        for byte in [b"\xff", b"\x01", b"\"", b"a"] {
            let asks = Posix::ALL.map(|kind| {
                let longest = (1..=300).rfind(|length| kind.takes(&byte.repeat(*length)));
                (kind, byte.repeat(longest.expect("some length")))
            });
            named.one_by_one(&asks);
            named.at_once(&asks);
        }
        assert_eq!(named.judge(), [16, 24, 6]);
    }
}

/// POSIX objects that are there already, one that no user may read, what an umask leaves of a mode;
/// and all six kinds in one text.
fn found_posix() {
    for (subject, through) in subjects() {
        let _turn = Turn::take().expect("a turn");
        let mut place = Place::new(&subject, through);
        let words = |line: &str| text::words(line).expect(line);
        let mut texts = Vec::new();
        let mut expected = Vec::new();
        let found = |created| {
            let objects = posix::objects().expect("what /dev/shm holds");
            let item = |kind: Posix| Item {
                created,
                ..kind.find(b"/x", &objects).expect("it is there")
            };
            Posix::ALL.map(item).to_vec()
        };
        place.start.umask = 0o27;
        texts.push(place.print(&words("-J -m 5 -q -s -n /x --value 3")));
        expected.push(found(true));
        assert!(expected[0].iter().all(|item| item.mode == Some(0o640)));
        texts.push(place.print(&words("-J -m 4 -q -s -n /x -p 777 -e")));
        expected.push(found(false));

        // What is in a directory, everybody may look at; of a queue the kernel tells nothing.
        place.start.user = Some(1000);
        texts.push(place.print(&words("-J -m 5 -q -s -n /x -e")));
        let mut items = found(false);
        items[1].mode = None;
        items[1].limits = vec![None; 2];
        expected.push(items);
        posix::create_queue(b"y", 0o444, &Queue::USUAL).expect("it can be made");
        texts.push(place.print(&words("-J -q -n y -e")));
        let objects = posix::objects().expect("what /dev/shm holds");
        expected.extend(Posix::Queue.find(b"y", &objects).map(|item| vec![item]));
        place.start.user = None;

        texts.push(place.print(&words("-J -k 7 -s -S 3 -q -Q -m 5 -M 4 -n /x -e")));
        let sysv = namespace::objects().expect("what the namespace holds");
        let mut items = Vec::new();
        for (kind, posix) in Kind::ALL.into_iter().zip(found(false)) {
            let object = sysv.iter().find(|object| object.kind == kind);
            items.push(Item {
                created: true,
                ..Item::of(object.expect("it was made"))
            });
            items.push(posix);
        }
        expected.push(items);
        posix::remove_queues(&objects).expect("they can be removed");
        compare(&texts, &expected);
    }
}

/// What is no JSON, or says something else, does not pass for right with any parser.
fn planted() {
    let mut place = Place::new(&suite::x86_64(), None);
    let (kind, id) = (Kind::Shm, 7);
    let asks = ["ä", "\x01"].map(|name| {
        place.touch(name.as_bytes());
        let path = name.into();
        Ask { kind, path, id }
    });
    place.at_once(&asks);
    let (right, expected) = (&place.texts[0], place.expected());
    let right = str::from_utf8(right).expect("the names are UTF-8");
    // The second of each pair is bytes, since not all of them are UTF-8. jq lets the last few pass.
    let spoilt: &[(&str, &[u8])] = &[
        ("\n]}", b",\n]}"),
        ("]}\n", b"]\n"),
        ("true", b"True"),
        ("true", b"false"),
        ("\"id\": ", b"\"id\": 0x"),
        ("\"id\": ", b"\"id\": 1"),
        ("\"id\": ", b"id: "),
        ("\"key\": \"0x07", b"\"key\": \"0x08"),
        ("\"key\": \"0x07", b"\"key\": \"7"),
        ("shmem", b"queue"),
        ("4096", b"4095"),
        ("4096", b"\"4096\""),
        ("4096", b"4096.5"),
        ("0644", b"644"),
        ("0644", b"0640"),
        ("\"mode\": \"0644\"", b"\"mode\": null"),
        ("[1]", b"[1, 1]"),
        ("[1]", b"[01]x"),
        ("[1]", b"[257]"),
        ("[1]", b"\"\\x01\""),
        ("ä", b"a"),
        ("ä", b"\xc3"),
        ("ä", b"\xe4"),
        ("ä", "ä\"".as_bytes()),
        ("\"path\": \"ä\", ", b""),
        // These end the objects or begin others.
        (",\n", b"\n"),
        ("{\"ipcmk\"", b"{\"ipcmk\": [], \"ipcmk"),
        // From here on jq is too kind.
        ("[1]", b"\"\x01\""),
        ("\"id\": ", b"\"id\": -1, \"id\": "),
        ("\"id\": ", b"\"ids\": -1, \"id\": "),
        ("ä", "ä\u{0}".as_bytes()),
    ];
    let (strict, too_kind) = spoilt.split_at(spoilt.len() - 4);
    spoil(right, &expected, strict, false);
    spoil(right, &expected, too_kind, true);
    place.judge();
}

/// The same of POSIX objects.
fn planted_posix() {
    let mut named = Named::new(&suite::x86_64(), None);
    let asks = [(Posix::Shm, "ä".into()), (Posix::Queue, b"\x01".to_vec())];
    named.at_once(&asks);
    let right = named.place.texts[0].clone();
    let right = str::from_utf8(&right).expect("the names are UTF-8");
    let objects = posix::objects().expect("what /dev/shm holds");
    let items = asks.map(|(kind, name)| Item {
        created: true,
        ..kind.find(&name, &objects).expect("it was made")
    });
    let spoilt: &[(&str, &[u8])] = &[
        ("posix-shmem", b"shmem"),
        ("posix-shmem", b"posix-semaphore"),
        ("posix-mqueue", b"posix-queue"),
        ("posix-mqueue", b"posix-shmem"),
        ("\"maxmsg\": 1, ", b""),
        ("\"maxmsg\": 1", b"\"maxmsg\": 2"),
        ("\"msgsize\": 1", b"\"msgsize\": null"),
        ("maxmsg", b"qbytes"),
        ("4096", b"4095"),
        ("4096", b"null"),
        (", \"size\": 4096", b""),
        ("0644", b"0645"),
        ("true", b"false"),
        ("ä", b"a"),
        ("ä", b"\xe4"),
        ("[1]", b"\"1\""),
        ("[1]", b"[1, 1]"),
        ("[1]", b"[]"),
        ("\"name\": [1]", b"\"path\": [1]"),
        ("\"name\": [1], ", b""),
        ("\"name\"", b"\"id\": 1, \"name\""),
        ("\"name\"", b"\"key\": \"0x00000001\", \"name\""),
        ("\"name\"", b"\"nsems\": 1, \"name\""),
    ];
    spoil(right, &[items.to_vec()], spoilt, false);
    named.judge();
}

/// Fails where a parser reads these items out of a text although it is spoilt, each first string
/// replaced by other bytes.
fn spoil(right: &str, expected: &[Vec<Item>], spoilt: &[(&str, &[u8])], jq_is_too_kind: bool) {
    for (from, to) in spoilt {
        let place = right
            .find(from)
            .unwrap_or_else(|| panic!("{from:?}: {right}"));
        let text = [
            &right.as_bytes()[..place],
            to,
            &right.as_bytes()[place + from.len()..],
        ];
        for (name, parser) in PARSERS {
            let read = parser(&[text.concat()]);
            let is_too_kind = name == "jq" && jq_is_too_kind;
            assert!(
                is_too_kind || !read.is_ok_and(|read| read == expected),
                "{name} reads {} as if nothing were wrong",
                String::from_utf8_lossy(&text.concat())
            );
        }
    }
}
