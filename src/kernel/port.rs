//! The port: the system calls that the program makes, in its own types. `sys` implements it for
//! Linux; the tests have a kernel that follows a script.

use core::ffi::CStr;
use core::num::NonZero;

use syscalls::Sysno;

use super::abi::{STDERR_FILENO, STDIN_FILENO, STDOUT_FILENO};
use super::errno::Errno;
use super::object::{Id, Kind};
use super::posix::Path;

/// The system calls that the program makes.
///
/// A method has the name of its call, or `ipc_` where each kind of object has a call of its own.
/// Where nothing else is said, its errors are those of that call.
pub trait Kernel {
    /// Blocks every signal that can be blocked: rt_sigprocmask(2).
    ///
    /// # Errors
    /// Its own.
    fn block_signals(&mut self) -> Result<(), Errno>;

    /// Creates or finds an object: shmget(2), msgget(2) or semget(2). `amount` is the bytes of a
    /// segment or the semaphores of a set, and means nothing for a queue.
    ///
    /// # Errors
    /// Theirs.
    fn ipc_get(&mut self, kind: Kind, amount: u64, key: u32, flags: u32) -> Result<Id, Errno>;

    /// Sets owner, mode and, of a queue, msg_qbytes: IPC_SET of the ctl calls. An owner of
    /// [`Owner::SAME`] is the effective user or group of this process.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn ipc_set(&mut self, kind: Kind, id: Id, properties: Properties) -> Result<(), Errno>;

    /// Reads an object's mode and amount: IPC_STAT of the ctl calls.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn ipc_stat(&mut self, kind: Kind, id: Id) -> Result<State, Errno>;

    /// Removes an object: IPC_RMID of the ctl calls.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn ipc_rmid(&mut self, kind: Kind, id: Id) -> Result<(), Errno>;

    /// Reads the limits of a kind of object in this IPC namespace, and their use: IPC_INFO and
    /// SHM_INFO, MSG_INFO or SEM_INFO of the ctl calls.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn ipc_info(&mut self, kind: Kind) -> Result<Limits, Errno>;

    /// Sets the values of all semaphores of a set, one each: SETALL of semctl(2).
    ///
    /// # Errors
    /// Its own.
    fn sem_setall(&mut self, id: Id, values: &[u16]) -> Result<(), Errno>;

    /// Adds two numbers to the first semaphore of a set, in their order and at once, or neither:
    /// semop(2), which does not wait.
    ///
    /// # Errors
    /// Its own; EAGAIN where the value would be negative, ERANGE where it would be over SEMVMX.
    fn semop(&mut self, id: Id, changes: [i16; 2]) -> Result<(), Errno>;

    /// Keeps a segment out of swap: SHM_LOCK of shmctl(2).
    ///
    /// # Errors
    /// Its own.
    fn shm_lock(&mut self, id: Id) -> Result<(), Errno>;

    /// Opens an unnamed file in /dev/shm, with this mode under the umask: openat(2) with O_TMPFILE.
    ///
    /// # Errors
    /// Its own.
    fn open_tmpfile(&mut self, mode: u32) -> Result<Fd, Errno>;

    /// Creates a file of mode 0, which no other user can open yet, unless the path is in use:
    /// openat(2).
    ///
    /// # Errors
    /// Its own.
    fn open_new(&mut self, path: &Path) -> Result<Fd, Errno>;

    /// Creates a POSIX queue, with this mode under the umask: mq_open(2) with O_CREAT and O_EXCL.
    /// None is the kernel's choice of attributes.
    ///
    /// # Errors
    /// Its own.
    fn mq_create(
        &mut self,
        path: &Path,
        mode: u32,
        attributes: Option<Attributes>,
    ) -> Result<Fd, Errno>;

    /// Opens an existing POSIX queue: mq_open(2).
    ///
    /// # Errors
    /// Its own.
    fn mq_open(&mut self, path: &Path) -> Result<Fd, Errno>;

    /// Reads the attributes of an open POSIX queue: mq_getsetattr(2).
    ///
    /// # Errors
    /// Its own.
    fn mq_getattr(&mut self, fd: Fd) -> Result<Attributes, Errno>;

    /// Sets the size of a file: ftruncate(2).
    ///
    /// # Errors
    /// Its own.
    fn ftruncate(&mut self, fd: Fd, size: u64) -> Result<(), Errno>;

    /// Allocates all bytes of a file, and sets its size: fallocate(2), again after EINTR.
    ///
    /// # Errors
    /// Its own; EINVAL for no bytes.
    fn fallocate(&mut self, fd: Fd, size: u64) -> Result<(), Errno>;

