//! Forks and execs programs while other threads do the same, and sends them signals.
//!
//! Between fork and exec a child has a copy of every descriptor of this process. So a pipe whose
//! reader is dropped here may keep a reader for a moment, and a write that should fail with EPIPE
//! succeeds. [`close`] drops an end of a pipe when there is no such child.

use std::ffi::{CString, c_char, c_int, c_void};
use std::fs::{self, File};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

/// Held for reading while a child is between its fork and its exec.
static FORKING: RwLock<()> = RwLock::new(());

/// Starts a program, with no signal ignored or blocked. Returns after its exec.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    // SAFETY: it only makes system calls.
    unsafe { command.pre_exec(default_signals) };
    let _forking = forking();
    command.spawn()
}

/// Resets every signal of this process to its default action, and blocks none. A child calls it
/// before its exec, which would keep ignored and blocked signals. It only makes system calls.
///
/// The caller of the tests may ignore signals (nohup(1), a shell's background job), and Rust's
/// runtime ignores SIGPIPE. The subject must be able to receive each of them.
pub fn default_signals() -> io::Result<()> {
    // All zeros: SIG_DFL, no flags and no mask. The system call itself, since glibc's function
    // skips the two signals that its threads use.
    let default = [0_u64; 4];
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: it reads one struct sigaction of the kernel, which is not longer than this. It
        // fails for SIGKILL and SIGSTOP, which cannot be ignored.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                ptr::null_mut::<u64>(),
                size_of::<u64>(),
            )
        };
    }
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset fills the set that sigprocmask reads.
    check(unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut())
    })
}

fn forking() -> RwLockReadGuard<'static, ()> {
    FORKING.read().unwrap_or_else(PoisonError::into_inner)
}

/// Drops an end of a pipe while no child has a copy of it.
pub fn close<T>(end: T) {
    let _nobody_forks = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    drop(end);
}

/// Opens a program for the rest of this process's life, and returns a path by which any user can
/// execute it in a child: the directories above it may be closed to that user.
pub fn open_to_all(program: &Path) -> io::Result<PathBuf> {
    let descriptor = File::open(program)?.into_raw_fd();
    // An emulator opens the path after its exec.
    // SAFETY: takes numbers only.
    check(unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) })?;
    Ok(format!("/proc/self/fd/{descriptor}").into())
}

/// Sets a soft resource limit of this process; a child calls it before its exec. The hard limit
/// stays higher where possible: only the soft one is enforced, and a hint must state that one.
pub fn limit_resource(resource: libc::__rlimit_resource_t, limit: u64) -> io::Result<()> {
    let mut both = libc::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a valid rlimit.
    check(unsafe { libc::getrlimit64(resource, &raw mut both) })?;
    both.rlim_cur = limit;
    both.rlim_max = both.rlim_max.clamp(limit, limit.saturating_add(1));
    // SAFETY: the pointer is to a valid rlimit.
    check(unsafe { libc::setrlimit64(resource, &raw const both) })
}

/// A program that is ready to start, many times faster than by fork(2): like vfork(2), the child
/// shares this process's memory until its exec, so no page table or page is copied.
pub struct Launch {
    program: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    streams: [OwnedFd; 3],
}

/// What a child needs between clone(2) and exec, prepared before: it must not allocate.
struct ForChild<'a> {
    program: *const c_char,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    streams: [c_int; 3],
    set_up: &'a dyn Fn() -> io::Result<()>,
    /// The errno of the call that failed in the child.
    errno: AtomicI32,
}

/// Bytes of the child's stack: twice as many as glibc's posix_spawn gives its child.
const STACK: usize = 64 << 10;

impl Launch {
    /// A program by its path, with its arguments from argv\[0\] on, its environment (`NAME=value`)
    /// and its standard streams.
    pub fn new(
        program: &[u8],
        arguments: impl IntoIterator<Item = impl AsRef<[u8]>>,
        environment: impl IntoIterator<Item = impl AsRef<[u8]>>,
        streams: [OwnedFd; 3],
    ) -> io::Result<Self> {
        let string = |bytes: &[u8]| Ok::<_, io::Error>(CString::new(bytes)?);
        Ok(Self {
            program: string(program)?,
            arguments: arguments
                .into_iter()
                .map(|word| string(word.as_ref()))
                .collect::<Result<_, _>>()?,
            environment: environment
                .into_iter()
                .map(|variable| string(variable.as_ref()))
                .collect::<Result<_, _>>()?,
            streams,
        })
    }

