//! Reads a command line: its words, the key of --ftok, and the names in --owner.

use super::job::Job;
use super::known::FTOK;
use super::owner;
use crate::cli::argv::Argv;
use crate::cli::batch::Arguments;
use crate::cli::grammar;
use crate::cli::options::Opt;
use crate::cli::request::{Action, Request};
use crate::kernel::errno::Errno;
use crate::kernel::port::Kernel;
use crate::plan::attempt::Doing;

/// Reads a line into a `request`, makes its key if it has --ftok, and looks up the names in its
/// --owner.
///
/// # Errors
/// The kernel's; EINVAL where the line is wrong, which the attempt's refusal tells.
pub fn read<'a, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    line: Arguments<'a, A>,
    request: &mut Request<'a>,
) -> Result<Action, Errno> {
    match grammar::read(line, job.posixly_correct, request) {
        Ok(action) => {
            if let Some((path, id)) = request.ftok() {
                request.set(Opt::Key, key(job, request.ftok, path, id)?);
            }
            // A removal takes no owner: a deleted account does not stop it.
            job.removes |= request.has(Opt::Remove);
            job.is_dry |= request.has(Opt::DryRun);
            if request.has(Opt::Owner) && !job.removes {
                owner::look_up(job, request)?;
            }
            Ok(action)
        }
        Err(refusal) => {
            job.attempt.refusal = Some(refusal);
            Err(Errno::EINVAL)
        }
    }
}

/// Makes the key of --ftok. A batch reads each file once: nothing that happens to it between the
/// check of a line and its run makes another key.
fn key<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    argument: &'a [u8],
    path: &'a [u8],
    id: u64,
) -> Result<u64, Errno> {
    if let Some(key) = job.known(FTOK, argument)?.and_then(|known| known.number) {
        return Ok(key.into());
    }
    job.attempt.doing = if path.len() == argument.len() {
        Doing::FtokWithoutId
    } else {
        Doing::Ftok
    };
    job.attempt.path = path;
    let key = job.kernel.identify(path)?.key(id);
    if let Some(known) = job.known(FTOK, argument)? {
        known.number = key.try_into().ok();
    }
    Ok(key)
}
