//! System calls by name, with this architecture's numbers, and the commands of the ctl calls.

use syscalls::Sysno;

/// The commands of the ctl calls, by name: include/uapi/linux/{ipc,shm,msg,sem}.h. And flags of
/// other calls.
const COMMANDS: &[(&str, &[(&str, i32)])] = &[
    (
        "shmctl",
        &[
            ("IPC_RMID", libc::IPC_RMID),
            ("IPC_SET", libc::IPC_SET),
            ("IPC_STAT", libc::IPC_STAT),
            ("IPC_INFO", libc::IPC_INFO),
            ("SHM_LOCK", libc::SHM_LOCK),
            ("SHM_INFO", 14),
        ],
    ),
    (
        "msgctl",
        &[
            ("IPC_RMID", libc::IPC_RMID),
            ("IPC_SET", libc::IPC_SET),
            ("IPC_STAT", libc::IPC_STAT),
            ("IPC_INFO", libc::IPC_INFO),
            ("MSG_INFO", 12),
        ],
    ),
    (
        "semctl",
        &[
            ("IPC_RMID", libc::IPC_RMID),
            ("IPC_SET", libc::IPC_SET),
            ("IPC_STAT", libc::IPC_STAT),
            ("IPC_INFO", libc::IPC_INFO),
            ("SETALL", libc::SETALL),
            ("SEM_INFO", 19),
        ],
    ),
    ("openat", &[("O_TMPFILE", libc::O_TMPFILE)]),
    (
        "linkat",
        &[
            ("AT_EMPTY_PATH", libc::AT_EMPTY_PATH),
            ("AT_SYMLINK_FOLLOW", libc::AT_SYMLINK_FOLLOW),
        ],
    ),
];

fn commands(call: &str) -> impl Iterator<Item = &'static (&'static str, i32)> {
    let row = COMMANDS.iter().find(|row| row.0 == call);
    row.into_iter().flat_map(|row| row.1)
}

/// The number of a command of a ctl call.
pub fn command_number(call: &str, name: &str) -> Option<i32> {
    commands(call).find(|row| row.0 == name).map(|row| row.1)
}

/// The name of a command of a ctl call; the number itself if it is not in the table.
pub fn command_name(call: &str, number: i32) -> String {
    commands(call)
        .find(|row| row.1 == number)
        .map_or_else(|| number.to_string(), |row| row.0.to_owned())
}

/// The index of the argument of a ctl call that is the command, from 0.
pub fn command_argument(call: &str) -> Option<usize> {
    match call {
        "shmctl" | "msgctl" => Some(1),
        "semctl" => Some(2),
        _ => None,
    }
}

/// Which argument of a call has flags, from 0.
pub fn flags_argument(call: &str) -> Option<usize> {
    match call {
        "openat" => Some(2),
        "linkat" => Some(4),
        _ => None,
    }
}

/// Added to the command of a ctl call on 32 bits: include/uapi/linux/ipc.h, IPC_64.
pub const IPC_64: u64 = 0x100;

/// Every call that ipcmk can make.
pub const OF_IPCMK: [&str; 35] = [
    "mmap",
    "mremap",
    "statx",
    "fstat",
    "newfstatat",
    "prlimit64",
    "rt_sigprocmask",
    "openat",
    "read",
    "close",
    "shmget",
    "msgget",
    "semget",
    "shmctl",
    "msgctl",
    "semctl",
    "semop",
    "fallocate",
    "ftruncate",
    "fchown",
    "fchmod",
    "umask",
    "linkat",
    "unlinkat",
    "mq_open",
    "mq_getsetattr",
    "mq_unlink",
    "statfs",
    "getrandom",
    "prctl",
    "rt_sigaction",
    "signalfd4",
    "ppoll",
    "write",
    "exit_group",
];

/// What `syscalls` calls a call on some architectures, and its name here.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("fchown32", "fchown"),
    ("fstat64", "fstat"),
    ("fstatat", "newfstatat"),
    ("fstatat64", "newfstatat"),
    ("ftruncate64", "ftruncate"),
    ("mmap2", "mmap"),
    ("ppoll_time64", "ppoll"),
    ("statfs64", "statfs"),
];

/// The name, here, of a call that `syscalls` or an emulator calls so.
pub fn usual_name(name: &str) -> &str {
    let row = OTHER_NAMES.iter().find(|row| row.0 == name);
    row.map_or(name, |row| row.1)
}

