//! POSIX objects beside the C libraries: names, errors and bytes are those of glibc and of musl, as
//! C programs that are linked with either of them have it: on x86_64 and aarch64, and the bytes on the
//! other architectures too.
//!
//! What is shown of the objects that ipcmk creates is shown of the libraries' own objects too.
//! tests/tools/musl.sh fetches musl.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use ipcmk_tests::board::Board;
use ipcmk_tests::case::Start;
use ipcmk_tests::files::Scratch;
use ipcmk_tests::namespace::{self, Privilege};
use ipcmk_tests::only::Word;
use ipcmk_tests::posix::{self, Object, What};
use ipcmk_tests::subject::Subject;
use ipcmk_tests::{errno, spawn, suite, text};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    suite::run(|privilege| {
        let tests: [(_, fn(Privilege)); 11] = [
            ("shared_memory_is_used_by_c", |_| shared_memory()),
            ("queues_are_used_by_c", |_| queues()),
            ("semaphores_are_used_by_c", |_| semaphores(Machine::BOTH)),
            ("objects_of_other_boards_are_used_by_c", |_| other_boards()),
            ("values_that_are_too_large", |_| too_large()),
            ("a_wrong_semaphore_is_found_out", |_| wrong_semaphores()),
            ("objects_of_c_are_found", found),
            ("objects_that_are_too_small", |_| too_small()),
            ("names_of_shared_memory", |_| names(Order::Shm(1))),
            ("names_of_queues", |_| names(Order::Queue(None))),
            ("names_of_semaphores", |_| names(Order::Sem(1))),
        ];
        let of_root: [(_, fn()); 5] = [
            ("bytes_modes_and_owners", equal),
            ("attributes_of_queues", attributes),
            ("defaults_of_queues", defaults),
            ("limits_of_queues", limits),
            ("places_that_will_not_do", places),
        ];
        let tests = tests.into_iter().map(|(name, test)| {
            Trial::test(name, move || {
                namespace::unshare()?;
                test(privilege);
                Ok(())
            })
        });
        let of_root = of_root
            .into_iter()
            .map(|test| suite::of_root(privilege, test, None));
        tests.chain(of_root).collect()
    })
}

/// A C library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Libc {
    Glibc,
    Musl,
}

impl Libc {
    const ALL: [Self; 2] = [Self::Glibc, Self::Musl];
}

/// A machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Machine {
    X86_64,
    Aarch64,
    Riscv64,
    Armv7,
    I686,
}

impl Machine {
    /// Those that all tests try.
    const BOTH: &[Self] = &[Self::X86_64, Self::Aarch64];
    /// The others, those together whose programs can share a semaphore.
    const OTHERS: [&[Self]; 2] = [&[Self::Riscv64], &[Self::Armv7, Self::I686]];

    fn board(self) -> &'static Board {
        let name = match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Riscv64 => "riscv64",
            Self::Armv7 => "armv7",
            Self::I686 => "i686",
        };
        Board::named(name).expect("a row of boards.txt")
    }

    fn name(self) -> &'static str {
        self.board().name
    }

    /// What runs its programs, unless the processor does.
    fn emulator(self) -> Option<&'static Path> {
        self.board().emulator.map(Path::new)
    }

    fn word(self) -> Word {
        match self {
            Self::X86_64 | Self::Aarch64 | Self::Riscv64 => Word::Bits64,
            Self::Armv7 | Self::I686 => Word::Bits32,
        }
    }
}

/// The C program's sources.
const SOURCES: [&str; 4] = ["main.c", "shm.c", "mqueue.c", "semaphore.c"];

/// The C program by each compiler, with each library.
static PROGRAMS: LazyLock<HashMap<(Machine, Libc), PathBuf>> = LazyLock::new(|| {
    let machines = [Machine::BOTH].into_iter().chain(Machine::OTHERS).flatten();
    let pairs = machines.flat_map(|&machine| Libc::ALL.map(|libc| (machine, libc)));
    let open = |program: PathBuf| spawn::open_to_all(&program).expect("it is there");
    pairs
        .map(|pair| (pair, open(compile(pair.0, pair.1))))
        .collect()
});

fn compile(machine: Machine, libc: Libc) -> PathBuf {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = SOURCES.map(|name| home.join("suites/posix").join(name));
    let name = machine.name();
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("posix-{name}-{libc:?}"));
    let mut compiler = Command::new(machine.board().compiler);
    compiler
        .args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"])
        .arg("-D_FILE_OFFSET_BITS=64")
        .args(["-static", "-no-pie", "-fno-pie", "-o"])
        .arg(&program);
    match libc {
        Libc::Glibc => {
            compiler.args(sources);
        }
        // Nothing of glibc's, which the compiler would take.
        Libc::Musl => {
            let root = home.join("../target/musl").join(name).join("usr");
            let missing = || {
                format!(
                    "no musl at {}: tests/tools/musl.sh fetches it",
                    root.display()
                )
            };
            // Debian's name of the architecture, with `musl` in it.
            let mut triples =
                fs::read_dir(root.join("lib")).unwrap_or_else(|_| panic!("{}", missing()));
            let triple = triples
                .next()
                .expect("a folder")
                .expect("its name")
                .file_name();
            let part = |part: &str| root.join(part).join(&triple);
            let library = |file: &str| part("lib").join(file);
            assert!(library("libc.a").is_file(), "{}", missing());
            compiler
                .args(["-nostdlib", "-nostdinc", "-isystem"])
                .arg(part("include"))
                .args(["crt1.o", "crti.o"].map(library))
                .args(sources)
                // libgcc's division by zero, on armv7, is libc's raise(3).
                .arg("-Wl,--start-group")
                .arg(library("libc.a"))
                .args(["-lgcc", "-Wl,--end-group"])
                .arg(library("crtn.o"))
                // The linker of Debian 12 crashes on that of riscv64, which is of Debian 13.
                .arg("-Wl,--strip-debug");
        }
    }
    let compiled = compiler.status();
    assert!(
        compiled.as_ref().is_ok_and(|status| status.success()),
        "{compiled:?}: {compiler:?}"
    );
    program
}

/// What a call or a run came to: perhaps a text; else an errno.
type Answer = Result<String, Errno>;

/// A number that shows its name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Errno(i32);

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&errno::name(self.0))
    }
}

/// What is to be made, beside its name and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Shared memory of so many bytes.
    Shm(i64),
    /// A queue that may hold so many messages of so many bytes.
    Queue(Option<[i64; 2]>),
    /// A semaphore with this value.
    Sem(u32),
}

impl Order {
    /// One of each kind.
    const USUAL: [Self; 3] = [Self::Shm(5000), Self::Queue(None), Self::Sem(7)];

    /// What its commands of the C program begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Shm(_) => "shm",
            Self::Queue(_) => "mq",
            Self::Sem(_) => "sem",
        }
    }

    /// What our output calls it.
    fn title(self) -> &'static str {
        match self {
            Self::Shm(_) => "POSIX shared memory",
            Self::Queue(_) => "POSIX message queue",
            Self::Sem(_) => "POSIX semaphore",
        }
    }
}

/// Who makes objects.
trait Maker: fmt::Display {
    /// Whether it is glibc itself.
    fn is_glibc(&self) -> bool;
    /// The library whose semaphores it makes.
    fn libc(&self) -> Libc;
    fn set_umask(&mut self, umask: u32);
    fn make(&mut self, order: Order, name: &[u8], mode: u32) -> Result<(), Errno>;
}

