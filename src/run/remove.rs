//! Removes the objects of one line, which their key or name tells.

use super::job::Job;
use super::undo::unlink;
use crate::cli::request::Request;
use crate::kernel::abi::IPC_PRIVATE;
use crate::kernel::errno::Errno;
use crate::kernel::object::Called;
use crate::kernel::port::Kernel;
use crate::plan::attempt::{Doing, Outcome};
use crate::plan::step::Steps;
use crate::report::failure;

/// Removes the objects that a line names, and prints them. One that is not there is no failure; one
/// that cannot be removed is told at the end, and the next one is tried.
///
/// # Errors
/// ENOBUFS where the output is full.
pub fn remove<'a, K: Kernel>(job: &mut Job<'_, 'a, K>, request: &Request<'a>) -> Result<(), Errno> {
    for step in Steps::of(request) {
        job.attempt.step = step;
        job.attempt.doing = Doing::Remove;
        job.attempt.path = request.name;
        job.attempt.key = request.key().unwrap_or(IPC_PRIVATE);
        match remove_one(job, request) {
            Ok(Some(called)) => job.show(request, called, Outcome::Removed)?,
            Ok(None) => {}
            Err(errno) => {
                job.has_failed = true;
                failure::removal(&job.attempt, errno, job.kernel, &mut job.told);
            }
        }
    }
    Ok(())
}

/// Removes the object of the attempt's step. None where it is not there, or goes meanwhile.
fn remove_one<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
) -> Result<Option<Called<'a>>, Errno> {
    let kind = job.attempt.step.kind;
    if job.attempt.step.is_posix {
        let name = request.name();
        return match unlink(job.kernel, kind, name) {
            Err(Errno::ENOENT) => Ok(None),
            removed => removed.map(|()| Some(Called::Name(name))),
        };
    }
    // Whatever its size and its permissions.
    let id = match job.kernel.ipc_get(kind, 0, job.attempt.key, 0) {
        Err(Errno::ENOENT) => return Ok(None),
        found => found?,
    };
    match job.kernel.ipc_rmid(kind, id) {
        Err(Errno::EINVAL | Errno::EIDRM) => Ok(None),
        removed => removed.map(|()| Some(Called::Id(id))),
    }
}
