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
pub fn command_argument(number: i64) -> Option<u8> {
    match number {
        libc::SYS_shmctl | libc::SYS_msgctl => Some(1),
        libc::SYS_semctl => Some(2),
        _ => None,
    }
}

/// Which argument of a call has flags, from 0.
pub fn flags_argument(number: i64) -> Option<u8> {
    match number {
        libc::SYS_openat => Some(2),
        libc::SYS_linkat => Some(4),
        _ => None,
    }
}

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

/// newfstatat(2) by the name that `syscalls` has for it on aarch64.
const FSTATAT: (&str, &str) = ("fstatat", "newfstatat");

/// The number of a system call.
pub fn number(name: &str) -> Option<i64> {
    let name = if cfg!(target_arch = "aarch64") && name == FSTATAT.1 {
        FSTATAT.0
    } else {
        name
    };
    name.parse().ok().map(|call: Sysno| call.id().into())
}

/// The name of a system call; the number itself if it has no name.
pub fn name(number: i64) -> String {
    let call = usize::try_from(number).ok().and_then(Sysno::new);
    match call.map(|call| call.name()) {
        None => number.to_string(),
        Some(name) if name == FSTATAT.0 => FSTATAT.1.to_owned(),
        Some(name) => name.to_owned(),
    }
}
