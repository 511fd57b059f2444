//! Many processes at once create POSIX objects: of the same name, which only one of them can
//! create, and of names of their own, until /dev/shm is full. No name is printed twice, no object
//! is lost, and a refused run removes what it has created.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::process::ExitCode;

use ipcmk_tests::files::Scratch;
use ipcmk_tests::load::{Program, WORKERS, at_once};
use ipcmk_tests::namespace;
use ipcmk_tests::only::Word;
use ipcmk_tests::posix::{self, Object, Queue, Wanted, What, Window};
use ipcmk_tests::suite;

fn main() -> ExitCode {
    suite::main(&[
        ("one_name_for_all", one_name),
        ("a_full_dev_shm_loses_nothing", full),
        ("batches_of_thousands_of_names", batches),
        ("the_aarch64_file_under_load", aarch64),
    ])
}

/// A kind of object that all workers create.
struct Kind {
    words: &'static [&'static str],
    /// Its name in output lines, and in error lines.
    called: &'static str,
    json: &'static str,
    object: fn() -> (&'static [u8], What),
}

const KINDS: [Kind; 3] = [
    Kind {
        words: &["-m", "4096", "-n", "x"],
        called: "shared memory",
        json: r#"{"kind": "posix-shmem", "name": "x", "mode": "0644", "size": 4096, "created": "#,
        object: || (b"x", What::file(4096, vec![])),
    },
    Kind {
        words: &["-q", "-n", "x"],
        called: "message queue",
        json: r#"{"kind": "posix-mqueue", "name": "x", "mode": "0644", "maxmsg": 10, "msgsize": 8192, "created": "#,
        object: || (b"x", What::Queue(Queue::USUAL)),
    },
    Kind {
        words: &["-s", "--value", "3", "-n", "x"],
        called: "semaphore",
        json: r#"{"kind": "posix-semaphore", "name": "x", "mode": "0644", "created": "#,
        object: || (b"sem.x", What::semaphore(3, false, Word::Bits64)),
    },
];

/// Exit status, standard output and standard error.
type Told = (Option<i32>, String, String);

fn run(program: &Program, words: &[&str]) -> Told {
    let output = program
        .run(words)
        .expect("it can be started and waited for");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let status = output.status.code();
    (status, text(&output.stdout), text(&output.stderr))
}

/// One worker creates the object. All others are refused, or, with -e, find it complete.
fn race(program: &Program, kind: &Kind) {
    let Kind { called, json, .. } = kind;
    let printed = |created: bool| {
        (
            Some(0),
            format!("{{\"ipcmk\": [\n{json}{created}}}\n]}}\n"),
            String::new(),
        )
    };
    let in_use = (
        Some(1),
        String::new(),
        format!(
            "ipcmk: create POSIX {called} failed: File exists\n\
             ipcmk: 'x' exists: -e may return it, --remove removes it\n"
        ),
    );
    for (option, others) in [("-J", in_use), ("-Je", printed(false))] {
        namespace::unshare().expect("a namespace");
        let window = Window::open().expect("a view of /dev/shm");
        let mut words = kind.words.to_vec();
        words.push(option);
        let outputs = at_once(|_| run(program, &words));
        let mut counts = BTreeMap::<_, usize>::new();
        for output in outputs {
            *counts.entry(output).or_default() += 1;
        }
        let expected = BTreeMap::from([(printed(true), 1), (others, WORKERS - 1)]);
        assert_eq!(counts, expected, "{}", words.join(" "));
        let (name, what) = (kind.object)();
        let wanted = wanted(name.to_vec(), what);
        let objects = window.objects().expect("what /dev/shm holds");
        assert!(
            matches!(&objects[..], [object] if wanted.is(object, 0)),
            "{wanted}: {objects:?}"
        );
        posix::remove_queues(&objects).expect("they can be removed");
    }
}

const fn wanted(name: Vec<u8>, what: What) -> Wanted {
    Wanted {
        name,
        what,
        mode: 0o644,
        owner: None,
    }
}

fn one_name() {
    const ROUNDS: usize = 10;
    let program = Program::x86_64();
    for _ in 0..ROUNDS {
        for kind in &KINDS {
            race(&program, kind);
        }
    }
    println!(
        "{} processes for one name",
        ROUNDS * KINDS.len() * 2 * WORKERS
    );
}

/// Inodes of a small /dev/shm. One of them is the directory's.
const INODES: usize = 101;

