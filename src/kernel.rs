//! The one port to the system. The program's kernel is in `sys`; the tests
//! have one that follows a script.

use core::ffi::CStr;
use core::num::NonZero;

use crate::batch::Room;
use crate::errno::Errno;
use crate::plan::{Id, Kind, Step};
use crate::posix::Path;

/// The system calls that the program makes, in its own terms.
pub trait Kernel {
    /// Blocks every signal that can be blocked.
    ///
    /// # Errors
    /// Those of rt_sigprocmask(2).
    fn block_signals(&mut self) -> Result<(), Errno>;

    /// shmget(2), msgget(2) or semget(2).
    ///
    /// # Errors
    /// Theirs.
    fn get(&mut self, step: Step, key: u32, flags: u32) -> Result<Id, Errno>;

    /// The ctl call with IPC_SET on an object that this process created: its
    /// owner's user id and group id, [`u32::MAX`] for that of the process, its
    /// mode, and, if it is a queue, its msg_qbytes.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn set(
        &mut self,
        kind: Kind,
        id: Id,
        owner: (u32, u32),
        mode: u32,
        qbytes: u64,
    ) -> Result<(), Errno>;

    /// semctl(2) with SETVAL, on a semaphore of a set, from 0 on.
    ///
    /// # Errors
    /// Those of semctl(2).
    fn set_value(&mut self, id: Id, number: u64, value: u64) -> Result<(), Errno>;

    /// shmctl(2) with SHM_LOCK.
    ///
    /// # Errors
    /// Those of shmctl(2).
    fn lock(&mut self, id: Id) -> Result<(), Errno>;

    /// The ctl call with IPC_STAT.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn state(&mut self, kind: Kind, id: Id) -> Result<State, Errno>;

    /// The ctl call with IPC_RMID.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn remove(&mut self, kind: Kind, id: Id) -> Result<(), Errno>;

    /// A file of /dev/shm without a name, with this mode under the umask: openat(2)
    /// with O_TMPFILE.
    ///
    /// # Errors
    /// Its own.
    fn open_unnamed(&mut self, mode: u32) -> Result<Fd, Errno>;

    /// A new POSIX queue, with this mode under the umask, and these attributes or
    /// the kernel's: mq_open(2).
    ///
    /// # Errors
    /// Its own.
    fn open_queue(
        &mut self,
        path: &Path,
        mode: u32,
        attributes: Option<[u64; 2]>,
    ) -> Result<Fd, Errno>;

    /// Gives a file its size: ftruncate(2).
    ///
    /// # Errors
    /// Its own.
    fn truncate(&mut self, fd: Fd, size: u64) -> Result<(), Errno>;

    /// Gives a file its owner's user id and group id, [`u32::MAX`] for the one that it
    /// has: fchown(2).
    ///
    /// # Errors
    /// Its own.
    fn own(&mut self, fd: Fd, owner: (u32, u32)) -> Result<(), Errno>;

    /// Gives a file its mode, under the umask: fchmod(2), and umask(2).
    ///
    /// # Errors
    /// Those of fchmod(2).
    fn chmod(&mut self, fd: Fd, mode: u32) -> Result<(), Errno>;

    /// Gives a file its name: linkat(2).
    ///
    /// # Errors
    /// Its own.
    fn link(&mut self, fd: Fd, path: &Path) -> Result<(), Errno>;

    /// close(2).
    ///
    /// # Errors
    /// Its own.
    fn close(&mut self, fd: Fd) -> Result<(), Errno>;

    /// Takes a POSIX object its name: unlinkat(2), or mq_unlink(2) for a queue.
    ///
    /// # Errors
    /// Theirs.
    fn unlink(&mut self, kind: Kind, path: &Path) -> Result<(), Errno>;

    /// An existing POSIX queue: mq_open(2).
    ///
    /// # Errors
    /// Its own.
    fn find_queue(&mut self, path: &Path) -> Result<Fd, Errno>;

    /// What a POSIX object is, an open one, or else the file of this path: statx(2).
    ///
    /// # Errors
    /// Its own.
    fn status(&mut self, fd: Option<Fd>, path: &Path) -> Result<State, Errno>;

    /// Blocks and inodes of /dev/shm: all, and the free ones: statfs(2).
    ///
    /// # Errors
    /// Its own.
    fn space(&mut self) -> Result<[[u64; 2]; 2], Errno>;

    /// A random number: from AT_RANDOM while that lasts, then from
    /// getrandom(2), which is not waited for.
    ///
    /// # Errors
    /// Those of getrandom(2).
    fn random(&mut self) -> Result<u32, Errno>;

    /// All bytes of a file, as far as there is room for them.
    ///
    /// # Errors
    /// Those of openat(2) and read(2).
    fn read<'b>(&mut self, file: File<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno>;

    /// What tells one file from others: statx(2).
    ///
    /// # Errors
    /// Its own.
    fn identify(&mut self, path: &[u8]) -> Result<Identity, Errno>;

    /// Memory for many objects, or long names, at most once: mmap(2).
    ///
    /// # Errors
    /// Its own.
    fn room<'a, const T: usize, const N: usize, const O: usize>(
        &mut self,
    ) -> Result<&'a mut Room<'a, T, N, O>, Errno>;

    /// A limit of this process, one of the RLIMIT_...: prlimit(2).
    ///
    /// # Errors
    /// Its own.
    fn limit(&mut self, resource: usize) -> Result<u64, Errno>;

    /// The limits of a kind of object in this IPC namespace, and their use: the
    /// ctl calls with IPC_INFO, SHM_INFO, MSG_INFO and SEM_INFO.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn limits(&mut self, kind: Kind) -> Result<Limits, Errno>;

    /// Whether a filter lies over this process's system calls: prctl(2) with
    /// PR_GET_SECCOMP, which may be refused by that very filter.
    fn is_filtered(&mut self) -> bool;

    /// write(2).
    ///
    /// # Errors
    /// Its own.
    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno>;

    /// Waits until there may be room to write: ppoll(2), on the descriptor and
    /// on a signalfd(2).
    ///
    /// # Errors
    /// EINTR where SIGHUP, SIGINT or SIGTERM has come, and is not ignored;
    /// those of rt_sigaction(2), signalfd(2) and ppoll(2).
    fn wait(&mut self, fd: Fd) -> Result<(), Errno>;
}

