//! Limits how long a subject runs: the processor time that it uses, and the time that it sleeps
//! without using any. A limit by the clock alone would be too short on a loaded machine.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::spawn::{Process, State};

/// Longest processor time of a subject, and longest sleep. The longest case takes a fraction of a
/// second in an emulated machine.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Kills a process that runs too long. Dropping it ends the watch.
pub struct Watchdog {
    bitten: Arc<AtomicBool>,
}

/// The processes that the one thread of all watchdogs watches.
static WATCH: Mutex<Watch> = Mutex::new(Watch {
    processes: Vec::new(),
    wakes: None,
});

/// Wakes that thread early.
static WAKE: Condvar = Condvar::new();

struct Watch {
    processes: Vec<Watched>,
    /// When the thread wakes by itself; None if there is nothing to watch.
    wakes: Option<Instant>,
}

struct Watched {
    process: Process,
    limit: Duration,
    /// When the thread looks at it next.
    next: Instant,
    /// The processor time that it had used at the last look.
    used: Duration,
    bitten: Arc<AtomicBool>,
}

impl Watched {
    /// Whether it has run or slept too long; called when `limit` has passed since the last look.
    fn is_over(&mut self) -> bool {
        let Some((state, used)) = self.process.state() else {
            // It has just been waited for.
            return false;
        };
        let before = std::mem::replace(&mut self.used, used);
        is_over(state, before, used, self.limit)
    }
}

/// Whether a process in this state, which had used processor time `before` at the last look and
/// `now` at this one, has run or slept too long.
fn is_over(state: State, before: Duration, now: Duration, limit: Duration) -> bool {
    match state {
        State::Ended => false,
        State::Running => now > limit,
        State::Asleep | State::Other => now > limit || now == before,
    }
}

impl Watchdog {
    /// Watches a child that has not been waited for.
    pub fn over(pid: libc::pid_t) -> io::Result<Self> {
        Self::with_limit(pid, LIMIT)
    }

    /// The same with this limit.
    pub fn with_limit(pid: libc::pid_t, limit: Duration) -> io::Result<Self> {
        static THREAD: Once = Once::new();
        let process = Process::open(pid)?;
        let bitten = Arc::new(AtomicBool::new(false));
        let next = Instant::now() + limit;
        let mut watch = watch();
        watch.processes.push(Watched {
            process,
            limit,
            next,
            used: Duration::ZERO,
            bitten: Arc::clone(&bitten),
        });
        if watch.wakes.is_none_or(|wakes| next < wakes) {
            WAKE.notify_one();
        }
        drop(watch);
        THREAD.call_once(|| drop(thread::spawn(look_after)));
        Ok(Self { bitten })
    }

    /// Fails if the watchdog has killed the process.
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

/// Kills every process that runs too long. Never returns.
fn look_after() {
    let mut watch = watch();
    loop {
        let now = Instant::now();
        watch.processes.retain_mut(|watched| {
            if watched.next > now {
                return true;
            }
            if !watched.is_over() {
                watched.next = now + watched.limit;
                return true;
            }
            watched.bitten.store(true, Ordering::SeqCst);
            // An error cannot be returned here; `check` reports that the process was to be killed.
            let _ = watched.process.send(libc::SIGKILL);
            false
        });
        watch.wakes = watch.processes.iter().map(|watched| watched.next).min();
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
    fn it_kills_who_rests_or_runs_too_long_and_nobody_else() {
        for script in ["exec sleep 6000", "while :; do :; done"] {
            let mut slow = Command::new("sh").args(["-c", script]).spawn().unwrap();
            let pid = slow.id().cast_signed();
            let watchdog = Watchdog::with_limit(pid, Duration::from_millis(50)).unwrap();
            assert_eq!(
                slow.wait().unwrap().signal(),
                Some(libc::SIGKILL),
                "{script}"
            );
            assert!(watchdog.check().is_err());
        }

        let mut quick = Command::new("true").spawn().unwrap();
        let watchdog = Watchdog::over(quick.id().cast_signed()).unwrap();
        assert!(quick.wait().unwrap().success());
        assert!(watchdog.check().is_ok());
    }
    #[test]
    fn who_waits_for_a_processor_has_time() {
        let [none, some, limit, more] = [0, 1, 5, 6].map(Duration::from_secs);
        let over = |state, before, now| is_over(state, before, now, limit);
        assert!(!over(State::Running, none, none));
        assert!(!over(State::Running, some, limit));
        assert!(over(State::Running, some, more));
        for state in [State::Asleep, State::Other] {
            assert!(over(state, some, some));
            assert!(!over(state, none, some));
        }
        assert!(!over(State::Ended, more, more));
    }
}
