//! Creates a POSIX object, or finds it.
//!
//! Shared memory and a semaphore are files in /dev/shm: open_tmpfile (O_TMPFILE) creates one without a
//! name, or, where the kernel or the file system has no O_TMPFILE, open_new creates it under another
//! name; linkat(2) names it once it is complete. A queue is created and named by mq_open(2).

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
    job.attempt.libc = name.libc;
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
                job.attempt.attributes = None;
                if request.has(Opt::Json)
                    && let Ok(fd) = job.kernel.mq_open(path)
                {
                    _ = look(job, Some(fd), path);
                    job.attempt.attributes = job.kernel.mq_getattr(fd).ok();
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
    if job.attempt.step.kind == Kind::Queue {
        return create_queue(job, request, path);
    }
    match create_unnamed(job, request, path) {
        Err(errno)
            if is_unsupported(errno)
                && matches!(job.attempt.doing, Doing::Create | Doing::Link) =>
        {
            create_named(job, request, path)
        }
        created => created,
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

/// Creates a queue, which has its name from the start.
fn create_queue<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<(), Errno> {
    job.attempt.attributes = attributes(job, request);
    // No other user may open it before it has owner and mode.
    let is_closed = request.has(Opt::Owner | Opt::Mode);
    let mode = if is_closed { 0 } else { request.mode() };
    let fd = job.kernel.mq_create(path, mode, job.attempt.attributes)?;
    job.keep(Called::Name(request.name()), true);
    let done = fill(job, request, fd, is_closed);
    if done.is_ok() {
        describe(job, request, fd, path);
    }
    close(job, fd)?;
    done
}

/// Creates a file without a name, and links it to its name when it is whole.
fn create_unnamed<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<(), Errno> {
    let fd = job.kernel.open_tmpfile(request.mode())?;
    let done = fill(job, request, fd, false).and_then(|()| link(job, request, fd, None, path));
    close(job, fd)?;
    done
}

/// Creates a file under another name, and links it to its name when it is whole.
#[inline(never)] // its paths would be in the frame of every run
fn create_named<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    path: &Path,
) -> Result<(), Errno> {
    let (number, other, fd) = open_other(job)?;
    let done =
        fill(job, request, fd, true).and_then(|()| link(job, request, fd, Some(&other), path));
    // Another process that has replaced the file under one name can have done so under the other.
    let is_ours =
        job.attempt.doing != Doing::Replaced || job.kernel.is_same(fd, &other) == Ok(true);
    let closed = close(job, fd);
    if is_ours
        && let Err(errno) = job.kernel.unlink(Kind::Shm, &other)
        && errno != Errno::ENOENT
    {
        job.attempt.doing = Doing::Close;
        job.attempt.other = Some((number, errno));
        return done.and(closed).and(Err(errno));
    }
    closed?;
    done
}

/// Opens a file under a random name that is not in use.
fn open_other<K: Kernel>(job: &mut Job<'_, '_, K>) -> Result<(u64, Path, Fd), Errno> {
    for _ in 0..MAX_TRIES {
        job.attempt.doing = Doing::RandomKey;
        let number = u64::from(job.kernel.random()?) << 32 | u64::from(job.kernel.random()?);
        let other = Path::other(number)?;
        job.attempt.doing = Doing::Create;
        match job.kernel.open_new(&other) {
            Err(Errno::EEXIST) => {}
            opened => return Ok((number, other, opened?)),
        }
    }
    Err(Errno::EEXIST)
}

/// Closes an object. Any failure of close(2) is an error: with fd 1, the ids would be written into the
/// object.
fn close<K: Kernel>(job: &mut Job<'_, '_, K>, fd: Fd) -> Result<(), Errno> {
    let closed = job.kernel.close(fd);
    closed.inspect_err(|_| job.attempt.doing = Doing::Close)
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

/// Sets size, bytes, mode and owner of a new object. One that `is_closed` has a name already, and mode
/// 0, so that no other user can open it before.
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
        job.kernel.fchown(fd, request.owner())?;
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
    let mut same = Ok(true);
    match (job.kernel.linkat(fd, path), other) {
        (Err(errno), Some(other)) if is_unsupported(errno) => {
            job.kernel.linkat_path(other, path)?;
            job.attempt.doing = Doing::Find;
            same = job.kernel.is_same(fd, path);
        }
        (linked, _) => linked?,
    }
    if same == Ok(false) {
        job.attempt.doing = Doing::Replaced;
        return Err(Errno::ESTALE);
    }
    job.keep(Called::Name(request.name()), true);
    same?;
    describe(job, request, fd, path);
    Ok(())
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
