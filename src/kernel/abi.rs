//! The numbers and structs that the kernel fixed: what each does, its header, its name, its value.
//! Those that differ between the architectures take it from [`arch`](super::arch). The numbers of
//! the system calls are in the `syscalls` crate, those of the errors in [`errno`](super::errno).
//! `tests/suites/numbers.rs` compares all of them with the headers.

use core::mem::offset_of;

use super::arch::ARCH;

// System V objects: the get calls.

/// Creates the object if none has the key. `linux/ipc.h`.
pub const IPC_CREAT: u32 = 0o1000;
/// Makes [`IPC_CREAT`] fail if an object has the key. `linux/ipc.h`.
pub const IPC_EXCL: u32 = 0o2000;
/// Always creates an object, which has no key. `linux/ipc.h`.
pub const IPC_PRIVATE: u32 = 0;
/// Makes shmget(2) take huge pages. `linux/shm.h`.
pub const SHM_HUGETLB: u32 = 0o4000;
/// Makes shmget(2) reserve no memory. `linux/shm.h`.
pub const SHM_NORESERVE: u32 = 0o10000;
/// Shifts the binary logarithm of a huge page's bytes into the flags of shmget(2).
/// `asm-generic/hugetlb_encode.h`, HUGETLB_FLAG_ENCODE_SHIFT.
pub const SHM_HUGE_SHIFT: u32 = 26;
/// Bounds the value of a semaphore, inclusive. `linux/sem.h`.
pub const SEMVMX: u64 = 32767;

// System V objects: the ctl calls.

/// Removes the object. `linux/ipc.h`.
pub const IPC_RMID: usize = 0;
/// Sets owner, mode and msg_qbytes. `linux/ipc.h`.
pub const IPC_SET: usize = 1;
/// Reads the struct of the object. `linux/ipc.h`.
pub const IPC_STAT: usize = 2;
/// Reads the limits of segments: [`Shminfo64`]. `linux/ipc.h`.
pub const IPC_INFO: usize = 3;
/// Keeps a segment out of swap. `linux/shm.h`.
pub const SHM_LOCK: usize = 11;
/// Reads the use of segments: [`ShmInfo`]. `linux/shm.h`.
pub const SHM_INFO: usize = 14;
/// Reads limits and use of queues: [`Msginfo`]. `linux/msg.h`.
pub const MSG_INFO: usize = 12;
/// Sets the values of all semaphores of a set. `linux/sem.h`.
pub const SETALL: usize = 17;
/// Reads limits and use of semaphores: [`Seminfo`]. `linux/sem.h`.
pub const SEM_INFO: usize = 19;

/// Asks for the structs of this file, where the kernel has older ones too. `linux/ipc.h`.
pub const IPC_64: usize = 0x100;

// System V objects: semop.

/// Makes semop(2) fail with EAGAIN instead of waiting. `linux/ipc.h`.
pub const IPC_NOWAIT: i16 = 0o4000;

// Memory, and limits of the process.

/// Keeps writes to the memory from other processes. `linux/mman.h`.
pub const MAP_PRIVATE: usize = 2;
/// Lets mremap(2) move the memory. `linux/mman.h`.
pub const MREMAP_MAYMOVE: usize = 1;
/// Maps zeros and no file. `asm-generic/mman-common.h`.
pub const MAP_ANONYMOUS: usize = 0x20;
/// Lets the memory be read. `asm-generic/mman-common.h`.
pub const PROT_READ: usize = 1;
/// Lets the memory be written. `asm-generic/mman-common.h`.
pub const PROT_WRITE: usize = 2;
/// Limits the size of a file; bytes. `asm-generic/resource.h`.
pub const RLIMIT_FSIZE: usize = 1;
/// Limits the memory that a user locks; bytes. `asm-generic/resource.h`.
pub const RLIMIT_MEMLOCK: usize = 8;
/// Limits the POSIX queues of a user; bytes. `asm-generic/resource.h`.
pub const RLIMIT_MSGQUEUE: usize = 12;

// Files.

