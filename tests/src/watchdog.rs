//! A limit to how long a subject may run.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::spawn::Process;

/// How long a subject may run. An emulated machine needs a fraction of a second for the longest
/// case.
pub const LIMIT: Duration = Duration::from_secs(120);

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

    /// The same with this limit.
    pub fn with_limit(pid: libc::pid_t, limit: Duration) -> io::Result<Self> {
        let process = Process::open(pid)?;
        let bitten = Arc::new(AtomicBool::new(false));
        let (leash, held) = mpsc::channel();
        let bite = Arc::clone(&bitten);
        thread::spawn(move || {
            if held.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                bite.store(true, Ordering::SeqCst);
                // Nobody is here to hear of an error; `check` says that it was to be killed.
                let _ = process.send(libc::SIGKILL);
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
