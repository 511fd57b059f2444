//! Creates a POSIX object, or finds it.
//!
//! Shared memory and a semaphore are files in /dev/shm: open_tmpfile (O_TMPFILE) creates one
//! without a name, or, where the kernel or the file system has no O_TMPFILE, open_new creates it
//! under another name; linkat(2) names it once it is complete. A queue is created and named by
//! mq_open(2).

use super::job::{Job, MAX_TRIES};
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::abi::{S_IFMT, S_IFREG};
use crate::kernel::errno::Errno;
use crate::kernel::object::{Called, Kind};
use crate::kernel::port::{Attributes, Fd, Kernel, State, write_all};
use crate::kernel::posix::{Path, semaphore};
use crate::plan::attempt::{Doing, Outcome};
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
    job.attempt.libc = name.libc;
    job.attempt.has_owner = request.has(Opt::Owner);
    job.attempt.found = None;
    job.attempt.doing = Doing::Create;
    let path = name.path(job.attempt.step.kind)?;
    let created = find_or_create(job, request, &path)?;
    job.show(request, Called::Name(name), Outcome::created(created))
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
            Err(Errno::EEXIST) if existing && job.attempt.doing == Doing::Link => {
                if job.attempt.other.1 != Errno::NONE {
                    job.attempt.doing = Doing::Unlink;
                    return Err(Errno::EEXIST);
                }
            }
            Err(Errno::EEXIST)
                if existing && kind == Kind::Queue && job.attempt.doing == Doing::Create =>
            {
                job.attempt.attributes = None;
                if request.has(Opt::Json)
                    && let Ok(fd) = job.kernel.mq_open(path)
                {
                    describe(job, request, fd, path);
                    // If closing it fails with fd 1, the queue stays standard output: write(2)
                    // fails with EBADF or EINVAL, so no output is lost unnoticed.
                    _ = job.kernel.close(fd);
                }
                return Ok(false);
            }
            created => return created.map(|()| true),
        }
    }
    Err(Errno::EEXIST)
}

/// Creates an object. A file that cannot be unnamed, or not be linked then, is created under
/// another name.
fn create<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<(), Errno> {
    let created = create_whole(job, request, path, false);
    match created {
        Err(errno)
            if is_unsupported(errno)
                && job.attempt.step.kind != Kind::Queue
                && matches!(job.attempt.doing, Doing::Create | Doing::Link) =>
        {
            create_whole(job, request, path, true)
        }
        _ => created,
    }
}

/// Whether a refusal of O_TMPFILE, or of linking a file by its descriptor, says that the kernel or
/// the file system has no such thing: Linux before 3.11, FUSE, gVisor, no /proc.
const fn is_unsupported(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL | Errno::ENOENT
    )
}

/// Creates a queue, which has its name from the start; or a file, without a name or under another
/// name, which is linked to its name when it is whole. Closes it: if the caller has closed standard
/// output, its descriptor is 1, and ids would be written into it.
fn create_whole<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
    is_named: bool,
) -> Result<(), Errno> {
    let is_queue = job.attempt.step.kind == Kind::Queue;
    // No other user may open what has a name before it has owner and mode.
    let is_closed = is_named || (is_queue && request.has(Opt::Owner));
    let mode = if is_closed { 0 } else { request.mode() };
    let mut other = Path::EMPTY;
    let fd = if is_named {
        open_other(job, &mut other)?
    } else if is_queue {
        job.attempt.attributes = attributes(job, request);
        let fd = job.kernel.mq_create(path, mode, job.attempt.attributes)?;
        job.keep(Called::Name(request.name()));
        fd
    } else {
        job.kernel.open_tmpfile(mode)?
    };
    let mut done = fill(job, request, fd, is_closed);
    if !is_queue && done.is_ok() {
        done = link(job, request, fd, is_named.then_some(&other), path);
    }
    if done.is_ok() {
        describe(job, request, fd, path);
    }
    // Where /dev/shm is not sticky, another process can have put a file of its own there.
    let is_ours = is_named && job.kernel.is_same(fd, &other) != Ok(false);
    let closed = job.kernel.close(fd);
    if closed.is_err() {
        job.attempt.doing = Doing::Close;
    }
    done = closed.and(done);
    if is_ours
        && let Err(errno) = job.kernel.unlink(Kind::Shm, &other)
        && errno != Errno::ENOENT
    {
        job.attempt.other.1 = errno;
        if done.is_ok() {
            job.attempt.doing = Doing::Unlink;
            done = Err(errno);
        }
    }
    done
}

