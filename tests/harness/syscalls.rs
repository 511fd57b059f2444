//! System calls by name, with this architecture's numbers, and the commands of the ctl calls.

use syscalls::Sysno;

/// The commands of the ctl calls, by name: include/uapi/linux/{ipc,shm,msg,sem}.h.
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
            ("SETVAL", libc::SETVAL),
            ("SEM_INFO", 19),
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

/// Every call that ipcmk can make.
pub const OF_IPCMK: [&str; 29] = [
    "mmap",
    "statx",
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
    "ftruncate",
    "fchown",
    "fchmod",
    "umask",
    "linkat",
    "unlinkat",
    "mq_open",
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

/// The number of a system call.
pub fn number(name: &str) -> Option<i64> {
    name.parse().ok().map(|call: Sysno| call.id().into())
}

/// The name of a system call; the number itself if it has no name.
pub fn name(number: i64) -> String {
    let call = usize::try_from(number).ok().and_then(Sysno::new);
    call.map_or_else(|| number.to_string(), |call| call.name().to_owned())
}
