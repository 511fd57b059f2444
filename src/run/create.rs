//! The objects of one line, in order.

use super::job::Job;
use super::{posix, sysv};
use crate::cli::request::Request;
use crate::kernel::errno::Errno;
use crate::kernel::port::Kernel;
use crate::plan::step::Steps;

/// Creates or finds the objects that a line asks for.
///
/// # Errors
/// The kernel's, and ENOBUFS where the output is full: see the job's attempt.
pub fn create<'a, K: Kernel>(job: &mut Job<'_, 'a, K>, request: &Request<'a>) -> Result<(), Errno> {
    for step in Steps::of(request) {
        job.attempt.step = step;
        if step.is_posix {
            posix::obtain(job, request)?;
        } else {
            sysv::obtain(job, request)?;
        }
    }
    Ok(())
}
