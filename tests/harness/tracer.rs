//! Traces a program with ptrace(2): edits its initial stack, and follows it to its end, call by
//! call or instruction by instruction.
//!
//! ptrace(2) works only in the thread that started the program: keep a [`Tracee`] in that thread.
//! (It is not `Send`.) If that thread or the whole process ends early, the kernel kills the
//! program.

mod registers;
mod stack;

use std::io;
use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus};
use std::ptr;
use std::time::Duration;

pub use stack::{AT_IGNORE, AT_RANDOM, InitialStack, WORD};

use crate::spawn::{self, Launch};
use crate::syscalls;
use crate::watchdog::{self, Watchdog};

/// One system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syscall {
    /// Its name, the same on every architecture: see [`syscalls`].
    pub name: &'static str,
    /// Its arguments, the same on every architecture, but for numbers of 64 bits.
    pub args: [u64; 6],
    /// What it returned, with negative errnos; None if it did not return.
    pub result: Option<i64>,
}

/// What the tracer does with a system call, before it or, in [`Tracee::follow`], after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leaves the call as it is.
    Continue,
    /// Skips the call if it has not been made yet, and returns this errno. ENOSYS refuses a System
    /// V call of i686 in both its ways: if the program repeats it by ipc(2), that fails too, and is
    /// no further call.
    Fail(i32),
    /// Skips the call if it has not been made yet, and returns this value.
    Return(i64),
    /// Sends the program this signal, and leaves the call as it is.
    Signal(i32),
    /// Before the call only: limits its third argument, the length of a read or write.
    Shorten(u64),
}

/// A program's system calls from exec to its end.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its system calls in order.
    pub calls: Vec<Syscall>,
    /// How it ended.
    pub status: ExitStatus,
}

/// Runs a command and records its system calls. Its standard output and error must not fill up:
/// nothing reads a pipe meanwhile.
pub fn trace(command: &mut Command) -> io::Result<Trace> {
    Tracee::spawn(command)?.run(|_| Action::Continue)
}

/// A traced program, stopped.
pub struct Tracee {
    /// Its standard output, if that is a pipe of the command.
    pub stdout: Option<ChildStdout>,
    /// Its standard error, if that is a pipe of the command.
    pub stderr: Option<ChildStderr>,
    pid: libc::pid_t,
    watchdog: Watchdog,
    not_send: PhantomData<*const ()>,
}

/// Why a process has stopped.
enum Stop {
    Syscall,
    Signal(i32),
    End(ExitStatus),
}

