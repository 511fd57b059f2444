//! Measures one run of a command: time, page faults, instructions.

use std::fs::{self, File};
use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::FromRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use ipcmk_tests::tracer::Tracee;

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
    /// An event of perf_event_open(2), enabled by exec. It counts once the new address space is in
    /// place: the stack page for pointers and auxiliary vector, unless the strings have faulted it
    /// in, and then each page that the program or its system calls touch.
    Perf,
    /// wait4(2), where perf events are not permitted. It also counts the child's faults before exec
    /// and those of copying the strings to the new stack, for every program alike.
    Rusage,
}

impl FaultCounter {
    /// Chooses perf events if they are permitted.
    pub fn choose() -> Self {
        if open_fault_event().is_ok() {
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

    /// Counts the page faults of a run.
    pub fn count(self, command: &mut Command) -> io::Result<u64> {
        let faults = match self {
            Self::Perf => {
                // One event a run: the kernel may swap the events of parent and child, and then
                // ours ends with the first child.
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
            // The first instruction alone is a fault.
            return Err(io::Error::other("the kernel did not count page faults"));
        }
        Ok(faults)
    }
}

/// Opens an event that counts the page faults of child processes from exec on.
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
        // SAFETY: the kernel has just made this descriptor for us, and nothing else has it.
        Ok(descriptor @ 0..) => Ok(unsafe { File::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
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
