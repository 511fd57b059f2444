//! Objects that are ready. Programs which wait until another one has initialised a set of
//! semaphores see by its sem_otime when it has its values, and the set can be used already. Shared
//! memory with --allocate has its pages: no program that writes to it gets SIGBUS.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::{env, io, thread};

use ipcmk_tests::namespace::{self, Kind};
use ipcmk_tests::tracer::{Action, Trace, Tracee};
use ipcmk_tests::{spawn, suite};

fn main() -> ExitCode {
    suite::main(&[
        ("a_set_has_its_values_when_c_sees_it_ready", || wait(&C)),
        ("a_set_has_its_values_when_python_sees_it_ready", || {
            wait(&PYTHON)
        }),
        ("a_set_has_its_values_when_perl_sees_it_ready", || {
            wait(&PERL)
        }),
        ("a_set_without_values_is_not_ready", without_values),
        (
            "a_semaphore_that_another_process_changes_at_each_semop",
            changed,
        ),
        (
            "a_semaphore_that_another_process_takes_again_and_again",
            taken,
        ),
        ("allocated_memory_can_be_written_to", allocated),
    ])
}

const KEY: i32 = 0x51;

/// A program that waits for a set: wait.c says how.
type Client = LazyLock<(PathBuf, Option<PathBuf>)>;

static C: Client = LazyLock::new(|| {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ready-wait");
    let compiled = Command::new("gcc")
        .args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .args([&program, &source("wait.c")])
        .status();
    assert!(compiled.is_ok_and(|status| status.success()));
    (program, None)
});
static PYTHON: Client = LazyLock::new(|| ("/usr/bin/python3".into(), Some(source("wait.py"))));
static PERL: Client = LazyLock::new(|| ("/usr/bin/perl".into(), Some(source("wait.pl"))));

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("suites/ready")
        .join(name)
}

/// A client that runs, in the namespace in which it was started.
struct Waiting(Child, BufReader<ChildStdout>);

impl Waiting {
    fn start((program, script): &(PathBuf, Option<PathBuf>)) -> Self {
        let mut command = Command::new(program);
        command
            .args(script)
            .arg(format!("{KEY:#x}"))
            .stdout(Stdio::piped());
        let mut child = spawn::spawn(&mut command).expect("it starts");
        let stdout = child.stdout.take().expect("a pipe");
        Self(child, BufReader::new(stdout))
    }

    /// The next line that it says.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).expect("ASCII");
        line
    }

    /// All that it still says, once it has ended well.
    fn end(mut self) -> String {
        let mut rest = String::new();
        self.1.read_to_string(&mut rest).expect("ASCII");
        let status = self.0.wait().expect("it ends");
        assert!(status.success(), "{status}: {rest}");
        rest
    }
}

fn ipcmk(line: &str) -> Command {
    let mut command = Command::new(suite::x86_64());
    command
        .args(line.split(' '))
        .env_clear()
        .stdout(Stdio::null());
    command
}

/// Runs ipcmk, which succeeds. `hook` sees each semop(2) before it is made, and its number from 0.
fn trace(line: &str, mut hook: impl FnMut(usize)) -> Trace {
    let mut semops = 0;
    let tracee = Tracee::spawn(&mut ipcmk(line)).expect("it starts");
    let trace = tracee.run(|call| {
        if call.name == "semop" {
            hook(semops);
            semops += 1;
        }
        Action::Continue
    });
    let trace = trace.expect("it ends");
    assert!(trace.status.success(), "{line}: {:?}", trace.status);
    trace
}

/// Python writes to all bytes of shared memory. In a /dev/shm that is too small SIGBUS ends it, or
/// with --allocate there is no object to write to.
fn allocated() {
    const CASES: [(&str, &str, Option<i32>); 4] = [
        ("-m 2M -n x", "x", Some(libc::SIGBUS)),
        ("-m 2M -n x --allocate", "x", None),
        ("-m 1M -n x --allocate", "x", None),
        ("-m 1M -n x", "x", None),
    ];
    for (line, name, signal) in CASES {
        namespace::unshare().expect("a namespace");
        namespace::mount_dev_shm("tmpfs", "size=1m").expect("a tmpfs");
        let made = ipcmk(line).stderr(Stdio::null()).status();
        let fits = line != "-m 2M -n x --allocate";
        assert_eq!(made.expect("it starts").success(), fits, "{line}");
        let written = Command::new("/usr/bin/python3")
            .arg(source("write.py"))
            .arg(name)
            .stderr(Stdio::null())
            .status()
            .expect("it starts");
        assert_eq!(written.signal(), signal, "{line}");
        assert_eq!(written.success(), fits && signal.is_none(), "{line}");
    }
}

/// The id of the set.
fn set() -> i32 {
    // SAFETY: takes no pointer.
    unsafe { libc::semget(KEY, 0, 0) }
}