/// A C program that runs. It stays in the namespaces in which it was started.
struct Program {
    machine: Machine,
    libc: Libc,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} on {}", self.libc, self.machine.name())
    }
}

impl Program {
    fn start(machine: Machine, libc: Libc, user: Option<u32>) -> Self {
        let program = &PROGRAMS[&(machine, libc)];
        let mut command = Command::new(machine.emulator().unwrap_or(program));
        command.args(machine.emulator().is_some().then_some(program));
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = spawn::spawn(&mut command).expect("it starts");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Self {
            machine,
            libc,
            child,
            stdin,
            stdout,
        }
    }

    /// With each library, on each of these machines.
    fn of(machines: &[Machine], user: Option<u32>) -> Vec<Self> {
        let pairs = Libc::ALL
            .into_iter()
            .flat_map(|libc| machines.iter().map(move |machine| (*machine, libc)));
        pairs
            .map(|(machine, libc)| Self::start(machine, libc, user))
            .collect()
    }

    /// With each library, on both machines.
    fn all(user: Option<u32>) -> Vec<Self> {
        Self::of(Machine::BOTH, user)
    }

    /// Gives it a command.
    fn tell(&mut self, command: &str, arguments: &[&[u8]]) {
        let mut words = command.as_bytes().to_vec();
        for argument in arguments {
            words.push(0);
            words.extend(*argument);
        }
        words.push(0);
        if let Err(error) = self.stdin.write_all(&words) {
            panic!("{self}: {command}: {error}, {:?}", self.child.wait());
        }
    }

    /// Its answer to the last command, if it lives to give one.
    fn hear(&mut self) -> Option<Answer> {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("ASCII");
        let line = line.strip_suffix('\n')?;
        if let Some(figures) = line.strip_prefix("ok") {
            return Some(Ok(figures.trim_start().to_owned()));
        }
        let number = line.split(' ').next().and_then(|word| word.parse().ok());
        Some(Err(Errno(number.expect(line))))
    }

    fn ask(&mut self, command: &str, arguments: &[&[u8]]) -> Answer {
        self.tell(command, arguments);
        match self.hear() {
            Some(answer) => answer,
            None => panic!("{self}: {command}: {:?}", self.child.wait()),
        }
    }

    fn unlink(&mut self, order: Order, name: &[u8]) -> Answer {
        self.ask(&format!("{}-unlink", order.prefix()), &[name])
    }

    /// Whether it sleeps in a system call, as /proc has it.
    fn sleeps(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("it lives");
        stat.rsplit_once(") ")
            .expect("a name")
            .1
            .starts_with(['S', 'D'])
    }
}

impl Maker for Program {
    fn is_glibc(&self) -> bool {
        self.libc == Libc::Glibc
    }

    fn libc(&self) -> Libc {
        self.libc
    }

    fn set_umask(&mut self, umask: u32) {
        let done = self.ask("umask", &[format!("0{umask:o}").as_bytes()]);
        assert_eq!(done, Ok(String::new()));
    }

    fn make(&mut self, order: Order, name: &[u8], mode: u32) -> Result<(), Errno> {
        let figures = match order {
            Order::Shm(size) => vec![size.to_string()],
            Order::Queue(None) => vec![String::new(), String::new()],
            Order::Queue(Some(attributes)) => attributes.map(|figure| figure.to_string()).into(),
            Order::Sem(value) => vec![value.to_string()],
        };
        let mode = format!("0{mode:o}");
        let mut arguments = vec![name, mode.as_bytes()];
        arguments.extend(figures.iter().map(String::as_bytes));
        let command = format!("{}-make", order.prefix());
        self.ask(&command, &arguments).map(drop)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Where that fails it has gone.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One of our files.
struct Ours {
    subject: Subject,
    start: Start,
    libc: Libc,
}

impl fmt::Display for Ours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {:?}", self.subject.path().display(), self.libc)
    }
}

impl Ours {
    fn new(machine: Machine, libc: Libc, user: Option<u32>) -> Self {
        let file = suite::ipcmk(machine.name());
        let subject = Subject::new(&file, machine.emulator()).expect("our ipcmk");
        let start = Start {
            user,
            ..Start::default()
        };
        Self {
            subject,
            start,
            libc,
        }
    }

    /// That for each of both machines.
    fn both(libc: Libc, user: Option<u32>) -> Vec<Self> {
        let machines = Machine::BOTH.iter();
        machines
            .map(|&machine| Self::new(machine, libc, user))
            .collect()
    }

    /// That for each of these machines, with each library.
    fn of(machines: &[Machine], user: Option<u32>) -> Vec<Self> {
        let pairs = Libc::ALL
            .into_iter()
            .flat_map(|libc| machines.iter().map(move |machine| (*machine, libc)));
        pairs
            .map(|(machine, libc)| Self::new(machine, libc, user))
            .collect()
    }

    fn all(user: Option<u32>) -> Vec<Self> {
        Self::of(Machine::BOTH, user)
    }

    /// The words that make an object.
    fn words(&self, order: Order, name: &[u8], mode: u32) -> Vec<Vec<u8>> {
        let mut words = vec!["-p".to_owned(), format!("{mode:o}")];
        match order {
            Order::Shm(size) => words.extend(["-m".to_owned(), size.to_string()]),
            Order::Queue(attributes) => {
                words.push("-q".to_owned());
                if let Some([maxmsg, msgsize]) = attributes {
                    words.extend(["--maxmsg".to_owned(), maxmsg.to_string()]);
                    words.extend(["--msgsize".to_owned(), msgsize.to_string()]);
                }
            }
            Order::Sem(value) => {
                words.push("-s".to_owned());
                if value != 0 {
                    words.extend(["--value".to_owned(), value.to_string()]);
                }
                if self.libc == Libc::Musl {
                    words.extend(["--libc".to_owned(), "musl".to_owned()]);
                }
            }
        }
        words.push("-n".to_owned());
        let mut words: Vec<Vec<u8>> = words.into_iter().map(String::into_bytes).collect();
        words.push(name.to_vec());
        words
    }

    /// What a run for one object prints; where it fails, why its creation did.
    fn run(&self, order: Order, words: &[Vec<u8>]) -> Result<Vec<u8>, Errno> {
        let outcome = self.subject.run(&self.start, words, false);
        let outcome = outcome.expect("it runs");
        let shown = || self.subject.shell_line(&self.start, words);
        if outcome.status.success() {
            let errors = text::show(&outcome.stderr);
            assert!(outcome.stderr.is_empty(), "{}: {errors}", shown());
            return Ok(outcome.stdout);
        }
        assert_eq!(outcome.status.code(), Some(1), "{}", shown());
        assert!(outcome.stdout.is_empty(), "{}", shown());
        let errors = String::from_utf8_lossy(&outcome.stderr);
        let error = errors.lines().next().unwrap_or_default();
        let begins = format!("ipcmk: create {} failed: ", order.title());
        let reason = error
            .strip_prefix(&begins)
            .unwrap_or_else(|| panic!("{}: {errors}", shown()));
        Err(TEXTS.get(reason).copied().expect(reason))
    }

    /// The line that says that an object is there.
    fn line(order: Order, name: &[u8]) -> Vec<u8> {
        [order.title().as_bytes(), b" name: ", name, b"\n"].concat()
    }
}

impl Maker for Ours {
    fn is_glibc(&self) -> bool {
        false
    }

    fn libc(&self) -> Libc {
        self.libc
    }

