//! One figure of one run each: time, page faults, instructions.

use std::fs::{self, File};
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::FromRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use ipcmk_tests::tracer::Tracee;

/// Keeps this process, and what it starts, on the processor where it is: a move costs more than a run.
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

/// Runs a program to its end; it has to succeed. The answer is what the kernel charged it with.
///
/// The standard library starts a `Command` as plain as those of the bench by posix_spawn(3), which
/// copies no page tables: what is measured is the program, not the size of the bench.
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

/// A command that has ended otherwise than well is an error.
pub fn succeeded(command: &Command, status: ExitStatus) -> io::Result<()> {
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{command:?}: {status}")))
    }
}

/// The time of a run, from before fork to after wait.
pub fn time(command: &mut Command) -> io::Result<Duration> {
    let start = Instant::now();
    run(command)?;
    Ok(start.elapsed())
}

/// What counts page faults.
#[derive(Clone, Copy)]
pub enum FaultCounter {
    /// An event of perf_event_open(2) that exec turns on. It counts from the moment when the new
    /// program's address space is in place: the page of stack to which the kernel copies pointers
    /// and the auxiliary vector, where that is not yet the page of the strings, and then whatever
    /// the program touches first, itself or through a system call.
    Perf,
    /// wait4(2), where the kernel does not grant the other. It counts more, for all alike: also the
    /// child before exec, and the kernel as it copies strings to the new stack.
    Rusage,
}

impl FaultCounter {
    /// The best that the kernel grants.
    pub fn choose() -> Self {
        if open_fault_event().is_ok() {
            Self::Perf
        } else {
            Self::Rusage
        }
    }

    /// Its name for a report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Perf => "perf event, from exec on",
            Self::Rusage => "rusage, from fork on, as the kernel refuses perf events",
        }
    }

    /// The page faults of a run.
    pub fn count(self, command: &mut Command) -> io::Result<u64> {
        let faults = match self {
            Self::Perf => {
                // A new one each time: after the first child it may have died with that child, whose
                // event the kernel is free to exchange for ours.
                let mut event = open_fault_event()?;
                run(command)?;
                let mut count = [0; 8];
                event.read_exact(&mut count)?;
                u64::from_ne_bytes(count)
            }
            Self::Rusage => {
                let usage = run(command)?;
                (usage.ru_minflt + usage.ru_majflt).unsigned_abs()
            }
        };
        if faults == 0 {
            // Not even for its first instruction?
            return Err(io::Error::other("the kernel did not count page faults"));
        }
        Ok(faults)
    }
}

/// Opens a count of the page faults of our children, each from its exec on.
fn open_fault_event() -> io::Result<File> {
    /// The first version of struct perf_event_attr.
    #[repr(C)]
    #[derive(Default)]
    struct Attributes {
        kind: u32,
        size: u32,
        config: u64,
        sample_period: u64,
        sample_type: u64,
        read_format: u64,
        flags: u64,
        wakeup_events: u32,
        breakpoint_type: u32,
        breakpoint_address: u64,
    }
    const SOFTWARE: u32 = 1;
    const SIZE: u32 = 64;
    const PAGE_FAULTS: u64 = 2;
    const DISABLED: u64 = 1 << 0;
    const INHERIT: u64 = 1 << 1;
    const ENABLE_ON_EXEC: u64 = 1 << 12;
    const CLOSE_ON_EXEC: libc::c_ulong = 8;
    const { assert!(size_of::<Attributes>() == 64) };

    let attributes = Attributes {
        kind: SOFTWARE,
        size: SIZE,
        config: PAGE_FAULTS,
        flags: DISABLED | INHERIT | ENABLE_ON_EXEC,
        ..Attributes::default()
    };
    let (this_process, any_processor, no_group) = (0, -1, -1);
    // SAFETY: the kernel reads the attributes, which tell their size.
    let descriptor = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            this_process,
            any_processor,
            no_group,
            CLOSE_ON_EXEC,
        )
    };
    match i32::try_from(descriptor) {
        // SAFETY: the kernel has just made this descriptor for us, and nobody else has it.
        Ok(descriptor @ 0..) => Ok(unsafe { File::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The instructions of a run outside the kernel, counted one by one.
pub fn instructions(command: &mut Command) -> io::Result<u64> {
    let (count, status) = Tracee::spawn(command)?.count_instructions()?;
    succeeded(command, status)?;
    Ok(count)
}

/// The same of a program that `emulator`, a qemu-user without arguments yet, is to run. It is told to
/// make blocks of one instruction each and to log every block that it enters.
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
