//! Checks a line before anything is created: all that takes no object.

use core::num::NonZero;

use super::job::Job;
use super::known;
use crate::cli::mistake::Mistake;
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::abi::IPC_PRIVATE;
use crate::kernel::errno::Errno;
use crate::kernel::object::Kind;
use crate::kernel::port::Kernel;
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
        let place = if step.is_posix {
            job.attempt.doing = Doing::Create;
            job.attempt.path = request.name;
            path(request, step.kind)?
        } else {
            match request.key() {
                None | Some(IPC_PRIVATE) if job.removes => {
                    return Err(job.refuse(Mistake::NoKey, b"", 0));
                }
                None | Some(IPC_PRIVATE) => continue,
                Some(key) => known::hash(step.kind.place(), &key.to_ne_bytes()),
            }
        };
        match known::find(job.known, place, b"") {
            Some(line @ None) => *line = job.attempt.line.map(NonZero::get),
            Some(&mut Some(earlier)) if !request.has(Opt::Existing) => {
                return Err(job.refuse(Mistake::Again, b"", earlier.into()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The kind of a path, whatever the object is: `-m -n sem.x` and `-s -n x` are one file.
const POSIX: u8 = 3;

/// A number for the path of a POSIX object.
#[inline(never)] // the path would be in the frame of every line
fn path(request: &Request<'_>, kind: Kind) -> Result<u64, Errno> {
    let path = request.name().path(kind)?;
    Ok(known::hash(POSIX, path.bytes()))
}