    fn set_umask(&mut self, umask: u32) {
        self.start.umask = umask;
    }

    fn make(&mut self, order: Order, name: &[u8], mode: u32) -> Result<(), Errno> {
        let printed = self.run(order, &self.words(order, name, mode))?;
        let expected = Self::line(order, name);
        assert_eq!(text::show(&printed), text::show(&expected));
        Ok(())
    }
}

/// What glibc says of each errno.
static TEXTS: LazyLock<HashMap<String, Errno>> = LazyLock::new(|| {
    let text = |errno| {
        let text = std::io::Error::from_raw_os_error(errno).to_string();
        let end = text.rfind(" (os error").expect(&text);
        (text[..end].to_owned(), Errno(errno))
    };
    (1..=errno::LARGEST).map(text).collect()
});

/// Everybody who makes objects that have the same form for both libraries.
fn makers(user: Option<u32>) -> Vec<Box<dyn Maker>> {
    with_ours(Program::all(user), Ours::both(Libc::Glibc, user))
}

/// Everybody who makes semaphores, on these machines.
fn makers_of_semaphores(machines: &[Machine], user: Option<u32>) -> Vec<Box<dyn Maker>> {
    with_ours(Program::of(machines, user), Ours::of(machines, user))
}

fn with_ours(programs: Vec<Program>, ours: Vec<Ours>) -> Vec<Box<dyn Maker>> {
    let programs = programs.into_iter();
    let programs = programs.map(|program| Box::new(program) as Box<dyn Maker>);
    let ours = ours.into_iter();
    let ours = ours.map(|ours| Box::new(ours) as Box<dyn Maker>);
    programs.chain(ours).collect()
}

/// A user who is not root, and a group of this number.
const USER: u32 = 4242;

/// What the namespaces hold.
fn objects() -> Vec<Object> {
    let mut objects = posix::objects().expect("what is there");
    objects.sort_by(|a, b| (a.what.is_queue(), &a.name).cmp(&(b.what.is_queue(), &b.name)));
    objects
}

/// Removes them all.
fn clear() {
    for object in objects() {
        posix::remove(&object.what, &object.name).expect("it can be removed");
    }
}

/// The C programs map what anybody made, and write to it.
fn shared_memory() {
    let mut programs = Program::all(None);
    for mut maker in makers(None) {
        for program in &mut programs {
            for size in [0, 1, 4095, 4096, 4097, 1 << 20, 1 << 40] {
                let case = format!("{size} bytes of {maker}, {program}");
                let made = maker.make(Order::Shm(size), b"/x", 0o644);
                assert_eq!(made, Ok(()), "{case}");
                let answer = program.ask("shm-use", &[b"/x"]);
                assert_eq!(answer, Ok(size.to_string()), "{case}");
                let file = File::open(posix::path(b"x")).expect("it is there");
                let length = file.metadata().expect("its status").len();
                assert_eq!(length, size.cast_unsigned(), "{case}");
                for place in [0, length.saturating_sub(1)] {
                    let mut byte = [0];
                    let read = file.read_at(&mut byte, place).expect("it can be read");
                    assert!(length == 0 && read == 0 || byte == *b"C", "{case}: {place}");
                }
                // By a name that the libraries take for the same one.
                assert_eq!(program.ask("shm-unlink", &[b"x"]), Ok(String::new()));
                let answer = program.ask("shm-use", &[b"/x"]);
                assert_eq!(answer, Err(Errno(libc::ENOENT)), "{case}");
            }
        }
    }
    assert_eq!(objects(), []);
}

/// What one C program sends to a queue of anybody's, another one receives.
fn queues() {
    let mut programs = Program::all(None);
    let mut others = Program::all(None);
    others.rotate_left(1);
    let ok = || Ok(String::new());
    for mut maker in makers(None) {
        for (program, other) in programs.iter_mut().zip(&mut others) {
            for (attributes, most) in [(None, [10, 8192]), (Some([3, 5]), [3, 5])] {
                let case = format!("{maker}, {program}, {other}");
                let made = maker.make(Order::Queue(attributes), b"/x", 0o644);
                assert_eq!(made, Ok(()), "{case}");
                let [maxmsg, msgsize] = most;
                for program in [&mut *program, &mut *other] {
                    let answer = program.ask("mq-attributes", &[b"/x"]);
                    assert_eq!(answer, Ok(format!("{maxmsg} {msgsize} 0")), "{case}");
                }
                let long = vec![b'x'; msgsize + 1];
                let answer = program.ask("mq-send", &[b"/x", &long, b"0"]);
                assert_eq!(answer, Err(Errno(libc::EMSGSIZE)), "{case}");
                let answer = other.ask("mq-receive", &[b"/x"]);
                assert_eq!(answer, Err(Errno(libc::EAGAIN)), "{case}");
                let message = &long[..msgsize];
                assert_eq!(program.ask("mq-send", &[b"/x", message, b"1"]), ok());
                for number in 1..maxmsg {
                    let message = format!("m{number}");
                    let words: [&[u8]; 3] = [b"/x", message.as_bytes(), b"2"];
                    assert_eq!(program.ask("mq-send", &words), ok(), "{case}");
                }
                let answer = program.ask("mq-send", &[b"/x", b"", b"3"]);
                assert_eq!(answer, Err(Errno(libc::EAGAIN)), "{case}");
                let answer = other.ask("mq-attributes", &[b"/x"]);
                assert_eq!(answer, Ok(format!("{maxmsg} {msgsize} {maxmsg}")), "{case}");
                for number in 1..maxmsg {
                    let answer = other.ask("mq-receive", &[b"/x"]);
                    let message = format!("m{number}");
                    assert_eq!(answer, Ok(format!("2 {} {message}", message.len())));
                }
                let answer = other.ask("mq-receive", &[b"/x"]);
                let message = String::from_utf8_lossy(message);
                assert_eq!(answer, Ok(format!("1 {msgsize} {message}")), "{case}");
                assert_eq!(other.ask("mq-unlink", &[b"/x"]), ok());
                let answer = program.ask("mq-attributes", &[b"/x"]);
                assert_eq!(answer, Err(Errno(libc::ENOENT)), "{case}");
            }
        }
    }
    assert_eq!(objects(), []);
}

/// SEM_VALUE_MAX.
const LARGEST: u32 = i32::MAX.cast_unsigned();

