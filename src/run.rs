//! argv to exit status.

use core::hint::black_box;
use core::mem::{self, MaybeUninit};
use core::slice;

use heapless::{Vec, VecView};

use crate::abi::{IPC_CREAT, IPC_EXCL, IPC_PRIVATE};
use crate::batch::{self, Arguments, Batch, MOST_BYTES, MOST_OBJECTS, Room};
use crate::errno::Errno;
use crate::grammar;
use crate::hint;
use crate::kernel::{File, Kernel};
use crate::options::Grammar;
use crate::plan::{self, Attempt, Doing, Id, Kind, MOST_STEPS, Made, Step};
use crate::report::{self, LONGEST_LINE};
use crate::request::{Action, Ftok, Key, Output, Request};
use crate::usage::{Mistake, Refusal};
use crate::words::Words;

/// Exit status: success.
const SUCCESS: u8 = 0;
/// Exit status: an error line went to standard error.
const FAILURE: u8 = 1;

/// Keys that are tried, or rounds of looking for an object and creating it,
/// before "File exists" is believed.
const MOST_TRIES: u32 = 128;

/// Runs a command line; `arguments` do not hold the program's name. Returns
/// the exit status.
pub fn run<'a, A, K>(arguments: A, posixly_correct: bool, kernel: &mut K) -> u8
where
    A: Iterator<Item = &'a [u8]> + Clone,
    K: Kernel,
{
    let mut request = Request::new(Grammar::Standard);
    let mut job = Job {
        kernel,
        attempt: Attempt::NONE,
        made: &mut Vec::<_, MOST_STEPS>::new(),
        output: &mut Vec::<_, { MOST_STEPS * LONGEST_LINE }>::new(),
    };
    let line = Arguments::Command(arguments);
    let read = job.read_line(line, posixly_correct, &mut request);
    if let Ok(Action::Batch) = read {
        return job.run_batch::<A>(&request, posixly_correct);
    }
    // From here on no signal may come between an object and its id, and a pipe
    // that nobody reads is an error of write(2), not a death.
    let done = match job.block_signals().and(read) {
        Ok(Action::Create | Action::Batch) => {
            if request.output == Output::Json {
                reserve_stack::<LARGE_STACK>();
            }
            reserve_stack::<STACK>();
            job.create(slice::from_ref(&request), request.output)
        }
        Ok(Action::Help) => job.print(Words::HELP),
        Ok(Action::Version) => job.print(Words::VERSION),
        Err(errno) => Err(errno),
    };
    job.end(done)
}

/// Bytes of stack, more than it takes from a creation to its undo.
const STACK: usize = 1024;
/// The same of JSON, and of a batch, which explains a refusal before it is
/// undone.
const LARGE_STACK: usize = 8192;

/// Has the stack grow now. Where it may not, that is a death, and later there
/// would be objects that nobody knows of.
#[inline(never)] // the bytes are the frame's
fn reserve_stack<const BYTES: usize>() {
    let mut stack = [MaybeUninit::<u8>::uninit(); BYTES];
    // It grows downwards.
    if let Some(deepest) = stack.first_mut() {
        deepest.write(0);
    }
    black_box(&mut stack);
}

/// All that a run works with.
struct Job<'j, 'a, K> {
    kernel: &'j mut K,
    /// What it is in the middle of.
    attempt: Attempt<'a>,
    /// What it has made: there is room for all.
    made: &'j mut VecView<Made>,
    /// What goes out at once, if there is room for it.
    output: &'j mut VecView<u8>,
}

