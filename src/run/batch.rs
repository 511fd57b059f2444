//! Runs the lines of a batch: all are read and checked before the first object is created.

use core::num::NonZero;

use super::create::create;
use super::job::Job;
use super::memory::BatchRoom;
use crate::cli::argv::Argv;
use crate::cli::batch::{Arguments, MAX_BYTES, MAX_OBJECTS, take_line};
use crate::cli::mistake::{Mistake, Refusal};
use crate::cli::options::Opt;
use crate::cli::request::{Action, Request};
use crate::kernel::errno::Errno;
use crate::kernel::port::{File, Kernel};
use crate::plan::attempt::Doing;

/// Maps memory for a batch, reads its lines and checks them. A signal may end the run as long as it
/// waits for input.
///
/// # Errors
/// The kernel's; EFBIG for too many bytes; EINVAL for a line that is wrong.
pub fn read<'a: 'j, 'j, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'j, 'a, K>,
    batch: &Request<'a>,
) -> Result<&'a [u8], Errno> {
    let BatchRoom { text, made, output } = job.kernel.mmap()?;
    job.made = made;
    job.output = output;
    job.attempt.doing = Doing::ReadBatch;
    job.attempt.path = batch.batch;
    let file = match batch.batch {
        b"-" => File::In,
        path => File::User(path),
    };
    let lines = job.kernel.read(file, text)?;
    if u64::try_from(lines.len()).is_ok_and(|bytes| bytes > MAX_BYTES) {
        return Err(Errno::EFBIG);
    }
    each_line::<A, K>(job, batch, lines, Work::Check)?;
    Ok(lines)
}

/// What is done with each line of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It is read and checked.
    Check,
    /// Its objects are created.
    Create,
}

/// Reads each line of a batch and creates its objects, or only checks it.
///
/// # Errors
/// The kernel's, and EINVAL for a line that is wrong.
pub fn each_line<'a, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    batch: &Request<'a>,
    mut lines: &'a [u8],
    work: Work,
) -> Result<(), Errno> {
    let mut objects = 0;
    let mut number = 0;
    while !lines.is_empty() {
        number += 1;
        job.attempt.line = NonZero::new(number);
        job.attempt.words = take_line(&mut lines);
        let line = Arguments::<A>::Line(job.attempt.words);
        if line.clone().next().is_none() {
            continue;
        }
        let mut request = Request::new();
        let action = job.read_line(line, &mut request)?;
        if work == Work::Create {
            // -r and -J beside --batch are for all lines.
            request.print_as(batch);
            create(job, &request)?;
            continue;
        }
        objects += request.objects();
        let mistake = if action != Action::Create || request.has(Opt::Json) {
            Mistake::NotInBatch
        } else if objects > MAX_OBJECTS {
            Mistake::TooMany
        } else {
            continue;
        };
        job.attempt.refusal = Some(Refusal::of_line(mistake));
        return Err(Errno::EINVAL);
    }
    job.attempt.line = None;
    Ok(())
}
