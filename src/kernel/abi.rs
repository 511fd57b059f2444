//! The numbers that the kernel fixed, each with the header it comes from.
//! Where one of these differs between the architectures, it says so; the numbers
//! of the system calls are the `syscalls` crate's business.

/// Create the object if there is none with this key. `linux/ipc.h`.
pub const IPC_CREAT: u32 = 0o1000;
/// With [`IPC_CREAT`]: fail if there is one. `linux/ipc.h`.
pub const IPC_EXCL: u32 = 0o2000;
/// The key that always makes a new object. `linux/ipc.h`.
pub const IPC_PRIVATE: u32 = 0;
/// Flag of shmget: huge pages. `linux/shm.h`.
pub const SHM_HUGETLB: u32 = 0o4000;
/// Flag of shmget: set no memory aside. `linux/shm.h`.
pub const SHM_NORESERVE: u32 = 0o10000;
/// Flags of shmget: where the logarithm of a huge page's bytes begins.
/// `asm-generic/hugetlb_encode.h`, HUGETLB_FLAG_ENCODE_SHIFT.
pub const SHM_HUGE_SHIFT: u32 = 26;
/// The largest value of a semaphore. `linux/sem.h`.
pub const SEMVMX: u64 = 32767;
/// Command of the ctl calls: remove the object. `linux/ipc.h`.
pub const IPC_RMID: usize = 0;
/// Command of the ctl calls: set owner, mode and msg_qbytes. `linux/ipc.h`.
pub const IPC_SET: usize = 1;
/// Command of the ctl calls: an object's struct. `linux/ipc.h`.
pub const IPC_STAT: usize = 2;
/// Command of shmctl: keep a segment out of swap. `linux/shm.h`.
pub const SHM_LOCK: usize = 11;
/// Command of semctl: set a semaphore's value. `linux/sem.h`.
pub const SETVAL: usize = 16;
/// Command of shmctl: the limits, as [`Shminfo64`]. `linux/ipc.h`.
pub const IPC_INFO: usize = 3;
/// Command of shmctl: what is in use, as [`ShmInfo`]. `linux/shm.h`.
pub const SHM_INFO: usize = 14;
/// Command of msgctl: limits and what is in use, as [`Msginfo`]. `linux/msg.h`.
pub const MSG_INFO: usize = 12;
/// Command of semctl: limits and what is in use, as [`Seminfo`]. `linux/sem.h`.
pub const SEM_INFO: usize = 19;

/// Memory of this process alone. `linux/mman.h`.
pub const MAP_PRIVATE: usize = 2;
/// Memory that is no file's. `asm-generic/mman-common.h`.
pub const MAP_ANONYMOUS: usize = 0x20;
/// Memory to read. `asm-generic/mman-common.h`.
pub const PROT_READ: usize = 1;
/// Memory to write. `asm-generic/mman-common.h`.
pub const PROT_WRITE: usize = 2;
/// Descriptor of standard input. POSIX, `unistd.h`.
pub const STDIN_FILENO: usize = 0;
/// Descriptor of standard output. POSIX, `unistd.h`.
pub const STDOUT_FILENO: usize = 1;
/// Descriptor of standard error. POSIX, `unistd.h`.
pub const STDERR_FILENO: usize = 2;
/// Resource limit: bytes of a file. `asm-generic/resource.h`.
pub const RLIMIT_FSIZE: usize = 1;
/// Resource limit: bytes that a user may lock. `asm-generic/resource.h`.
pub const RLIMIT_MEMLOCK: usize = 8;
/// Resource limit: bytes of a user's POSIX queues. `asm-generic/resource.h`.
pub const RLIMIT_MSGQUEUE: usize = 12;

/// Do not mount what is mounted when it is needed, as stat(2) does not.
/// `linux/fcntl.h`.
pub const AT_NO_AUTOMOUNT: usize = 0x800;
/// The path's last part is not followed, if it is a symbolic link. `linux/fcntl.h`.
pub const AT_SYMLINK_NOFOLLOW: usize = 0x100;
/// The path's last part is followed, if it is a symbolic link. `linux/fcntl.h`.
pub const AT_SYMLINK_FOLLOW: usize = 0x400;
/// An empty path is the descriptor itself. `linux/fcntl.h`.
pub const AT_EMPTY_PATH: usize = 0x1000;
/// The type of a file is wanted. `linux/stat.h`.
pub const STATX_TYPE: usize = 1;
/// The permissions are wanted. `linux/stat.h`.
pub const STATX_MODE: usize = 2;
/// The inode number is wanted. `linux/stat.h`.
pub const STATX_INO: usize = 0x100;
/// The size is wanted. `linux/stat.h`.
pub const STATX_SIZE: usize = 0x200;
/// The bits of a mode that are the file's type. `linux/stat.h`.
pub const S_IFMT: u32 = 0o170_000;
/// That type: a regular file. `linux/stat.h`.
pub const S_IFREG: u32 = 0o100_000;
/// Bytes of the longest path, its NUL included. `linux/limits.h`.
pub const PATH_MAX: usize = 4096;
/// Resolve a relative path from the working directory. `linux/fcntl.h`.
pub const AT_FDCWD: isize = -100;
/// Open for reading. `asm-generic/fcntl.h`.
pub const O_RDONLY: usize = 0;
/// Open for reading and writing. `asm-generic/fcntl.h`.
pub const O_RDWR: usize = 2;
/// Create it if it is not there. `asm-generic/fcntl.h`.
pub const O_CREAT: usize = 0o100;
/// With [`O_CREAT`]: fail if it is there. `asm-generic/fcntl.h`.
pub const O_EXCL: usize = 0o200;
/// A file of a directory that has no name yet. `asm-generic/fcntl.h`, with the
/// O_DIRECTORY of that or of arm64's `asm/fcntl.h`.
pub const O_TMPFILE: usize = 0o20_000_000
    | if cfg!(target_arch = "aarch64") {
        0o40_000
    } else {
        0o200_000
    };
