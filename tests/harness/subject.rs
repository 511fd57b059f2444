//! Runs the program under test.

use std::ffi::{CStr, CString, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::ptr;

use crate::case::{Random, Start, Stream, Version};
use crate::files::{Input, Scratch, Stdin};
use crate::namespace::{Changed, Sysctl};
use crate::only::Word;
use crate::output::Output;
use crate::seccomp;
use crate::spawn::{self, Launch};
use crate::syscalls;
use crate::text;
use crate::tracer::{self, Action, Tracee};
use crate::watchdog::{self, Watchdog};

/// The program under test.
pub struct Subject {
    /// Its path, as the user typed it.
    path: PathBuf,
    /// The path of the same file, or of a copy, that any user can execute.
    reachable: PathBuf,
    /// The emulator that runs it; or valgrind; or the dynamic loader, whose directory has its
    /// libraries.
    through: Option<PathBuf>,
    /// The size of its words.
    word: Word,
    scratch: Scratch,
}

/// What a run did.
#[derive(Debug)]
pub struct Outcome {
    /// What it wrote to standard output, if that was captured.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, if that was captured.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub status: ExitStatus,
    /// The names of its system calls, if they were asked for.
    pub calls: Option<Vec<String>>,
    /// The faults that the run did not reach.
    pub unreached: Vec<String>,
}

/// Options of valgrind: to print errors and nothing else on standard error, and then to exit with a
/// status that no subject has.
const VALGRIND: [&str; 2] = ["--quiet", "--error-exitcode=99"];

impl Subject {
    /// The program in the file `path`, run by the emulator `through` if there is one.
    pub fn new(path: &Path, through: Option<&Path>) -> io::Result<Self> {
        let scratch = Scratch::new()?;
        let reachable = make_reachable(path, &scratch)?;
        let mut through = through.map(find_in_path).transpose()?;
        if let Some(loader) = through.as_mut().filter(|program| is_loader(program)) {
            make_reachable(&loader.with_file_name("libc.so.6"), &scratch)?;
            *loader = make_reachable(loader, &scratch)?;
        }
        Ok(Self {
            path: path.to_owned(),
            word: Word::of(&reachable)?,
            reachable,
            through,
            scratch,
        })
    }

    /// The size of the program's words.
    pub fn word(&self) -> Word {
        self.word
    }

    /// Whether an emulator runs the program.
    pub fn is_emulated(&self) -> bool {
        self.through
            .as_deref()
            .is_some_and(|program| !is_loader(program))
    }

    /// Runs the program once in the calling thread's namespace. With `calls` the outcome has the
    /// names of its system calls.
    pub fn run(&self, start: &Start, words: &[Vec<u8>], calls: bool) -> io::Result<Outcome> {
        let log = match &self.through {
            Some(_) if calls => Some(self.scratch.file()?.0),
            _ => None,
        };
        let open = |stream| Output::open(stream, || self.scratch.file().map(|(_, file)| file));
        let (stdout, to_stdout) = open(start.stdout)?;
        let (stderr, to_stderr) = open(start.stderr)?;
        let (stdin, input) = Input::open(start)?;
        let streams = [stdin, to_stdout, to_stderr];
        let launch = self.start(start, words, streams, log.as_deref())?;
        let outputs = [stdout, stderr];
        let traced = !self.is_emulated()
            && (calls
                || start.argc0
                || start.random.is_some()
                || !start.faults.is_empty()
                || !start.at_exec.is_empty());
        let mut outcome = if traced {
            run_traced(launch, outputs, start)?
        } else {
            run_untraced(launch, outputs, start)?
        };
        input.finish()?;
        if !calls {
            outcome.calls = None;
        } else if let Some(log) = log {
            outcome.calls = Some(read_strace(&fs::read_to_string(&log)?));
            fs::remove_file(log)?;
        }
        Ok(outcome)
    }

    /// The version that util-linux's ipcmk prints.
    pub fn util_linux_version(&self) -> Result<Version, String> {
        let outcome = self.run(&Start::default(), &[b"-V".to_vec()], false);
        let outcome = outcome.map_err(|error| format!("{}: {error}", self.path.display()))?;
        let text = String::from_utf8_lossy(&outcome.stdout);
        let mut words = text.split_whitespace();
        words.find(|word| *word == "util-linux");
        let version = words.next();
        let none = || format!("{} -V says {text:?}: not util-linux's", self.path.display());
        version.ok_or_else(none)?.parse()
    }

    /// The path of the program, as the user typed it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Prepares a run with these standard streams; [`in_child`] sets up the rest of `start`.
    pub fn launch(
        &self,
        start: &Start,
        words: &[Vec<u8>],
        streams: [OwnedFd; 3],
    ) -> io::Result<Launch> {
        self.start(start, words, streams, None)
    }

    /// The same, with a file for the emulator's log of system calls if there is one.
    fn start(
        &self,
        start: &Start,
        words: &[Vec<u8>],
        streams: [OwnedFd; 3],
        strace_log: Option<&Path>,
    ) -> io::Result<Launch> {
        let subject = self.reachable.as_os_str().as_bytes();
        let mut arguments = self.before(&start.argv0);
        if let Some(log) = strace_log {
            arguments.extend([b"-strace", &b"-D"[..], log.as_os_str().as_bytes()]);
        }
        let program = match arguments.first() {
            None => {
                arguments.push(&start.argv0);
                subject
            }
            Some(&program) => {
                arguments.push(subject);
                program
            }
        };
        arguments.extend(words.iter().map(Vec::as_slice));
        let environment = start
            .environment
            .iter()
            .map(|(name, value)| [name, &b"="[..], value].concat());
        Launch::new(program, arguments, environment, streams)
    }

    /// The words before the subject on a command line: the program that runs it, and its options.
    fn before<'a>(&'a self, argv0: &'a [u8]) -> Vec<&'a [u8]> {
        let Some(through) = &self.through else {
            return Vec::new();
        };
        let mut before = vec![through.as_os_str().as_bytes()];
        if through.ends_with("valgrind") {
            before.extend(VALGRIND.map(str::as_bytes));
        } else if is_loader(through) {
            let libraries = through.parent().unwrap_or(through).as_os_str().as_bytes();
            before.extend([b"--argv0", argv0, b"--library-path", libraries]);
        } else {
            before.extend([b"-0", argv0]);
        }
        before
    }

    /// Formats a run as a bash command line.
    pub fn shell_line(&self, start: &Start, words: &[Vec<u8>]) -> String {
        let mut line = vec!["env".to_owned(), "-i".to_owned()];
        line.extend(
            start
                .environment
                .iter()
                .map(|(name, value)| text::shell_word(&[name, &b"="[..], value].concat())),
        );
        line.extend(self.before(&start.argv0).into_iter().map(text::shell_word));
        line.push(text::shell_word(self.path.as_os_str().as_bytes()));
        line.extend(words.iter().map(|word| text::shell_word(word)));
        match &start.stdin {
            Stdin::Nothing => {}
            Stdin::Closed => line.push("<&-".to_owned()),
            Stdin::File(name) => line.push(format!("<{}", text::shell_word(name))),
            Stdin::Pipe(name) => line.push(format!("< <(cat {})", text::shell_word(name))),
        }
        for (descriptor, stream) in [(1, start.stdout), (2, start.stderr)] {
            line.push(match stream {
                Stream::Captured | Stream::FullPipe | Stream::Limit(_) => continue,
                Stream::Closed => format!("{descriptor}>&-"),
                Stream::Full => format!("{descriptor}>/dev/full"),
                Stream::Broken => format!("{descriptor}> >(:)"),
            });
        }
        line.join(" ")
    }
}

/// Whether this program is the dynamic loader of the GNU C library.
fn is_loader(program: &Path) -> bool {
    let name = program.file_name().unwrap_or_default();
    name.as_bytes().starts_with(b"ld-linux")
}

/// The path of the file, or of a copy: a build tree may lie below a directory that `given: user`
/// cannot enter.
fn make_reachable(path: &Path, scratch: &Scratch) -> io::Result<PathBuf> {
    if anyone_can_run(path)? {
        return path.canonicalize();
    }
    let name = path.file_name().unwrap_or_default();
    let copy = scratch.join(&name.to_string_lossy());
    fs::copy(path, &copy)?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
    Ok(copy)
}

/// Whether every user can execute this file.
fn anyone_can_run(path: &Path) -> io::Result<bool> {
    for step in path.canonicalize()?.ancestors() {
        if fs::metadata(step)?.permissions().mode() & 0o005 == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Finds a program in PATH.
pub(crate) fn find_in_path(program: &Path) -> io::Result<PathBuf> {
    if program.components().count() > 1 {
        return Ok(program.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
    let candidates = std::env::split_paths(&path).map(|directory| directory.join(program));
    candidates
        .into_iter()
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("no {} in PATH", program.display()),
            )
        })
}

/// Finds util-linux's ipcmk in PATH.
pub fn util_linux_ipcmk() -> io::Result<PathBuf> {
    find_in_path(Path::new("ipcmk"))
}

/// The ipcmk of util-linux 2.41 or later that tests/tools/util-linux.sh has fetched.
pub fn util_linux_2_41() -> io::Result<Subject> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/util-linux-2.41/usr");
    let loader = root.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    Subject::new(&root.join("bin/ipcmk"), Some(&loader))
}

/// What a child does between clone(2) and exec: mounts, user, streams, limits, filters. It only
/// makes system calls, and neither allocates nor locks.
pub fn in_child(start: &Start) -> io::Result<impl Fn() -> io::Result<()> + Send + Sync + 'static> {
    let (user, userns) = (start.user, start.userns);
    let (noproc, nodev, umask) = (start.noproc, start.nodev, start.umask);
    let (nofile, memlock, msgqueue) = (start.nofile, start.memlock, start.msgqueue);
    let directory = start.directory.as_ref().map(|path| path.as_os_str());
    let directory = directory.map(|path| CString::new(path.as_bytes()));
    let directory = directory.transpose()?;
    let longest_file = match start.stdout {
        Stream::Limit(bytes) => Some(bytes),
        _ => start.fsize,
    };
    let filters = start
        .filters
        .iter()
        .map(seccomp::program)
        .chain(start.ipc_alone.then(seccomp::ipc_alone))
        .collect::<Vec<_>>();
    let close = [
        start.stdin == Stdin::Closed,
        start.stdout == Stream::Closed,
        start.stderr == Stream::Closed,
    ];
    Ok(move || {
        if let Some(directory) = &directory {
            // SAFETY: a string that ends with a NUL.
            check(unsafe { libc::chdir(directory.as_ptr()) })?;
        }
        if userns {
            enter_user_namespace()?;
        }
        if noproc {
            hide(c"/proc")?;
        }
        if nodev {
            hide(c"/dev")?;
        }
        // SAFETY: a number.
        unsafe { libc::umask(umask) };
        if let Some(user) = user {
            become_user(user)?;
        }
        for (descriptor, _) in (0..).zip(close).filter(|row| row.1) {
            // SAFETY: a number, no pointer; nothing in this child uses the descriptor afterwards.
            check(unsafe { libc::close(descriptor) })?;
        }
        let limits = [
            (libc::RLIMIT_FSIZE, longest_file),
            (libc::RLIMIT_NOFILE, nofile),
            (libc::RLIMIT_MEMLOCK, memlock),
            (libc::RLIMIT_MSGQUEUE, msgqueue),
        ];
        for (resource, limit) in limits {
            let Some(limit) = limit else { continue };
            spawn::limit_resource(resource, limit)?;
        }
        // Last, since a filter may refuse any call but exec itself.
        for filter in &filters {
            seccomp::apply(filter)?;
        }
        Ok(())
    })
}