/// Is standard input. `unistd.h`.
pub const STDIN_FILENO: usize = 0;
/// Is standard output. `unistd.h`.
pub const STDOUT_FILENO: usize = 1;
/// Is standard error. `unistd.h`.
pub const STDERR_FILENO: usize = 2;
/// Bounds the bytes of a path, its NUL included. `linux/limits.h`.
pub const PATH_MAX: usize = 4096;
/// Resolves a relative path from the working directory. `linux/fcntl.h`.
pub const AT_FDCWD: isize = -100;
/// Does not follow the last part of the path if it is a symbolic link. `linux/fcntl.h`.
pub const AT_SYMLINK_NOFOLLOW: usize = 0x100;
/// Follows the last part of the path if it is a symbolic link. `linux/fcntl.h`.
pub const AT_SYMLINK_FOLLOW: usize = 0x400;
/// Mounts no automount point, as stat(2) mounts none. `linux/fcntl.h`.
pub const AT_NO_AUTOMOUNT: usize = 0x800;
/// Takes an empty path for the descriptor itself. `linux/fcntl.h`.
pub const AT_EMPTY_PATH: usize = 0x1000;
/// Opens for reading. `asm-generic/fcntl.h`.
pub const O_RDONLY: usize = 0;
/// Opens for reading and writing. `asm-generic/fcntl.h`.
pub const O_RDWR: usize = 2;
/// Creates what does not exist. `asm-generic/fcntl.h`.
pub const O_CREAT: usize = 0o100;
/// Makes [`O_CREAT`] fail if it exists. `asm-generic/fcntl.h`.
pub const O_EXCL: usize = 0o200;
/// Does not wait, neither for the other end of a FIFO nor for data. `asm-generic/fcntl.h`.
pub const O_NONBLOCK: usize = 0o4000;
/// Makes open(2) fail with ELOOP if the last part of the path is a symbolic link. `asm/fcntl.h`.
pub const O_NOFOLLOW: usize = ARCH.o_nofollow;
/// Creates an unnamed file in a directory. `asm-generic/fcntl.h`; its O_DIRECTORY, which is part of
/// the value, is that of `asm/fcntl.h`.
pub const O_TMPFILE: usize = 0o20_000_000 | ARCH.o_directory;
/// Opens files of more than 2 GiB too. `asm/fcntl.h`.
pub const O_LARGEFILE: usize = ARCH.o_largefile;
/// Asks statx(2) for the type of a file. `linux/stat.h`.
pub const STATX_TYPE: usize = 1;
/// Asks statx(2) for the permissions. `linux/stat.h`.
pub const STATX_MODE: usize = 2;
/// Asks statx(2) for the inode number. `linux/stat.h`.
pub const STATX_INO: usize = 0x100;
/// Asks statx(2) for the size. `linux/stat.h`.
pub const STATX_SIZE: usize = 0x200;
/// Masks the type of a file in its mode. `linux/stat.h`.
pub const S_IFMT: u32 = 0o170_000;
/// Is the type of a regular file. `linux/stat.h`.
pub const S_IFREG: u32 = 0o100_000;

/// Is the type of a hugetlbfs. `linux/magic.h`.
pub const HUGETLBFS_MAGIC: usize = 0x9584_58f6;

// Random numbers.

/// Fails with EAGAIN before the kernel's random number generator is ready. `linux/random.h`.
pub const GRND_NONBLOCK: usize = 1;
/// Gives bytes that are no secret before the generator is ready. Since Linux 5.6.
/// `linux/random.h`.
pub const GRND_INSECURE: usize = 4;

// Signals, and waiting.

/// Adds to the signal mask. `asm-generic/signal-defs.h`.
pub const SIG_BLOCK: usize = 0;
/// Ignores a signal, in place of a handler's address. `asm-generic/signal-defs.h`.
pub const SIG_IGN: usize = 1;
/// Tells that the terminal is gone. `asm/signal.h`.
pub const SIGHUP: u32 = 1;
/// Tells that the user has typed the interrupt key. `asm/signal.h`.
pub const SIGINT: u32 = 2;
/// Asks the process to end. `asm/signal.h`.
pub const SIGTERM: u32 = 15;
/// Waits until a descriptor can be read. `asm-generic/poll.h`.
pub const POLLIN: i16 = 1;
/// Waits until a descriptor can be written to. `asm-generic/poll.h`.
pub const POLLOUT: i16 = 4;

// Filters of system calls.

/// Makes prctl(2) return how the calls of the process are filtered. `linux/prctl.h`.
pub const PR_GET_SECCOMP: usize = 21;
/// Says that they are not. `linux/seccomp.h`.
pub const SECCOMP_MODE_DISABLED: usize = 0;

// The auxiliary vector.

/// Ends the vector. `linux/auxvec.h`.
pub const AT_NULL: usize = 0;
/// Holds the bytes of a page. `linux/auxvec.h`.
pub const AT_PAGESZ: usize = 6;
/// Holds the effective user id. `linux/auxvec.h`.
pub const AT_EUID: usize = 12;
/// Holds the effective group id. `linux/auxvec.h`.
pub const AT_EGID: usize = 14;
/// Holds the address of 16 random bytes. `linux/auxvec.h`.
pub const AT_RANDOM: usize = 25;