    /// Sets the owner of a file; [`Owner::SAME`] leaves it: fchown(2).
    ///
    /// # Errors
    /// Its own.
    fn fchown(&mut self, fd: Fd, owner: Owner) -> Result<(), Errno>;

    /// Sets the mode of a file, whatever the umask: fchmod(2).
    ///
    /// # Errors
    /// Its own.
    fn fchmod(&mut self, fd: Fd, mode: u32) -> Result<(), Errno>;

    /// Reads the umask: umask(2), twice, since no call reads it without setting it.
    ///
    /// # Errors
    /// Its own; it has none unless it is filtered.
    fn umask(&mut self) -> Result<u32, Errno>;

    /// Links an open file to its name: linkat(2).
    ///
    /// # Errors
    /// Its own.
    fn linkat(&mut self, fd: Fd, path: &Path) -> Result<(), Errno>;

    /// Links the file of another path to its name: linkat(2), which follows no symbolic link.
    ///
    /// # Errors
    /// Its own.
    fn linkat_path(&mut self, from: &Path, path: &Path) -> Result<(), Errno>;

    /// Whether a path is that of an open file, by device and inode number: statx(2) of both, or
    /// what stands in for it.
    ///
    /// # Errors
    /// Its own.
    fn is_same(&mut self, fd: Fd, path: &Path) -> Result<bool, Errno>;

    /// Closes a descriptor: close(2).
    ///
    /// # Errors
    /// Its own.
    fn close(&mut self, fd: Fd) -> Result<(), Errno>;

    /// Unlinks a POSIX object: unlinkat(2), or mq_unlink(2) for a queue.
    ///
    /// # Errors
    /// Theirs.
    fn unlink(&mut self, kind: Kind, path: &Path) -> Result<(), Errno>;

    /// Reads the mode, type and size of a POSIX object, an open one or else the file of this path:
    /// statx(2), or, where that is not there or is forbidden, fstat(2) or newfstatat(2).
    ///
    /// # Errors
    /// Its own.
    fn statx(&mut self, fd: Option<Fd>, path: &Path) -> Result<State, Errno>;

    /// Reads what ftok(3) makes a key of: statx(2), or newfstatat(2), of a path that the user
    /// typed.
    ///
    /// # Errors
    /// Its own; ENAMETOOLONG and ENOENT also for a path that the call cannot be given.
    fn identify(&mut self, path: &[u8]) -> Result<Identity, Errno>;

    /// Reads the space of /dev/shm: statfs(2).
    ///
    /// # Errors
    /// Its own.
    fn statfs(&mut self) -> Result<Space, Errno>;

    /// Takes a random number: from AT_RANDOM while that lasts, then from getrandom(2), which is not
    /// waited for.
    ///
    /// # Errors
    /// Those of getrandom(2).
    fn random(&mut self) -> Result<u32, Errno>;

    /// Reads a file from its start, as far as `buffer` has room: openat(2) and read(2).
    ///
    /// # Errors
    /// Theirs.
    fn read<'b>(&mut self, file: File<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno>;

    /// Reads a file, or standard input, to its end, into memory that grows with it: mmap(2),
    /// openat(2), read(2) and mremap(2). The exit closes it.
    ///
    /// # Errors
    /// Theirs.
    fn read_whole<'a>(&mut self, file: Input<'_>) -> Result<&'a [u8], Errno>;

    /// Maps so many bytes, at least one, all of them 0: mmap(2).
    ///
    /// # Errors
    /// Its own.
    fn mmap_bytes<'a>(&mut self, count: usize) -> Result<&'a mut [u8], Errno>;

    /// Maps memory for so many values, at least one, and fills it with this one: mmap(2).
    ///
    /// # Errors
    /// Its own.
    fn mmap<'a, T: Copy + 'a>(&mut self, count: usize, value: T) -> Result<&'a mut [T], Errno>;

    /// Reads a limit of this process, one of RLIMIT_...: prlimit(2).
    ///
    /// # Errors
    /// Its own.
    fn prlimit(&mut self, resource: usize) -> Result<u64, Errno>;

    /// Whether a seccomp filter is on this process, whatever it refuses: PR_GET_SECCOMP of
    /// prctl(2), which that filter may refuse.
    fn is_filtered(&mut self) -> bool;

    /// Makes a call with arguments that the kernel itself refuses: -1 for the id, descriptor or
    /// address that comes first, then a command, then zeros. Returns its errno.
    fn probe(&mut self, call: Sysno, command: usize) -> Option<Errno>;

    /// Writes bytes, perhaps not all: write(2).
    ///
    /// # Errors
    /// Its own.
    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno>;

    /// Waits until a descriptor may be written to: ppoll(2), on it and on a signalfd(2).
    ///
    /// # Errors
    /// EINTR where SIGHUP, SIGINT or SIGTERM came and is not ignored; those of rt_sigaction(2),
    /// signalfd(2) and ppoll(2).
    fn ppoll(&mut self, fd: Fd) -> Result<(), Errno>;
}

