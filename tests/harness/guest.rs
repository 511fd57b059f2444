//! Runs the runner as process 1 of an emulated machine.
//!
//! The initramfs holds `/init` (the runner), `/ipcmk` (the subject) and `/cases/*.case`. The
//! kernel's command line has the arguments: `ipcmk.place=<place>`, and `ipcmk.filter=<text>` for
//! the cases whose names contain a text. The runner runs three times. First a sample of the faults:
//! while the runner is small, each run under a tracer is faster. Then lines beside an observer,
//! then all cases. With `ipcmk.faults=all` it runs once, with all the faults that are meant for
//! such a machine; with `ipcmk.faults=none` it runs the cases alone.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::panic;

use crate::namespace;

/// Whether the runner is process 1: the kernel started it, without arguments.
pub fn is_init() -> bool {
    std::process::id() == 1 && !std::env::args().any(|argument| argument == "--place")
}

/// Prepares the machine, runs `body` on each list of arguments that the kernel's command line
/// gives, and powers the machine off, even after a panic.
pub fn run(body: impl Fn(Vec<String>) + panic::UnwindSafe) -> ! {
    if cfg!(panic = "abort") {
        panic::set_hook(Box::new(|what| {
            println!("cases: {what}");
            power_off()
        }));
    }
    let outcome = panic::catch_unwind(|| match set_up() {
        Ok(lists) => lists.into_iter().for_each(body),
        Err(error) => println!("cases: cannot set up the machine: {error}"),
    });
    if outcome.is_err() {
        println!("cases: panicked");
    }
    power_off()
}

fn set_up() -> io::Result<Vec<Vec<String>>> {
    mount("proc", "/proc")?;
    mount("sysfs", "/sys")?;
    mount("devtmpfs", "/dev")?;
    mount("tmpfs", "/dev/shm")?;
    mount("tmpfs", "/tmp")?;
    open_console()?;
    let command_line = fs::read_to_string("/proc/cmdline")?;
    Ok(arguments(&command_line))
}

fn mount(kind: &str, target: &str) -> io::Result<()> {
    fs::create_dir_all(target)?;
    match namespace::mount(kind, target, "") {
        // With CONFIG_DEVTMPFS_MOUNT the kernel may have mounted it already.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Ok(()),
        result => result,
    }
}

/// Opens the console as the standard streams. The kernel cannot if the initramfs has no
/// /dev/console.
fn open_console() -> io::Result<()> {
    let console = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/console")?;
    for stream in 0..=2 {
        // SAFETY: descriptors, no pointers; replacing the standard streams is the purpose.
        if unsafe { libc::dup2(console.as_raw_fd(), stream) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Turns the kernel's command line into the runner's arguments, one list for each time that it
/// runs.
fn arguments(command_line: &str) -> Vec<Vec<String>> {
    let value = |name: &str| {
        command_line
            .split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    };
    let with = |special: &[&str]| {
        let mut arguments = Vec::new();
        if let Some(place) = value("ipcmk.place") {
            arguments.extend(["--place", place]);
        }
        arguments.extend(["--subject", "/ipcmk"]);
        arguments.extend(special);
        arguments.extend(["--", "--color=never"]);
        arguments.extend(value("ipcmk.filter"));
        arguments.into_iter().map(str::to_owned).collect()
    };
    let faults = ["--faults", "some", "/cases/faults.case"];
    let cases = with(&["/cases"]);
    match value("ipcmk.faults") {
        Some("all") => vec![with(&faults)],
        Some("none") => vec![cases],
        _ => vec![
            with(&[&faults[..], &["--sample"]].concat()),
            with(&["--observer"]),
            cases,
        ],
    }
}

fn power_off() -> ! {
    // SAFETY: neither call takes a pointer.
    unsafe {
        libc::sync();
        libc::reboot(libc::RB_POWER_OFF);
    }
    // Only if the power-off fails. Process 1 must not exit: the kernel would panic.
    println!(
        "cases: cannot switch the machine off: {}",
        io::Error::last_os_error()
    );
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_command_line_gives_the_arguments() {
        let lists = arguments("console=ttyS0 quiet ipcmk.place=kernel-x86_64\n");
        let [faults, observer, cases] = &lists[..] else {
            panic!("{lists:?}")
        };
        let place = ["--place", "kernel-x86_64", "--subject", "/ipcmk"];
        assert_eq!(cases[..4], place);
        assert_eq!(cases[4..], ["/cases", "--", "--color=never"]);
        assert_eq!(observer[4..], ["--observer", "--", "--color=never"]);
        assert_eq!(faults[..4], place);
        let of_faults = "--faults some /cases/faults.case --sample -- --color=never";
        assert_eq!(faults[4..].join(" "), of_faults);
        let lists = arguments("ipcmk.place=kernel-x86_64 ipcmk.faults=all");
        let [faults] = &lists[..] else {
            panic!("{lists:?}")
        };
        assert_eq!(faults[4..].join(" "), of_faults.replace("--sample ", ""));
        assert_eq!(
            arguments("ipcmk.place=kernel-x86_64 ipcmk.faults=none"),
            std::slice::from_ref(cases)
        );
        for list in arguments("ipcmk.filter=mode") {
            assert_eq!(list.last().unwrap(), "mode");
        }
    }
}