    /// Replaces standard output.
    #[must_use]
    pub fn stdout(mut self, stdout: impl Into<OwnedFd>) -> Self {
        self.streams[1] = stdout.into();
        self
    }

    /// Starts the program. Then calls `arrived` with its pid, while no other thread's [`close`]
    /// runs, and returns its result. The child calls `set_up` before its exec.
    ///
    /// # Safety
    /// `set_up` only makes system calls: it neither allocates nor locks nor panics.
    pub unsafe fn start<T>(
        self,
        set_up: &dyn Fn() -> io::Result<()>,
        arrived: impl FnOnce(libc::pid_t) -> io::Result<T>,
    ) -> io::Result<T> {
        let pointers = |strings: &[CString]| {
            let pointers = strings.iter().map(|string| string.as_ptr());
            pointers.chain([ptr::null()]).collect()
        };
        let mut child = ForChild {
            program: self.program.as_ptr(),
            arguments: pointers(&self.arguments),
            environment: pointers(&self.environment),
            streams: self.streams.each_ref().map(AsRawFd::as_raw_fd),
            set_up,
            errno: AtomicI32::new(0),
        };
        let mut stack: Vec<MaybeUninit<u8>> = Vec::with_capacity(STACK);
        // The ABIs require alignment by 16, and a stack that grows downwards.
        let top = stack.as_mut_ptr().wrapping_add(STACK);
        let top = top.wrapping_sub(top.addr() % 16);
        let _forking = forking();
        let before = block_signals()?;
        // SAFETY: the stack belongs to the child alone. With CLONE_VFORK this thread waits for the
        // child's exec or exit, so what the pointer refers to outlives its use. No signal handler
        // can run in the child.
        let pid = unsafe {
            libc::clone(
                in_child,
                top.cast(),
                libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
                (&raw mut child).cast(),
            )
        };
        let error = io::Error::last_os_error();
        restore_signals(&before)?;
        if pid < 0 {
            return Err(error);
        }
        match child.errno.load(Ordering::SeqCst) {
            0 => arrived(pid),
            errno => {
                // SAFETY: a child that nothing else waits for; the kernel stores no status at null.
                unsafe { libc::waitpid(pid, ptr::null_mut(), libc::__WALL) };
                Err(io::Error::from_raw_os_error(errno))
            }
        }
    }
}

/// Runs in the child until its exec.
extern "C" fn in_child(child: *mut c_void) -> c_int {
    // SAFETY: the parent passes this pointer, and waits.
    let child = unsafe { &*child.cast::<ForChild<'_>>() };
    let error = child.exec();
    child
        .errno
        .store(error.raw_os_error().unwrap_or(libc::EIO), Ordering::SeqCst);
    // SAFETY: ends this process without touching the parent's memory.
    unsafe { libc::_exit(127) }
}

impl ForChild<'_> {
    /// Executes the program. Returns only if that fails.
    fn exec(&self) -> io::Error {
        let result = (0..)
            .zip(self.streams)
            .try_for_each(|(number, stream)| {
                // SAFETY: descriptors, no pointer.
                check(unsafe { libc::dup2(stream, number) })
            })
            .and_then(|()| default_signals())
            .and_then(|()| (self.set_up)());
        if let Err(error) = result {
            return error;
        }
        // SAFETY: a string, and two lists of strings that end with NULL.
        unsafe {
            libc::execve(
                self.program,
                self.arguments.as_ptr(),
                self.environment.as_ptr(),
            )
        };
        io::Error::last_os_error()
    }
}