// Structs. A member that stands for several of the header's has a name that says where it stands.

/// `struct ipc64_perm`. `asm-generic/ipcbuf.h`.
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
    /// Permission bits. Where the header has 16 bits, zeros follow them.
    pub mode: u32,
    /// Padding, sequence number and two spare words.
    pub rest: [usize; 3],
}

/// `struct msqid64_ds`. `asm-generic/msgbuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Msqid64Ds {
    /// Owner and mode.
    pub msg_perm: Ipc64Perm,
    /// Times of the last send, receive and change; seconds.
    pub times: [usize; 3 * ARCH.time_words],
    /// Bytes on the queue.
    pub msg_cbytes: usize,
    /// Messages on the queue.
    pub msg_qnum: usize,
    /// Most bytes on the queue.
    pub msg_qbytes: usize,
    /// Process ids of the last sender and receiver.
    pub pids: [i32; 2],
    /// Spare words.
    pub rest: [usize; 2],
}

/// `struct shmid64_ds`. `asm-generic/shmbuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Shmid64Ds {
    /// Owner and mode.
    pub shm_perm: Ipc64Perm,
    /// Bytes of the segment.
    pub shm_segsz: usize,
    /// Times of the last attach, detach and change; seconds.
    pub times: [usize; 3 * ARCH.time_words],
    /// Process ids of the creator and the last user.
    pub pids: [i32; 2],
    /// Number of attaches, and two spare words.
    pub rest: [usize; 3],
}

/// `struct semid64_ds`. `asm/sembuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Semid64Ds {
    /// Owner and mode.
    pub sem_perm: Ipc64Perm,
    /// Times of the last semop and change; seconds.
    pub times: [usize; 2 * ARCH.sem_time_words],
    /// Semaphores of the set.
    pub sem_nsems: usize,
    /// Spare words.
    pub rest: [usize; 2],
}

/// `struct shminfo64`. `asm-generic/shmbuf.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Shminfo64 {
    /// Bytes of the largest segment: SHMMAX.
    pub shmmax: usize,
    /// Bytes of the smallest segment: 1.
    pub shmmin: usize,
    /// Most segments: SHMMNI.
    pub shmmni: usize,
    /// Most segments that a process attaches.
    pub shmseg: usize,
    /// Most pages of all segments: SHMALL.
    pub shmall: usize,
    /// Spare words.
    pub rest: [usize; 4],
}

/// `struct shm_info`. `linux/shm.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct ShmInfo {
    /// Segments.
    pub used_ids: u32,
    /// Pages of all segments.
    pub shm_tot: usize,
    /// Pages in memory, pages in swap, and two unused numbers.
    pub rest: [usize; 4],
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
    /// Most bytes on a new queue: MSGMNB.
    pub msgmnb: i32,
    /// Most queues: MSGMNI.
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
    /// Most sets: SEMMNI.
    pub semmni: i32,
    /// Most semaphores of all sets: SEMMNS.
    pub semmns: i32,
    /// An unused number.
    pub semmnu: i32,
    /// Most semaphores of a set: SEMMSL.
    pub semmsl: i32,
    /// Most operations of a call, and an unused number.
    pub rest: [i32; 2],
    /// Sets, by SEM_INFO.
    pub semusz: i32,
    /// Largest value of a semaphore.
    pub semvmx: i32,
    /// Semaphores of all sets, by SEM_INFO.
    pub semaem: i32,
}

/// `struct sembuf`. `linux/sem.h`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Sembuf {
    /// Number of the semaphore in its set, from 0.
    pub sem_num: u16,
    /// What is added to its value.
    pub sem_op: i16,
    /// [`IPC_NOWAIT`].
    pub sem_flg: i16,
}

/// `struct statx`, the same on all architectures. `linux/stat.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Statx {
    /// Mask of what is known, bytes of a block, attributes, links, owner.
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
    /// Blocks, mask of the attributes, four times, and the device number of a device file.
    pub body: [u64; 11],
    /// Major number of the file system's device.
    pub stx_dev_major: u32,
    /// Minor number of the file system's device.
    pub stx_dev_minor: u32,
    /// Id of the mount, alignments, spare words.
    pub rest: [u64; 14],
}