/// The number of ipc(2), which only i686 has.
const IPC: Option<i64> = if cfg!(target_arch = "x86") {
    Some(117)
} else {
    None
};

/// Whether this is ipc(2).
pub fn is_ipc(number: i64) -> bool {
    IPC == Some(number)
}

/// The calls that ipc(2) makes, by its first argument: include/uapi/linux/ipc.h.
const BY_IPC: [(u64, &str); 7] = [
    (1, "semop"),
    (2, "semget"),
    (3, "semctl"),
    (13, "msgget"),
    (14, "msgctl"),
    (23, "shmget"),
    (24, "shmctl"),
];

/// The call that ipc(2) makes with this first argument.
pub fn by_ipc(first: u64) -> Option<&'static str> {
    // The upper half is the version of the interface.
    let row = BY_IPC.iter().find(|row| row.0 == first & 0xffff);
    row.map(|row| row.1)
}

/// A way in which this architecture makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its number.
    pub number: i64,
    /// The first argument of ipc(2), if it is made by that.
    pub ipc: Option<u64>,
}

impl Form {
    /// Which argument has this one of the call, from 0.
    pub fn argument(&self, of_call: usize) -> usize {
        of_call + usize::from(self.ipc.is_some())
    }
}

/// Every way in which this architecture makes a call; none if `name` is no call.
pub fn forms(name: &str) -> Vec<Form> {
    let others = OTHER_NAMES.iter().filter(|row| row.1 == name);
    let names = others.map(|row| row.0).chain([name]);
    let by_number = names.filter_map(|name| name.parse::<Sysno>().ok());
    let by_number = by_number.map(|call| Form {
        number: call.id().into(),
        ipc: None,
    });
    let by_ipc = BY_IPC.iter().filter(|row| row.1 == name);
    let by_ipc = IPC.into_iter().zip(by_ipc).map(|(number, row)| Form {
        number,
        ipc: Some(row.0),
    });
    by_number.chain(by_ipc).collect()
}

/// The same name with the lifetime of the tables, if it is that of a call.
pub fn known(name: &str) -> Option<&'static str> {
    let of_ipcmk = OF_IPCMK.into_iter().find(|call| *call == name);
    of_ipcmk.or_else(|| Some(name.parse::<Sysno>().ok()?.name()))
}

/// The name of a system call.
pub fn name(number: i64) -> &'static str {
    let call = usize::try_from(number).ok().and_then(Sysno::new);
    call.map_or("unknown", |call| usual_name(call.name()))
}

/// The name and the arguments of a system call: of the one that ipc(2) makes, if it is that, and
/// without IPC_64. `peek` reads a word of the program's memory.
pub fn resolve<E>(
    number: i64,
    args: [u64; 6],
    peek: impl Fn(u64) -> Result<u64, E>,
) -> Result<(&'static str, [u64; 6]), E> {
    let [_, first, second, third, address, _] = args;
    let (name, mut args) = match is_ipc(number).then(|| by_ipc(args[0])).flatten() {
        None => (self::name(number), args),
        Some(name @ "semop") => (name, [first, address, second, 0, 0, 0]),
        Some(name @ "semctl") => (name, [first, second, third, peek(address)?, 0, 0]),
        Some(name @ ("shmctl" | "msgctl")) => (name, [first, second, address, 0, 0, 0]),
        Some(name) => (name, [first, second, third, 0, 0, 0]),
    };
    if let Some(command) = command_argument(name) {
        args[command] &= !IPC_64;
    }
    Ok((name, args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_ipcmk_has_a_number_and_keeps_its_name() {
        for call in OF_IPCMK {
            let forms = forms(call);
            assert!(!forms.is_empty(), "{call}");
            for form in forms {
                let args = [form.ipc.unwrap_or(0), 1, 2, 3, 4, 5];
                let resolved = resolve(form.number, args, Ok::<_, ()>);
                assert_eq!(resolved.map(|row| row.0), Ok(call), "{form:?}");
            }
        }
        assert_eq!((forms("msgot"), known("msgot")), (Vec::new(), None));
        assert_eq!(name(-1), "unknown");
    }

    #[test]
    fn a_command_is_the_same_with_ipc_64() {
        let number = forms("msgctl")[0].number;
        let (_, args) = resolve(number, [7, 0x101, 9, 0, 0, 0], Ok::<_, ()>).unwrap();
        assert_eq!(args[..3], [7, 1, 9]);
    }
}