/// The longest time that something is waited for which is to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Two processes count by a semaphore of anybody's, and wait for each other.
fn semaphores(machines: &[Machine]) {
    let mut waiters = Program::of(machines, None);
    let mut posters = Program::of(machines, None);
    let ok = || Ok(String::new());
    for mut maker in makers_of_semaphores(machines, None) {
        let libc = maker.libc();
        let file = posix::path(&file_name(libc, b"x"));
        for waiter in waiters.iter_mut().filter(|waiter| waiter.libc == libc) {
            for poster in posters.iter_mut().filter(|poster| poster.libc == libc) {
                let case = format!("{maker}, {waiter} waits for {poster}");
                let value = |program: &mut Program, expected: u32| {
                    let answer = program.ask("sem-value", &[b"/x"]);
                    assert_eq!(answer, Ok(expected.to_string()), "{case}");
                };
                for first in [0, 1, LARGEST] {
                    assert_eq!(
                        maker.make(Order::Sem(first), b"/x", 0o644),
                        Ok(()),
                        "{case}"
                    );
                    value(waiter, first);
                    value(poster, first);
                    match first {
                        0 => {}
                        1 => {
                            assert_eq!(take(waiter), ok(), "{case}");
                            value(poster, 0);
                        }
                        LARGEST => {
                            let answer = poster.ask("sem-post", &[b"/x"]);
                            assert_eq!(answer, Err(Errno(libc::EOVERFLOW)), "{case}");
                            assert_eq!(take(waiter), ok(), "{case}");
                            value(poster, LARGEST - 1);
                            assert_eq!(poster.ask("sem-post", &[b"/x"]), ok(), "{case}");
                            value(waiter, LARGEST);
                        }
                        _ => unreachable!("not tried"),
                    }
                    if first != LARGEST {
                        begin_to_wait(waiter, &file);
                        value(poster, 0);
                        assert_eq!(poster.ask("sem-post", &[b"/x"]), ok(), "{case}");
                        assert_eq!(waiter.hear(), Some(ok()), "{case}");
                        value(poster, 0);
                        assert_eq!(poster.ask("sem-post", &[b"x"]), ok(), "{case}");
                        value(waiter, 1);
                    }
                    assert_eq!(poster.ask("sem-unlink", &[b"//x"]), ok(), "{case}");
                }
            }
        }
    }
    assert_eq!(objects(), []);
}

/// The same on the boards that the other tests do not try; and whoever makes an object there, it has
/// the same bytes.
fn other_boards() {
    const ORDERS: [(Order, &[u8]); 7] = [
        (Order::Shm(0), b"/shm-0"),
        (Order::Shm(5000), b"/shm-5000"),
        (Order::Shm(5 << 30), b"/shm-5G"),
        (Order::Queue(Some([3, 100])), b"/queue"),
        (Order::Sem(0), b"/sem-0"),
        (Order::Sem(7), b"/sem-7"),
        (Order::Sem(LARGEST), b"/sem-largest"),
    ];
    for machines in Machine::OTHERS {
        semaphores(machines);
        let mut programs = Program::of(machines, None);
        let mut expected: HashMap<Libc, Vec<Seen>> = HashMap::new();
        for mut maker in makers_of_semaphores(machines, None) {
            for (order, name) in ORDERS {
                let made = maker.make(order, name, 0o640);
                assert_eq!(made, Ok(()), "{maker}: {}", text::show(name));
            }
            let mut seen = seen();
            assert_eq!(seen.len(), ORDERS.len());
            if maker.libc() == Libc::Musl {
                as_set_by_musl(&mut seen);
            }
            let first = expected.entry(maker.libc()).or_insert_with(|| seen.clone());
            assert_eq!(*first, seen, "{maker}");
            let answer = programs[0].ask("shm-use", &[b"/shm-5000"]);
            assert_eq!(answer, Ok("5000".to_owned()), "{maker}");
            for program in &mut programs {
                let answer = program.ask("mq-attributes", &[b"/queue"]);
                assert_eq!(answer, Ok("3 100 0".to_owned()), "{maker}, {program}");
            }
            clear();
        }
    }
}

/// A value over SEM_VALUE_MAX is refused: by us as a number that is none of a semaphore.
fn too_large() {
    for value in [LARGEST + 1, u32::MAX] {
        for mut program in Program::all(None) {
            let made = program.make(Order::Sem(value), b"/x", 0o600);
            assert_eq!(made, Err(Errno(libc::EINVAL)), "{program}");
        }
        for ours in Ours::all(None) {
            let words = ours.words(Order::Sem(value), b"/x", 0o600);
            let outcome = ours.subject.run(&ours.start, &words, false);
            let outcome = outcome.expect("it runs");
            assert_eq!(outcome.status.code(), Some(1), "{ours}");
            let errors = String::from_utf8_lossy(&outcome.stderr);
            assert!(errors.contains(&format!("'{value}'")), "{errors}");
        }
    }
    assert_eq!(objects(), []);
}

/// The name of a semaphore's file.
fn file_name(libc: Libc, name: &[u8]) -> Vec<u8> {
    match libc {
        Libc::Glibc => [b"sem.", name].concat(),
        Libc::Musl => name.to_vec(),
    }
}

fn take(program: &mut Program) -> Answer {
    program.ask("sem-wait", &[b"/x", b"20"])
}

/// Lets a program wait for the semaphore /x until it really sleeps.
fn begin_to_wait(waiter: &mut Program, file: &Path) {
    waiter.tell("sem-wait", &[b"/x", b"20"]);
    until_it_waits(waiter, file);
}

