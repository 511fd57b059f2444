//! A fault: what is injected into a run, and at which of its system calls.

use crate::namespace::{self, Kind};
use crate::posix::{self, What as Posix};
use crate::tracer::Syscall;
use crate::{errno, syscalls};

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The system call, counted from the run's first, which is 0.
    pub at: usize,
    /// Which further calls it meets.
    pub reach: Reach,
    /// What is injected.
    pub what: What,
}

/// The calls that a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// That one alone.
    Once,
    /// That one, and every later call of the same name.
    Onwards,
    /// Every removal of an object from that call on, and nothing else.
    Removals,
}

/// What is injected into a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The call is skipped and fails with this errno.
    Errno(i32),
    /// The call gets this length, if that is less than its own.
    Length(u64),
    /// This signal is sent before the call.
    SignalBefore(i32),
    /// This signal is sent after the call.
    SignalAfter(i32),
    /// This signal is sent before the program's first instruction, whatever `at` says.
    SignalAtStart(i32),
}

/// Most times in a row that a call fails with EINTR or EAGAIN. A program may repeat the call
/// without end.
const MOST_AGAIN: usize = 64;

impl Fault {
    /// At one call.
    pub const fn once(at: usize, what: What) -> Self {
        let reach = Reach::Once;
        Self { at, reach, what }
    }

    /// At a call and every later one of its name.
    pub const fn onwards(at: usize, what: What) -> Self {
        let reach = Reach::Onwards;
        Self { at, reach, what }
    }

    /// At every removal from a call on.
    pub const fn removals(at: usize, errno: i32) -> Self {
        let (reach, what) = (Reach::Removals, What::Errno(errno));
        Self { at, reach, what }
    }

    /// Whether it meets a call: the `index`th of the run, after the calls `earlier`. It has met
    /// `met` calls so far.
    pub fn meets(&self, index: usize, call: &Syscall, earlier: &[Syscall], met: usize) -> bool {
        let again = matches!(self.what, What::Errno(libc::EINTR | libc::EAGAIN));
        if let What::Length(length) = self.what
            && (call.name != "write" || call.args[2] <= length)
        {
            return false;
        }
        match self.reach {
            _ if matches!(self.what, What::SignalAtStart(_)) => false,
            Reach::Once => index == self.at,
            Reach::Onwards => {
                let of_a_kind = earlier
                    .get(self.at)
                    .is_some_and(|first| first.name == call.name);
                (index == self.at || of_a_kind) && !(again && met >= MOST_AGAIN)
            }
            Reach::Removals => index >= self.at && is_removal(call),
        }
    }
}

/// An object that a call is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// System V: its kind and identifier.
    SystemV(Kind, i32),
    /// POSIX: whether it is a queue, and its name, or that of a file in /dev/shm.
    Posix(bool, Vec<u8>),
}

/// Whether a call removes an object.
pub fn is_removal(call: &Syscall) -> bool {
    removal(call).is_some() || matches!(call.name, "unlinkat" | "mq_unlink")
}

/// The object that a call removes, or the queue that it creates. `read` returns the string at an
/// address.
pub fn target(call: &Syscall, read: impl Fn(u64) -> Vec<u8>) -> Option<Target> {
    if let Some((kind, id)) = removal(call) {
        return Some(Target::SystemV(kind, id));
    }
    match call.name {
        "mq_unlink" | "mq_open" => Some(Target::Posix(true, read(call.args[0]))),
        "unlinkat" => {
            let path = read(call.args[1]);
            let name = path.strip_prefix(posix::DIRECTORY.as_bytes())?;
            Some(Target::Posix(false, name.strip_prefix(b"/")?.to_owned()))
        }
        _ => None,
    }
}

/// The System V object that a call looks for by its key.
pub fn sought(call: &Syscall) -> Option<Target> {
    let kind = match call.name {
        "shmget" => Kind::Shm,
        "msgget" => Kind::Msg,
        "semget" => Kind::Sem,
        _ => return None,
    };
    let flags = if kind == Kind::Msg {
        call.args[1]
    } else {
        call.args[2]
    };
    if low(flags) & libc::IPC_CREAT != 0 {
        return None;
    }
    Some(Target::SystemV(
        kind,
        namespace::find(kind, low(call.args[0])).ok()?,
    ))
}

