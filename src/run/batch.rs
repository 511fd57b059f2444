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
use crate::kernel::object::Kind;
use crate::kernel::port::{File, Kernel, Wanted};
use crate::plan::attempt::Doing;
use crate::plan::step::{Step, Steps};

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
        users,
        groups,
        wanted,
    } = job.kernel.mmap()?;
    job.made = made;
    job.output = output;
    job.accounts = [users, groups];
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
    // U+FEFF, which some editors write at the start of a file, as UTF-8 or UTF-16.
    if let [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = lines {
        job.attempt.line = NonZero::new(1);
        return Err(job.refuse(Mistake::ByteOrderMark, b"", 0));
    }
    each_line::<A, K>(job, batch, lines, Some(wanted))?;
    Ok(lines)
}

/// Notes that a line wants the object of a place. Returns the line that wants it already, if one
/// does.
fn want<const N: usize>(wanted: &mut Wanted<N>, place: u64, line: u32) -> Option<u32> {
    let mut at = usize::try_from(place).unwrap_or_default();
    // It has an entry for each object: it is not full before.
    while let Some(entry) = wanted.get_mut(at % N) {
        match *entry {
            (_, 0) => {
                *entry = (place, line);
                break;
            }
            (other, earlier) if other == place => return Some(earlier),
            _ => at = at.wrapping_add(1),
        }
    }
    None
}

/// A number for where an object is: two that are created at one place are one. None for an object
/// of which nobody else can know the place, or that has none.
#[inline(never)] // its path would be in the frame of every line
fn place(request: &Request<'_>, step: Step) -> Option<u64> {
    if step.is_posix {
        return Some(request.name().path(step.kind).ok()?.hash());
    }
    let kind = match step.kind {
        Kind::Shm => 0,
        Kind::Queue => 1,
        Kind::Sem => 2,
    };
    let key = request.key().filter(|key| *key != IPC_PRIVATE)?;
    Some(u64::from(key) << 2 | kind)
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
    mut check: Option<&mut Wanted<BATCH_OBJECTS>>,
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
            return Err(job.refuse(Mistake::NotInBatch, b"", 0));
        }
        if objects > MAX_OBJECTS {
            return Err(job.refuse(Mistake::TooMany, b"", MAX_OBJECTS));
        }
        for step in Steps::of(&request) {
            if let Some(place) = place(&request, step)
                && let Some(earlier) = want(wanted, place, number)
                && !request.has(Opt::Existing)
            {
                return Err(job.refuse(Mistake::Again, b"", earlier.into()));
            }
        }
    }
    job.attempt.line = None;
    Ok(())
}
