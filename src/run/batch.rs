//! Runs the lines of a batch: all are read and checked before the first object is created.

use core::num::NonZero;

use super::create::create;
use super::job::Job;
use super::line;
use super::memory::{BATCH_OBJECTS, BatchRoom};
use crate::cli::argv::Argv;
use crate::cli::batch::{Arguments, MAX_BYTES, MAX_OBJECTS, take_line};
use crate::cli::mistake::Mistake;
use crate::cli::options::Opt;
use crate::cli::request::{Action, Request};
use crate::kernel::abi::IPC_PRIVATE;
use crate::kernel::errno::Errno;
use crate::kernel::port::{File, Kernel, Wanted};
use crate::kernel::posix::Place;
use crate::plan::attempt::Doing;
use crate::plan::step::steps;

/// Maps memory for a batch, reads its lines and checks them. A signal may end the run as long as it
/// waits for input.
///
/// # Errors
/// The kernel's; EFBIG for too many bytes; EINVAL for a line that is wrong.
pub fn read<'a: 'j, 'j, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'j, 'a, K>,
    batch: &Request<'a>,
) -> Result<&'a [u8], Errno> {
    let BatchRoom {
        text,
        made,
        output,
        accounts,
        wanted,
    } = job.kernel.mmap()?;
    job.made = made;
    job.output = output;
    job.accounts = accounts;
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
    if lines.starts_with(BYTE_ORDER_MARK) {
        job.attempt.line = NonZero::new(1);
        return Err(job.refuse(Mistake::ByteOrderMark, b""));
    }
    each_line::<A, K>(job, batch, lines, Some(wanted))?;
    Ok(lines)
}

/// U+FEFF as UTF-8, which some editors write at the start of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Notes that a line wants an object. Returns the line that wants it already, if one does.
fn want<'a, const N: usize>(
    wanted: &mut Wanted<'a, N>,
    place: Place<'a>,
    line: u32,
) -> Option<u32> {
    let hash = usize::try_from(place.hash()).unwrap_or_default() % N;
    let first = wanted.first.get_mut(hash)?;
    let mut next = *first;
    while let Some((other, line, after)) = wanted.entries.get(next.wrapping_sub(1)) {
        if *other == place {
            return Some(*line);
        }
        next = *after;
    }
    // It has room for all objects: it cannot be full.
    _ = wanted.entries.push((place, line, *first));
    *first = wanted.entries.len();
    None
}

/// Reads each line of a batch and creates its objects; or only checks it, where there is room for
/// what it wants.
///
/// # Errors
/// The kernel's, and EINVAL for a line that is wrong.
pub fn each_line<'a, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    batch: &Request<'a>,
    mut lines: &'a [u8],
    mut check: Option<&mut Wanted<'a, BATCH_OBJECTS>>,
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
        let action = line::read(job, line, &mut request)?;
        let Some(wanted) = &mut check else {
            // -r and -J beside --batch are for all lines.
            request.print_as(batch);
            create(job, &request)?;
            continue;
        };
        objects += request.objects();
        if action != Action::Create || request.has(Opt::Json) {
            return Err(job.refuse(Mistake::NotInBatch, b""));
        }
        if objects > MAX_OBJECTS {
            return Err(job.refuse(Mistake::TooMany, b""));
        }
        for step in steps(&request) {
            let place = match request.key() {
                _ if step.is_posix => request.name().place(step.kind),
                None | Some(IPC_PRIVATE) => continue,
                Some(key) => Place::of_key(step.kind, key),
            };
            if let Some(earlier) = want(wanted, place, number)
                && !request.has(Opt::Existing)
            {
                return Err(job.refuse(Mistake::Again(earlier), b""));
            }
        }
    }
    job.attempt.line = None;
    Ok(())
}