/// Wait for nobody, not even at the other end of a FIFO. `asm-generic/fcntl.h`.
pub const O_NONBLOCK: usize = 0o4000;
/// Rather no bytes than wait for the pool. `linux/random.h`.
pub const GRND_NONBLOCK: usize = 1;
/// Bytes that nobody may take for a secret, before the pool is ready. Since Linux
/// 5.6. `linux/random.h`.
pub const GRND_INSECURE: usize = 4;
/// Command of rt_sigprocmask: add to the mask. `asm-generic/signal-defs.h`.
pub const SIG_BLOCK: usize = 0;

/// The terminal is gone. `asm/signal.h`.
pub const SIGHUP: u32 = 1;
/// The user's interrupt key. `asm/signal.h`.
pub const SIGINT: u32 = 2;
/// A polite request to end. `asm/signal.h`.
pub const SIGTERM: u32 = 15;
/// A signal's handler: none, it is ignored. `asm-generic/signal-defs.h`.
pub const SIG_IGN: usize = 1;
/// There is something to read. `asm-generic/poll.h`.
pub const POLLIN: i16 = 1;
/// There is room to write. `asm-generic/poll.h`.
pub const POLLOUT: i16 = 4;
/// Command of prctl: how the process's system calls are filtered. `linux/prctl.h`.
pub const PR_GET_SECCOMP: usize = 21;

/// What that command gives where calls are not filtered. `linux/seccomp.h`.
pub const SECCOMP_MODE_DISABLED: usize = 0;

/// Auxiliary vector: its end. `linux/auxvec.h`.
pub const AT_NULL: usize = 0;
/// Auxiliary vector: bytes of a page. `linux/auxvec.h`.
pub const AT_PAGESZ: usize = 6;
/// Auxiliary vector: effective user id. `linux/auxvec.h`.
pub const AT_EUID: usize = 12;
/// Auxiliary vector: effective group id. `linux/auxvec.h`.
pub const AT_EGID: usize = 14;
/// Auxiliary vector: address of 16 random bytes. `linux/auxvec.h`.
pub const AT_RANDOM: usize = 25;

/// `struct ipc64_perm` of 64-bit architectures. `asm-generic/ipcbuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Ipc64Perm {
    /// Key of the object.
    pub key: i32,
    /// Owner's user id.
    pub uid: u32,
    /// Owner's group id.
    pub gid: u32,
    /// Creator's user id.
    pub cuid: u32,
    /// Creator's group id.
    pub cgid: u32,
    /// Permission bits.
    pub mode: u32,
    /// Padding, sequence number and two spare words.
    pub rest: [u64; 3],
}

/// `struct msqid64_ds` of 64-bit architectures. `asm-generic/msgbuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Msqid64Ds {
    /// Owner and mode.
    pub msg_perm: Ipc64Perm,
    /// Times of the last send, receive and change; seconds.
    pub times: [u64; 3],
    /// Bytes on the queue.
    pub msg_cbytes: u64,
    /// Messages on the queue.
    pub msg_qnum: u64,
    /// Bytes that the queue may hold.
    pub msg_qbytes: u64,
    /// Last sender and receiver, and two spare words.
    pub rest: [u64; 3],
}

/// `struct shmid64_ds` of 64-bit architectures. `asm-generic/shmbuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Shmid64Ds {
    /// Owner and mode.
    pub shm_perm: Ipc64Perm,
    /// Bytes of the segment.
    pub shm_segsz: u64,
    /// Times of the last attach, detach and change; seconds.
    pub times: [u64; 3],
    /// Creator and last user; attaches, and two spare words.
    pub rest: [u64; 4],
}