/// Opens a file under a random name that is not in use, and notes the number in that.
fn open_other<K: Kernel>(job: &mut Job<'_, '_, K>, other: &mut Path) -> Result<Fd, Errno> {
    for _ in 0..MAX_TRIES {
        job.attempt.doing = Doing::RandomKey;
        let number = u64::from(job.kernel.random()?) << 32 | u64::from(job.kernel.random()?);
        other.set_other(number);
        job.attempt.other.0 = number;
        job.attempt.doing = Doing::Create;
        match job.kernel.open_new(other) {
            Err(Errno::EEXIST) => {}
            opened => return opened,
        }
    }
    Err(Errno::EEXIST)
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

/// Sets size, bytes, mode and owner of a new object. One that `is_closed` has a name already, and
/// mode 0, so that no other user can open it before.
fn fill<K: Kernel>(
    job: &mut Job<'_, '_, K>,
    request: &Request<'_>,
    fd: Fd,
    is_closed: bool,
) -> Result<(), Errno> {
    job.attempt.doing = Doing::Fill;
    let Step { kind, amount, .. } = job.attempt.step;
    match kind {
        // No bytes are allocated already.
        Kind::Shm if request.has(Opt::Allocate) && amount != 0 => {
            job.attempt.doing = Doing::Allocate;
            job.kernel.fallocate(fd, amount)?;
        }
        Kind::Shm => job.kernel.ftruncate(fd, amount)?,
        Kind::Queue => {}
        Kind::Sem => {
            let value = request.values().next().unwrap_or_default();
            write_all(job.kernel, fd, &semaphore(value, request.name().libc))?;
        }
    }
    if !is_closed && request.has(Opt::Mode) {
        // The umask took part in the mode that it was created with. Without CAP_FOWNER only the
        // owner sets a mode: first the mode, then the owner.
        job.attempt.doing = Doing::SetMode;
        job.kernel.fchmod(fd, request.mode())?;
    }
    if request.has(Opt::Owner) {
        job.attempt.doing = Doing::Own;
        job.kernel.fchown(fd, request.owner)?;
    }
    if is_closed {
        let mode = final_mode(job, request)?;
        job.attempt.doing = Doing::SetMode;
        job.kernel.fchmod(fd, mode)?;
    }
    Ok(())
}

/// Links a whole file to its name: by its descriptor, else by its `other` name. There another
/// process can have put a file of its own, if /dev/shm is not sticky.
fn link<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    fd: Fd,
    other: Option<&Path>,
    path: &Path,
) -> Result<(), Errno> {
    job.attempt.doing = Doing::Link;
    let mut is_same = Ok(true);
    match (job.kernel.linkat(fd, path), other) {
        (Err(errno), Some(other)) if is_unsupported(errno) => {
            job.kernel.linkat_path(other, path)?;
            job.attempt.doing = Doing::Find;
            is_same = job.kernel.is_same(fd, path);
        }
        (linked, _) => linked?,
    }
    if is_same == Ok(false) {
        job.attempt.doing = Doing::Replaced;
        return Err(Errno::ESTALE);
    }
    job.keep(Called::Name(request.name()));
    is_same.map(drop)
}

/// Reads the state of a new object for JSON: its mode may have gone through the umask.
fn describe<K: Kernel>(job: &mut Job<'_, '_, K>, request: &Request<'_>, fd: Fd, path: &Path) {
    if request.has(Opt::Json) {
        _ = look(job, Some(fd), path);
        if job.attempt.step.kind == Kind::Queue {
            job.attempt.attributes = job.kernel.mq_getattr(fd).ok();
        }
    }
}

/// The mode of an object: exactly that of the line; the default mode goes through the umask.
fn final_mode<K: Kernel>(job: &mut Job<'_, '_, K>, request: &Request<'_>) -> Result<u32, Errno> {
    let mode = request.mode();
    if request.has(Opt::Mode) {
        return Ok(mode);
    }
    job.attempt.doing = Doing::ReadUmask;
    Ok(mode & !job.kernel.umask()?)
}

/// Reads type, mode and size of the object, by its descriptor or else by its path, and notes them
/// in the attempt.
fn look<K: Kernel>(job: &mut Job<'_, '_, K>, fd: Option<Fd>, path: &Path) -> Result<State, Errno> {
    let found = job.kernel.statx(fd, path)?;
    job.attempt.found = Some(found);
    Ok(found)
}