impl Target {
    /// The POSIX objects of this kind, in the program's words, and name.
    pub fn posix(kind: &str, name: &str) -> Option<Vec<Self>> {
        let name = name.trim_start_matches('/');
        let file = |name: String| Self::Posix(false, name.into());
        Some(match kind {
            "shared memory" => vec![file(name.to_owned())],
            "message queue" => vec![Self::Posix(true, name.into())],
            // glibc's, or musl's.
            "semaphore" => vec![file(format!("sem.{name}")), file(name.to_owned())],
            _ => return None,
        })
    }

    /// Whether it is this POSIX object.
    pub fn is(&self, object: &posix::Object) -> bool {
        *self == Self::Posix(object.what.is_queue(), object.name.clone())
    }

    /// Removes it, if it exists.
    pub fn remove(&self) {
        // It may not exist any more.
        let _ = match self {
            Self::SystemV(kind, id) => namespace::remove(*kind, *id),
            Self::Posix(true, name) => posix::remove(&Posix::Queue(posix::Queue::USUAL), name),
            Self::Posix(false, name) => posix::remove(&Posix::Other, name),
        };
    }
}

/// The System V object that a call removes.
fn removal(call: &Syscall) -> Option<(Kind, i32)> {
    let kind = match call.name {
        "shmctl" => Kind::Shm,
        "msgctl" => Kind::Msg,
        "semctl" => Kind::Sem,
        _ => return None,
    };
    (command(call)? == libc::IPC_RMID).then_some((kind, low(call.args[0])))
}

/// The command of a ctl call.
fn command(call: &Syscall) -> Option<i32> {
    let argument = syscalls::command_argument(call.name)?;
    Some(low(call.args[argument]))
}

/// The int in a register, as the kernel reads it.
fn low(register: u64) -> i32 {
    register as i32
}

/// Whether this is a write to this descriptor.
pub fn is_write(call: &Syscall, descriptor: i32) -> bool {
    call.name == "write" && low(call.args[0]) == descriptor
}

/// Names a call as in the report: with its command, or with its descriptor if that is a standard
/// stream.
pub fn describe(call: &Syscall) -> String {
    let name = call.name;
    if let Some(command) = command(call) {
        return format!("{name} {}", syscalls::command_name(name, command));
    }
    match low(call.args[0]) {
        descriptor @ 1..=2 if call.name == "write" => format!("{name} to {descriptor}"),
        _ => name.to_owned(),
    }
}

/// The name of a signal.
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGALRM => "ALRM",
        libc::SIGHUP => "HUP",
        libc::SIGINT => "INT",
        libc::SIGKILL => "KILL",
        libc::SIGPIPE => "PIPE",
        libc::SIGQUIT => "QUIT",
        libc::SIGTERM => "TERM",
        libc::SIGUSR1 => "USR1",
        libc::SIGXFSZ => "XFSZ",
        _ => return signal.to_string(),
    };
    name.to_owned()
}

/// Describes a fault in a run of these calls.
pub fn in_words(fault: &Fault, calls: &[Syscall]) -> String {
    let call = calls.get(fault.at);
    let call = call.map_or_else(|| "a call that was not made".to_owned(), describe);
    let call = match fault.reach {
        Reach::Once => format!("call {} ({call})", fault.at + 1),
        Reach::Onwards => format!(
            "call {} ({call}) and all of its kind after it",
            fault.at + 1
        ),
        Reach::Removals => format!("every removal from call {} on", fault.at + 1),
    };
    match fault.what {
        What::Errno(errno) => format!("{call}: {}", errno::name(errno)),
        What::Length(length) => format!("{call}: at most {length} bytes are written"),
        What::SignalBefore(signal) => format!("before {call}: signal {}", signal_name(signal)),
        What::SignalAfter(signal) => format!("after {call}: signal {}", signal_name(signal)),
        What::SignalAtStart(signal) => {
            format!(
                "before the first instruction: signal {}",
                signal_name(signal)
            )
        }
    }
}

