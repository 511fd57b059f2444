//! Creates a POSIX object, or finds it.
//!
//! A file is made whole without a name and then linked into place; a queue is created by one call.

use super::job::Job;
use super::memory::MAX_TRIES;
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
#[inline(never)] // not in the frame of every run
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

/// Returns whether the object is new.
fn find_or_create<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<bool, Errno> {
    let Step { kind, amount, .. } = job.attempt.step;
    let existing = request.has(Opt::Existing);
    for _ in 0..MAX_TRIES {
        // To open a queue takes permission; EEXIST of its creation takes none.
        if existing && kind != Kind::Queue {
            job.attempt.doing = Doing::Find;
            match look(job, None, path) {
                Err(Errno::ENOENT) => {}
                found => {
                    let State { mode, amount: size } = found?;
                    return if mode & S_IFMT == S_IFREG && size >= amount {
                        Ok(false)
                    } else {
                        Err(Errno::EINVAL)
                    };
                }
            }
        }
        job.attempt.doing = Doing::Create;
        match create(job, request, path) {
            // EEXIST of the call that names the object. Of any other it is a plain error.
            Err(Errno::EEXIST) if existing && job.attempt.doing == Doing::Link => {}
            Err(Errno::EEXIST)
                if existing && kind == Kind::Queue && job.attempt.doing == Doing::Create =>
            {
                if request.has(Opt::Json)
                    && let Ok(fd) = job.kernel.mq_open(path)
                {
                    _ = look(job, Some(fd), path);
                    // What is written to a queue's descriptor is an error, and lost nowhere.
                    _ = job.kernel.close(fd);
                }
                return Ok(false);
            }
            created => return created.map(|()| true),
        }
    }
    Err(Errno::EEXIST)
}

/// Creates an object and closes it before anything is printed: its descriptor can be 1.
fn create<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<(), Errno> {
    let mut mode = request.mode();
    let mut is_closed = false;
    let fd = if job.attempt.step.kind == Kind::Queue {
        job.attempt.attributes = attributes(job, request);
        if request.has(Opt::Owner | Opt::Mode) {
            // It has its name from the start: no other user may open it yet.
            is_closed = true;
            mode = 0;
        }
        let fd = job.kernel.mq_create(path, mode, job.attempt.attributes)?;
        job.keep(Called::Name(request.name()), true);
        fd
    } else {
        job.kernel.open_tmpfile(mode)?
    };
    let done = fill(job, request, path, fd, is_closed);
    // A descriptor that stays open can be that of standard output.
    let closed = job.kernel.close(fd);
    closed.inspect_err(|_| job.attempt.doing = Doing::Close)?;
    done
}

/// The attributes of a new queue; None where the request leaves both to the kernel.
fn attributes<K: Kernel>(job: &mut Job<'_, '_, K>, request: &Request<'_>) -> Option<Attributes> {
    request.has(Opt::Maxmsg | Opt::Msgsize).then(|| {
        measure::attributes(
            request.get(Opt::Maxmsg),
            request.get(Opt::Msgsize),
            job.kernel,
        )
    })
}

/// Fills a new object and links it to its name, if it is a file; reads its state for JSON. One that
/// `is_closed` has mode 0 up to now: another user could open it by a name.
fn fill<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
    fd: Fd,
    is_closed: bool,
) -> Result<(), Errno> {
    let Step { kind, amount, .. } = job.attempt.step;
    let name = request.name();
    job.attempt.doing = Doing::Fill;
    match kind {
        Kind::Shm => job.kernel.ftruncate(fd, amount)?,
        Kind::Queue => {}
        Kind::Sem => {
            let value = request.values().next().unwrap_or_default();
            write_all(job.kernel, fd, &semaphore(value, name.libc))?;
        }
    }
    if !is_closed && request.has(Opt::Mode) {
        // The umask took part in the mode that it was created with. Without CAP_FOWNER only the
        // owner sets a mode: first the mode, then the owner.
        job.kernel.fchmod(fd, request.mode())?;
    }
    if request.has(Opt::Owner) {
        job.attempt.doing = Doing::Own;
        job.kernel.fchown(fd, request.owner())?;
    }
    if is_closed {
        let mode = final_mode(job, request)?;
        job.kernel.fchmod(fd, mode)?;
    }
    if kind != Kind::Queue {
        job.attempt.doing = Doing::Link;
        job.kernel.linkat(fd, path)?;
        job.keep(Called::Name(name), true);
    }
    if request.has(Opt::Json) {
        // Its mode went through the umask.
        _ = look(job, Some(fd), path);
    }
    Ok(())
}

/// The mode of an object: exactly that of the line; the default mode goes through the umask.
fn final_mode<K: Kernel>(job: &mut Job<'_, '_, K>, request: &Request<'_>) -> Result<u32, Errno> {
    let mode = request.mode();
    if request.has(Opt::Mode) {
        return Ok(mode);
    }
    Ok(mode & !job.kernel.umask()?)
}

/// Reads the state of an object that exists, and notes it in the attempt.
#[inline(never)] // `make size`: a copy at its caller is larger
fn look<K: Kernel>(job: &mut Job<'_, '_, K>, fd: Option<Fd>, path: &Path) -> Result<State, Errno> {
    let found = job.kernel.statx(fd, path)?;
    job.attempt.found = Some(found);
    Ok(found)
}
