//! What a test inherits from its caller, and sets itself: no result may depend on a shell's umask,
//! limits, locale or ignored signals.

use std::env;
use std::io;

use nix::errno::Errno;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::sys::stat::{Mode, umask};

/// What a program may have, where its caller lets it have as much.
const LIMITS: [(Resource, rlim_t); 10] = [
    (Resource::RLIMIT_AS, RLIM_INFINITY),
    // Who dies leaves no core file: one byte is too little for any, and no program is started to take
    // it (core(5)).
    (Resource::RLIMIT_CORE, 1),
    (Resource::RLIMIT_CPU, RLIM_INFINITY),
    (Resource::RLIMIT_DATA, RLIM_INFINITY),
    (Resource::RLIMIT_FSIZE, RLIM_INFINITY),
    // As the kernel has it since 5.16.
    (Resource::RLIMIT_MEMLOCK, 8 << 20),
    // What the kernel counts is all queues of a user, in whatever namespace.
    (Resource::RLIMIT_MSGQUEUE, RLIM_INFINITY),
    // A load of many processes has some pipes for each.
    (Resource::RLIMIT_NOFILE, 4096),
    (Resource::RLIMIT_NPROC, RLIM_INFINITY),
    (Resource::RLIMIT_STACK, 8 << 20),
];

/// Makes this process, and what it starts, independent of who started it. Call it before any thread is
/// started.
///
/// Signals that the caller ignores stay ignored here (who says nohup(1) means it), and are not by the
/// subject: see [`crate::spawn`]. But children are to be waited for, which an ignored SIGCHLD prevents.
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

/// Sets a limit, and raises the hard one if need be; where this process may not, as far as that goes.
fn limit(resource: Resource, wanted: rlim_t) -> io::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    match setrlimit(resource, wanted, hard.max(wanted)) {
        Err(Errno::EPERM) => Ok(setrlimit(resource, hard.min(wanted), hard)?),
        result => Ok(result?),
    }
}