impl<'a, K: Kernel> Job<'_, 'a, K> {
    /// Reads a line into a new `request`, and makes its key, where it names a
    /// file for that.
    ///
    /// # Errors
    /// The kernel's; EINVAL where the line is wrong: see the attempt.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn read_line<A>(
        &mut self,
        line: Arguments<'a, A>,
        posixly_correct: bool,
        request: &mut Request<'a>,
    ) -> Result<Action, Errno>
    where
        A: Iterator<Item = &'a [u8]> + Clone,
    {
        let attempt = &mut self.attempt;
        let action = match grammar::read(line, posixly_correct, request) {
            Ok(action) => action,
            Err(refusal) => {
                attempt.doing = Doing::ReadLine(refusal);
                return Err(Errno::EINVAL);
            }
        };
        if let Some(Ftok { path, id }) = request.ftok {
            attempt.doing = Doing::Ftok(path);
            request.key = Key::ftok(&self.kernel.identify(path)?, id);
        }
        Ok(action)
    }

    /// Runs all lines of a file.
    #[inline(never)] // not in the frame of every run
    fn run_batch<A>(&mut self, request: &Request<'a>, posixly_correct: bool) -> u8
    where
        A: Iterator<Item = &'a [u8]> + Clone,
    {
        // A signal may end the run as long as it waits for lines.
        let read = self.read_batch::<A>(request, posixly_correct);
        match self.block_signals().and(read) {
            Ok(Batch { requests, made, output }) => {
                reserve_stack::<LARGE_STACK>();
                let mut job = Job {
                    kernel: &mut *self.kernel,
                    attempt: Attempt::NONE,
                    made: made.write(Vec::new()),
                    output: output.write(Vec::new()),
                };
                let done = job.create(requests, request.output);
                job.end(done)
            }
            Err(errno) => self.end(Err(errno)),
        }
    }

    /// Reads and checks all lines of the batch that a request names. `A` is
    /// what the program's own arguments are.
    fn read_batch<A>(
        &mut self,
        request: &Request<'a>,
        posixly_correct: bool,
    ) -> Result<Batch<'a>, Errno>
    where
        A: Iterator<Item = &'a [u8]> + Clone,
    {
        let path = request.batch.unwrap_or_default();
        self.attempt.doing = Doing::ReadBatch(path);
        let Room {
            text,
            requests,
            made,
            output,
        } = self.kernel.room()?;
        let file = match path {
            b"-" => File::In,
            _ => File::User(path),
        };
        let mut rest: &'a [u8] = self.kernel.read(file, text)?;
        if rest.len() > MOST_BYTES {
            return Err(Errno::EFBIG);
        }
        let requests = requests.write(Vec::new());
        let mut objects = 0;
        while !rest.is_empty() {
            self.attempt.line += 1;
            let words = Arguments::<A>::Line(batch::take_line(&mut rest));
            if words.clone().next().is_none() {
                continue;
            }
            let mut one = Request::new(Grammar::Standard);
            let action = self.read_line(words, posixly_correct, &mut one)?;
            one.line = self.attempt.line;
            objects += one.objects();
            let is_wrong = action != Action::Create || one.output == Output::Json;
            // What stands beside --batch goes for all.
            if request.output != Output::Words {
                one.output = request.output;
            }
            let mistake = if is_wrong {
                Mistake::NotInBatch
            } else if objects > MOST_OBJECTS || requests.push(one).is_err() {
                Mistake::TooMany
            } else {
                continue;
            };
            self.attempt.doing = Doing::ReadLine(Refusal::of_line(mistake));
            return Err(Errno::EINVAL);
        }
        Ok(Batch {
            requests,
            made,
            output,
        })
    }

    fn block_signals(&mut self) -> Result<(), Errno> {
        let blocked = self.kernel.block_signals();
        if blocked.is_err() {
            self.attempt.doing = Doing::BlockSignals;
        }
        blocked
    }

    fn print(&mut self, words: Words) -> Result<(), Errno> {
        self.attempt.doing = Doing::Write;
        report::answer(words, self.kernel)
    }

    /// Ends a run, with its exit status. If it has failed, what it has made is
    /// removed, and the reason told.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn end(&mut self, done: Result<(), Errno>) -> u8 {
        let Err(errno) = done else {
            return SUCCESS;
        };
        let mut figures = [0; 3];
        let mut hint = None;
        // The objects of a batch are among those that fill a limit.
        let is_batch = self.attempt.line != 0;
        if is_batch {
            hint = hint::explain(&self.attempt, errno, &mut figures, self.kernel);
        }
        // Else undone before anything else: to find the cause takes stack, of
        // which there may be no more.
        self.undo();
        if !is_batch {
            hint = hint::explain(&self.attempt, errno, &mut figures, self.kernel);
        }
        report::failure(&self.attempt, errno, hint, &figures, self.made, self.kernel);
        FAILURE
    }

    /// Removes what this run has made, the last one first.
    fn undo(&mut self) {
        let made = self.made.iter_mut().rev();
        for object in made.filter(|object| object.created) {
            match self.kernel.remove(object.kind, object.id) {
                // Or somebody else has removed it already.
                Ok(()) | Err(Errno::EINVAL | Errno::EIDRM) => {}
                Err(errno) => object.left = errno,
            }
        }
    }

    /// Creates all that is asked for and prints the ids.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn create(&mut self, requests: &[Request<'a>], output: Output) -> Result<(), Errno> {
        let mut is_first_segment = true;
        for request in requests {
            self.attempt.line = request.line;
            self.attempt.shm_flags = request.shm_flags;
            if request.wants_posix() {
                self.attempt.doing = Doing::Posix;
                return Err(Errno::NONE);
            }
            for kind in Kind::ALL {
                let Some(step) = plan::step(request, kind) else {
                    continue;
                };
                self.attempt.step = step;
                if kind == Kind::Shm && mem::take(&mut is_first_segment) {
                    self.refuse_forced()?;
                }
                let object = self.obtain(request)?;
                // It has room for all: it cannot be full.
                _ = self.made.push(object);
                if object.created && request.has_properties(kind) {
                    self.furnish(request, object.id)?;
                }
            }
        }
        self.attempt.doing = Doing::Write;
        self.attempt.line = 0;
        if output == Output::Json {
            report::json(requests, self.made, self.output, self.kernel)
        } else {
            report::ids(self.made, self.output, self.kernel)
        }
    }

    /// Creates the object of a step, or finds it where that will do.
    fn obtain(&mut self, request: &Request<'_>) -> Result<Made, Errno> {
        let attempt = &mut self.attempt;
        let step = attempt.step;
        let mut made = Made {
            kind: step.kind,
            id: 0,
            key: 0,
            created: false,
            output: request.output,
            left: Errno::NONE,
        };
        for _ in 0..MOST_TRIES {
            attempt.key = match request.key {
                Key::Chosen(key) => key,
                Key::Random => {
                    attempt.doing = Doing::RandomKey;
                    match self.kernel.random()? {
                        IPC_PRIVATE => continue,
                        key => key,
                    }
                }
            };
            made.key = attempt.key;
            if request.existing && !request.key.is_private() {
                attempt.doing = Doing::Find;
                // No mode bits: an object is found whatever its permissions.
                match self.kernel.get(step, attempt.key, 0) {
                    Err(Errno::ENOENT) => {}
                    found => {
                        made.id = found?;
                        return Ok(made);
                    }
                }
            }
            attempt.doing = Doing::Create;
            let flags = IPC_CREAT | IPC_EXCL | request.first_flags(step.kind);
            match self.kernel.get(step, attempt.key, flags) {
                // A collision, or somebody was quicker.
                Err(Errno::EEXIST) if request.existing || request.key == Key::Random => {}
                created => {
                    made.id = created?;
                    made.created = true;
                    return Ok(made);
                }
            }
        }
        Err(Errno::EEXIST)
    }

    /// Makes a new object what it shall be. Its mode comes last, so that nobody
    /// else can use it before.
    #[inline(never)] // not in the frame of every run
    fn furnish(&mut self, request: &Request<'_>, id: Id) -> Result<(), Errno> {
        let Step { kind, amount } = self.attempt.step;
        if let (Kind::Sem, Some(values)) = (kind, request.values) {
            self.attempt.doing = Doing::SetValues;
            for (number, value) in (0..).zip(values.of(amount)) {
                self.kernel.set_value(id, number, value)?;
            }
        }
        if kind == Kind::Shm && request.lock {
            self.attempt.doing = Doing::Lock;
            self.kernel.lock(id)?;
        }
        self.attempt.doing = Doing::Set;
        if kind == Kind::Queue {
            self.attempt.step.amount = match request.qbytes {
                Some(qbytes) => qbytes.get(),
                // As it is: to ask the queue itself takes read permission.
                None => self.kernel.limits(kind)?.each,
            };
        }
        let qbytes = self.attempt.step.amount;
        self.kernel.set(kind, id, request.owner, request.mode, qbytes)
    }

    /// Fails where a new segment would be destroyed as this process exits.
    fn refuse_forced(&mut self) -> Result<(), Errno> {
        self.attempt.doing = Doing::Create;
        let forced = File::System(c"/proc/sys/kernel/shm_rmid_forced");
        match self.kernel.read(forced, &mut [0]) {
            Ok([b'1']) => {
                self.attempt.doing = Doing::ForcedShm;
                Err(Errno::NONE)
            }
            // It may be there: one more descriptor would tell.
            Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => Err(errno),
            // There is no /proc, or a sandbox keeps it: it goes undetected.
            _ => Ok(()),
        }
    }
}
