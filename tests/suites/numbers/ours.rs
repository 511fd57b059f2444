//! The numbers of abi.rs, with the names that abi.c prints.

use std::collections::BTreeMap;
use std::mem::offset_of;

#[path = "../../../src/kernel/abi.rs"]
mod abi;
#[path = "../../../src/kernel/arch.rs"]
#[expect(dead_code, reason = "abi.rs takes the numbers of the headers alone")]
mod arch;

/// Numbers by name.
pub type Facts = BTreeMap<String, i64>;

/// Returns the numbers, and for each struct of abi.rs its name in C.
pub fn ours() -> (Facts, BTreeMap<&'static str, &'static str>) {
    macro_rules! facts {
        ($($name:ident)*) => { vec![$((stringify!($name), abi::$name as i64)),*] };
    }
    let mut facts = facts! {
        IPC_CREAT IPC_EXCL IPC_PRIVATE SHM_HUGETLB SHM_NORESERVE SHM_HUGE_SHIFT SEMVMX IPC_RMID IPC_SET
        IPC_STAT IPC_64 SHM_LOCK SETALL IPC_NOWAIT IPC_INFO SHM_INFO MSG_INFO SEM_INFO MAP_PRIVATE MAP_ANONYMOUS MREMAP_MAYMOVE PROT_READ
        PROT_WRITE RLIMIT_FSIZE RLIMIT_MEMLOCK RLIMIT_MSGQUEUE AT_NO_AUTOMOUNT AT_SYMLINK_NOFOLLOW
        AT_SYMLINK_FOLLOW AT_EMPTY_PATH STATX_TYPE STATX_MODE STATX_INO STATX_SIZE S_IFMT S_IFREG HUGETLBFS_MAGIC PATH_MAX
        AT_FDCWD O_RDONLY O_RDWR O_CREAT O_EXCL O_NOFOLLOW O_TMPFILE O_LARGEFILE O_NONBLOCK GRND_NONBLOCK GRND_INSECURE SIG_BLOCK
        SIGHUP SIGINT SIGTERM SIG_IGN POLLIN POLLOUT PR_GET_SECCOMP SECCOMP_MODE_DISABLED AT_NULL AT_PAGESZ
        AT_EUID AT_EGID AT_RANDOM STDIN_FILENO STDOUT_FILENO STDERR_FILENO
    };
    let mut names = BTreeMap::new();
    macro_rules! structs {
        ($($name:ident $ours:ident { $($member:ident)* })*) => {
            vec![$(
                {
                    names.insert(stringify!($ours), stringify!($name));
                    (concat!("sizeof ", stringify!($name)), size_of::<abi::$ours>() as i64)
                },
                $((concat!(stringify!($name), ".", stringify!($member)), offset_of!(abi::$ours, $member) as i64),)*
            )*]
        };
    }
    facts.extend(structs! {
        ipc64_perm Ipc64Perm { key uid gid cuid cgid mode }
        msqid64_ds Msqid64Ds { msg_perm msg_cbytes msg_qnum msg_qbytes }
        shmid64_ds Shmid64Ds { shm_perm shm_segsz }
        semid64_ds Semid64Ds { sem_perm sem_nsems }
        shminfo64 Shminfo64 { shmmax shmmin shmmni shmseg shmall }
        shm_info ShmInfo { used_ids shm_tot }
        msginfo Msginfo { msgpool msgmap msgmax msgmnb msgmni }
        seminfo Seminfo { semmap semmni semmns semmnu semmsl semusz semvmx semaem }
        sembuf Sembuf { sem_num sem_op sem_flg }
        stat Stat { st_dev st_ino st_mode st_size }
        statx Statx { stx_gid stx_mode stx_ino stx_size stx_dev_major stx_dev_minor }
        statfs Statfs { f_type f_bsize f_blocks f_bfree f_bavail f_files f_ffree }
        mq_attr MqAttr { mq_flags mq_maxmsg mq_msgsize mq_curmsgs }
        rlimit64 Rlimit64 { rlim_cur rlim_max }
        pollfd Pollfd { fd events revents }
        sigaction Sigaction { sa_handler }
    });
    // Where a word has 32 bits, no header has the struct of rt_sigaction(2).
    let is_in_a_header = |name: &str| size_of::<usize>() == 8 || !name.contains("sigaction");
    let facts = facts
        .into_iter()
        .filter(|(name, _)| is_in_a_header(name))
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    (facts, names)
}