/// Each worker creates shared memory, a small queue and a semaphore under names of their own, until
/// it has been refused `REFUSALS` times. A file without a name has an inode too, so runs that are
/// refused hold some of the last inodes for a moment.
fn full() {
    const REFUSALS: usize = 8;
    namespace::mount_dev_shm("tmpfs", &format!("mode=1777,nr_inodes={INODES}")).expect("a tmpfs");
    let window = Window::open().expect("a view of /dev/shm");
    let program = Program::x86_64();
    let refused = |output: &Told| {
        let (status, out, err) = output;
        let known = ["shared memory", "semaphore"].iter().any(|kind| {
            let error = format!("ipcmk: create POSIX {kind} failed: No space left on device\n");
            err.strip_prefix(&error).is_some_and(|hint| {
                let inodes =
                    format!("ipcmk: 0 of {INODES} inodes of /dev/shm are free (nr_inodes)\n");
                let freed =
                    "ipcmk: not disk space: a limit was reached a moment ago; see ipcs -l\n";
                hint == inodes || hint == freed
            })
        });
        *status == Some(1) && out.is_empty() && known
    };
    let done = at_once(|worker| {
        let (mut made, mut refusals) = (Vec::new(), 0);
        while refusals < REFUSALS {
            let name = format!("{worker}-{}", made.len());
            let words = [
                "-m",
                "7",
                "-q",
                "-s",
                "-r",
                "--maxmsg",
                "1",
                "--msgsize",
                "1",
                "-n",
                &name,
            ];
            let output = run(&program, &words);
            if output == (Some(0), format!("{name}\n{name}\n{name}\n"), String::new()) {
                made.push(name);
            } else {
                assert!(refused(&output), "{name}: {output:?}");
                refusals += 1;
            }
        }
        made
    });
    let names: Vec<String> = done.into_iter().flatten().collect();
    let queue = Queue {
        maxmsg: 1,
        msgsize: 1,
        messages: 0,
    };
    let mut expected: HashMap<(Vec<u8>, bool), Wanted> = names
        .iter()
        .flat_map(|name| {
            [
                (name.clone(), What::file(7, vec![])),
                (name.clone(), What::Queue(queue)),
                (
                    format!("sem.{name}"),
                    What::semaphore(0, false, Word::Bits64),
                ),
            ]
        })
        .map(|(name, what)| {
            let name = name.into_bytes();
            ((name.clone(), what.is_queue()), wanted(name, what))
        })
        .collect();
    let objects = window.objects().expect("what /dev/shm holds");
    let key = |object: &Object| (object.name.clone(), object.what.is_queue());
    for object in &objects {
        let printed = expected.remove(&key(object));
        assert!(
            printed.is_some_and(|wanted| wanted.is(object, 0)),
            "no process printed {object}"
        );
    }
    assert!(expected.is_empty(), "printed, but not there: {expected:?}");
    posix::remove_queues(&objects).expect("they can be removed");
    println!(
        "{} of three objects made in {} inodes, {} runs refused",
        names.len(),
        INODES,
        WORKERS * REFUSALS
    );
    // The last runs that were refused may each have held an inode for a moment.
    assert!(
        names.len() > 10 && names.len() * 2 < INODES,
        "{}",
        names.len()
    );
}

/// All workers create or find the files of one batch: each is created once. Then all remove them:
/// each is removed once.
fn batches() {
    const NAMES: usize = 4_200;
    let program = Program::x86_64();
    let scratch = Scratch::new().expect("a directory");
    let line = |name: usize| format!("-m 1 -n x{name} -e\n");
    let lines: String = (0..NAMES).map(line).collect();
    let file = scratch.join("names");
    fs::write(&file, lines).expect("it is ours");
    let file = file.to_str().expect("UTF-8");
    let window = Window::open().expect("a view of /dev/shm");
    let count = |words: &[&str], told: &str| {
        let runs = at_once(|_| run(&program, words));
        for (status, _, err) in &runs {
            assert_eq!((*status, err.as_str()), (Some(0), ""));
        }
        let told = runs.iter().map(|(_, out, _)| out.matches(told).count());
        told.sum::<usize>()
    };
    let create = ["--batch", file, "-J"];
    assert_eq!(count(&create, "\"created\": true"), NAMES);
    assert_eq!(window.objects().expect("what /dev/shm holds").len(), NAMES);
    let remove = ["--batch", file, "-J", "--remove"];
    assert_eq!(count(&remove, "\"removed\": true"), NAMES);
    assert_eq!(window.objects().expect("what /dev/shm holds"), []);
    println!("{NAMES} names for {} processes", 2 * WORKERS);
}

fn aarch64() {
    let program = Program::emulated("aarch64");
    for kind in &KINDS {
        race(&program, kind);
    }
}