/// `struct semid64_ds` of 64-bit architectures. `asm-generic/sembuf.h`, but for
/// x86_64, where a spare word follows each time: `asm/sembuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Semid64Ds {
    /// Owner and mode.
    pub sem_perm: Ipc64Perm,
    /// Times of the last semop and change; seconds.
    pub times: [u64; if cfg!(target_arch = "x86_64") { 4 } else { 2 }],
    /// Semaphores of the set.
    pub sem_nsems: u64,
    /// Spare words.
    pub rest: [u64; 2],
}

/// `struct shminfo64` of 64-bit architectures. `asm-generic/shmbuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Shminfo64 {
    /// Bytes of the largest segment: SHMMAX.
    pub shmmax: u64,
    /// Bytes of the smallest segment: 1.
    pub shmmin: u64,
    /// Segments: SHMMNI.
    pub shmmni: u64,
    /// Segments that a process may attach.
    pub shmseg: u64,
    /// Pages of all segments: SHMALL.
    pub shmall: u64,
    /// Spare words.
    pub rest: [u64; 4],
}

/// `struct shm_info`. `linux/shm.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct ShmInfo {
    /// Segments.
    pub used_ids: u32,
    /// Pages of all segments.
    pub shm_tot: u64,
    /// Of them in memory and swapped out, and two unused numbers.
    pub rest: [u64; 4],
}

/// `struct msginfo`. `linux/msg.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Msginfo {
    /// Queues, by MSG_INFO.
    pub msgpool: i32,
    /// Messages, by MSG_INFO.
    pub msgmap: i32,
    /// Bytes of the largest message.
    pub msgmax: i32,
    /// Bytes that a new queue may hold: MSGMNB.
    pub msgmnb: i32,
    /// Queues at most: MSGMNI.
    pub msgmni: i32,
    /// An unused number, the bytes of all messages, and an unused number.
    pub rest: [i32; 3],
}

/// `struct seminfo`. `linux/sem.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Seminfo {
    /// An unused number.
    pub semmap: i32,
    /// Sets at most: SEMMNI.
    pub semmni: i32,
    /// Semaphores of all sets at most: SEMMNS.
    pub semmns: i32,
    /// An unused number.
    pub semmnu: i32,
    /// Semaphores of a set at most: SEMMSL.
    pub semmsl: i32,
    /// Operations in a call, and an unused number.
    pub rest: [i32; 2],
    /// Sets, by SEM_INFO.
    pub semusz: i32,
    /// Largest value of a semaphore.
    pub semvmx: i32,
    /// Semaphores of all sets, by SEM_INFO.
    pub semaem: i32,
}

/// `struct statx`, the same everywhere. `linux/stat.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Statx {
    /// What is known, the size of a block, attributes, links, owner.
    pub head: [u64; 3],
    /// Owner's group id.
    pub stx_gid: u32,
    /// Type and permissions.
    pub stx_mode: u16,
    /// A spare word.
    pub spare: u16,
    /// Inode number.
    pub stx_ino: u64,
    /// Bytes.
    pub stx_size: u64,
    /// Blocks, attributes, four times, and the device that the file is.
    pub body: [u64; 11],
    /// Major number of the file system's device.
    pub stx_dev_major: u32,
    /// Minor number of the file system's device.
    pub stx_dev_minor: u32,
    /// Mount, alignments, spare words.
    pub rest: [u64; 14],
}

/// `struct statfs` of 64-bit architectures. `asm-generic/statfs.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Statfs {
    /// What file system it is.
    pub f_type: u64,
    /// Bytes of a block.
    pub f_bsize: u64,
    /// Blocks; 0 for as many as there is memory for.
    pub f_blocks: u64,
    /// Free ones.
    pub f_bfree: u64,
    /// Free ones for everybody.
    pub f_bavail: u64,
    /// Inodes; 0 for as many as there is memory for.
    pub f_files: u64,
    /// Free ones.
    pub f_ffree: u64,
    /// Its id, the longest name, flags, spare words.
    pub rest: [u64; 8],
}

/// `struct mq_attr` of 64-bit architectures. `linux/mqueue.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct MqAttr {
    /// Flags of a descriptor.
    pub mq_flags: u64,
    /// Messages that the queue may hold.
    pub mq_maxmsg: u64,
    /// Bytes of a message at most.
    pub mq_msgsize: u64,
    /// Messages that it holds.
    pub mq_curmsgs: u64,
    /// Spare words.
    pub rest: [u64; 4],
}

/// `struct rlimit64`. `linux/resource.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Rlimit64 {
    /// The limit in force.
    pub rlim_cur: u64,
    /// What the process may raise it to.
    pub rlim_max: u64,
}

/// `struct pollfd`. `asm-generic/poll.h`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pollfd {
    /// The descriptor.
    pub fd: i32,
    /// What is waited for.
    pub events: i16,
    /// What has come.
    pub revents: i16,
}

/// `struct sigaction` as the kernel has it. `asm/signal.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Sigaction {
    /// Address of the handler, or SIG_DFL or [`SIG_IGN`].
    pub sa_handler: usize,
    /// Flags, the restorer's address, and the signals that the handler blocks.
    pub rest: [u64; 3],
}
