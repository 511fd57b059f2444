//! Many processes at once create objects with -e and remove the same ones with --remove. Each
//! report is true: of each object, as many reports say that it was created as say that it was
//! removed, and one more if it is there at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use ipcmk_tests::load::{Program, at_once};
use ipcmk_tests::namespace;
use ipcmk_tests::posix::{self, Window};
use ipcmk_tests::suite;
use serde_json::{Map, Value};

fn main() -> ExitCode {
    suite::main(&[
        ("removal_against_creation_of_each_kind", each_kind),
        ("removal_against_creation_of_all_kinds", all_kinds),
        ("removal_against_creation_by_batches", batches),
        ("removal_against_creation_on_aarch64", aarch64),
    ])
}

/// A line for an object of each kind, and the name of the kind in JSON.
const KINDS: [(&[&str], &str); 6] = [
    (&["-M", "4096", "-k", "7"], "shmem"),
    (&["-Q", "-k", "7"], "queue"),
    (&["-S", "3", "-k", "7"], "semaphore"),
    (&["-m", "4096", "-n", "x"], "posix-shmem"),
    (
        &["-q", "-n", "x", "--maxmsg", "1", "--msgsize", "1"],
        "posix-mqueue",
    ),
    (&["-s", "-n", "x", "--value", "3"], "posix-semaphore"),
];

/// Runs that each process makes, one after the other.
const RUNS: usize = 20;

/// An object as a report names it: its kind, and its id or name.
type Named = (String, String);

/// The objects that reports say were created, found, removed; each time.
#[derive(Default)]
struct Reports {
    created: Vec<Named>,
    found: Vec<Named>,
    removed: Vec<Named>,
}

impl Reports {
    /// Adds the report of a run, which must be one of success.
    fn add(&mut self, words: &[&str], report: &str) {
        let parsed: Value = serde_json::from_str(report).expect("JSON");
        let objects = parsed["ipcmk"].as_array().expect("an array");
        for object in objects
            .iter()
            .map(|object| object.as_object().expect("an object"))
        {
            let word = |field: &str| object.get(field).map(text).unwrap_or_default();
            let named = (word("kind"), word("id") + &word("name"));
            let is_removal = words.contains(&"--remove");
            match (object.get("created"), object.get("removed")) {
                (Some(Value::Bool(true)), None) if !is_removal => self.created.push(named),
                (Some(Value::Bool(false)), None) if !is_removal => self.found.push(named),
                (None, Some(Value::Bool(true))) if is_removal => {
                    assert_eq!(fields(object), told(&named.0), "{report}");
                    self.removed.push(named);
                }
                _ => panic!("{words:?}: {report}"),
            }
        }
    }

    fn merge(&mut self, other: Self) {
        self.created.extend(other.created);
        self.found.extend(other.found);
        self.removed.extend(other.removed);
    }
}

/// A string as it is, or a number.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn fields(object: &Map<String, Value>) -> BTreeSet<&str> {
    object.keys().map(String::as_str).collect()
}

/// The fields of an object of this kind that was removed.
fn told(kind: &str) -> BTreeSet<&'static str> {
    let rest: &[_] = if kind.starts_with("posix-") {
        &["name"]
    } else {
        &["id", "key"]
    };
    ["kind", "removed"].iter().chain(rest).copied().collect()
}

/// Runs the program once; it must succeed.
fn run(program: &Program, words: &[&str], reports: &mut Reports) {
    let output = program
        .run(words)
        .expect("it can be started and waited for");
    let report = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && err.is_empty(),
        "{words:?}: {report}{err}"
    );
    reports.add(words, &report);
}

