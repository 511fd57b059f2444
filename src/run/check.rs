//! Checks a line before anything is created: all that takes no object.

use core::num::NonZero;

use super::job::Job;
use super::known::{self, FILES, QUEUES, SEMAPHORES, Space};
use crate::cli::mistake::Mistake;
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::abi::IPC_PRIVATE;
use crate::kernel::errno::Errno;
use crate::kernel::object::{Kind, Libc, Name};
use crate::kernel::port::Kernel;
use crate::kernel::posix::bare;
use crate::plan::attempt::Doing;
use crate::plan::step::Steps;
use crate::report::json;

/// Checks the names of a line's objects, and that no earlier line of the batch has one of them.
/// Counts the objects, and the bytes that they are printed with.
///
/// # Errors
/// EINVAL, or ENAMETOOLONG for a name.
pub fn check<'a, K: Kernel>(job: &mut Job<'_, 'a, K>, request: &Request<'a>) -> Result<(), Errno> {
    for step in Steps::of(request) {
        job.attempt.step = step;
        job.objects += 1;
        job.bytes += json::most_bytes(request);
        if step.kind == Kind::Sem && !step.is_posix && request.has(Opt::Value) {
            values(job, step.amount)?;
        }
        let (space, name) = if step.is_posix {
            job.attempt.doing = if job.removes {
                Doing::Remove
            } else {
                Doing::Create
            };
            job.attempt.path = request.name;
            has_path(request.name(), step.kind)?;
            posix(request.name(), step.kind)
        } else {
            match request.key() {
                None | Some(IPC_PRIVATE) if job.removes => {
                    return Err(job.refuse(Mistake::NoKey, b"", 0));
                }
                None | Some(IPC_PRIVATE) => continue,
                Some(key) => (known::keyed(step.kind, key), b"".as_slice()),
            }
        };
        match known::find(job.known, space, name) {
            Some(line @ None) => *line = job.attempt.line.map(NonZero::get),
            Some(&mut Some(earlier)) if !request.has(Opt::Existing) => {
                return Err(job.refuse(Mistake::Again, b"", earlier.into()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Notes that a set of so many semaphores has first values, for which memory is mapped.
#[inline(never)] // not in the frame of every line
fn values<K: Kernel>(job: &mut Job<'_, '_, K>, nsems: u64) -> Result<(), Errno> {
    if nsems <= job.nsems || job.is_dry || job.removes {
        return Ok(());
    }
    job.attempt.doing = Doing::Limits;
    let most = job.kernel.ipc_info(Kind::Sem)?.each;
    job.attempt.doing = Doing::Create;
    if nsems > most {
        // semget(2) would say so, but only after all these values have taken memory.
        return Err(Errno::EINVAL);
    }
    job.nsems = nsems;
    Ok(())
}

/// Checks that a POSIX object can have this name.
#[inline(never)] // the path would be in the frame of every line
fn has_path(name: Name<'_>, kind: Kind) -> Result<(), Errno> {
    name.path(kind).map(drop)
}

/// What a POSIX object is known by. `-m -n sem.x` and `-s -n x` are one file.
fn posix(name: Name<'_>, kind: Kind) -> (Space, &[u8]) {
    match (kind, bare(name.bytes, kind)) {
        (Kind::Queue, name) => (QUEUES, name),
        (Kind::Sem, bare) if name.libc == Libc::Glibc => (SEMAPHORES, bare),
        (_, [b's', b'e', b'm', b'.', rest @ ..]) => (SEMAPHORES, rest),
        (_, name) => (FILES, name),
    }
}