/// The options of strace that inject the same fault, if there are any.
pub fn for_strace(fault: &Fault, calls: &[Syscall]) -> Option<String> {
    let first = match fault.reach {
        Reach::Once | Reach::Onwards => fault.at,
        Reach::Removals => (fault.at..calls.len()).find(|&at| is_removal(&calls[at]))?,
    };
    let name = calls.get(first)?.name;
    let of_a_kind = |call: &&Syscall| call.name == name;
    let when = calls[..=first].iter().filter(of_a_kind).count();
    let on = if fault.reach == Reach::Once { "" } else { "+" };
    match fault.what {
        What::Errno(errno) => Some(format!(
            "-e inject={name}:error={}:when={when}{on}",
            errno::name(errno)
        )),
        What::SignalBefore(signal) => Some(format!(
            "-e inject={name}:signal={}:when={when}",
            signal_name(signal)
        )),
        What::Length(_) | What::SignalAfter(_) | What::SignalAtStart(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &'static str, args: &[u64]) -> Syscall {
        let mut all = [0; 6];
        all[..args.len()].copy_from_slice(args);
        Syscall {
            name,
            args: all,
            result: None,
        }
    }

    #[test]
    fn a_fault_meets_its_calls_and_no_other() {
        let calls = [
            call("write", &[1, 0, 9]),
            call("msgctl", &[7, 0]),
            call("msgctl", &[7, 1]),
            call("write", &[2, 0, 30]),
            call("semctl", &[7, 0, 0]),
            call("mq_unlink", &[7]),
            call("unlinkat", &[7, 0]),
        ];
        let met = |fault: Fault| -> Vec<usize> {
            (0..calls.len())
                .filter(|&index| fault.meets(index, &calls[index], &calls[..index], 0))
                .collect()
        };
        let error = What::Errno(libc::EPERM);
        assert_eq!(met(Fault::once(1, error)), [1]);
        assert_eq!(met(Fault::onwards(0, error)), [0, 3]);
        assert_eq!(met(Fault::onwards(3, error)), [3]);
        assert_eq!(met(Fault::removals(1, libc::EPERM)), [1, 4, 5, 6]);
        assert_eq!(met(Fault::removals(2, libc::EPERM)), [4, 5, 6]);
        assert_eq!(met(Fault::onwards(0, What::Length(9))), [3]);
        assert_eq!(met(Fault::once(0, What::Length(8))), [0]);
        assert!(met(Fault::once(1, What::Length(0))).is_empty());
        let at_start = Fault::once(0, What::SignalAtStart(libc::SIGTERM));
        assert!(met(at_start).is_empty());
        let again = Fault::onwards(0, What::Errno(libc::EINTR));
        assert!(again.meets(3, &calls[3], &calls[..3], 1));
        assert!(!again.meets(3, &calls[3], &calls[..3], MOST_AGAIN));
    }

    #[test]
    fn calls_have_their_targets() {
        let read = |address| match address {
            1 => b"/dev/shm/sem.x".to_vec(),
            2 => b"/tmp/x".to_vec(),
            _ => b"q".to_vec(),
        };
        let target = |name, args: &[u64]| target(&call(name, args), read);
        assert_eq!(
            target("msgctl", &[7, 0]),
            Some(Target::SystemV(Kind::Msg, 7))
        );
        assert_eq!(target("msgctl", &[7, 1]), None);
        assert_eq!(
            target("unlinkat", &[0, 1]),
            Some(Target::Posix(false, b"sem.x".into()))
        );
        assert_eq!(target("unlinkat", &[0, 2]), None);
        let queue = Some(Target::Posix(true, b"q".into()));
        assert_eq!(target("mq_unlink", &[3]), queue);
        assert_eq!(target("mq_open", &[3]), queue);
        assert_eq!(target("write", &[3]), None);
        let sought = |args: &[u64]| sought(&call("msgget", args));
        assert_eq!(sought(&[5, libc::IPC_CREAT as u64]), None);
    }

    #[test]
    fn calls_and_faults_in_words() {
        let calls = [
            call("rt_sigprocmask", &[]),
            call("msgget", &[]),
            call("msgctl", &[0, 1]),
            call("write", &[1]),
            call("msgctl", &[0, 0]),
            call("msgctl", &[0, 12]),
        ];
        let named = calls.iter().map(describe).collect::<Vec<_>>().join(", ");
        assert_eq!(
            named,
            "rt_sigprocmask, msgget, msgctl IPC_SET, write to 1, msgctl IPC_RMID, msgctl MSG_INFO"
        );
        let fault = Fault::once(4, What::Errno(libc::EPERM));
        assert_eq!(in_words(&fault, &calls), "call 5 (msgctl IPC_RMID): EPERM");
        let strace = |fault| for_strace(&fault, &calls).unwrap();
        assert_eq!(strace(fault), "-e inject=msgctl:error=EPERM:when=2");
        assert_eq!(
            strace(Fault::removals(0, libc::EIO)),
            "-e inject=msgctl:error=EIO:when=2+"
        );
        assert_eq!(
            strace(Fault::once(3, What::SignalBefore(libc::SIGTERM))),
            "-e inject=write:signal=TERM:when=1"
        );
        assert_eq!(for_strace(&Fault::once(3, What::Length(1)), &calls), None);
    }
}
