//! Resets what a test inherits from its caller: no result may depend on a shell's umask, limits,
//! locale or ignored signals.

use std::env;
use std::io;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::stat::{Mode, umask};

/// Resource limits of the tests, if the caller's hard limits allow them.
const LIMITS: [(Resource, rlim_t); 10] = [
    (Resource::RLIMIT_AS, RLIM_INFINITY),
    // A crash leaves no core file: one byte is too small for any. core(5): the value 1 also keeps
    // the kernel from piping the core to a program.
    (Resource::RLIMIT_CORE, 1),
    (Resource::RLIMIT_CPU, RLIM_INFINITY),
    (Resource::RLIMIT_DATA, RLIM_INFINITY),
    (Resource::RLIMIT_FSIZE, RLIM_INFINITY),
    // The kernel's default since Linux 5.16.
    (Resource::RLIMIT_MEMLOCK, 8 << 20),
    // The kernel counts all queues of a user, in all namespaces.
    (Resource::RLIMIT_MSGQUEUE, RLIM_INFINITY),
    // A load of many processes has several pipes for each.
    (Resource::RLIMIT_NOFILE, 4096),
    (Resource::RLIMIT_NPROC, RLIM_INFINITY),
    (Resource::RLIMIT_STACK, 8 << 20),
];

/// Makes this process and its children independent of its caller. Call it before any thread starts.
/// started.
///
/// Signals that the caller ignores, for example with nohup(1), stay ignored in the tests, but not
/// in the subject: see [`crate::spawn`]. SIGCHLD is reset, since wait(2) fails with ECHILD where it
/// is ignored.
pub fn settle() -> io::Result<()> {
    // SAFETY: no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    SigSet::empty().thread_set_mask()?;
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
    for (resource, wanted) in LIMITS {
        limit(resource, wanted)?;
    }
    // SAFETY: there is no other thread.
    unsafe {
        env::set_var("LC_ALL", "C");
        env::remove_var("POSIXLY_CORRECT");
    }
    Ok(())
}

/// Sets a limit, and raises the hard limit if need be; without that permission, as far as the hard
/// limit allows.
fn limit(resource: Resource, wanted: rlim_t) -> io::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    match setrlimit(resource, wanted, hard.max(wanted)) {
        Err(Errno::EPERM) => Ok(setrlimit(resource, hard.min(wanted), hard)?),
        result => Ok(result?),
    }
}