fn until_it_waits(waiter: &Program, file: &Path) {
    let file = File::open(file).expect("it is there");
    let start = Instant::now();
    loop {
        // Both libraries have the number of those who wait behind 32 bits of value, but for
        // glibc's of 32 bits, which has it at the end.
        let at = match (waiter.libc, waiter.machine.word()) {
            (Libc::Glibc, Word::Bits32) => 12,
            _ => 4,
        };
        let mut waiting = [0; 4];
        file.read_exact_at(&mut waiting, at).expect("its bytes");
        if u32::from_ne_bytes(waiting) == 1 && waiter.sleeps() {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{waiter} does not wait");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A semaphore with one wrong byte, the one that it does not have in common with the other
/// library's, would not have passed: who waits is not woken by another process.
fn wrong_semaphores() {
    let mut waiters = Program::all(None);
    for (number, waiter) in waiters.iter_mut().enumerate() {
        let name = number.to_string().into_bytes();
        let path = posix::path(&file_name(waiter.libc, &name));
        assert_eq!(waiter.make(Order::Sem(0), &name, 0o600), Ok(()));
        let mut bytes = fs::read(&path).expect("it is there");
        // Whether it is of one process alone.
        bytes[8] ^= 0x80;
        fs::write(&path, bytes).expect("it can be written");
        waiter.tell("sem-wait", &[&name, b"5"]);
        until_it_waits(waiter, &path);
        let mut poster = Program::start(waiter.machine, waiter.libc, None);
        let posted = poster.ask("sem-post", &[&name]);
        assert_eq!(posted, Ok(String::new()), "{waiter}");
    }
    for waiter in &mut waiters {
        assert_eq!(waiter.hear(), None, "{waiter} was woken");
    }
}

/// A name for an object of each kind.
fn name_of(order: Order) -> Vec<u8> {
    format!("/{}", order.prefix()).into_bytes()
}

/// What C made is found by -e, and refused without it; in neither case does anything change.
fn found(privilege: Privilege) {
    // A process that is not root finds what it may not open.
    let users: &[Option<u32>] = match privilege {
        Privilege::Root => &[None, Some(USER)],
        Privilege::UserNamespace => &[None],
    };
    for mut program in Program::all(None) {
        for order in Order::USUAL {
            let made = program.make(order, &name_of(order), 0o640);
            assert_eq!(made, Ok(()), "{program}");
        }
        let before = objects();
        assert_eq!(before.len(), 3);
        for &user in users {
            for ours in Ours::both(program.libc, user) {
                for order in Order::USUAL {
                    find(&ours, order);
                }
                assert_eq!(objects(), before, "{program}, {ours}, {user:?}");
            }
        }
        another(&program);
        assert_eq!(objects(), before, "{program}");
        clear();
    }
}

/// Finds an object that is there.
fn find(ours: &Ours, order: Order) {
    let name = name_of(order);
    let case = format!("{order:?}, {ours}, {:?}", ours.start.user);
    let with = |more: &[&str]| {
        let mut words = ours.words(order, &name, 0o606);
        words.extend(more.iter().map(|word| word.as_bytes().to_vec()));
        ours.run(order, &words)
    };
    assert_eq!(with(&[]), Err(Errno(libc::EEXIST)), "{case}");
    let line = Ours::line(order, &name);
    assert_eq!(with(&["-e"]).as_ref(), Ok(&line), "{case}");
    // What it asks for is for new ones.
    let properties: &[&str] = match order {
        Order::Shm(_) => &["-m", "4999"],
        Order::Queue(_) => &["--maxmsg", "3", "--msgsize", "9"],
        Order::Sem(_) => &["--value", "3"],
    };
    let more = [properties, &["-e", "--owner", "5:6"]].concat();
    assert_eq!(with(&more), Ok(line), "{case}");
    let json = with(&["-e", "-J"]).expect(&case);
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let object = &json["ipcmk"][0];
    assert_eq!(
        object["name"].as_str(),
        std::str::from_utf8(&name).ok(),
        "{case}"
    );
    assert_eq!(object["created"], false, "{case}");
    // To see that of a queue takes permission.
    let mode = match (order, ours.start.user) {
        (Order::Queue(_), Some(_)) => None,
        _ => Some("0640"),
    };
    assert_eq!(object["mode"].as_str(), mode, "{case}");
    if let Order::Shm(size) = order {
        assert_eq!(object["size"], size, "{case}");
    }
}

/// A semaphore of the other library with the name of this one's is another one.
fn another(program: &Program) {
    let other = match program.libc {
        Libc::Glibc => Libc::Musl,
        Libc::Musl => Libc::Glibc,
    };
    let name = name_of(Order::Sem(0));
    let mut user = Program::start(Machine::X86_64, other, None);
    assert_eq!(
        user.ask("sem-value", &[&name]),
        Err(Errno(libc::ENOENT)),
        "{program}"
    );
    for ours in Ours::both(other, None) {
        let mut words = ours.words(Order::Sem(5), &name, 0o600);
        words.push(b"-e".to_vec());
        let made = ours.run(Order::Sem(5), &words);
        assert_eq!(made, Ok(Ours::line(Order::Sem(5), &name)), "{ours}");
        let answer = user.ask("sem-value", &[&name]);
        assert_eq!(answer, Ok("5".into()), "{ours}");
        assert_eq!(user.ask("sem-unlink", &[&name]), Ok(String::new()));
    }
}

/// What is smaller than asked for is refused with -e, and does not change.
fn too_small() {
    for mut program in Program::all(None) {
        let [shm, sem] = [Order::Shm(5000), Order::Sem(0)].map(|order| (order, name_of(order)));
        assert_eq!(program.make(shm.0, &shm.1, 0o600), Ok(()), "{program}");
        // As long as a semaphore where a long has 32 bits.
        let file = posix::path(&file_name(program.libc, b"sem"));
        fs::write(&file, [0; 16]).expect("it can be written");
        // The libraries do not look, and would write behind its end.
        let opened = program.ask("sem-value", &[&sem.1]);
        assert_eq!(opened, Ok("0".into()), "{program}");
        let before = objects();
        for ours in Ours::both(program.libc, None) {
            for (order, name) in [(Order::Shm(5001), &shm.1), (sem.0, &sem.1)] {
                let mut words = ours.words(order, name, 0o600);
                words.push(b"-e".to_vec());
                let case = format!("{order:?} of {program}, {ours}");
                let refused = ours.run(order, &words);
                assert_eq!(refused, Err(Errno(libc::EINVAL)), "{case}");
            }
        }
        assert_eq!(objects(), before, "{program}");
        clear();
    }
}

/// What a user sees of an object that is not of its name alone.
type Seen = (String, What, u32, (u32, u32));

/// What is there.
fn seen() -> Vec<Seen> {
    let look = |object: Object| {
        let Object {
            name,
            what,
            mode,
            owner,
            ..
        } = object;
        (text::show(&name), what, mode, owner)
    };
    objects().into_iter().map(look).collect()
}

/// What of a semaphore is not by accident as it is: sem_open(3) of musl sets value, waiters and
/// whether it is of one process alone. What follows is from its stack, and zeros here.
fn as_set_by_musl(seen: &mut [Seen]) {
    const SET: usize = 12;
    for (name, what, ..) in seen {
        if let What::File { size, content } = what
            && name.starts_with("sem")
        {
            content.truncate(SET);
            *what = What::file(*size, content.clone());
        }
    }
}

/// Whoever makes an object, it has the same bytes, attributes, mode and owner: for all umasks and
/// modes, for root and another user, and where the directory's group goes to its files. The
/// libraries let the umask cut every mode, ours only the default one: a mode that is given is
/// theirs without a umask.
fn equal() {
    const UMASKS: [u32; 5] = [0o000, 0o022, 0o027, 0o077, 0o777];
    const DEFAULT: u32 = 0o644;
    const MODES: [Option<u32>; 9] = [
        None,
        Some(0o000),
        Some(0o200),
        Some(0o444),
        Some(0o600),
        Some(0o644),
        Some(0o666),
        Some(0o755),
        Some(0o777),
    ];
    const ORDERS: [Order; 9] = [
        Order::Shm(0),
        Order::Shm(5000),
        Order::Shm(i64::MAX),
        Order::Queue(Some([1, 1])),
        Order::Queue(Some([3, 100])),
        Order::Sem(0),
        Order::Sem(1),
        Order::Sem(7),
        Order::Sem(LARGEST),
    ];
    let orders = ORDERS.into_iter().enumerate();
    let orders = orders.flat_map(|(number, order)| MODES.map(|mode| (number, order, mode)));
    let orders: Vec<(Vec<u8>, Order, Option<u32>)> = orders
        .map(|(number, order, mode)| {
            let shown = mode.map_or("default".to_owned(), |mode| format!("{mode:o}"));
            let name = format!("/{}-{number}-{shown}", order.prefix());
            (name.into_bytes(), order, mode)
        })
        .collect();
    let scratch = Scratch::new().expect("a directory");
    let mut compared = 0;
    for (bits, group) in [(0o1777, 0), (0o3777, 50)] {
        chown(posix::DIRECTORY, None, Some(group)).expect("it is ours");
        let permissions = Permissions::from_mode(bits);
        fs::set_permissions(posix::DIRECTORY, permissions).expect("it is ours");
        for user in [None, Some(USER)] {
            let mut programs = Program::all(user);
            let mut ours = Ours::all(user);
            for umask in UMASKS {
                let mut expected: HashMap<Libc, Vec<Seen>> = HashMap::new();
                for program in &mut programs {
                    for (name, order, mode) in &orders {
                        program.set_umask(if mode.is_none() { umask } else { 0 });
                        let made = program.make(*order, name, mode.unwrap_or(DEFAULT));
                        assert_eq!(made, Ok(()), "{program}: {}", text::show(name));
                    }
                    let mut seen = seen();
                    if program.libc == Libc::Musl {
                        as_set_by_musl(&mut seen);
                    }
                    assert_eq!(seen.len(), orders.len());
                    clear();
                    let first = expected.entry(program.libc).or_insert_with(|| seen.clone());
                    assert_eq!(*first, seen, "two machines");
                }
                for ours in &mut ours {
                    ours.set_umask(umask);
                    ours.start.directory = Some(scratch.join(""));
                    make_all(ours, &orders, &scratch.join("batch"));
                    let mut seen = seen();
                    if ours.libc == Libc::Musl {
                        without_execution(&mut seen);
                    }
                    let expected = &expected[&ours.libc];
                    for (ours, expected) in seen.iter().zip(expected) {
                        assert_eq!(ours, expected, "umask {umask:o}, {user:?}");
                    }
                    assert_eq!(seen.len(), expected.len());
                    compared += seen.len();
                    clear();
                }
            }
        }
    }
    println!("{compared} objects");
}

/// A difference that is meant: sem_open(3) of musl drops the x bits of a mode, which mean nothing.
/// Here -p means for all objects what it says.
fn without_execution(seen: &mut [Seen]) {
    for (_, _, mode, _) in seen.iter_mut().filter(|seen| seen.0.starts_with("sem")) {
        *mode &= 0o666;
    }
}

/// Makes objects by one run.
fn make_all(ours: &Ours, orders: &[(Vec<u8>, Order, Option<u32>)], batch: &Path) {
    let (mut lines, mut printed) = (Vec::new(), Vec::new());
    for (name, order, mode) in orders {
        let words = match mode {
            Some(mode) => ours.words(*order, name, *mode),
            None => ours.words(*order, name, 0).split_off(2),
        };
        lines.extend(words.join(&b' '));
        lines.push(b'\n');
        printed.extend(Ours::line(*order, name));
    }
    fs::write(batch, lines).expect("it can be written");
    let words = ["--batch", "batch"].map(|word| word.as_bytes().to_vec());
    let outcome = ours.subject.run(&ours.start, &words, false);
    let outcome = outcome.expect("it runs");
    assert_eq!(text::show(&outcome.stderr), text::show(b""), "{ours}");
    assert_eq!(text::show(&outcome.stdout), text::show(&printed), "{ours}");
}

/// A difference between a library's answer and ours that is meant.
struct Accepted {
    /// The kind of its object, as commands begin.
    prefix: &'static str,
    libc: Libc,
    /// Whether a name is one of those that it is about.
    of: fn(&[u8]) -> bool,
    /// The library's errno; None where it makes the object.
    library: Option<i32>,
    /// Any of these.
    ours: &'static [Option<i32>],
    reason: &'static str,
}

const ACCEPTED: &[Accepted] = &[
    Accepted {
        prefix: "shm",
        libc: Libc::Glibc,
        of: is_dots,
        library: Some(libc::EEXIST),
        ours: &[Some(libc::EINVAL)],
        reason: "glibc leaves . and .. to the kernel, which has these directories",
    },
    Accepted {
        prefix: "shm",
        libc: Libc::Glibc,
        of: |name| bare(name).len() > 259,
        library: Some(libc::EINVAL),
        ours: &[Some(libc::ENAMETOOLONG)],
        reason: "glibc 2.36 has room for 259 bytes, and does not say that more are too many",
    },
    Accepted {
        prefix: "sem",
        libc: Libc::Glibc,
        of: is_dots,
        library: None,
        ours: &[Some(libc::EINVAL)],
        reason: "glibc takes . and .. for the name of a semaphore, musl and POSIX do not",
    },
    Accepted {
        prefix: "sem",
        libc: Libc::Glibc,
        of: |name| bare(name).len() > 255,
        library: Some(libc::EINVAL),
        ours: &[Some(libc::ENAMETOOLONG)],
        reason: "glibc 2.36 has room for 255 bytes, and does not say that more are too many",
    },
    Accepted {
        prefix: "sem",
        libc: Libc::Glibc,
        of: |name| name.len() > 255 && bare(name) == b"x",
        library: Some(0),
        ours: &[None],
        reason: "glibc 2.36 makes the semaphore, and then fails without an errno: too many slashes",
    },
    Accepted {
        prefix: "mq",
        libc: Libc::Glibc,
        of: |name| !name.starts_with(b"/"),
        library: Some(libc::EINVAL),
        ours: &[None, Some(libc::ENAMETOOLONG)],
        reason: "the slash that glibc insists on is optional here, as with musl",
    },
    Accepted {
        prefix: "mq",
        libc: Libc::Glibc,
        of: is_no_file_name,
        library: Some(libc::EACCES),
        ours: &[Some(libc::EINVAL)],
        reason: "the kernel refuses a name that no file can have; here it is refused before, as a file's",
    },
    Accepted {
        prefix: "mq",
        libc: Libc::Musl,
        of: is_no_file_name,
        library: Some(libc::EACCES),
        ours: &[Some(libc::EINVAL)],
        reason: "the same",
    },
    Accepted {
        prefix: "mq",
        libc: Libc::Glibc,
        of: is_no_file_name,
        library: Some(libc::ENOENT),
        ours: &[Some(libc::EINVAL)],
        reason: "the same of the empty name",
    },
    Accepted {
        prefix: "mq",
        libc: Libc::Musl,
        of: is_no_file_name,
        library: Some(libc::ENOENT),
        ours: &[Some(libc::EINVAL)],
        reason: "the same",
    },
    Accepted {
        prefix: "mq",
        libc: Libc::Glibc,
        of: is_no_file_name,
        library: Some(libc::ENAMETOOLONG),
        ours: &[Some(libc::EINVAL)],
        reason: "the same of a name that is too long too",
    },
    Accepted {
        prefix: "mq",
        libc: Libc::Musl,
        of: is_no_file_name,
        library: Some(libc::ENAMETOOLONG),
        ours: &[Some(libc::EINVAL)],
        reason: "the same",
    },
];

/// A name without its leading slashes.
fn bare(name: &[u8]) -> &[u8] {
    let start = name.iter().position(|&byte| byte != b'/');
    &name[start.unwrap_or(name.len())..]
}

fn is_no_file_name(name: &[u8]) -> bool {
    let name = name.strip_prefix(b"/").unwrap_or(name);
    matches!(name, b"" | b"." | b"..") || name.contains(&b'/')
}

fn is_dots(name: &[u8]) -> bool {
    [&b"."[..], b".."].contains(&bare(name))
}

/// Names, good and bad.
fn all_names() -> Vec<Vec<u8>> {
    let plain = [
        "x", "/x", "//x", "///x", "", "/", "//", "///", ".", "/.", "//.", "..", "/..", "//..",
        "...", "/...", "/.x", "/x.", "/..x", "a/b", "/a/b", "//a/b", "a/", "/a/", "/a//", "/../a",
        "/./a", "/a/.", "/a/..", "/sem.x", "/ ", " ", "/ a  b ", "\n", "/a\nb", "/\t", "-n", "--",
        "/-e", "/=", "/'\"\\*",
    ];
    let mut names: Vec<Vec<u8>> = plain.map(|name| name.as_bytes().to_vec()).into();
    let slash = |byte: &u8| *byte != b'/';
    let bytes = |range: std::ops::RangeInclusive<u8>| range.filter(slash).collect::<Vec<u8>>();
    for range in [1..=127, 128..=255, 255..=255] {
        names.push([b"/".to_vec(), bytes(range)].concat());
    }
    let lengths = (250..=257).chain([258, 259, 260, 261, 300, 4091, 4094, 4095, 4096, 4097, 5000]);
    for length in lengths {
        names.push([&b"/"[..], &vec![b'x'; length]].concat());
    }
    for length in [251, 252, 255, 256, 4095, 4096] {
        names.push(vec![b'x'; length]);
        names.push([&b"/"[..], &vec![0xc3; length]].concat());
    }
    for slashes in [300, 5000] {
        names.push([vec![b'/'; slashes], b"x".to_vec()].concat());
        names.push([&b"/a/"[..], &vec![b'x'; slashes]].concat());
        names.push([&b"/"[..], &vec![b'x'; slashes], b"/a"].concat());
        names.push([&b"/."[..], &vec![b'x'; slashes]].concat());
    }
    names
}

/// qemu-user 7.2 reads the name of a queue from the byte before it, which mq_open(3) of glibc
/// leaves out, and has glibc's own do the rest.
fn is_beyond_qemu(program: &Program, order: Order, name: &[u8]) -> bool {
    let is_emulated = program.machine.emulator().is_some();
    is_emulated && order == Order::Queue(None) && !name.starts_with(b"/")
}

/// What came of a name: the object's own name, or an errno.
type Made = Result<Vec<u8>, Errno>;

fn attempt(maker: &mut dyn Maker, order: Order, name: &[u8]) -> Made {
    let made = maker.make(order, name, 0o600);
    let mut objects = objects();
    match made {
        // No reason, and a semaphore: see below.
        Err(Errno(0)) => {
            clear();
            Err(Errno(0))
        }
        Err(errno) => {
            assert!(objects.is_empty(), "{maker}: {}", start(name));
            Err(errno)
        }
        Ok(()) => {
            assert_eq!(objects.len(), 1, "{maker}: {}", start(name));
            let object = objects.pop().expect("one");
            posix::remove(&object.what, &object.name).expect("it can be removed");
            Ok(object.name)
        }
    }
}

/// The start of a name, to be shown.
fn start(name: &[u8]) -> String {
    text::show(&name[..name.len().min(40)])
}

/// Each name is taken or refused as the library does it, for the same reason.
fn names(order: Order) {
    let mut programs = Program::all(None);
    let mut ours = match order {
        Order::Sem(_) => Ours::all(None),
        // The libraries do not differ.
        _ => Ours::both(Libc::Glibc, None),
    };
    let mut met = vec![0; ACCEPTED.len()];
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for name in all_names() {
        let mut expected: HashMap<Libc, Made> = HashMap::new();
        for program in &mut programs {
            if is_beyond_qemu(program, order, &name) {
                continue;
            }
            let made = attempt(program, order, &name);
            let first = expected.entry(program.libc).or_insert_with(|| made.clone());
            assert_eq!(*first, made, "two machines: {}", start(&name));
        }
        for ours in &mut ours {
            let made = attempt(ours, order, &name);
            for (libc, expected) in &expected {
                if matches!(order, Order::Sem(_)) && ours.libc != *libc {
                    continue;
                }
                compared += 1;
                if made == *expected {
                    continue;
                }
                let is_meant = |accepted: &Accepted| {
                    accepted.prefix == order.prefix()
                        && accepted.libc == *libc
                        && (accepted.of)(&name)
                        && accepted.library == expected.as_ref().err().map(|errno| errno.0)
                        && accepted
                            .ours
                            .contains(&made.as_ref().err().map(|errno| errno.0))
                };
                if let Some(row) = ACCEPTED.iter().position(is_meant) {
                    met[row] += 1;
                    continue;
                }
                let (name, length) = (start(&name), name.len());
                let [theirs, ours] = [expected, &made].map(|made| made.as_deref().map(start));
                wrong.push(format!(
                    "{name} ({length} bytes): {theirs:?} of {libc:?}, {ours:?} of ours"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (accepted, met) in ACCEPTED.iter().zip(met) {
        if accepted.prefix == order.prefix() {
            assert!(met > 0, "no longer so: {}", accepted.reason);
            println!("{met} times: {}", accepted.reason);
        }
    }
    println!("{compared} comparisons");
}

/// The attributes that a queue can have, and those that it cannot.
const ATTRIBUTES: [[i64; 2]; 17] = [
    [1, 1],
    [10, 8192],
    [1, 8192],
    [10, 1],
    [7, 4097],
    [0, 0],
    [0, 1],
    [1, 0],
    [11, 1],
    [1, 8193],
    [65536, 1],
    [65537, 1],
    [1, 16 << 20],
    [1, (16 << 20) + 1],
    // More is no number to us.
    [i32::MAX as i64, 1],
    [1, i32::MAX as i64],
    [i32::MAX as i64, i32::MAX as i64],
];

/// What becomes of a queue with these attributes: what C sees of it, or an errno.
fn queue_of(maker: &mut dyn Maker, seer: &mut Program, attributes: Option<[i64; 2]>) -> Answer {
    maker.make(Order::Queue(attributes), b"/x", 0o600)?;
    let answer = seer.ask("mq-attributes", &[b"/x"]);
    // Not by this process: its descriptors live on for a moment in children that other threads
    // start, and an open queue counts.
    assert_eq!(seer.ask("mq-unlink", &[b"/x"]), Ok(String::new()));
    answer
}

/// Asked for the same attributes, everybody makes the same queue, or fails for the same reason.
fn attributes() {
    let mut refused = 0;
    for user in [None, Some(USER)] {
        let mut seer = Program::start(Machine::X86_64, Libc::Musl, None);
        let mut makers = makers(user);
        let given = ATTRIBUTES.iter().map(|&attributes| Some(attributes));
        for attributes in given.chain([None]) {
            let mut expected = None;
            for maker in &mut makers {
                let made = queue_of(&mut **maker, &mut seer, attributes);
                refused += usize::from(made.is_err());
                let expected = expected.get_or_insert_with(|| made.clone());
                assert_eq!(*expected, made, "{attributes:?} by {maker}, {user:?}");
                if let (Some([maxmsg, msgsize]), Ok(seen)) = (attributes, made) {
                    assert_eq!(seen, format!("{maxmsg} {msgsize} 0"));
                }
            }
        }
    }
    assert!(refused > 0);
}

/// Without attributes, or without one of them, a queue has the namespace's.
fn defaults() {
    let sysctl = |name, value: &str| {
        namespace::set_sysctl(&format!("fs.mqueue.{name}"), value).expect(name);
    };
    let mut seer = Program::start(Machine::X86_64, Libc::Musl, None);
    for (limits, usual) in [
        (["10", "8192", "10", "8192"], [10, 8192]),
        (["5", "200", "10", "8192"], [5, 200]),
        // No more than the largest that are allowed.
        (["10", "8192", "4", "4096"], [4, 4096]),
    ] {
        let names = ["msg_default", "msgsize_default", "msg_max", "msgsize_max"];
        for (name, limit) in names.into_iter().zip(limits) {
            sysctl(name, limit);
        }
        for user in [None, Some(USER)] {
            for mut maker in makers(user) {
                let made = queue_of(&mut *maker, &mut seer, None);
                let [maxmsg, msgsize] = usual;
                assert_eq!(
                    made,
                    Ok(format!("{maxmsg} {msgsize} 0")),
                    "{maker}, {limits:?}, {user:?}"
                );
            }
            for ours in Ours::both(Libc::Glibc, user) {
                for (option, given, expected) in [
                    ("--maxmsg", 3, [3, usual[1]]),
                    ("--msgsize", 7, [usual[0], 7]),
                ] {
                    let order = Order::Queue(None);
                    let mut words = ours.words(order, b"/x", 0o600);
                    words.extend([option.into(), given.to_string().into_bytes()]);
                    let made = ours.run(order, &words).map(drop);
                    let seen = made.and_then(|()| seer.ask("mq-attributes", &[b"/x"]));
                    clear();
                    let expected = format!("{} {} 0", expected[0], expected[1]);
                    let case = format!("{ours}, {option} alone, {limits:?}, {user:?}");
                    assert_eq!(seen, Ok(expected), "{case}");
                }
            }
        }
    }
}

/// The number of queues, and the bytes of a user's queues, have the same bounds for all.
fn limits() {
    /// A user who has no other queues: the kernel counts those of all namespaces.
    const USER: u32 = 4243;
    const QUEUE: [i64; 2] = [1, 1000];
    // The kernel adds 64 or 80 bytes a message, and something for each priority.
    const BOUNDS: [u64; 9] = [0, 1, 999, 1063, 1064, 1080, 1112, 1128, 2000];
    let mut seer = Program::start(Machine::X86_64, Libc::Musl, None);
    let mut programs = Program::all(Some(USER));
    let mut seen = Vec::new();
    // Downwards, since a limit cannot be raised again.
    for bound in BOUNDS.into_iter().rev() {
        let mut expected = None;
        for program in &mut programs {
            let text = bound.to_string();
            let done = program.ask("limit-queues", &[text.as_bytes()]);
            assert_eq!(done, Ok(String::new()));
            let made = queue_of(program, &mut seer, Some(QUEUE));
            let expected = expected.get_or_insert_with(|| made.clone());
            assert_eq!(made, *expected, "{bound} bytes, {program}");
        }
        let expected = expected.expect("programs");
        for mut ours in Ours::both(Libc::Glibc, Some(USER)) {
            ours.start.msgqueue = Some(bound);
            let made = queue_of(&mut ours, &mut seer, Some(QUEUE));
            assert_eq!(made, expected, "{bound} bytes, {ours}");
        }
        seen.push(expected);
    }
    for answer in [Ok("1 1000 0".to_owned()), Err(Errno(libc::EMFILE))] {
        assert!(seen.contains(&answer), "{seen:?}");
    }
    namespace::set_sysctl("fs.mqueue.queues_max", "1").expect("it is the namespace's");
    for user in [None, Some(USER)] {
        let mut expected = None;
        for mut maker in makers(user) {
            let queue = Order::Queue(Some([1, 1]));
            assert_eq!(maker.make(queue, b"/1", 0o600), Ok(()), "{maker}");
            let second = maker.make(queue, b"/2", 0o600);
            // The privileged may have more.
            let expected = expected.get_or_insert(second);
            assert_eq!(second, *expected, "{maker}, {user:?}");
            clear();
        }
        if user.is_some() {
            assert_eq!(expected, Some(Err(Errno(libc::ENOSPC))));
        }
    }
}

/// Where objects of these names cannot be made, or can all the same.
struct Site {
    title: &'static str,
    set_up: fn(),
    user: Option<u32>,
    /// What becomes of shared memory, a queue and a semaphore.
    expected: [Result<(), i32>; 3],
    /// The errno of glibc's semaphores, if that is another one.
    of_glibc: Option<i32>,
}

const SITES: &[Site] = &[
    Site {
        title: "no /dev/shm",
        set_up: || empty_dev(),
        user: None,
        expected: [Err(libc::ENOENT), Ok(()), Err(libc::ENOENT)],
        of_glibc: None,
    },
    Site {
        title: "/dev/shm is a link",
        set_up: || {
            empty_dev();
            fs::create_dir("/dev/elsewhere").expect("it is ours");
            symlink("elsewhere", posix::DIRECTORY).expect("it is ours");
        },
        user: None,
        expected: [Ok(()), Ok(()), Ok(())],
        of_glibc: None,
    },
    Site {
        title: "it is read-only",
        set_up: || namespace::close_dev_shm().expect("it is mounted"),
        user: None,
        expected: [Err(libc::EROFS), Ok(()), Err(libc::EROFS)],
        of_glibc: None,
    },
    Site {
        title: "it is another user's",
        set_up: || set_mode(0o755),
        user: Some(USER),
        expected: [Err(libc::EACCES), Ok(()), Err(libc::EACCES)],
        of_glibc: None,
    },
    Site {
        title: "it cannot be entered",
        set_up: || set_mode(0o666),
        user: Some(USER),
        expected: [Err(libc::EACCES), Ok(()), Err(libc::EACCES)],
        // It looks for a name that is free, and finds that all are.
        of_glibc: Some(libc::ENOENT),
    },
    Site {
        title: "it has no inodes left",
        set_up: || namespace::mount_dev_shm("tmpfs", "nr_inodes=1").expect("a tmpfs"),
        user: None,
        expected: [Err(libc::ENOSPC), Ok(()), Err(libc::ENOSPC)],
        of_glibc: None,
    },
    Site {
        title: "it has no pages left",
        set_up: || {
            namespace::mount_dev_shm("tmpfs", "size=4k").expect("a tmpfs");
            fs::write(posix::path(b"other"), [1]).expect("a page");
        },
        user: None,
        expected: [Ok(()), Ok(()), Err(libc::ENOSPC)],
        of_glibc: None,
    },
    Site {
        title: "directories have the names",
        set_up: || {
            for name in [&b"x"[..], b"sem.x"] {
                fs::create_dir(posix::path(name)).expect("it is ours");
            }
        },
        user: None,
        expected: [Err(libc::EEXIST), Ok(()), Err(libc::EEXIST)],
        of_glibc: None,
    },
    Site {
        title: "links that lead nowhere have the names",
        set_up: || {
            for name in [&b"x"[..], b"sem.x"] {
                symlink("nowhere", posix::path(name)).expect("it is ours");
            }
        },
        user: None,
        expected: [Err(libc::EEXIST), Ok(()), Err(libc::EEXIST)],
        of_glibc: None,
    },
];

/// Mounts an empty /dev, but for a null device.
fn empty_dev() {
    namespace::mount("tmpfs", "/dev", "mode=755").expect("a tmpfs");
    // SAFETY: a string that ends with NUL.
    let made = unsafe {
        libc::mknod(
            c"/dev/null".as_ptr(),
            libc::S_IFCHR | 0o666,
            libc::makedev(1, 3),
        )
    };
    assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
}

fn set_mode(mode: u32) {
    let permissions = Permissions::from_mode(mode);
    fs::set_permissions(posix::DIRECTORY, permissions).expect("it is ours");
}

/// Where objects cannot be made, everybody says why in the same way.
fn places() {
    for site in SITES {
        // A thread of its own, which takes its namespaces with it.
        thread::scope(|scope| scope.spawn(|| try_at(site)).join().expect(site.title));
    }
}

fn try_at(site: &Site) {
    namespace::unshare().expect("namespaces");
    (site.set_up)();
    let mut removers = Libc::ALL.map(|libc| Program::start(Machine::X86_64, libc, None));
    for mut maker in makers_of_semaphores(Machine::BOTH, site.user) {
        for (order, expected) in Order::USUAL.into_iter().zip(site.expected) {
            let made = maker.make(order, b"/x", 0o600);
            let case = format!("{}: {order:?} by {maker}", site.title);
            let is_odd = matches!(order, Order::Sem(_)) && maker.is_glibc();
            let expected = match site.of_glibc.filter(|_| is_odd) {
                Some(errno) => Err(errno),
                None => expected,
            };
            assert_eq!(made, expected.map_err(Errno), "{case}");
            if made.is_ok() {
                let libc = maker.libc();
                let remover = removers.iter_mut().find(|program| program.libc == libc);
                let removed = remover.expect("one of each").unlink(order, b"/x");
                assert_eq!(removed, Ok(String::new()), "{case}");
            }
        }
    }
}
