//! The numbers that the kernel fixed, each with the header it comes from.
//! None of these differs between the architectures; those that do, the numbers
//! of the system calls, are the `syscalls` crate's business.

/// Create the object if there is none with this key. `linux/ipc.h`.
pub const IPC_CREAT: u32 = 0o1000;
/// With [`IPC_CREAT`]: fail if there is one. `linux/ipc.h`.
pub const IPC_EXCL: u32 = 0o2000;
/// The key that always makes a new object. `linux/ipc.h`.
pub const IPC_PRIVATE: u32 = 0;
/// Command of the ctl calls: remove the object. `linux/ipc.h`.
pub const IPC_RMID: usize = 0;
/// Command of the ctl calls: set owner, mode and msg_qbytes. `linux/ipc.h`.
pub const IPC_SET: usize = 1;

/// Resolve a relative path from the working directory. `linux/fcntl.h`.
pub const AT_FDCWD: isize = -100;
/// Open for reading. `asm-generic/fcntl.h`.
pub const O_RDONLY: usize = 0;
/// Rather no bytes than wait for the pool. `linux/random.h`.
pub const GRND_NONBLOCK: usize = 1;
/// Command of rt_sigprocmask: add to the mask. `asm-generic/signal-defs.h`.
pub const SIG_BLOCK: usize = 0;

/// Auxiliary vector: its end. `linux/auxvec.h`.
pub const AT_NULL: usize = 0;
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