impl Tracee {
    /// Starts a command and stops it before its first instruction.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        // SAFETY: the closure makes one system call, which is safe between fork and exec.
        unsafe {
            command.pre_exec(|| request(libc::PTRACE_TRACEME, 0, 0, 0));
        }
        let mut child = spawn::spawn(command)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let tracee = Self::stopped(child.id().cast_signed(), watchdog::LIMIT)?;
        Ok(Self {
            stdout,
            stderr,
            ..tracee
        })
    }

    /// Starts a program that is killed after `limit`, and stops it before its first instruction.
    /// The child calls `set_up` before its exec.
    ///
    /// # Safety
    /// Those of [`Launch::start`].
    pub unsafe fn launch(
        launch: Launch,
        limit: Duration,
        set_up: &dyn Fn() -> io::Result<()>,
    ) -> io::Result<Self> {
        let traced = || {
            set_up()?;
            request(libc::PTRACE_TRACEME, 0, 0, 0)
        };
        // SAFETY: the contract is the same; `traced` adds one system call.
        unsafe { launch.start(&traced, |pid| Self::stopped(pid, limit)) }
    }

    /// Attaches to a child that has called PTRACE_TRACEME, at the stop after its exec.
    fn stopped(pid: libc::pid_t, limit: Duration) -> io::Result<Self> {
        let watchdog = Watchdog::with_limit(pid, limit)?;
        let tracee = Self {
            stdout: None,
            stderr: None,
            pid,
            watchdog,
            not_send: PhantomData,
        };
        match tracee.wait()? {
            Stop::Signal(libc::SIGTRAP) => {}
            Stop::Signal(signal) => {
                return Err(io::Error::other(format!(
                    "signal {signal} instead of exec's stop"
                )));
            }
            Stop::Syscall | Stop::End(_) => {
                return Err(io::Error::other("the program ended before exec's stop"));
            }
        }
        let options = libc::PTRACE_O_EXITKILL | libc::PTRACE_O_TRACESYSGOOD;
        request(libc::PTRACE_SETOPTIONS, pid, 0, options as usize)?;
        Ok(tracee)
    }

    /// The process.
    pub fn pid(&self) -> libc::pid_t {
        self.pid
    }

    /// Reads the initial stack. Call it before the program runs.
    pub fn initial_stack(&self) -> io::Result<InitialStack> {
        InitialStack::read(self)
    }

    /// Runs the program to its end. Calls `hook` before every call, with an empty `result`.
    pub fn run(self, mut hook: impl FnMut(&Syscall) -> Action) -> io::Result<Trace> {
        self.follow(|call| match call.result {
            None => hook(call),
            Some(_) => Action::Continue,
        })
    }

    /// Runs the program to its end. Calls `hook` twice for every call: before it, with an empty
    /// `result`, and after it, unless the call ended the program.
    pub fn follow(self, mut hook: impl FnMut(&Syscall) -> Action) -> io::Result<Trace> {
        let mut calls: Vec<Syscall> = Vec::new();
        let mut forced = None;
        let mut skipped = None;
        // The call that has just failed so, and whether the present one repeats it.
        let (mut refused, mut repeats) = (None, false);
        let mut shortened = false;
        let mut signal = 0;
        loop {
            match request(libc::PTRACE_SYSCALL, self.pid, 0, signal as usize) {
                // SIGKILL has ended it; waitpid returns its status.
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {}
                result => result?,
            }
            signal = 0;
            match self.wait()? {
                Stop::End(status) => return Ok(Trace { calls, status }),
                Stop::Signal(received) => signal = received,
                Stop::Syscall => match self.syscall_stop()? {
                    SyscallStop::Entry { number, name, .. }
                        if refused.take() == Some(name) && syscalls::is_ipc(number) =>
                    {
                        registers::skip_syscall(self.pid)?;
                        repeats = true;
                    }
                    SyscallStop::Exit { .. } if mem::take(&mut repeats) => {
                        registers::set_result(self.pid, (-libc::ENOSYS).into())?;
                    }
                    SyscallStop::Entry { number, name, args } => {
                        let call = Syscall {
                            name,
                            args,
                            result: None,
                        };
                        let action = hook(&call);
                        calls.push(call);
                        match action {
                            Action::Continue => {}
                            Action::Fail(errno) => forced = Some(-i64::from(errno)),
                            Action::Return(value) => forced = Some(value),
                            Action::Signal(number) => self.kill(number)?,
                            Action::Shorten(length) => {
                                registers::set_third_argument(self.pid, length.min(args[2]))?;
                                shortened = true;
                            }
                        }
                        if forced.is_some() {
                            registers::skip_syscall(self.pid)?;
                            skipped = Some(number);
                        }
                    }
                    SyscallStop::Exit { result } => {
                        let call = calls
                            .last_mut()
                            .ok_or_else(|| io::Error::other("a call ended that never began"))?;
                        // The kernel preserves the registers of the arguments and of the number,
                        // and the program may rely on that.
                        if let Some(number) = skipped.take() {
                            registers::restore_number(self.pid, number)?;
                        }
                        if mem::take(&mut shortened) {
                            registers::set_third_argument(self.pid, call.args[2])?;
                        }
                        call.result = Some(forced.unwrap_or(result));
                        match hook(call) {
                            Action::Continue => {}
                            Action::Fail(errno) => forced = Some(-i64::from(errno)),
                            Action::Return(value) => forced = Some(value),
                            Action::Signal(number) => self.kill(number)?,
                            Action::Shorten(_) => {
                                return Err(io::Error::other("too late to shorten a call"));
                            }
                        }
                        if let Some(value) = forced.take() {
                            registers::set_result(self.pid, value)?;
                            call.result = Some(value);
                            refused = (value == (-libc::ENOSYS).into()).then_some(call.name);
                        }
                    }
                },
            }
        }
    }

    /// Runs the program to its end by PTRACE_SINGLESTEP. Returns the number of instructions, system
    /// calls included. A repeated string instruction of x86 counts once for each repetition.
    pub fn count_instructions(self) -> io::Result<(u64, ExitStatus)> {
        let mut count = 0;
        let mut signal = 0;
        loop {
            request(libc::PTRACE_SINGLESTEP, self.pid, 0, signal as usize)?;
            signal = 0;
            match self.wait()? {
                Stop::End(status) => return Ok((count + 1, status)),
                Stop::Signal(libc::SIGTRAP) | Stop::Syscall => count += 1,
                Stop::Signal(received) => signal = received,
            }
        }
    }

    /// Sends the program a signal.
    pub fn kill(&self, signal: i32) -> io::Result<()> {
        // SAFETY: no pointer; the child has not been waited for, so the pid is still its own.
        if unsafe { libc::kill(self.pid, signal) } == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    fn wait(&self) -> io::Result<Stop> {
        let status = wait(self.pid)?;
        if !libc::WIFSTOPPED(status) {
            self.watchdog.check()?;
            return Ok(Stop::End(ExitStatus::from_raw(status)));
        }
        Ok(match libc::WSTOPSIG(status) {
            signal if signal == libc::SIGTRAP | 0x80 => Stop::Syscall,
            signal => Stop::Signal(signal),
        })
    }

    fn syscall_stop(&self) -> io::Result<SyscallStop> {
        let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
        let size = size_of::<libc::ptrace_syscall_info>();
        request(
            libc::PTRACE_GET_SYSCALL_INFO,
            self.pid,
            size,
            info.as_mut_ptr() as usize,
        )?;
        // SAFETY: all bytes are zero or written by the kernel, and every bit pattern is a value of
        // these integers.
        let info = unsafe { info.assume_init() };
        match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => {
                // SAFETY: `op` says that this member of the union is the valid one.
                let entry = unsafe { info.u.entry };
                let number = entry.nr.cast_signed();
                let peek = |address| self.peek(address);
                let (name, args) = syscalls::resolve(number, entry.args, peek)?;
                Ok(SyscallStop::Entry { number, name, args })
            }
            libc::PTRACE_SYSCALL_INFO_EXIT => {
                // SAFETY: as above.
                let exit = unsafe { info.u.exit };
                let result = match exit.is_error {
                    // An address in the upper half is no negative number.
                    0 => registers::unsigned(exit.sval),
                    _ => exit.sval,
                };
                Ok(SyscallStop::Exit { result })
            }
            op => Err(io::Error::other(format!(
                "PTRACE_GET_SYSCALL_INFO: op {op}"
            ))),
        }
    }

    /// Reads a word of the program's memory.
    pub fn peek(&self, address: u64) -> io::Result<u64> {
        let mut word = 0_usize;
        request(
            libc::PTRACE_PEEKDATA,
            self.pid,
            address as usize,
            &raw mut word as usize,
        )?;
        Ok(word as u64)
    }

    /// Writes a word of the program's memory.
    pub fn poke(&self, address: u64, word: u64) -> io::Result<()> {
        request(
            libc::PTRACE_POKEDATA,
            self.pid,
            address as usize,
            word as usize,
        )
    }
}