/// Blocks every signal in this thread. Returns the previous mask.
fn block_signals() -> io::Result<libc::sigset_t> {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset fills the set that pthread_sigmask reads, and pthread_sigmask writes the
    // other.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        match libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr()) {
            0 => Ok(before.assume_init()),
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

fn restore_signals(mask: &libc::sigset_t) -> io::Result<()> {
    // SAFETY: pthread_sigmask wrote the set.
    match unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, ptr::null_mut()) } {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// A child that another thread waits for, by its pidfd. It may end and be waited for at any time:
/// then its pid may belong to another process, and the descriptor still refers to the child.
pub struct Process {
    pid: libc::pid_t,
    descriptor: OwnedFd,
}

impl Process {
    /// Opens the child of this pid, which has not been waited for.
    pub fn open(pid: libc::pid_t) -> io::Result<Self> {
        // SAFETY: the call takes no pointer.
        let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let Ok(descriptor @ 0..) = i32::try_from(descriptor) else {
            return Err(io::Error::last_os_error());
        };
        // SAFETY: the descriptor is new, and no other value owns it.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        Ok(Self { pid, descriptor })
    }

    /// Sends it a signal; does nothing if it has ended.
    pub fn send(&self, signal: i32) -> io::Result<()> {
        let no_information = ptr::null::<libc::siginfo_t>();
        // SAFETY: the descriptor is open, and the kernel follows no null pointer.
        let sent = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.descriptor.as_raw_fd(),
                signal,
                no_information,
                0,
            )
        };
        if sent == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            error => Err(error),
        }
    }

    /// Waits until it sleeps in a write. Returns false if it ends first.
    pub fn waits_to_write(&self) -> io::Result<bool> {
        /// Time from one look to the next.
        const PAUSE: Duration = Duration::from_micros(300);
        while !self.ends_within(PAUSE)? {
            // The pid is the child's, as it had not ended a moment ago. If it ends right now,
            // another process could have the pid for this one look.
            if is_asleep_to_write(self.pid)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Its state, and the processor time that it has used; None once it has been waited for.
    pub fn state(&self) -> Option<(State, Duration)> {
        state(self.pid)
    }

    fn ends_within(&self, time: Duration) -> io::Result<bool> {
        let mut poll = libc::pollfd {
            fd: self.descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let time = libc::timespec {
            tv_sec: 0,
            tv_nsec: time.subsec_nanos() as libc::c_long,
        };
        // SAFETY: one pollfd and one timespec, and no signal mask.
        check(unsafe { libc::ppoll(&mut poll, 1, &time, ptr::null()) })?;
        Ok(poll.revents != 0)
    }
}

/// The state of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs, or is ready to run.
    Running,
    /// It sleeps in a system call. Tracing adds no sleep.
    Asleep,
    /// It is stopped by a signal or its tracer, or waits for a disk.
    Other,
    /// It has ended, and has not been waited for.
    Ended,
}

/// Reads the state, and the processor time, user and system, from `/proc/<pid>/stat`:
/// proc_pid_stat(5).
fn state(pid: libc::pid_t) -> Option<(State, Duration)> {
    /// The unit of times there, on every architecture: USER_HZ.
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain spaces and parentheses.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = match fields.next()? {
        "R" => State::Running,
        "S" => State::Asleep,
        "Z" | "X" => State::Ended,
        _ => State::Other,
    };
    // Fields 14 and 15, counted from 1; the state is field 3.
    let ticks = fields.skip(10).take(2).map(str::parse::<u32>);
    let ticks: u32 = ticks.sum::<Result<_, _>>().ok()?;
    Some((state, TICK * ticks))
}

/// Whether a process sleeps in a call that waits for room in a pipe. (An emulator also sleeps for
/// other reasons.)
fn is_asleep_to_write(pid: libc::pid_t) -> io::Result<bool> {
    const CALLS: [libc::c_long; 2] = [libc::SYS_ppoll, libc::SYS_write];
    if !matches!(state(pid), Some((State::Asleep, _))) {
        return Ok(false);
    }
    match fs::read_to_string(format!("/proc/{pid}/syscall")) {
        Ok(text) => {
            let number = text.split(' ').next().and_then(|word| word.parse().ok());
            Ok(number.is_some_and(|number| CALLS.contains(&number)))
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        // It has ended.
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn launch(program: &str, script: &str, stdout: OwnedFd) -> Launch {
        let null = || OwnedFd::from(File::open("/dev/null").unwrap());
        Launch::new(
            program.as_bytes(),
            ["name", "-c", script],
            ["A=b"],
            [null(), stdout, null()],
        )
        .unwrap()
    }

    fn wait(pid: libc::pid_t) -> io::Result<ExitStatus> {
        let mut status = 0;
        // SAFETY: the address is valid for one c_int.
        check(unsafe { libc::waitpid(pid, &mut status, 0) })?;
        Ok(ExitStatus::from_raw(status))
    }

    #[test]
    fn a_program_gets_what_it_is_given() {
        let (mut reader, writer) = io::pipe().unwrap();
        let script = "echo $0 $A ${HOME-none} $(ulimit -c); kill -PIPE $$";
        let launch = launch("/bin/sh", script, writer.into());
        let none = || limit_resource(libc::RLIMIT_CORE, 0);
        // SAFETY: the closure makes one system call.
        let status = unsafe { launch.start(&none, wait) }.unwrap();
        assert_eq!(status.signal(), Some(libc::SIGPIPE));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "name b none 0\n");
    }

    #[test]
    fn no_signal_is_ignored_or_blocked_by_inheritance() {
        // SAFETY: numbers, no pointer. No test here receives this signal.
        unsafe { libc::signal(libc::SIGUSR1, libc::SIG_IGN) };
        let before = block_signals().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        let script = "exec grep -E '^Sig(Blk|Ign):' /proc/self/status";
        let launch = launch("/bin/sh", script, writer.try_clone().unwrap().into());
        // SAFETY: the closure does nothing.
        let status = unsafe { launch.start(&|| Ok(()), wait) }.unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).stdout(writer);
        let child = spawn(&mut command).unwrap().wait();
        drop(command);
        restore_signals(&before).unwrap();
        assert!(status.success() && child.unwrap().success());
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let once = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n";
        assert_eq!(text, once.repeat(2));
    }

    #[test]
    fn a_process_is_seen_to_wait_for_room() {
        let is_seen = |script: &str| {
            let (reader, writer) = io::pipe().unwrap();
            let launch = launch("/bin/sh", script, writer.into());
            let arrived = |pid| {
                let seen = Process::open(pid)?.waits_to_write()?;
                // Without a reader, the write fails with EPIPE.
                drop(reader);
                wait(pid)?;
                Ok(seen)
            };
            // SAFETY: the closure does nothing.
            unsafe { launch.start(&|| Ok(()), arrived) }.unwrap()
        };
        assert!(is_seen("exec cat /dev/zero"));
        // It sleeps in another call.
        assert!(!is_seen("sleep 0.1"));
    }

    #[test]
    fn the_state_of_a_process_is_read() {
        let pid = std::process::id().cast_signed();
        let (_, before) = state(pid).unwrap();
        while state(pid).unwrap().1 == before {}
        assert_eq!(state(-1), None);
        let (_reader, writer) = io::pipe().unwrap();
        let launch = launch("/bin/sh", "exec cat /dev/zero", writer.into());
        let arrived = |pid| {
            let process = Process::open(pid)?;
            assert!(process.waits_to_write()?);
            let (state, _) = process.state().unwrap();
            process.send(libc::SIGKILL)?;
            wait(pid)?;
            assert_eq!(process.state(), None);
            Ok(state)
        };
        // SAFETY: the closure does nothing.
        let state = unsafe { launch.start(&|| Ok(()), arrived) }.unwrap();
        assert_eq!(state, State::Asleep);
    }

    #[test]
    fn what_fails_in_the_child_is_told() {
        let null = || OwnedFd::from(File::open("/dev/null").unwrap());
        let missing = launch("/no/such/program", "", null());
        // SAFETY: these closures do nothing.
        let error = unsafe { missing.start(&|| Ok(()), wait) }.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        let refused = || Err(io::Error::from_raw_os_error(libc::EDOM));
        let shell = launch("/bin/sh", "exit 0", null());
        let error = unsafe { shell.start(&refused, wait) }.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EDOM));
    }
}