/// Moves this process, which is root, into a user namespace where it is root and that maps no other
/// user.
fn enter_user_namespace() -> io::Result<()> {
    // SAFETY: no pointer; this process has one thread.
    check(unsafe { libc::unshare(libc::CLONE_NEWUSER) })?;
    let write = |path: &CStr, text: &[u8]| {
        // SAFETY: the string is static and ends with a NUL; the text has this length; nothing uses
        // the descriptor after close.
        unsafe {
            let file = libc::open(path.as_ptr(), libc::O_WRONLY);
            check(file)?;
            check(libc::write(file, text.as_ptr().cast(), text.len()) as _)?;
            check(libc::close(file))
        }
    };
    write(c"/proc/self/uid_map", b"0 0 1")?;
    write(c"/proc/self/setgroups", b"deny")?;
    write(c"/proc/self/gid_map", b"0 0 1")
}

/// Mounts an empty tmpfs on a mount point, in a mount namespace of this process.
fn hide(directory: &CStr) -> io::Result<()> {
    const NONE: *const libc::c_char = c"none".as_ptr();
    let mount = |kind: *const libc::c_char, flags| {
        // SAFETY: the strings end with a NUL; the kernel accepts a null type and null data.
        check(unsafe { libc::mount(NONE, directory.as_ptr(), kind, flags, ptr::null()) })
    };
    // SAFETY: no pointer; this process has one thread.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    // A mount below a shared one propagates to the other namespaces, so the present one is made
    // private.
    mount(ptr::null(), libc::MS_PRIVATE)?;
    mount(c"tmpfs".as_ptr(), 0)
}

