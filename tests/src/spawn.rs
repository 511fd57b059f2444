//! Starting programs while other threads do the same, and signals to them.
//!
//! A child has a copy of every descriptor of this process until its exec closes them. So a pipe
//! whose reader is dropped here may have another one for a moment, and a write that is to fail does
//! not. What must be gone at once is dropped by [`close`].

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Child, Command};
use std::ptr;
use std::sync::{PoisonError, RwLock};

/// Held for reading while a child is between its fork and its exec.
static FORKING: RwLock<()> = RwLock::new(());

/// Starts a program; its exec is over when this returns.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    let _forking = FORKING.read().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Drops an end of a pipe when no child has a copy of it.
pub fn close<T>(end: T) {
    let _nobody_forks = FORKING.write().unwrap_or_else(PoisonError::into_inner);
    drop(end);
}

/// A child of whom another thread takes care. It may end, and be waited for, at any time: its pid
/// may belong to another process by the time it is needed, and this descriptor cannot.
pub struct Process(OwnedFd);

impl Process {
    /// The child of this pid, which has not been waited for.
    pub fn open(pid: libc::pid_t) -> io::Result<Self> {
        // SAFETY: the call takes no pointer.
        let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let Ok(descriptor @ 0..) = i32::try_from(descriptor) else {
            return Err(io::Error::last_os_error());
        };
        // SAFETY: the kernel has just made this descriptor for us, and nobody else has it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Sends it a signal; one that has ended takes none.
    pub fn send(&self, signal: i32) -> io::Result<()> {
        let no_information = ptr::null::<libc::siginfo_t>();
        // SAFETY: the descriptor is open, and the kernel follows no null pointer.
        let sent = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.0.as_raw_fd(),
                signal,
                no_information,
                0,
            )
        };
        if sent == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            error => Err(error),
        }
    }
}
