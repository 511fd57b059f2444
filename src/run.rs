//! argv to exit status.

use core::hint::black_box;
use core::mem::{self, MaybeUninit};

use heapless::{Vec, VecView};

use crate::abi::{IPC_CREAT, IPC_EXCL, IPC_PRIVATE, S_IFMT, S_IFREG};
use crate::batch::{Arguments, BatchRoom, LineRoom, MOST_BYTES, MOST_OBJECTS, take_line};
use crate::errno::Errno;
use crate::grammar;
use crate::hint;
use crate::kernel::{Fd, File, Kernel, write_all};
use crate::measure::attributes;
use crate::options::{Argument, Opt};
use crate::plan::{self, Attempt, Called, Doing, Id, Kind, Made, Step};
use crate::posix::{Path, semaphore};
use crate::report::{self, LONGEST_LINE};
use crate::request::{self, Action, POSIX, Request};
use crate::usage::{Mistake, Refusal};
use crate::words::Words;

/// Objects of System V that one line can ask for. All else has larger lists.
const MOST_IDS: usize = Kind::ALL.len();

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
    let mut request = Request::new();
    let mut job = Job {
        kernel,
        attempt: Attempt::none(),
        may_be_forced: true,
        posixly_correct,
        made: &mut Vec::<_, MOST_IDS>::new(),
        output: &mut Vec::<_, { MOST_IDS * LONGEST_LINE }>::new(),
    };
    let mut lines: &[u8] = b"";
    let mut read = job.read_line(Arguments::Command(arguments), &mut request);
    let is_large = request.has(Opt::Batch.set() | Opt::Json.set() | POSIX);
    if is_large && matches!(read, Ok(Action::Create | Action::Batch)) {
        match job.enlarge::<A>(&request) {
            Ok(text) => lines = text,
            Err(errno) => read = Err(errno),
        }
    }
    // From here on no signal may come between an object and its id, and a pipe
    // that nobody reads is an error of write(2), not a death.
    let done = match job.block_signals().and(read) {
        Ok(Action::Create | Action::Batch) => {
            reserve_stack::<STACK>();
            if is_large {
                job.create_all::<A>(&request, lines)
            } else {
                job.create(&request)
            }
            .and_then(|()| job.write())
        }
        Ok(Action::Help) => job.print(Words::HELP),
        Ok(Action::Version) => job.print(Words::VERSION),
        Err(errno) => Err(errno),
    };
    job.end(done)
}

/// Bytes of stack, more than it takes from a creation to its undo.
const STACK: usize = 1024;
/// The same of a batch or a POSIX object, where a refusal is explained before the undo.
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
    posixly_correct: bool,
    /// What it is in the middle of.
    attempt: Attempt<'a>,
    /// Nobody has looked yet whether segments live on.
    may_be_forced: bool,
    /// What it has made: there is room for all.
    made: &'j mut VecView<Made<'a>>,
    /// What it will print.
    output: &'j mut VecView<u8>,
}