/// User id and group id of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// The id that changes nothing, of a user or a group: `(uid_t) -1`.
    pub const SAME: u32 = u32::MAX;

    /// The owner that changes nothing.
    pub const UNCHANGED: Self = Self {
        uid: Self::SAME,
        gid: Self::SAME,
    };
}

/// What IPC_SET sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Properties {
    /// User and group.
    pub owner: Owner,
    /// Permission bits.
    pub mode: u32,
    /// Bytes that a queue may hold, msg_qbytes; without meaning for the other kinds.
    pub qbytes: u64,
}

/// Attributes of a POSIX queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Messages that it may hold, mq_maxmsg.
    pub maxmsg: u64,
    /// Bytes of its longest message, mq_msgsize.
    pub msgsize: u64,
}

/// Blocks and inodes of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes of a block.
    pub block: u64,
    /// Blocks in all; 0 where nothing limits them.
    pub blocks: u64,
    /// Free ones.
    pub free_blocks: u64,
    /// Inodes in all; 0 where nothing limits them.
    pub inodes: u64,
    /// Free ones.
    pub free_inodes: u64,
    /// Whether it is a hugetlbfs, whose blocks are huge pages.
    pub is_hugetlbfs: bool,
}

/// A file of /proc or /sys to read. It is opened with O_NONBLOCK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File<'a> {
    /// One that may be read again.
    System(&'a CStr),
    /// One that is read once a run at most: the exit closes it.
    Once(&'a CStr),
}

/// A text of the user's to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A file of this name.
    File(&'a [u8]),
    /// Standard input.
    In,
}

/// What ftok(3) reads of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its inode number.
    pub ino: u64,
    /// Its file system's device; the low byte is that of the minor number.
    pub dev: u64,
}

impl Identity {
    /// The key that ftok(3) makes of the file and an id of 8 bits: `id` in the high byte, then the
    /// low byte of the device, then two bytes of the inode number.
    #[must_use]
    pub fn key(&self, id: u64) -> u64 {
        id << 24 | (self.dev & 0xff) << 16 | self.ino & 0xffff
    }
}

/// Mode and amount of an object that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Its permission bits and, above them, flags of its own or a file's type.
    pub mode: u32,
    /// Bytes of a segment or a file, bytes that a System V queue may hold, semaphores of a set;
    /// without meaning for a POSIX queue.
    pub amount: u64,
}

/// Limits of one kind of System V object in an IPC namespace, and their use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a segment (SHMMAX), semaphores of a set (SEMMSL), bytes of a queue (MSGMNB).
    pub each: u64,
    /// Most units of all objects together: pages of segments (SHMALL), semaphores (SEMMNS). Queues
    /// have no such limit.
    pub units: u64,
    /// Units in use.
    pub units_used: u64,
    /// What one unit holds of an object's amount: the bytes of a page, or 1.
    pub unit: NonZero<u64>,
    /// Most objects: SHMMNI, MSGMNI, SEMMNI.
    pub objects: u64,
    /// Objects in use.
    pub objects_used: u64,
}

/// A file descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fd(pub usize);

impl Fd {
    /// Standard input.
    pub const IN: Self = Self(STDIN_FILENO);
    /// Standard output.
    pub const OUT: Self = Self(STDOUT_FILENO);
    /// Standard error.
    pub const ERR: Self = Self(STDERR_FILENO);
    /// None that is open: -1, which the kernel refuses with EBADF.
    pub const NONE: Self = Self(usize::MAX);
}

/// Writes all of `bytes`: goes on after a short write and after EINTR, and waits on EAGAIN.
///
/// # Errors
/// The first other error of write(2) or of the wait; EIO where write(2) returns 0.
pub fn write_all<K: Kernel>(kernel: &mut K, fd: Fd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match kernel.write(fd, bytes) {
            Ok(0) => return Err(Errno::EIO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => kernel.ppoll(fd)?,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "../../tests/unit/port.rs"]
mod tests;