/// `struct stat`, of fstat(2) and newfstatat(2). `asm-generic/stat.h`; x86_64: `asm/stat.h`.
#[cfg(target_pointer_width = "64")]
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Stat {
    /// Device of the file system.
    pub st_dev: u64,
    /// Inode number.
    pub st_ino: u64,
    /// Links, which stand behind the mode elsewhere.
    #[cfg(target_arch = "x86_64")]
    pub head: u64,
    /// Type and permissions.
    pub st_mode: u32,
    /// Links elsewhere, owner's user and group id, device number of a device file, padding.
    pub body: [u32; if cfg!(target_arch = "x86_64") { 5 } else { 7 }],
    /// Bytes.
    pub st_size: u64,
    /// Bytes of a block, blocks, three times, spare words.
    pub rest: [u64; if cfg!(target_arch = "x86_64") { 11 } else { 9 }],
}

/// `struct stat64`, of fstat64(2) and fstatat64(2). `asm/stat.h`.
#[cfg(target_pointer_width = "32")]
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Stat {
    /// Device of the file system.
    pub st_dev: u64,
    /// Padding, and half of the inode number.
    pub head: [u32; 2],
    /// Type and permissions.
    pub st_mode: u32,
    /// Links, owner's user and group id, device number of a device file, padding.
    pub body: [u32; 6],
    /// Bytes.
    pub st_size: u64,
    /// Bytes of a block.
    pub spare: u32,
    /// Blocks.
    pub blocks: u64,
    /// Three times.
    pub times: [u32; 6],
    /// Inode number.
    pub st_ino: u64,
}

/// `struct statfs`; where a word has 32 bits, `struct statfs64`, with the padding of none of its
/// numbers. `asm-generic/statfs.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, packed(4))]
pub struct Statfs {
    /// Type of the file system.
    pub f_type: usize,
    /// Bytes of a block.
    pub f_bsize: usize,
    /// Blocks in all; 0 where nothing limits them.
    pub f_blocks: u64,
    /// Free blocks.
    pub f_bfree: u64,
    /// Free blocks that take no privilege.
    pub f_bavail: u64,
    /// Inodes in all; 0 where nothing limits them.
    pub f_files: u64,
    /// Free inodes.
    pub f_ffree: u64,
    /// Id of the file system.
    pub head: [u32; 2],
    /// Bytes of the longest name, bytes of a fragment, flags, spare words.
    pub rest: [usize; 7],
}

/// `struct mq_attr`. `linux/mqueue.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct MqAttr {
    /// Flags of a descriptor.
    pub mq_flags: usize,
    /// Most messages on the queue.
    pub mq_maxmsg: usize,
    /// Bytes of the largest message.
    pub mq_msgsize: usize,
    /// Messages on the queue.
    pub mq_curmsgs: usize,
    /// Spare words.
    pub rest: [usize; 4],
}

/// `struct rlimit64`. `linux/resource.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Rlimit64 {
    /// The limit that the kernel enforces.
    pub rlim_cur: u64,
    /// Bound up to which the process may raise it.
    pub rlim_max: u64,
}

/// `struct pollfd`. `asm-generic/poll.h`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pollfd {
    /// The descriptor.
    pub fd: i32,
    /// Events to wait for.
    pub events: i16,
    /// Events that have come.
    pub revents: i16,
}

/// `struct sigaction` as the kernel has it. `asm/signal.h`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Sigaction {
    /// Address of the handler, or SIG_DFL or [`SIG_IGN`].
    pub sa_handler: usize,
    /// Flags, the restorer's address where there is one, and the signals that the handler blocks.
    pub rest: [usize; ARCH.sigaction_words],
}

/// Asserts the size of a struct, then the offsets of these members.
macro_rules! assert_layout {
    ($type:ident $layout:ident $($member:ident)*) => {
        const _: () = {
            let [size $(, $member)*] = ARCH.layouts.$layout;
            assert!(size == size_of::<$type>());
            $(assert!($member == offset_of!($type, $member));)*
        };
    };
}

assert_layout!(Ipc64Perm ipc64_perm key uid mode);
assert_layout!(Msqid64Ds msqid64_ds msg_cbytes msg_qbytes);
assert_layout!(Shmid64Ds shmid64_ds shm_segsz);
assert_layout!(Semid64Ds semid64_ds sem_nsems);
assert_layout!(Shminfo64 shminfo64 shmmni shmall);
assert_layout!(ShmInfo shm_info shm_tot);
assert_layout!(Stat stat st_ino st_mode st_size);
assert_layout!(Statfs statfs f_bsize f_blocks f_ffree);
assert_layout!(MqAttr mq_attr mq_maxmsg mq_msgsize);
assert_layout!(Sigaction sigaction);