/// The objects that are there.
fn there(window: &Window) -> Vec<Named> {
    let held = namespace::objects().expect("what the namespace holds");
    let system_v = held.iter().map(|object| {
        let kind = match object.kind {
            namespace::Kind::Shm => "shmem",
            namespace::Kind::Msg => "queue",
            namespace::Kind::Sem => "semaphore",
        };
        (kind.to_owned(), object.id.to_string())
    });
    let files = window.objects().expect("what /dev/shm holds");
    let files = files.iter().map(|object| {
        let name = String::from_utf8_lossy(&object.name);
        match (name.strip_prefix("sem."), object.what.is_queue()) {
            (_, true) => ("posix-mqueue".to_owned(), name.into_owned()),
            (Some(name), false) => ("posix-semaphore".to_owned(), name.to_owned()),
            (None, false) => ("posix-shmem".to_owned(), name.into_owned()),
        }
    });
    system_v.chain(files).collect()
}

/// Every second process makes runs that create or find, the others runs that remove; then one run
/// removes what is there.
fn race(what: &str, program: &Program, runs: usize, create: &[&str], remove: &[&str]) {
    namespace::unshare().expect("a namespace");
    let window = Window::open().expect("a view of /dev/shm");
    let done = at_once(|worker| {
        let words = [create, remove][worker % 2];
        let mut reports = Reports::default();
        (0..runs).for_each(|_| run(program, words, &mut reports));
        reports
    });
    let mut all = Reports::default();
    done.into_iter().for_each(|reports| all.merge(reports));
    let left = there(&window);
    is_balanced(&all, &left);
    let mut last = Reports::default();
    run(program, remove, &mut last);
    let sorted = |objects: &[Named]| objects.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(
        sorted(&last.removed),
        sorted(&left),
        "what is there is removed"
    );
    assert_eq!(there(&window), []);
    posix::remove_queues(&window.objects().expect("none")).expect("there are none");
    println!(
        "{what}: {} created, {} found, {} removed",
        all.created.len(),
        all.found.len(),
        all.removed.len()
    );
    assert!(!all.created.is_empty());
}

/// Counts each object. No two System V objects have one id, so each is created once, and removed
/// once at most; a POSIX object has its name again and again.
fn is_balanced(reports: &Reports, left: &[Named]) {
    let mut balance: BTreeMap<&Named, (usize, usize)> = BTreeMap::new();
    for object in &reports.created {
        balance.entry(object).or_default().0 += 1;
    }
    for object in reports.removed.iter().chain(left) {
        balance.entry(object).or_default().1 += 1;
    }
    for (object, (created, gone_or_left)) in &balance {
        assert_eq!(
            created, gone_or_left,
            "{object:?}: created, and removed or there"
        );
        let is_system_v = !object.0.starts_with("posix-");
        assert!(
            !is_system_v || *created == 1,
            "{object:?} was created {created} times"
        );
    }
    let found = reports
        .found
        .iter()
        .find(|object| !balance.contains_key(object));
    assert_eq!(found, None, "it was found, and no run created it");
}

fn each_kind() {
    let program = Program::x86_64();
    for (line, kind) in KINDS {
        race_of(kind, &program, RUNS, line);
    }
}

/// Races the creation of a line's objects against their removal.
fn race_of(what: &str, program: &Program, runs: usize, line: &[&str]) {
    let create = [line, &["-e", "-J"]].concat();
    let remove = [line, &["--remove", "-J"]].concat();
    race(what, program, runs, &create, &remove);
}

/// A line of all kinds.
const ALL: &[&str] = &[
    "-M",
    "4096",
    "-m",
    "4096",
    "-Q",
    "-q",
    "-S",
    "3",
    "-s",
    "-k",
    "7",
    "-n",
    "x",
    "--maxmsg",
    "1",
    "--msgsize",
    "1",
];

fn all_kinds() {
    race_of("all kinds", &Program::x86_64(), RUNS, ALL);
}

fn batches() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("removal-batch");
    let lines = KINDS.map(|(words, _)| format!("{} -e\n", words.join(" ")));
    fs::write(&file, lines.concat()).expect("a file of the test");
    let file = file.to_str().expect("a path that is UTF-8");
    let create = ["--batch", file, "-J"];
    let remove = ["--batch", file, "-J", "--remove"];
    race("a batch", &Program::x86_64(), RUNS, &create, &remove);
}

fn aarch64() {
    race_of("aarch64", &Program::emulated("aarch64"), 2, ALL);
}
