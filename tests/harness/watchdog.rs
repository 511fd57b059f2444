//! A limit to how long a subject may run.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::spawn::Process;

/// How long a subject may run. An emulated machine needs a fraction of a second for the longest
/// case.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Kills a process that runs too long, unless it is dropped before.
pub struct Watchdog {
    bitten: Arc<AtomicBool>,
}

/// What the one thread of all watchdogs looks after.
static WATCH: Mutex<Watch> = Mutex::new(Watch {
    processes: Vec::new(),
    wakes: None,
});

/// Wakes that thread before its time.
static WAKE: Condvar = Condvar::new();

struct Watch {
    processes: Vec<Watched>,
    /// When the thread wakes by itself, if it does.
    wakes: Option<Instant>,
}

struct Watched {
    process: Process,
    deadline: Instant,
    bitten: Arc<AtomicBool>,
}

impl Watchdog {
    /// Watches over a child that has not been waited for.
    pub fn over(pid: libc::pid_t) -> io::Result<Self> {
        Self::with_limit(pid, LIMIT)
    }

    /// The same with this limit.
    pub fn with_limit(pid: libc::pid_t, limit: Duration) -> io::Result<Self> {
        static THREAD: Once = Once::new();
        let process = Process::open(pid)?;
        let bitten = Arc::new(AtomicBool::new(false));
        let deadline = Instant::now() + limit;
        let mut watch = watch();
        watch.processes.push(Watched {
            process,
            deadline,
            bitten: Arc::clone(&bitten),
        });
        if watch.wakes.is_none_or(|wakes| deadline < wakes) {
            WAKE.notify_one();
        }
        drop(watch);
        THREAD.call_once(|| drop(thread::spawn(look_after)));
        Ok(Self { bitten })
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

impl Drop for Watchdog {
    fn drop(&mut self) {
        watch()
            .processes
            .retain(|watched| !Arc::ptr_eq(&watched.bitten, &self.bitten));
    }
}

fn watch() -> MutexGuard<'static, Watch> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every process whose time is over, for ever.
fn look_after() {
    let mut watch = watch();
    loop {
        let now = Instant::now();
        watch.processes.retain(|watched| {
            if watched.deadline > now {
                return true;
            }
            watched.bitten.store(true, Ordering::SeqCst);
            // Nobody is here to hear of an error; `check` says that it was to be killed.
            let _ = watched.process.send(libc::SIGKILL);
            false
        });
        watch.wakes = watch.processes.iter().map(|watched| watched.deadline).min();
        watch = match watch.wakes {
            None => WAKE.wait(watch).unwrap_or_else(PoisonError::into_inner),
            Some(wakes) => {
                let (watch, _) = WAKE
                    .wait_timeout(watch, wakes - now)
                    .unwrap_or_else(PoisonError::into_inner);
                watch
            }
        };
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
