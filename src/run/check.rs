//! Checks a line before anything is created: all that takes no object.

use core::num::NonZero;

use super::job::Job;
use super::known::{self, FILES, QUEUES, SEMAPHORES, Scope};
use crate::cli::mistake::Mistake;
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::abi::IPC_PRIVATE;
use crate::kernel::errno::Errno;
use crate::kernel::object::{Kind, LARGEST_FILE, Libc, MAX_ADDRESSES, Name};
use crate::kernel::port::Kernel;
use crate::kernel::posix::bare;
use crate::plan::attempt::Doing;
use crate::plan::step::{Step, Steps};
use crate::report::json;

/// Checks the names of a line's objects, and that no earlier line of the batch has one of them.
/// Counts the objects, and the bytes that they are printed with.
///
/// # Errors
/// EINVAL, or ENAMETOOLONG for a name.
pub fn check<'a, K: Kernel>(job: &mut Job<'_, 'a, K>, request: &Request<'a>) -> Result<(), Errno> {
    for step in Steps::of(request) {
        job.attempt.step = step;
        job.attempt.doing = if job.removes {
            Doing::Remove
        } else {
            Doing::Create
        };
        job.objects += 1;
        job.bytes = job.bytes.saturating_add(json::most_bytes(request));
        let is_private = !step.is_posix && matches!(request.key(), None | Some(IPC_PRIVATE));
        let existing = request.has(Opt::Existing) && !is_private;
        if step.is_posix {
            job.attempt.path = request.name;
            has_path(request.name(), step.kind)?;
        }
        if !job.removes {
            // What -e finds can be no larger either.
            let is_over = !step.is_posix && MAX_ADDRESSES.is_some_and(|most| step.amount > most);
            if is_over || (!existing && no_kernel_creates(request, step)) {
                return Err(Errno::EINVAL);
            }
            if step.kind == Kind::Sem && !step.is_posix && request.has(Opt::Value) {
                values(job, step.amount)?;
            }
        }
        let (scope, name) = match request.key() {
            _ if step.is_posix => posix(request.name(), step.kind),
            Some(key) if !is_private => (known::keyed(step.kind, key), b"".as_slice()),
            _ if job.removes => return Err(job.refuse(Mistake::NoKey, b"", 0)),
            _ => continue,
        };
        let line = job.attempt.line.map(NonZero::get);
        let Some(known) = job.known(scope, name)? else {
            continue;
        };
        let Some(earlier) = known.number else {
            known.number = line;
            // What -e finds can be larger than it asks for.
            known.amount = if existing { u64::MAX } else { step.amount };
            continue;
        };
        if !existing {
            return Err(job.refuse(Mistake::Again, b"", earlier.into()));
        }
        if step.amount > known.amount {
            return Err(job.refuse(Mistake::Larger, b"", earlier.into()));
        }
    }
    Ok(())
}

/// Whether each kernel refuses to create such an object, whatever its limits.
fn no_kernel_creates(request: &Request<'_>, step: Step) -> bool {
    let is_zero = |opt| request.get(opt) == Some(0);
    match (step.kind, step.is_posix) {
        (Kind::Shm, false) if step.amount == 0 => true,
        (Kind::Shm, _) => step.amount > LARGEST_FILE,
        (Kind::Queue, true) => is_zero(Opt::Maxmsg) || is_zero(Opt::Msgsize),
        _ => false,
    }
}

/// Notes that a set of so many semaphores has first values, for which memory is mapped.
#[inline(never)] // not in the frame of every line
fn values<K: Kernel>(job: &mut Job<'_, '_, K>, nsems: u64) -> Result<(), Errno> {
    if nsems <= job.nsems || job.is_dry {
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
fn posix(name: Name<'_>, kind: Kind) -> (Scope, &[u8]) {
    match (kind, bare(name.bytes, kind)) {
        (Kind::Queue, name) => (QUEUES, name),
        (Kind::Sem, bare) if name.libc == Libc::Glibc => (SEMAPHORES, bare),
        (_, [b's', b'e', b'm', b'.', rest @ ..]) => (SEMAPHORES, rest),
        (_, name) => (FILES, name),
    }
}
