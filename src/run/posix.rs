//! Creates a POSIX object, or finds it.
//!
//! Shared memory and a semaphore are files in /dev/shm: open_tmpfile (O_TMPFILE) creates one
//! without a name, and linkat(2) names it once it is complete. A queue is created and named by
//! mq_open(2).

use super::job::{Job, MAX_TRIES};
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::abi::{S_IFMT, S_IFREG};
use crate::kernel::errno::Errno;
use crate::kernel::object::{Called, Kind};
use crate::kernel::port::{Attributes, Fd, Kernel, State, write_all};
use crate::kernel::posix::{Path, semaphore};
use crate::plan::attempt::Doing;
use crate::plan::step::Step;
use crate::report::measure;

/// Creates the object of the attempt's step, or finds an existing one if the request accepts that,
/// and prints it.
///
/// # Errors
/// The kernel's, and ENOBUFS where the output is full.
#[inline(never)] // inlined, `path` would be in the frame of every run
pub fn obtain<'a, K: Kernel>(job: &mut Job<'_, 'a, K>, request: &Request<'a>) -> Result<(), Errno> {
    let name = request.name();
    job.attempt.path = name.bytes;
    job.attempt.found = None;
    job.attempt.doing = Doing::Create;
    let path = name.path(job.attempt.step.kind)?;
    let created = find_or_create(job, request, &path)?;
    if !created {
        job.keep(Called::Name(name), false);
    }
    job.show(request, Called::Name(name), created)
}

/// Creates the object, or finds an existing one, and returns whether it is new. Tries again where
/// another process creates or unlinks it between the two calls.
fn find_or_create<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<bool, Errno> {
    let Step { kind, amount, .. } = job.attempt.step;
    let existing = request.has(Opt::Existing);
    for _ in 0..MAX_TRIES {
        // A queue is found by the EEXIST of its creation: to open it would take read permission.
        if existing && kind != Kind::Queue {
            job.attempt.doing = Doing::Find;
            match look(job, None, path) {
                Err(Errno::ENOENT) => {}
                found => {
                    let State { mode, amount: size } = found?;
                    return if mode & S_IFMT == S_IFREG && size >= amount {
                        Ok(false)
                    } else {
                        // As shmget(2) refuses a segment that is too small.
                        Err(Errno::EINVAL)
                    };
                }
            }
        }
        job.attempt.doing = Doing::Create;
        match create(job, request, path) {
            // linkat(2) and mq_open(2) name the object: their EEXIST means that the name is in use.
            // EEXIST of another call is an error.
            Err(Errno::EEXIST) if existing && job.attempt.doing == Doing::Link => {}
            Err(Errno::EEXIST)
                if existing && kind == Kind::Queue && job.attempt.doing == Doing::Create =>
            {
                if request.has(Opt::Json)
                    && let Ok(fd) = job.kernel.mq_open(path)
                {
                    _ = look(job, Some(fd), path);
                    // If that fails with fd 1, the queue stays standard output: write(2) fails with
                    // EBADF or EINVAL, so no output is lost unnoticed.
                    _ = job.kernel.close(fd);
                }
                return Ok(false);
            }
            created => return created.map(|()| true),
        }
    }
    Err(Errno::EEXIST)
}

/// Creates an object and closes it. If the caller has closed standard output, its descriptor is 1,
/// so it must be closed before ids are written.
fn create<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<(), Errno> {
    let mut mode = request.mode();
    let fd = if job.attempt.step.kind == Kind::Queue {
        job.attempt.attributes = attributes(job, request);
        if request.has(Opt::Owner) {
            // The queue has its name already. With mode 0 no other user can open it before fchown.
            mode = 0;
        }
        let fd = job.kernel.mq_create(path, mode, job.attempt.attributes)?;
        job.keep(Called::Name(request.name()), true);
        fd
    } else {
        job.kernel.open_tmpfile(mode)?
    };
    let done = fill(job, request, path, fd);
    // Any failure of close(2) is an error: with fd 1, the ids would be written into the object.
    let closed = job.kernel.close(fd);
    closed.inspect_err(|_| job.attempt.doing = Doing::Close)?;
    done
}

/// The attributes of a new queue; None if the request has neither --maxmsg nor --msgsize, which
/// leaves both to the kernel.
fn attributes<K: Kernel>(job: &mut Job<'_, '_, K>, request: &Request<'_>) -> Option<Attributes> {
    request.has(Opt::Maxmsg | Opt::Msgsize).then(|| {
        measure::attributes(
            request.get(Opt::Maxmsg),
            request.get(Opt::Msgsize),
            job.kernel,
        )
    })
}

/// Sets the size, bytes and owner of a new object, links a file to its name, and reads the state
/// for JSON.
fn fill<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
    fd: Fd,
) -> Result<(), Errno> {
    let Step { kind, amount, .. } = job.attempt.step;
    let name = request.name();
    match kind {
        Kind::Shm => job.kernel.ftruncate(fd, amount)?,
        Kind::Queue => {}
        Kind::Sem => {
            let value = request.values().next().unwrap_or_default();
            write_all(job.kernel, fd, &semaphore(value, name.libc))?;
        }
    }
    if request.has(Opt::Owner) {
        job.attempt.doing = Doing::Own;
        job.kernel.fchown(fd, request.owner())?;
        if kind == Kind::Queue {
            job.kernel.fchmod(fd, request.mode())?;
        }
    }
    if kind != Kind::Queue {
        job.attempt.doing = Doing::Link;
        job.kernel.linkat(fd, path)?;
        job.keep(Called::Name(name), true);
    }
    if request.has(Opt::Json) {
        // The mode is the request's without the bits of the umask, so it is read back.
        _ = look(job, Some(fd), path);
    }
    Ok(())
}

/// Reads type, mode and size of the object, by its descriptor or else by its path, and notes them
/// in the attempt.
fn look<K: Kernel>(job: &mut Job<'_, '_, K>, fd: Option<Fd>, path: &Path) -> Result<State, Errno> {
    let found = job.kernel.statx(fd, path)?;
    job.attempt.found = Some(found);
    Ok(found)
}