/// Changes user and group ids, so that root cannot be regained.
fn become_user(user: u32) -> io::Result<()> {
    #[cfg(target_pointer_width = "64")]
    use libc::{SYS_setgroups, SYS_setresgid, SYS_setresuid};
    // The other ones take ids of 16 bits.
    #[cfg(target_pointer_width = "32")]
    use libc::{
        SYS_setgroups32 as SYS_setgroups, SYS_setresgid32 as SYS_setresgid,
        SYS_setresuid32 as SYS_setresuid,
    };
    // SAFETY: the number of groups is 0, so the kernel reads none from the null pointer. The system
    // calls themselves, since glibc's functions take locks to change the ids of every thread.
    unsafe {
        check_call(libc::syscall(SYS_setgroups, 0, ptr::null::<libc::gid_t>()))?;
        check_call(libc::syscall(SYS_setresgid, user, user, user))?;
        check_call(libc::syscall(SYS_setresuid, user, user, user))
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    check_call(result.into())
}

fn check_call(result: libc::c_long) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

fn run_untraced(launch: Launch, outputs: [Output; 2], start: &Start) -> io::Result<Outcome> {
    let in_child = in_child(start)?;
    // SAFETY: `in_child` only makes system calls.
    let (pid, watchdog) =
        unsafe { launch.start(&in_child, |pid| Ok((pid, Watchdog::over(pid)?))) }?;
    let [stdout, stderr] = outputs.map(|output| output.read(pid));
    let (stdout, stderr) = (stdout?, stderr?);
    let status = ExitStatus::from_raw(tracer::wait(pid)?);
    watchdog.check()?;
    Ok(Outcome {
        stdout: stdout.finish()?,
        stderr: stderr.finish()?,
        status,
        calls: None,
        unreached: Vec::new(),
    })
}

/// Sets the bytes at AT_RANDOM and the arguments of a stopped program to those of `start`.
///
/// # Errors
/// Those of ptrace(2).
pub fn set_stack(tracee: &Tracee, start: &Start) -> io::Result<()> {
    let mut stack = tracee.initial_stack()?;
    match start.random {
        Some(Random::Numbers(numbers)) => stack.set_random(tracee, numbers)?,
        Some(Random::None) => stack.hide_random(),
        None => {}
    }
    if start.argc0 {
        stack.arguments.clear();
    }
    stack.write(tracee)
}

fn run_traced(launch: Launch, outputs: [Output; 2], start: &Start) -> io::Result<Outcome> {
    let in_child = in_child(start)?;
    // SAFETY: `in_child` only makes system calls.
    let tracee = unsafe { Tracee::launch(launch, watchdog::LIMIT, &in_child) }?;
    let pid = tracee.pid();
    let [stdout, stderr] = outputs.map(|output| output.read(pid));
    let (stdout, stderr) = (stdout?, stderr?);
    set_stack(&tracee, start)?;
    let at_exec = start.at_exec.iter().map(Sysctl::set_for_now);
    let _changed: Vec<Changed> = at_exec.collect::<io::Result<_>>()?;
    let mut met = vec![0_usize; start.faults.len()];
    let trace = tracee.run(|call| {
        let mut action = Action::Continue;
        for (fault, met) in start
            .faults
            .iter()
            .zip(&mut met)
            .filter(|(fault, _)| fault.call == call.name)
        {
            *met += 1;
            if *met == fault.occurrence {
                action = Action::Fail(fault.errno);
            }
        }
        action
    })?;
    let unreached = start
        .faults
        .iter()
        .zip(met)
        .filter(|(fault, met)| *met < fault.occurrence);
    Ok(Outcome {
        stdout: stdout.finish()?,
        stderr: stderr.finish()?,
        status: trace.status,
        calls: Some(
            trace
                .calls
                .iter()
                .map(|call| call.name.to_owned())
                .collect(),
        ),
        unreached: unreached.map(|(fault, _)| fault.text.clone()).collect(),
    })
}

/// Reads the names of calls from a log of `qemu -strace`: lines of `pid name(arguments) = result`.
fn read_strace(log: &str) -> Vec<String> {
    let name = |line: &str| {
        let (pid, call) = line.split_once(' ')?;
        pid.parse::<u32>().ok()?;
        if let Some(number) = call.strip_prefix("Unknown syscall ") {
            return Some(number.to_owned());
        }
        let (name, arguments) = call.split_once('(')?;
        let name = match name {
            // Its first argument is the call.
            "ipc" => syscalls::by_ipc(arguments.split_once(',')?.0.parse().ok()?)?,
            _ => name,
        };
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
            .then(|| syscalls::usual_name(name).to_owned())
    };
    log.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Filter;
    use crate::{case, files};

    #[test]
    fn names_are_read_out_of_a_log() {
        let log = "12 rt_sigprocmask(SIG_BLOCK,0x1,NULL) = 0\n12 Unknown syscall 999\nnoise\n\
                   12 write(1,0x5500,3)abc = 3\n12 ipc(1,0,2,0) = 0\n12 mmap2(0,1) = 0\n\
                   12 exit_group(0)\n";
        assert_eq!(
            read_strace(log),
            [
                "rt_sigprocmask",
                "999",
                "write",
                "semop",
                "mmap",
                "exit_group"
            ]
        );
    }

    #[test]
    fn a_run_is_seen_whole() {
        let subject = Subject::new(Path::new("/bin/sh"), None).unwrap();
        let words = |script: &str| vec![b"-c".to_vec(), script.as_bytes().to_vec()];
        let outcome = subject
            .run(
                &Start::default(),
                &words("echo out; echo err >&2; exit 3"),
                false,
            )
            .unwrap();
        assert_eq!(
            (outcome.stdout.as_slice(), outcome.stderr.as_slice()),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert_eq!(outcome.status.code(), Some(3));
        let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2";
        let outcome = subject
            .run(&Start::default(), &words(script), false)
            .unwrap();
        assert_eq!(
            (outcome.stdout.len(), outcome.stderr.len()),
            (300_000, 300_000)
        );
        assert_eq!(
            subject
                .run(&Start::default(), &words("kill -9 $$"), false)
                .unwrap()
                .status
                .signal(),
            Some(9)
        );
    }

    #[test]
    fn a_loader_brings_its_libraries_to_where_any_user_finds_them() {
        let scratch = Scratch::new().unwrap();
        let closed = scratch.join("closed");
        fs::create_dir(&closed).unwrap();
        let library = Path::new("/lib64/ld-linux-x86-64.so.2")
            .canonicalize()
            .unwrap();
        for file in [
            &library,
            &library.with_file_name("libc.so.6"),
            Path::new("/bin/sh"),
        ] {
            fs::copy(file, closed.join(file.file_name().unwrap())).unwrap();
        }
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let loader = closed.join(library.file_name().unwrap());
        let subject = Subject::new(&closed.join("sh"), Some(&loader)).unwrap();
        assert!(!subject.is_emulated());
        let mut start = Start::default();
        // SAFETY: no pointer.
        if unsafe { libc::geteuid() } == 0 {
            start.user = Some(1000);
        }
        let words = [
            b"-c".to_vec(),
            b"echo $0; grep libc.so /proc/$$/maps".to_vec(),
        ];
        let outcome = subject.run(&start, &words, false).unwrap();
        let text = String::from_utf8(outcome.stdout).unwrap();
        let (name, maps) = text.split_once('\n').unwrap();
        let copy = subject.scratch.join("libc.so.6");
        let is_copy = |line: &str| line.ends_with(copy.to_str().unwrap());
        assert!(name == "ipcmk" && !maps.is_empty(), "{text}");
        assert!(maps.lines().all(is_copy), "{text}");
    }

    #[test]
    fn streams_are_what_the_case_says() {
        let subject = Subject::new(Path::new("/bin/sh"), None).unwrap();
        let run = |stdout: Stream, script: &str| {
            let stdin = match stdout {
                Stream::Closed => Stdin::Closed,
                _ => Stdin::Nothing,
            };
            let start = Start {
                stdout,
                stdin,
                ..Start::default()
            };
            subject
                .run(&start, &[b"-c".to_vec(), script.as_bytes().to_vec()], false)
                .unwrap()
        };
        let holds = |stdout, test: &str| run(stdout, test).status.success();
        assert!(holds(Stream::Full, "test /proc/$$/fd/1 -ef /dev/full"));
        assert!(holds(Stream::Full, "test /proc/$$/fd/0 -ef /dev/null"));
        assert!(holds(Stream::Captured, "test -p /proc/$$/fd/1"));
        assert!(holds(Stream::Closed, "test -p /proc/$$/fd/2"));
        assert!(!holds(Stream::Closed, "test -e /proc/$$/fd/0"));
        assert!(!holds(Stream::Closed, "test -e /proc/$$/fd/1"));
        assert_eq!(
            run(Stream::Broken, "exec echo x").status.signal(),
            Some(libc::SIGPIPE)
        );
    }

    fn shell(start: &Start, script: &str) -> Outcome {
        let subject = Subject::new(Path::new("/bin/sh"), None).unwrap();
        let words = [b"-c".to_vec(), script.as_bytes().to_vec()];
        subject.run(start, &words, false).unwrap()
    }

    #[test]
    fn a_full_pipe_is_emptied_when_the_subject_waits_for_it() {
        let start = Start {
            stdout: Stream::FullPipe,
            ..Start::default()
        };
        // Without O_NONBLOCK, write(2) waits for the reader.
        let patient =
            "exec perl -MFcntl -e 'fcntl STDOUT, F_SETFL, 0; syswrite STDOUT, qq(text\\n)'";
        let outcome = shell(&start, patient);
        assert_eq!(outcome.stdout, b"text\n", "{outcome:?}");
        let outcome = shell(&start, "sleep 0.1; /bin/echo text");
        assert_eq!(outcome.stdout, b"");
        assert!(!outcome.status.success() && !outcome.stderr.is_empty());
    }

    #[test]
    fn a_file_does_not_pass_its_limit() {
        let script = "trap '' XFSZ; /bin/echo 12345";
        let run = |bytes| {
            let start = Start {
                stdout: Stream::Limit(bytes),
                ..Start::default()
            };
            shell(&start, script)
        };
        let outcome = run(3);
        assert_eq!(outcome.stdout, b"123");
        assert!(!outcome.status.success());
        assert_eq!(run(0).stdout, b"");
        let outcome = run(6);
        assert_eq!(outcome.stdout, b"12345\n");
        assert!(outcome.status.success());
    }

    #[test]
    fn descriptors_are_limited() {
        let run = |nofile| {
            let start = Start {
                nofile,
                ..Start::default()
            };
            shell(&start, "ulimit -n")
        };
        assert_eq!(run(Some(17)).stdout, b"17\n");
        assert_ne!(run(None).stdout, b"17\n");
    }

    #[test]
    fn a_filter_refuses_what_it_is_told_to() {
        let run = |filters: Vec<Filter>| {
            let start = Start {
                filters,
                ..Start::default()
            };
            shell(&start, "uname")
        };
        let refuse = |call, errno| Filter {
            call,
            command: None,
            errno,
        };
        let outcome = run(vec![refuse("uname", libc::EXDEV)]);
        assert!(!outcome.status.success());
        let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert!(stderr.contains("Invalid cross-device link"), "{stderr}");
        let two = vec![
            refuse("getppid", libc::ENOSYS),
            refuse("uname", libc::EXDEV),
        ];
        assert_eq!(run(two).stdout, b"");
        assert_eq!(run(Vec::new()).stdout, b"Linux\n");
    }

    #[test]
    fn a_filter_refuses_one_command_alone() {
        let run = |command| {
            let filters = vec![Filter {
                call: "msgctl",
                command: Some(command),
                errno: libc::EXDEV,
            }];
            let start = Start {
                filters,
                ..Start::default()
            };
            // ipcs reads the limits with IPC_INFO; ipcrm looks with IPC_STAT at a queue that does
            // not exist.
            let limits = shell(&start, "ipcs -q -l");
            let queue = shell(&start, "ipcrm -q 999999");
            (limits.status.success(), queue.stderr)
        };
        let (limits, queue) = run(libc::IPC_RMID);
        assert!(limits && queue.ends_with(b"Invalid cross-device link\n"));
        let (_, queue) = run(libc::IPC_SET);
        assert!(!queue.ends_with(b"Invalid cross-device link\n"));
    }

    #[test]
    fn a_run_has_its_directory_its_input_and_its_limits() {
        let case = |given: &str| {
            let text = format!("case: a\n{given}\nrun:\nutil-linux: same\n");
            let cases = case::parse(Path::new("x.case"), &text, Word::Bits64).expect(given);
            files::settle(&cases[0]).expect(given)
        };
        let many = "given: text many {x*200000}\ngiven: fifo f many\ngiven: mode many 600\n\
                    given: link l many\ngiven: directory d\n";
        let (pipe, _held) = case(&format!("{many}given: stdin pipe many"));
        let script = "wc -c; wc -c <f; wc -c <l; test -d d && stat -c %a many";
        let outcome = shell(&pipe.start, script);
        assert_eq!(
            outcome.stdout, b"200000\n200000\n200000\n600\n",
            "{outcome:?}"
        );
        // The subject reads neither standard input nor the FIFO.
        assert!(shell(&pipe.start, "true").status.success());
        let (file, _held) = case(&format!(
            "{many}given: stdin file many\ngiven: memlock 8192"
        ));
        assert_eq!(
            shell(&file.start, "wc -c; ulimit -l").stdout,
            b"200000\n8\n"
        );
        let (closed, _held) = case("given: stdin closed");
        assert_eq!(
            shell(&closed.start, "test -e /proc/$$/fd/0").status.code(),
            Some(1)
        );
    }

    #[test]
    fn a_user_namespace_knows_no_other_user() {
        let start = Start {
            userns: true,
            ..Start::default()
        };
        // SAFETY: no pointer.
        if unsafe { libc::geteuid() } == 0 {
            let outcome = shell(&start, "cat /proc/self/uid_map; id -u");
            let text = String::from_utf8(outcome.stdout).unwrap();
            let words: Vec<&str> = text.split_whitespace().collect();
            assert_eq!(words, ["0", "0", "1", "0"]);
        }
    }
}
