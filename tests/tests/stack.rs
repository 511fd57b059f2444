//! A stack that may not grow: the kernel kills whoever needs more of it, and so it must have grown
//! before anything is made.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode, Stdio};

use ipcmk_tests::namespace;
use ipcmk_tests::suite;

fn main() -> ExitCode {
    suite::main(&[("no_object_is_lost_for_want_of_stack", no_object_is_lost)])
}

/// Limits of the stack, in bytes: some that an exec just gets by with.
const LIMITS: [u64; 2] = [12 << 10, 16 << 10];

/// The strings of the environment are on the stack too: each size from none to most, in steps that
/// are not much larger than the frames of the program.
const MOST_ENVIRONMENT: usize = 16_000;
const STEP: usize = 29;

/// Command lines, whether a set of semaphores is allowed, and whether standard output is full.
const LINES: [(&[&str], bool, bool); 4] = [
    (&["-M", "4096", "-Q", "-S", "3"], false, false),
    (&["-M", "4096", "-Q", "-S", "3"], true, true),
    (&["-M", "4096", "-Q", "-S", "3"], true, false),
    (&["--keyed", "-Q", "4", "-p", "5"], true, true),
];

fn no_object_is_lost() {
    let mut counts = [0_usize; 3];
    for (line, allowed, full) in LINES {
        namespace::unshare().expect("a namespace");
        if !allowed {
            namespace::set_sysctl("kernel.sem", "250 32000 32 0").expect("it is ours");
        }
        for limit in LIMITS {
            for environment in (0..MOST_ENVIRONMENT).step_by(STEP) {
                let mut command = Command::new(suite::x86_64());
                command
                    .args(line)
                    .env_clear()
                    .env("V", "x".repeat(environment))
                    .stdin(Stdio::null());
                if full {
                    let full = OpenOptions::new().write(true).open("/dev/full");
                    command.stdout(full.expect("there is a /dev/full"));
                }
                // SAFETY: one system call, with a struct that lives until after it.
                unsafe {
                    command.pre_exec(move || {
                        let limit = libc::rlimit {
                            rlim_cur: limit,
                            rlim_max: limit,
                        };
                        match libc::setrlimit(libc::RLIMIT_STACK, &limit) {
                            0 => Ok(()),
                            _ => Err(io::Error::last_os_error()),
                        }
                    });
                }
                let status = match command.output() {
                    Ok(output) => output.status,
                    // Arguments and environment are too large for this stack.
                    Err(error) if error.raw_os_error() == Some(libc::E2BIG) => continue,
                    Err(error) => panic!("{error}"),
                };
                let objects = namespace::objects().expect("what the namespace holds");
                let made = if status.success() { 3 } else { 0 };
                assert_eq!(
                    objects.len(),
                    made,
                    "{line:?}: {status}, with {limit} bytes of stack and {environment} of environment"
                );
                counts[match (status.code(), status.signal()) {
                    (Some(0), _) => 0,
                    (Some(1), _) => 1,
                    (_, Some(libc::SIGSEGV)) => 2,
                    _ => panic!("{status}"),
                }] += 1;
                for object in objects {
                    namespace::remove(object.kind, object.id).expect("it can be removed");
                }
            }
        }
    }
    let [succeeded, failed, killed] = counts;
    println!("{succeeded} runs succeeded, {failed} failed, {killed} were killed by the kernel");
    assert!(
        counts.iter().all(|&count| count > 100),
        "the limits are not near enough"
    );
}