/// A file to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File<'a> {
    /// One of /proc or /sys, for which nobody waits.
    System(&'a CStr),
    /// The same, read once a run at most: the exit closes it.
    Once(&'a CStr),
    /// One that the user named: the same.
    User(&'a [u8]),
    /// Standard input.
    In,
}

/// What tells one file from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its inode number.
    pub ino: u64,
    /// The minor number of its file system's device.
    pub dev_minor: u32,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Its permission bits and, above them, flags of its own or a file's type.
    pub mode: u32,
    /// Bytes of shared memory or of a file, semaphores of a set; of a queue nothing
    /// that counts.
    pub amount: u64,
}

/// What an IPC namespace lets its objects of one kind be, and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a segment (SHMMAX), semaphores of a set (SEMMSL), bytes
    /// of a queue (MSGMNB).
    pub each: u64,
    /// Most units of all together: pages of segments (SHMALL), semaphores
    /// (SEMMNS); queues share nothing.
    pub units: u64,
    /// Units in use.
    pub units_used: u64,
    /// How much of an object's amount a unit is: the bytes of a page, or 1.
    pub unit: NonZero<u64>,
    /// Most objects: SHMMNI, MSGMNI, SEMMNI.
    pub objects: u64,
    /// Objects in use.
    pub objects_used: u64,
}

/// Where output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fd {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
    /// A POSIX object that is not whole yet.
    Object(usize),
}

/// Writes all of `bytes`: goes on after a short write and after an interrupt,
/// and waits for a descriptor that does not block.
///
/// # Errors
/// The first other error of write(2), or of waiting; EIO where it takes nothing.
pub fn write_all<K: Kernel>(kernel: &mut K, fd: Fd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match kernel.write(fd, bytes) {
            Ok(0) => return Err(Errno::EIO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => kernel.wait(fd)?,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
