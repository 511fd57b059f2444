//! Runs the lines of a batch: all are read and checked before the first object is created.

use core::num::NonZero;

use super::check::check;
use super::job::Job;
use super::line;
use crate::cli::argv::Argv;
use crate::cli::batch::{Arguments, take_line};
use crate::cli::mistake::Mistake;
use crate::cli::options::Opt;
use crate::cli::request::{Action, Request};
use crate::kernel::errno::Errno;
use crate::kernel::port::{Input, Kernel};
use crate::plan::attempt::Doing;

/// Reads the lines of a batch and checks them. A signal may end the run as long as it waits for
/// input.
///
/// # Errors
/// The kernel's; EINVAL for a line that is wrong.
pub fn read<'a: 'j, 'j, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'j, 'a, K>,
    batch: &Request<'a>,
) -> Result<(), Errno> {
    job.attempt.doing = Doing::ReadBatch;
    job.attempt.path = batch.batch;
    job.lines = job.kernel.read_whole(match batch.batch {
        b"-" => Input::In,
        path => Input::File(path),
    })?;
    // U+FEFF, which some editors write at the start of a file, as UTF-8 or UTF-16.
    if let [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = job.lines {
        job.attempt.line = NonZero::new(1);
        return Err(job.refuse(Mistake::ByteOrderMark, b"", 0));
    }
    each_line::<A, K>(job, batch, check)
}

/// Reads each line of a batch, and does something with it.
///
/// # Errors
/// The kernel's, and EINVAL for a line that is wrong.
pub fn each_line<'a, 'j, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'j, 'a, K>,
    batch: &Request<'a>,
    what: fn(&mut Job<'j, 'a, K>, &Request<'a>) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut lines = job.lines;
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
        let action = line::read(job, line, &mut request)?;
        if action != Action::Create || request.has(Opt::Json.bit() | (Opt::DryRun | Opt::Remove)) {
            return Err(job.refuse(Mistake::NotInBatch, b"", 0));
        }
        // -r and -J beside --batch are for all lines.
        request.print_as(batch);
        what(job, &request)?;
    }
    job.attempt.line = None;
    Ok(())
}
