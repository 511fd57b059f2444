//! A limit to how long a subject may run.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How long a subject may run. An emulated machine needs a fraction of a second for the longest
/// case.
const LIMIT: Duration = Duration::from_secs(120);

/// Kills a process that runs too long, unless it is dropped before.
pub struct Watchdog {
    bitten: Arc<AtomicBool>,
    /// Its end tells the thread to stop.
    _leash: mpsc::Sender<()>,
}

impl Watchdog {
    /// Watches over a child that has not been waited for.
    pub fn over(pid: libc::pid_t) -> io::Result<Self> {
        Self::with_limit(pid, LIMIT)
    }

    fn with_limit(pid: libc::pid_t, limit: Duration) -> io::Result<Self> {
        // A descriptor, because the pid may belong to another process by the time it is needed.
        // SAFETY: the call takes no pointer.
        let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let Ok(descriptor @ 0..) = i32::try_from(descriptor) else {
            return Err(io::Error::last_os_error());
        };
        // SAFETY: the kernel has just made this descriptor for us, and nobody else has it.
        let process = unsafe { OwnedFd::from_raw_fd(descriptor) };
        let bitten = Arc::new(AtomicBool::new(false));
        let (leash, held) = mpsc::channel();
        let bite = Arc::clone(&bitten);
        thread::spawn(move || {
            if held.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                bite.store(true, Ordering::SeqCst);
                let no_information = ptr::null::<libc::siginfo_t>();
                // SAFETY: the descriptor is open, and the kernel follows no null pointer.
                unsafe {
                    libc::syscall(
                        libc::SYS_pidfd_send_signal,
                        process.as_raw_fd(),
                        libc::SIGKILL,
                        no_information,
                        0,
                    )
                };
            }
        });
        Ok(Self {
            bitten,
            _leash: leash,
        })
    }

    /// An error if the process had to be killed.
    pub fn check(&self) -> io::Result<()> {
        if self.bitten.load(Ordering::SeqCst) {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "it ran too long and was killed",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    #[test]
    fn it_kills_who_runs_too_long_and_nobody_else() {
        let mut slow = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = slow.id().cast_signed();
        let watchdog = Watchdog::with_limit(pid, Duration::from_millis(20)).unwrap();
        assert_eq!(slow.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert!(watchdog.check().is_err());

        let mut quick = Command::new("true").spawn().unwrap();
        let watchdog = Watchdog::over(quick.id().cast_signed()).unwrap();
        assert!(quick.wait().unwrap().success());
        assert!(watchdog.check().is_ok());
    }
}
