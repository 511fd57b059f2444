//! The one port to the system. The program's kernel is in `sys`; the tests
//! have one that follows a script.

use crate::errno::Errno;
use crate::plan::{Id, Kind};
use crate::request::{Mode, Qbytes};

/// The system calls that the program makes, in its own terms.
pub trait Kernel {
    /// Blocks every signal that can be blocked.
    ///
    /// # Errors
    /// Those of rt_sigprocmask(2).
    fn block_signals(&mut self) -> Result<(), Errno>;

    /// shmget(2), msgget(2) or semget(2); `amount` is bytes or semaphores.
    ///
    /// # Errors
    /// Theirs.
    fn get(&mut self, kind: Kind, key: u32, amount: u64, flags: u32) -> Result<Id, Errno>;

    /// The ctl call with IPC_SET on a queue that this process created:
    /// its mode and its msg_qbytes.
    ///
    /// # Errors
    /// Those of msgctl(2).
    fn set_queue(&mut self, id: Id, mode: Mode, qbytes: Qbytes) -> Result<(), Errno>;

    /// The ctl call with IPC_RMID.
    ///
    /// # Errors
    /// Those of shmctl(2), msgctl(2) and semctl(2).
    fn remove(&mut self, kind: Kind, id: Id) -> Result<(), Errno>;

    /// A random number: from AT_RANDOM while that lasts, then from
    /// getrandom(2), which is not waited for.
    ///
    /// # Errors
    /// Those of getrandom(2).
    fn random(&mut self) -> Result<u32, Errno>;

    /// Whether kernel.shm_rmid_forced is 1.
    ///
    /// # Errors
    /// Those of openat(2) and read(2): ENOENT where there is no /proc.
    fn shm_rmid_forced(&mut self) -> Result<bool, Errno>;

    /// write(2).
    ///
    /// # Errors
    /// Its own.
    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno>;
}

/// Where output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fd {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Writes all of `bytes`: goes on after a short write and after an interrupt.
///
/// # Errors
/// The first other error of write(2); EIO where it takes nothing.
pub fn write_all<K: Kernel>(kernel: &mut K, fd: Fd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match kernel.write(fd, bytes) {
            Ok(0) => return Err(Errno::EIO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
