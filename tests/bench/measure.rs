//! Measures one run of a command: time, page faults, instructions.

use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use ipcmk_tests::tracer::Tracee;

use crate::perf::{Counter, Event, Sampler, Samples};

/// Pins this process and its children to the current processor: a migration costs more than a run.
pub fn stay_on_one_processor() -> io::Result<()> {
    // SAFETY: a cpu_set_t is an array of integers, which may be 0.
    let mut set = unsafe { MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init() };
    // SAFETY: the first call takes no pointer; the second checks the number that it gets; the third
    // reads a set of the size given.
    let result = unsafe {
        libc::CPU_SET(libc::sched_getcpu() as usize, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &set)
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Runs a program to its end and returns its resource usage. A program that fails is an error.
///
/// The standard library starts these commands by posix_spawn(3), which copies no page tables, so
/// that the size of the bench does not count.
fn run(command: &mut Command) -> io::Result<libc::rusage> {
    let pid = command.spawn()?.id().cast_signed();
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both addresses are valid for what wait4 writes there.
    if unsafe { libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()) } != pid {
        return Err(io::Error::last_os_error());
    }
    succeeded(command, ExitStatus::from_raw(status))?;
    // SAFETY: all bytes are zero or written by the kernel, and every bit pattern is a value of
    // these integers.
    Ok(unsafe { usage.assume_init() })
}

/// Returns an error for any status but 0.
pub fn succeeded(command: &Command, status: ExitStatus) -> io::Result<()> {
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{command:?}: {status}")))
    }
}

/// Measures the time of a run, from before fork to after wait.
pub fn time(command: &mut Command) -> io::Result<Duration> {
    let start = Instant::now();
    run(command)?;
    Ok(start.elapsed())
}

/// What counts page faults.
#[derive(Clone, Copy)]
pub enum FaultCounter {
    /// A perf event.
    Perf,
    /// wait4(2), where perf events are not permitted. It also counts the child's faults before exec
    /// and those of copying the strings to the new stack, for every program alike.
    Rusage,
}

impl FaultCounter {
    /// Chooses perf events if they are permitted.
    pub fn choose() -> Self {
        if Counter::open(Event::PageFaults).is_ok() {
            Self::Perf
        } else {
            Self::Rusage
        }
    }

    /// The name for a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf event, from exec on",
            Self::Rusage => "rusage, from fork on, as the kernel refuses perf events",
        }
    }

    /// Counts the page faults of a run, and with perf events its processor time, user and system,
    /// from exec on.
    pub fn count(self, command: &mut Command) -> io::Result<Load> {
        let load = match self {
            Self::Perf => {
                let faults = Counter::open(Event::PageFaults)?;
                let clock = Counter::open(Event::TaskClock)?;
                run(command)?;
                Load {
                    faults: faults.read()?,
                    clock: Duration::from_nanos(clock.read()?),
                }
            }
            Self::Rusage => {
                let usage = run(command)?;
                Load {
                    faults: (usage.ru_minflt + usage.ru_majflt).unsigned_abs(),
                    clock: Duration::ZERO,
                }
            }
        };
        if load.faults == 0 {
            // The first instruction alone is a fault.
            return Err(io::Error::other("the kernel did not count page faults"));
        }
        Ok(load)
    }
}

/// What a run takes of the machine.
pub struct Load {
    pub faults: u64,
    /// 0 without perf events.
    pub clock: Duration,
}

/// Samples a run. That makes it longer: what counts is the share of the samples in user mode.
///
/// The user time of wait4(2) is no use: most kernels charge it by ticks of some milliseconds.
pub fn samples(command: &mut Command) -> io::Result<Samples> {
    // SAFETY: takes nothing.
    let sampler = Sampler::open(unsafe { libc::sched_getcpu() })?;
    run(command)?;
    sampler.read()
}

/// Counts the user-space instructions of a run, by single steps.
pub fn instructions(command: &mut Command) -> io::Result<u64> {
    let (count, status) = Tracee::spawn(command)?.count_instructions()?;
    succeeded(command, status)?;
    Ok(count)
}

/// Counts the instructions of a program under `emulator`, a qemu-user command without arguments.
/// qemu translates blocks of one instruction each and logs each block that it enters.
pub fn emulated_instructions(
    mut emulator: Command,
    program: &Path,
    words: &[&str],
    log: &Path,
) -> io::Result<u64> {
    emulator
        .args(["-singlestep", "-d", "exec,nochain", "-0", "ipcmk", "-D"])
        .args([log, program])
        .args(words);
    run(&mut emulator)?;
    let blocks = fs::read_to_string(log)?;
    fs::remove_file(log)?;
    let count = blocks
        .lines()
        .filter(|line| line.starts_with("Trace "))
        .count();
    Ok(count as u64)
}