impl<'j, 'a, K: Kernel> Job<'j, 'a, K> {
    /// Reads a line into a `request`, and makes its key, where it names a file
    /// for that.
    ///
    /// # Errors
    /// The kernel's; EINVAL where the line is wrong: see the attempt.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn read_line<A>(
        &mut self,
        line: Arguments<'a, A>,
        request: &mut Request<'a>,
    ) -> Result<Action, Errno>
    where
        A: Iterator<Item = &'a [u8]> + Clone,
    {
        match grammar::read(line, self.posixly_correct, request) {
            Ok(action) => {
                if let Some((path, id)) = request.ftok() {
                    self.attempt.doing = Doing::Ftok;
                    self.attempt.path = path;
                    let file = self.kernel.identify(path)?;
                    request.set(Opt::Key, request::ftok(&file, id));
                }
                Ok(action)
            }
            Err(refusal) => {
                self.attempt.refusal = Some(refusal);
                Err(Errno::EINVAL)
            }
        }
    }

    /// Gets memory for many objects, names, or JSON, and reads and checks all lines of
    /// the batch that a request names, if it does. A signal may end the run as
    /// long as it waits for lines.
    #[inline(never)] // not in the frame of every run
    fn enlarge<A>(&mut self, request: &Request<'a>) -> Result<&'a [u8], Errno>
    where
        A: Iterator<Item = &'a [u8]> + Clone,
        'a: 'j,
    {
        reserve_stack::<LARGE_STACK>();
        self.attempt.doing = Doing::Memory;
        if !request.has(Opt::Batch.set()) {
            let LineRoom { made, output, .. } = self.kernel.room()?;
            self.made = made;
            self.output = output;
            return Ok(b"");
        }
        let BatchRoom { text, made, output } = self.kernel.room()?;
        self.made = made;
        self.output = output;
        let path = request.text(Argument::Text);
        self.attempt.doing = Doing::ReadBatch;
        self.attempt.path = path;
        let file = match path {
            b"-" => File::In,
            _ => File::User(path),
        };
        let lines = self.kernel.read(file, text)?;
        if lines.len() > MOST_BYTES {
            return Err(Errno::EFBIG);
        }
        self.each_line::<A>(request, lines, Some(MOST_OBJECTS))?;
        Ok(lines)
    }

    /// Creates what a request asks for, or what the lines of its batch do.
    #[inline(never)] // not in the frame of every run
    fn create_all<A>(&mut self, request: &Request<'a>, lines: &'a [u8]) -> Result<(), Errno>
    where
        A: Iterator<Item = &'a [u8]> + Clone,
    {
        report::frame::<K>(request, Words::JSON_BEGIN, self.output)?;
        if request.has(Opt::Batch.set()) {
            self.each_line::<A>(request, lines, None)?;
        } else {
            self.create(request)?;
        }
        self.attempt.doing = Doing::Write;
        report::frame::<K>(request, Words::JSON_END, self.output)
    }

    /// Prints what was made, at once.
    fn write(&mut self) -> Result<(), Errno> {
        self.attempt.doing = Doing::Write;
        write_all(self.kernel, Fd::Out, self.output)
    }

    /// Creates what the lines of a batch ask for, or only checks them, if they
    /// may ask for so many objects.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn each_line<A>(
        &mut self,
        batch: &Request<'a>,
        mut lines: &'a [u8],
        rehearsal: Option<u64>,
    ) -> Result<(), Errno>
    where
        A: Iterator<Item = &'a [u8]> + Clone,
    {
        let mut objects = 0;
        let mut number = 0;
        while !lines.is_empty() {
            number += 1;
            self.attempt.line = number;
            let line = Arguments::<A>::Line(take_line(&mut lines));
            if line.clone().next().is_none() {
                continue;
            }
            let mut request = Request::new();
            let action = self.read_line(line, &mut request)?;
            let Some(most) = rehearsal else {
                // What stands beside --batch goes for all.
                request.print_as(batch);
                self.create(&request)?;
                continue;
            };
            objects += request.objects();
            let mistake = if action != Action::Create || request.has(Opt::Json.set()) {
                Mistake::NotInBatch
            } else if objects > most {
                Mistake::TooMany
            } else {
                continue;
            };
            self.attempt.refusal = Some(Refusal::of_line(mistake));
            return Err(Errno::EINVAL);
        }
        self.attempt.line = 0;
        Ok(())
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
    fn end(&mut self, done: Result<(), Errno>) -> u8 {
        let Err(errno) = done else {
            return SUCCESS;
        };
        let mut figures = [0; 3];
        // The objects of a batch are among those that fill a limit, and so are those in
        // /dev/shm. Else undone before anything else: to find the cause takes stack,
        // of which there may be no more.
        let is_explained_first = self.attempt.line != 0 || self.attempt.step.is_posix;
        if !is_explained_first {
            self.undo();
        }
        let hint = hint::explain(&self.attempt, errno, &mut figures, self.kernel);
        if is_explained_first {
            self.undo();
        }
        report::failure(&self.attempt, errno, hint, &figures, self.made, self.kernel);
        FAILURE
    }

    /// Removes what this run has made, the last one first.
    fn undo(&mut self) {
        let made = self.made.iter_mut().rev();
        for object in made.filter(|object| object.created) {
            let removed = match object.called {
                Called::Id(id) => self.kernel.remove(object.kind, id),
                Called::Name(name) => name
                    .path(object.kind)
                    .and_then(|path| self.kernel.unlink(object.kind, &path)),
            };
            match (removed, object.called) {
                (Ok(()), _) => {}
                (Err(Errno::EINVAL | Errno::EIDRM), Called::Id(_))
                | (Err(Errno::ENOENT), Called::Name(_)) => self.attempt.is_gone = true,
                (Err(errno), _) => object.left = errno,
            }
        }
    }

    /// Creates all that one line asks for.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn create(&mut self, request: &Request<'a>) -> Result<(), Errno> {
        for step in plan::steps(request) {
            self.attempt.step = step;
            if step.is_posix {
                self.obtain_posix(request)?;
            } else {
                self.obtain(request)?;
            }
        }
        Ok(())
    }

    /// Creates the object of a step, or finds it where that will do.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn obtain(&mut self, request: &Request<'a>) -> Result<(), Errno> {
        let step = self.attempt.step;
        let key = request.key();
        // Beside a POSIX object it may be that one's alone.
        let existing = request.has(Opt::Existing.set()) && key.is_some();
        for _ in 0..MOST_TRIES {
            self.attempt.key = match key {
                Some(key) => key,
                None => {
                    self.attempt.doing = Doing::RandomKey;
                    match self.kernel.random()? {
                        IPC_PRIVATE => continue,
                        key => key,
                    }
                }
            };
            if existing && key != Some(IPC_PRIVATE) {
                self.attempt.doing = Doing::Find;
                // No mode bits: an object is found whatever its permissions.
                match self.kernel.get(step, self.attempt.key, 0) {
                    Err(Errno::ENOENT) => {}
                    found => return self.keep_id(request, found?, false),
                }
            }
            self.attempt.doing = Doing::Create;
            if step.kind == Kind::Shm && mem::take(&mut self.may_be_forced) {
                self.refuse_forced()?;
            }
            let flags = IPC_CREAT | IPC_EXCL | request.first_flags(step.kind);
            self.attempt.flags = flags;
            match self.kernel.get(step, self.attempt.key, flags) {
                // A collision, or somebody was quicker.
                Err(Errno::EEXIST) if existing || key.is_none() => {}
                created => return self.keep_id(request, created?, true),
            }
        }
        Err(Errno::EEXIST)
    }

    /// Keeps account of a System V object, makes a new one what it shall be, and
    /// prints it.
    fn keep_id(&mut self, request: &Request<'a>, id: Id, created: bool) -> Result<(), Errno> {
        let called = Called::Id(id);
        self.keep(called, created);
        if created && request.has_properties(self.attempt.step.kind) {
            self.furnish(request, id)?;
        }
        self.show(request, called, created)
    }

    /// Keeps account of an object.
    fn keep(&mut self, called: Called<'a>, created: bool) {
        let made = Made {
            kind: self.attempt.step.kind,
            called,
            created,
            left: Errno::NONE,
        };
        // It has room for all: it cannot be full.
        _ = self.made.push(made);
    }

    /// Prints an object.
    fn show(
        &mut self,
        request: &Request<'a>,
        called: Called<'a>,
        created: bool,
    ) -> Result<(), Errno> {
        self.attempt.doing = Doing::Write;
        let attempt = &self.attempt;
        if request.has(Opt::Json.set()) {
            report::json(request, attempt, called, created, self.output, self.kernel)
        } else {
            report::line(request, attempt.step.kind, called, self.output)
        }
    }

    /// Makes a new object what it shall be. Its mode comes last, so that nobody
    /// else can use it before.
    #[inline(never)] // not in the frame of every run
    fn furnish(&mut self, request: &Request<'_>, id: Id) -> Result<(), Errno> {
        let Step { kind, amount, .. } = self.attempt.step;
        if kind == Kind::Sem && request.has(Opt::Value.set()) {
            self.attempt.doing = Doing::SetValues;
            let mut values = request.values();
            let mut value = 0;
            for number in 0..amount {
                value = values.next().unwrap_or(value);
                self.kernel.set_value(id, number, value)?;
            }
        }
        if kind == Kind::Shm && request.has(Opt::Lock.set()) {
            self.attempt.doing = Doing::Lock;
            self.kernel.lock(id)?;
        }
        self.attempt.doing = Doing::Set;
        if kind == Kind::Queue {
            self.attempt.step.amount = match request.get(Opt::Qbytes) {
                Some(qbytes) => qbytes,
                // As it is: to ask the queue itself takes read permission.
                None => self.kernel.limits(kind)?.each,
            };
        }
        let qbytes = self.attempt.step.amount;
        let (owner, mode) = (request.owner(), request.mode());
        self.kernel.set(kind, id, owner, mode, qbytes)
    }

    /// Creates the POSIX object of a step, or finds it where that will do.
    #[inline(never)] // not in the frame of every run
    fn obtain_posix(&mut self, request: &Request<'a>) -> Result<(), Errno> {
        let kind = self.attempt.step.kind;
        let name = request.name();
        self.attempt.path = name.bytes;
        self.attempt.flags = 0;
        self.attempt.doing = Doing::Create;
        let path = name.path(kind)?;
        let created = self.find_or_make(request, &path)?;
        if !created {
            self.keep(Called::Name(name), false);
        }
        self.show(request, Called::Name(name), created)
    }

    /// Says whether the object is new.
    fn find_or_make(&mut self, request: &Request<'a>, path: &Path) -> Result<bool, Errno> {
        let Step { kind, amount, .. } = self.attempt.step;
        let existing = request.has(Opt::Existing.set());
        for _ in 0..MOST_TRIES {
            // To look at a queue takes permission. That it is there, its creation tells.
            if existing && kind != Kind::Queue {
                self.attempt.doing = Doing::Find;
                match self.look(None, path) {
                    Err(Errno::ENOENT) => {}
                    found => {
                        found?;
                        let Attempt { flags, step, .. } = self.attempt;
                        return if flags & S_IFMT == S_IFREG && step.amount >= amount {
                            Ok(false)
                        } else {
                            Err(Errno::EINVAL)
                        };
                    }
                }
            }
            self.attempt.doing = Doing::Create;
            match self.make(request, path) {
                // Only that of the call that gives it its name says so.
                Err(Errno::EEXIST) if existing && self.attempt.doing == Doing::Link => {}
                Err(Errno::EEXIST)
                    if existing && kind == Kind::Queue && self.attempt.doing == Doing::Create =>
                {
                    if request.has(Opt::Json.set())
                        && let Ok(fd) = self.kernel.find_queue(path)
                    {
                        _ = self.look(Some(fd), path);
                        // Nothing that is written to a queue gets into it.
                        _ = self.kernel.close(fd);
                    }
                    return Ok(false);
                }
                made => return made.map(|()| true),
            }
        }
        Err(Errno::EEXIST)
    }

    /// Creates a POSIX object. Its descriptor is closed before anything is
    /// printed: it can be that of standard output.
    fn make(&mut self, request: &Request<'a>, path: &Path) -> Result<(), Errno> {
        let mut mode = request.mode();
        let fd = if self.attempt.step.kind == Kind::Queue {
            let are_given = request.has(Opt::Maxmsg.set() | Opt::Msgsize.set());
            self.attempt.attributes = are_given.then(|| attributes(request, self.kernel));
            if request.has(Opt::Owner.set()) {
                // It has its name from the start: nobody else may use it yet.
                mode = 0;
            }
            let fd = self
                .kernel
                .open_queue(path, mode, self.attempt.attributes)?;
            self.keep(Called::Name(request.name()), true);
            fd
        } else {
            self.kernel.open_unnamed(mode)?
        };
        let done = self.fill(request, path, fd);
        // What stays open may be where the output goes.
        let closed = self.kernel.close(fd);
        closed.inspect_err(|_| self.attempt.doing = Doing::Close)?;
        done
    }

    /// Takes a POSIX object's mode and bytes for the attempt's.
    #[inline(never)] // `make size`: a copy at its caller is larger
    fn look(&mut self, fd: Option<Fd>, path: &Path) -> Result<(), Errno> {
        let found = self.kernel.status(fd, path)?;
        self.attempt.flags = found.mode;
        self.attempt.step.amount = found.amount;
        Ok(())
    }

    /// Makes a new POSIX object what it shall be, gives it its name, if it is a file,
    /// and has a look at it, for JSON.
    fn fill(&mut self, request: &Request<'a>, path: &Path, fd: Fd) -> Result<(), Errno> {
        let Step { kind, amount, .. } = self.attempt.step;
        let name = request.name();
        match kind {
            Kind::Shm => self.kernel.truncate(fd, amount)?,
            Kind::Queue => {}
            Kind::Sem => {
                let value = request.values().next().unwrap_or_default();
                write_all(self.kernel, fd, &semaphore(value, name.libc))?;
            }
        }
        if request.has(Opt::Owner.set()) {
            self.attempt.doing = Doing::Own;
            self.kernel.own(fd, request.owner())?;
            if kind == Kind::Queue {
                self.kernel.chmod(fd, request.mode())?;
            }
        }
        if kind != Kind::Queue {
            self.attempt.doing = Doing::Link;
            self.kernel.link(fd, path)?;
            self.keep(Called::Name(name), true);
        }
        if request.has(Opt::Json.set()) {
            // The umask is known to the kernel alone.
            _ = self.look(Some(fd), path);
        }
        Ok(())
    }

    /// Fails where a new segment would be destroyed as this process exits.
    fn refuse_forced(&mut self) -> Result<(), Errno> {
        let forced = File::Once(c"/proc/sys/kernel/shm_rmid_forced");
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