enum SyscallStop {
    Entry {
        number: i64,
        name: &'static str,
        args: [u64; 6],
    },
    Exit {
        result: i64,
    },
}

/// Waits for a child to stop or end.
pub(crate) fn wait(pid: libc::pid_t) -> io::Result<libc::c_int> {
    let mut status = 0;
    loop {
        // SAFETY: the address is valid for one c_int.
        if unsafe { libc::waitpid(pid, &mut status, libc::__WALL) } == pid {
            return Ok(status);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Makes the system call ptrace itself: unlike glibc's function, it stores a peeked word at `data`.
fn request(request: libc::c_uint, pid: libc::pid_t, address: usize, data: usize) -> io::Result<()> {
    // SAFETY: every caller passes the arguments that ptrace(2) documents for its request, and
    // pointers to locals of the right size.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            libc::c_ulong::from(request),
            libc::c_long::from(pid),
            ptr::without_provenance::<u8>(address),
            ptr::with_exposed_provenance::<u8>(data),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::process::Stdio;

    fn command(line: &str) -> Command {
        let mut words = line.split(' ');
        let mut command = Command::new(words.next().unwrap());
        command
            .args(words)
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    #[test]
    fn calls_are_recorded_with_arguments_and_results() {
        let trace = trace(&mut command("/bin/echo hello")).unwrap();
        assert!(trace.status.success());
        let write = trace
            .calls
            .iter()
            .find(|call| call.name == "write")
            .expect("echo writes");
        assert_eq!(
            (write.args[0], write.args[2], write.result),
            (1, 6, Some(6))
        );
        let last = trace.calls.last().unwrap();
        assert_eq!((last.name, last.result), ("exit_group", None));
    }

    #[test]
    fn a_call_can_be_made_to_fail() {
        let tracee = Tracee::spawn(&mut command("/bin/echo hello")).unwrap();
        let trace = tracee
            .run(|call| {
                if call.name == "write" {
                    Action::Fail(libc::ENOSPC)
                } else {
                    Action::Continue
                }
            })
            .unwrap();
        assert_eq!(trace.status.code(), Some(1));
        let results: Vec<_> = trace
            .calls
            .iter()
            .filter(|call| call.args[0] == 1 && call.name == "write")
            .collect();
        assert_eq!(results[0].result, Some(-i64::from(libc::ENOSPC)));
    }

    #[test]
    fn a_call_can_be_made_to_lie() {
        let tracee = Tracee::spawn(&mut command("/bin/echo hello")).unwrap();
        let mut writes = 0;
        let trace = tracee.run(|call| match call.name {
            "write" if call.args[0] == 1 => {
                writes += 1;
                if writes == 1 {
                    Action::Return(2)
                } else {
                    Action::Continue
                }
            }
            _ => Action::Continue,
        });
        let lengths: Vec<_> = trace
            .unwrap()
            .calls
            .iter()
            .filter(|call| call.name == "write")
            .map(|call| call.args[2])
            .collect();
        assert_eq!(lengths, [6, 4]);
    }

    #[test]
    fn a_signal_can_be_sent() {
        let tracee = Tracee::spawn(&mut command("/bin/echo hello")).unwrap();
        let trace = tracee.run(|call| match call.name {
            "write" => Action::Signal(libc::SIGTERM),
            _ => Action::Continue,
        });
        assert_eq!(trace.unwrap().status.signal(), Some(libc::SIGTERM));
    }

    #[test]
    fn a_signal_can_be_sent_after_a_call() {
        let tracee = Tracee::spawn(&mut command("/bin/echo hello")).unwrap();
        let trace = tracee.follow(|call| match call.result {
            Some(_) if call.name == "write" => Action::Signal(libc::SIGKILL),
            _ => Action::Continue,
        });
        let trace = trace.unwrap();
        assert_eq!(trace.status.signal(), Some(libc::SIGKILL));
        let last = trace.calls.last().unwrap();
        assert_eq!((last.name, last.result), ("write", Some(6)));
    }

    #[test]
    fn a_call_can_be_made_to_fail_after_it_was_made() {
        let mut command = command("/bin/echo hello");
        command.stdout(Stdio::piped());
        let mut tracee = Tracee::spawn(&mut command).unwrap();
        let mut stdout = tracee.stdout.take().unwrap();
        let trace = tracee.follow(|call| match call.result {
            Some(6) if call.name == "write" => Action::Fail(libc::EIO),
            _ => Action::Continue,
        });
        assert_eq!(trace.unwrap().status.code(), Some(1));
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello\n");
    }

    #[test]
    fn a_write_can_be_shortened() {
        let mut command = command("/bin/echo hello");
        command.stdout(Stdio::piped());
        let mut tracee = Tracee::spawn(&mut command).unwrap();
        let mut stdout = tracee.stdout.take().unwrap();
        let trace = tracee.run(|call| match call.name {
            "write" => Action::Shorten(4),
            _ => Action::Continue,
        });
        let trace = trace.unwrap();
        assert!(trace.status.success());
        let writes = trace.calls.iter().filter(|call| call.name == "write");
        let writes: Vec<_> = writes.map(|call| (call.args[2], call.result)).collect();
        // The tracer sees the lengths that were asked for: 6, then the 2 that remained.
        assert_eq!(writes, [(6, Some(4)), (2, Some(2))]);
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello\n");
    }

    #[test]
    fn instructions_are_counted() {
        let tracee = Tracee::spawn(&mut command("/bin/true")).unwrap();
        let (instructions, status) = tracee.count_instructions().unwrap();
        assert!(status.success());
        assert!(
            (1_000..100_000_000).contains(&instructions),
            "{instructions}"
        );
    }

    #[test]
    fn the_initial_stack_can_be_edited() {
        let tracee = Tracee::spawn(command("/bin/true x").env("A", "b")).unwrap();
        let mut stack = tracee.initial_stack().unwrap();
        let before = stack.clone();
        assert_eq!((stack.arguments.len(), stack.environment.len()), (2, 1));
        stack.set_random(&tracee, [1, 2, 3, 4]).unwrap();
        let address = stack.auxiliary_value(AT_RANDOM).unwrap();
        let bytes = (0..16 / WORD).map(|word| tracee.peek(address + word * WORD).unwrap());
        let bytes = bytes.flat_map(|word| (word as usize).to_ne_bytes());
        let expected = [1, 2, 3, 4].map(u32::to_ne_bytes).concat();
        assert_eq!(bytes.collect::<Vec<_>>(), expected);
        stack.arguments.clear();
        stack.hide_random();
        stack.write(&tracee).unwrap();
        let after = tracee.initial_stack().unwrap();
        assert_eq!(
            (&after.arguments, &after.environment),
            (&vec![], &before.environment)
        );
        assert_eq!(after.auxiliary.len(), before.auxiliary.len());
        assert!(after.auxiliary_value(AT_RANDOM).is_err());
        assert!(after.auxiliary_value(AT_IGNORE).is_ok());
        stack.arguments = vec![1; 3];
        assert!(stack.write(&tracee).is_err(), "there is no room for it");
    }

    #[test]
    fn a_missing_program_is_an_error() {
        assert!(trace(&mut command("/no/such/program")).is_err());
    }
}
