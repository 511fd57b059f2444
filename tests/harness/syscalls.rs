//! System calls by name, with this architecture's numbers.

macro_rules! table {
    ($($constant:ident)*) => {
        &[$((stringify!($constant), libc::$constant)),*]
    };
}

const EVERYWHERE: &[(&str, i64)] = table! {
    SYS_brk SYS_clock_gettime SYS_clock_nanosleep SYS_close SYS_dup SYS_dup3 SYS_execve SYS_exit SYS_exit_group
    SYS_faccessat SYS_fchmod SYS_fchmodat SYS_fchown SYS_fcntl SYS_fstat SYS_fstatfs SYS_ftruncate SYS_futex
    SYS_getdents64 SYS_getegid SYS_geteuid SYS_getgid SYS_getpid SYS_getrandom SYS_gettid SYS_getuid SYS_ioctl SYS_kill
    SYS_linkat SYS_lseek SYS_madvise SYS_mmap SYS_mprotect SYS_mq_getsetattr SYS_mq_open SYS_mq_unlink SYS_msgctl
    SYS_msgget SYS_msgrcv SYS_msgsnd SYS_munmap SYS_newfstatat SYS_openat SYS_pipe2 SYS_ppoll SYS_prctl SYS_pread64
    SYS_prlimit64 SYS_pwrite64 SYS_read SYS_readlinkat SYS_rseq SYS_rt_sigaction SYS_rt_sigpending
    SYS_rt_sigprocmask SYS_rt_sigreturn SYS_rt_sigsuspend SYS_rt_sigtimedwait SYS_sched_yield SYS_semctl SYS_semget
    SYS_semop SYS_semtimedop SYS_set_robust_list SYS_set_tid_address SYS_shmat SYS_shmctl SYS_shmdt SYS_shmget
    SYS_sigaltstack SYS_signalfd4 SYS_statfs SYS_statx SYS_tgkill SYS_umask SYS_uname SYS_unlinkat SYS_write SYS_writev
};

/// The calls that newer architectures have left out.
#[cfg(target_arch = "x86_64")]
const HERE: &[(&str, i64)] = table! {
    SYS_access SYS_arch_prctl SYS_dup2 SYS_lstat SYS_open SYS_pipe SYS_poll SYS_readlink SYS_select SYS_stat SYS_time
    SYS_unlink
};
#[cfg(not(target_arch = "x86_64"))]
const HERE: &[(&str, i64)] = &[];

fn rows() -> impl Iterator<Item = (&'static str, i64)> {
    EVERYWHERE
        .iter()
        .chain(HERE)
        .map(|&(constant, number)| (&constant["SYS_".len()..], number))
}

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

/// The name of a command of a ctl call; of one that is not in the table, its number.
pub fn command_name(call: &str, number: i32) -> String {
    commands(call)
        .find(|row| row.1 == number)
        .map_or_else(|| number.to_string(), |row| row.0.to_owned())
}

/// Which argument of a ctl call is the command, from 0.
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
    rows().find(|row| row.0 == name).map(|row| row.1)
}

/// The name of a system call; of one that is not in the table, its number.
pub fn name(number: i64) -> String {
    rows()
        .find(|row| row.1 == number)
        .map_or_else(|| number.to_string(), |row| row.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(number("write"), Some(libc::SYS_write));
        assert_eq!(number("wrote"), None);
        assert_eq!(name(libc::SYS_exit_group), "exit_group");
        assert_eq!(name(99_999), "99999");
        assert_eq!(command_number("semctl", "SETVAL"), Some(16));
        assert_eq!(command_number("shmctl", "SETVAL"), None);
        assert_eq!(command_number("msgget", "IPC_SET"), None);
        assert_eq!(command_name("shmctl", 11), "SHM_LOCK");
        assert_eq!(command_name("msgctl", 11), "11");
    }
}
