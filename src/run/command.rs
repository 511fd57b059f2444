//! A command line, from argv to exit status.

use super::batch;
use super::check::check;
use super::create::create;
use super::job::Job;
use super::line;
use super::memory::{self, LARGE_STACK, MAX_IDS, STACK, reserve_stack};
use super::remove::remove;
use super::undo::undo;
use crate::cli::argv::Argv;
use crate::cli::batch::Arguments;
use crate::cli::options::{Opt, Opts};
use crate::cli::request::{Action, Request};
use crate::kernel::errno::Errno;
use crate::kernel::list::List;
use crate::kernel::object::Made;
use crate::kernel::port::{Fd, Kernel, write_all};
use crate::plan::attempt::{Attempt, Doing};
use crate::report::lines::MAX_LINE;
use crate::report::words::Words;
use crate::report::{failure, hint, json, text};

/// Exit status: success.
const SUCCESS: u8 = 0;
/// Exit status: an error line went to standard error.
const FAILURE: u8 = 1;

/// Runs a command line; `arguments` do not hold the program's name. Returns the exit status.
pub fn run<'a, A: Argv<'a>, K: Kernel>(arguments: A, posixly_correct: bool, kernel: &mut K) -> u8 {
    let mut request = Request::new();
    let mut made = [Made::NONE; MAX_IDS];
    let mut output = [0; MAX_IDS * MAX_LINE];
    let mut job = Job {
        kernel,
        attempt: Attempt::none(),
        removes: false,
        has_failed: false,
        is_dry: false,
        has_read_forced: false,
        posixly_correct,
        made: List::new(&mut made),
        output: List::new(&mut output),
        told: List::new(&mut []),
        lines: b"",
        known: &mut [],
        users: b"",
        groups: b"",
        objects: 0,
        bytes: 0,
        nsems: 0,
        values: &mut [],
    };
    let mut read = line::read(
        &mut job,
        Arguments::Command(arguments.clone()),
        &mut request,
    );
    let is_large = request.has(LARGE);
    if is_large && matches!(read, Ok(Action::Create | Action::Batch)) {
        let enlarged = enlarge::<A, K>(&mut job, &request);
        read = enlarged.and(read);
    }
    // From here on no signal comes between an object and its id, and a pipe without a reader is
    // EPIPE, not SIGPIPE.
    let done = match block_signals(&mut job).and(read) {
        Ok(Action::Create | Action::Batch) if request.has(Opt::DryRun) => Ok(()),
        Ok(Action::Create | Action::Batch) => {
            reserve_stack::<STACK>();
            if is_large {
                create_all::<A, K>(&mut job, &request)
            } else {
                create(&mut job, &request)
            }
            .and_then(|()| write(&mut job))
        }
        Ok(Action::Help) => print(&mut job, Words::HELP),
        Ok(Action::Version) => print(&mut job, Words::VERSION),
        Err(errno) => Err(errno),
    };
    end(&mut job, done, arguments)
}

/// What can take more memory than the stack has, or takes a check first: many objects, names,
/// values, JSON.
const LARGE: Opts = Opts::POSIX
    .or(Opt::Batch.bit())
    .or(Opt::Json.bit())
    .or(Opt::Value.bit())
    .or(Opt::DryRun.bit())
    .or(Opt::Remove.bit());

/// Checks the lines, of which it reads those of a batch, and maps memory where the stack has too
/// little.
#[inline(never)] // not in the frame of every run
fn enlarge<'a: 'j, 'j, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'j, 'a, K>,
    request: &Request<'a>,
) -> Result<(), Errno> {
    reserve_stack::<LARGE_STACK>();
    if request.has(Opt::Batch) {
        batch::read::<A, K>(job, request)?;
    } else {
        check(job, request)?;
    }
    if job.is_dry { Ok(()) } else { memory::map(job) }
}

fn block_signals<K: Kernel>(job: &mut Job<'_, '_, K>) -> Result<(), Errno> {
    let blocked = job.kernel.block_signals();
    if blocked.is_err() {
        job.attempt.doing = Doing::BlockSignals;
    }
    blocked
}

/// Creates or removes what a request asks for, or what the lines of its batch do.
#[inline(never)] // not in the frame of every run
fn create_all<'a, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
) -> Result<(), Errno> {
    json::frame::<K>(request, Words::JSON_BEGIN, &mut job.output)?;
    let what = if job.removes { remove } else { create };
    if request.has(Opt::Batch) {
        batch::each_line::<A, K>(job, request, what)?;
    } else {
        what(job, request)?;
    }
    job.attempt.doing = Doing::Write;
    json::frame::<K>(request, Words::JSON_END, &mut job.output)
}

/// Writes the output.
fn write<K: Kernel>(job: &mut Job<'_, '_, K>) -> Result<(), Errno> {
    job.attempt.doing = Doing::Write;
    write_all(job.kernel, Fd::OUT, job.output.items())
}

/// Answers --help and --version.
fn print<K: Kernel>(job: &mut Job<'_, '_, K>, words: Words) -> Result<(), Errno> {
    job.attempt.doing = Doing::Write;
    text::answer(words, job.kernel)
}

/// Ends a run and returns its exit status. After a failure it removes what was created, and says
/// why.
fn end<'a, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    done: Result<(), Errno>,
    arguments: A,
) -> u8 {
    if job.has_failed {
        // An error of this write cannot be reported.
        _ = write_all(job.kernel, Fd::ERR, job.told.items());
    }
    let Err(errno) = done else {
        return if job.has_failed { FAILURE } else { SUCCESS };
    };
    let mut figures = [0; 3];
    // A batch's own objects, and those in /dev/shm, are part of what fills a limit: they are
    // measured before they are removed. Else the undo is first: a search for the cause takes stack.
    let is_explained_first = job.attempt.line.is_some() || job.attempt.step.is_posix;
    if !is_explained_first {
        undo(job);
    }
    let made = job.made.items();
    let hint = hint::explain(&job.attempt, errno, made, &mut figures, job.kernel);
    if is_explained_first {
        undo(job);
    }
    failure::print(
        &job.attempt,
        errno,
        hint,
        &figures,
        job.made.items(),
        arguments,
        job.kernel,
    );
    FAILURE
}
