//! A command line, from argv to exit status.

use heapless::Vec;

use super::batch;
use super::create::create;
use super::job::Job;
use super::line;
use super::memory::{LARGE_STACK, LineRoom, MAX_IDS, STACK, reserve_stack};
use super::undo::undo;
use crate::cli::argv::Argv;
use crate::cli::batch::Arguments;
use crate::cli::options::{Opt, Opts};
use crate::cli::request::{Action, Request};
use crate::kernel::errno::Errno;
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
    let mut job = Job {
        kernel,
        attempt: Attempt::none(),
        has_read_forced: false,
        posixly_correct,
        made: &mut Vec::<_, MAX_IDS>::new(),
        output: &mut Vec::<_, { MAX_IDS * MAX_LINE }>::new(),
        accounts: [&mut Vec::<_, 0>::new(), &mut Vec::<_, 0>::new()],
        values: &mut [],
    };
    let mut lines: &[u8] = b"";
    let mut read = line::read(
        &mut job,
        Arguments::Command(arguments.clone()),
        &mut request,
    );
    let is_large = request.has(LARGE);
    if is_large && matches!(read, Ok(Action::Create | Action::Batch)) {
        match enlarge::<A, K>(&mut job, &request) {
            Ok(text) => lines = text,
            Err(errno) => read = Err(errno),
        }
    }
    // From here on no signal comes between an object and its id, and a pipe without a reader is
    // EPIPE, not SIGPIPE.
    let done = match block_signals(&mut job).and(read) {
        Ok(Action::Create | Action::Batch) => {
            reserve_stack::<STACK>();
            if is_large {
                create_all::<A, K>(&mut job, &request, lines)
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

/// What takes more memory than the stack has: many objects, names, JSON.
const LARGE: Opts = Opts::POSIX.or(Opt::Batch.bit()).or(Opt::Json.bit());

/// Maps memory for many objects, names or JSON, and reads the lines of a batch.
#[inline(never)] // not in the frame of every run
fn enlarge<'a: 'j, 'j, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'j, 'a, K>,
    request: &Request<'a>,
) -> Result<&'a [u8], Errno> {
    reserve_stack::<LARGE_STACK>();
    job.attempt.doing = Doing::Memory;
    if request.has(Opt::Batch) {
        return batch::read::<A, K>(job, request);
    }
    let LineRoom { made, output, .. } = job.kernel.mmap()?;
    job.made = made;
    job.output = output;
    Ok(b"")
}

fn block_signals<K: Kernel>(job: &mut Job<'_, '_, K>) -> Result<(), Errno> {
    let blocked = job.kernel.block_signals();
    if blocked.is_err() {
        job.attempt.doing = Doing::BlockSignals;
    }
    blocked
}

/// Creates what a request asks for, or what the lines of its batch do.
#[inline(never)] // not in the frame of every run
fn create_all<'a, A: Argv<'a>, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    lines: &'a [u8],
) -> Result<(), Errno> {
    json::frame::<K>(request, Words::JSON_BEGIN, job.output)?;
    if request.has(Opt::Batch) {
        batch::each_line::<A, K>(job, request, lines, None)?;
    } else {
        create(job, request)?;
    }
    job.attempt.doing = Doing::Write;
    json::frame::<K>(request, Words::JSON_END, job.output)
}

/// Writes the output.
fn write<K: Kernel>(job: &mut Job<'_, '_, K>) -> Result<(), Errno> {
    job.attempt.doing = Doing::Write;
    write_all(job.kernel, Fd::OUT, job.output)
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
    let Err(errno) = done else {
        return SUCCESS;
    };
    let mut figures = [0; 3];
    // A batch's own objects, and those in /dev/shm, are part of what fills a limit: they are
    // measured before they are removed. Else the undo is first: a search for the cause takes stack.
    let is_explained_first = job.attempt.line.is_some() || job.attempt.step.is_posix;
    if !is_explained_first {
        undo(job);
    }
    let hint = hint::explain(&job.attempt, errno, job.made, &mut figures, job.kernel);
    if is_explained_first {
        undo(job);
    }
    failure::print(
        &job.attempt,
        errno,
        hint,
        &figures,
        job.made,
        arguments,
        job.kernel,
    );
    FAILURE
}