fn set_value(value: i32) {
    // SAFETY: SETVAL takes a number.
    let done = unsafe { libc::semctl(set(), 0, libc::SETVAL, value) };
    assert_eq!(done, 0, "{}", io::Error::last_os_error());
}

/// The client comes as the set has its values, but is not ready: it waits. Then it is let in, and
/// finds the value.
fn wait(client: &Client) {
    for (line, left) in [
        ("-S 1 -k 0x51 --value 5", "4\n"),
        ("-S 1 -k 0x51 --value 32767", "32766\n"),
        ("--keyed -S 0x51 --value 1 --owner 0 --mode 600", "0\n"),
    ] {
        namespace::unshare().expect("a namespace");
        let waiting = RefCell::new(None);
        trace(line, |semop| {
            if semop == 0 {
                let mut client = Waiting::start(client);
                assert_eq!(client.hear(), "waiting\n", "{line}");
                waiting.replace(Some(client));
            }
        });
        let waiting = waiting.into_inner().expect("it is made ready");
        assert_eq!(waiting.end(), left, "{line}");
        // One that comes later waits for nothing.
        set_value(8);
        assert_eq!(Waiting::start(client).end(), "7\n", "{line}");
    }
}

/// Without first values the set is for whoever uses it to initialise.
fn without_values() {
    for line in ["-S 3 -k 0x51", "-S 3 -k 0x51 --owner 5 -p 600"] {
        namespace::unshare().expect("a namespace");
        let made = ipcmk(line).status().expect("it starts");
        assert!(made.success(), "{line}");
        let objects = namespace::objects().expect("what the namespace holds");
        let ready: Vec<bool> = objects.iter().map(|set| set.is_ready).collect();
        assert_eq!(ready, [false], "{line}");
        let mut client = Waiting::start(&C);
        assert_eq!(client.hear(), "waiting\n", "{line}");
        client.0.kill().expect("it still waits");
        client.0.wait().expect("it ends");
    }
}

/// Before each of the first tries another process gives the semaphore the value that makes it fail.
fn changed() {
    const MOST: i32 = 32767;
    for (first, tries) in [("0", 1), ("0", 7), ("32767", 6), ("3", 60)] {
        namespace::unshare().expect("a namespace");
        let line = format!("-S 2 -k 0x51 --value {first}");
        let trace = trace(&line, |semop| {
            if semop < tries {
                // +1 and -1 is tried first, then -1 and +1.
                set_value(if semop.is_multiple_of(2) { MOST } else { 0 });
            }
        });
        let semops = trace.calls.iter().filter(|call| call.name == "semop");
        let results: Vec<Option<i64>> = semops.map(|call| call.result).collect();
        let refused = |semop: usize| {
            let errno = if semop.is_multiple_of(2) {
                libc::ERANGE
            } else {
                libc::EAGAIN
            };
            Some(-i64::from(errno))
        };
        let expected: Vec<_> = (0..tries).map(refused).chain([Some(0)]).collect();
        assert_eq!(results, expected, "{line}");
        let objects = namespace::objects().expect("what the namespace holds");
        assert!(objects[0].is_ready && objects[0].mode == 0o644, "{line}");
    }
}

/// Another process of the same user takes the semaphore and gives it back as fast as it can, from
/// the moment the set is there on.
fn taken() {
    const RUNS: usize = 300;
    /// Most runs: on a loaded machine the other process may not run while there is a set.
    const MOST: usize = 100 * RUNS;
    let is_over = AtomicBool::new(false);
    let uses = AtomicU64::new(0);
    namespace::unshare().expect("a namespace");
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let id = set();
                for change in [-1, 1] {
                    let mut operation = libc::sembuf {
                        sem_num: 0,
                        sem_op: change,
                        sem_flg: libc::IPC_NOWAIT as libc::c_short,
                    };
                    // SAFETY: one operation. There may be no such set.
                    let done = unsafe { libc::semop(id, &raw mut operation, 1) };
                    uses.fetch_add((done == 0).into(), Ordering::Relaxed);
                }
            }
        });
        let is_wanted = |&(run, _): &(usize, &str)| run < RUNS || uses.load(Ordering::Relaxed) == 0;
        let values = ["0", "1", "32767"].into_iter().cycle();
        let mut runs = values.take(MOST).enumerate().take_while(is_wanted);
        let wrong = runs.find(|(_, value)| !is_made_ready(value));
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(wrong, None, "a set that starts with this value is not made");
    });
    let uses = uses.into_inner();
    println!("{uses} uses of the sets");
    assert!(uses > 0, "the rival was never there");
}

/// Makes the set, with this first value, and removes it.
fn is_made_ready(value: &str) -> bool {
    let made = ipcmk(&format!("-S 1 -k 0x51 --value {value}")).status();
    let objects = namespace::objects().expect("what the namespace holds");
    for object in &objects {
        namespace::remove(Kind::Sem, object.id).expect("it can be removed");
    }
    made.expect("it starts").success() && objects.len() == 1 && objects[0].is_ready
}
