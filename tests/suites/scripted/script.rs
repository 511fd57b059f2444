//! A kernel that follows a script.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::ptr::NonNull;

use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::object::{Id, Kind};
use ipcmk::kernel::port::{
    Attributes, Fd, File, Identity, Input, Kernel, Limits, Owner, Properties, Space, State,
};
use ipcmk::kernel::posix::Path;
use ipcmk::run::run;
use ipcmk_tests::text;
use syscalls::Sysno;

/// A call that the library makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    BlockSignals,
    Random,
    /// A file, and what is in it.
    Read(Source, &'static [u8]),
    /// Of an open queue: the result is maxmsg and, in the lower half, msgsize.
    AskAttributes(usize),
    /// A file; the result is its device's minor number and, in the lower half, its inode number.
    Identify(String),
    /// Memory for the lines of a batch, or for long output. A script need not name it.
    Room,
    /// Kind, key, amount, flags.
    Get(Kind, u32, u64, i32),
    /// Kind, identifier, owner, mode, msg_qbytes.
    Set(Kind, Id, (u32, u32), u32, u64),
    /// Memory for so many values.
    Values(usize),
    /// Identifier, values.
    SetValues(Id, Vec<u16>),
    /// Identifier, what is added to the first semaphore.
    Operate(Id, [i16; 2]),
    Lock(Id),
    /// Kind, identifier; the result is the mode and, in the lower half, the amount.
    AskState(Kind, Id),
    Remove(Kind, Id),
    /// A file of /dev/shm without a name, with this mode; the result is its descriptor.
    OpenUnnamed(u32),
    /// A new file of /dev/shm with this path; the result is its descriptor.
    OpenNew(String),
    /// A POSIX queue: name, mode, attributes; the result is its descriptor.
    OpenQueue(String, u32, Option<[u64; 2]>),
    /// Descriptor, size.
    Truncate(usize, u64),
    Allocate(usize, u64),
    /// To a POSIX semaphore that is not whole yet.
    Fill(usize, Vec<u8>),
    /// For it.
    WaitToFill(usize),
    /// Descriptor, owner.
    Own(usize, (u32, u32)),
    /// Descriptor, mode.
    Chmod(usize, u32),
    /// The result is the umask.
    AskUmask,
    /// Descriptor, path.
    Link(usize, String),
    /// Path, path.
    LinkPath(String, String),
    /// Whether a descriptor's file has this path: 1 or 0.
    IsSame(usize, String),
    Close(usize),
    /// Of a file.
    Unlink(String),
    UnlinkQueue(String),
    /// What a file is; the result is its type and mode and, in the lower half, its size.
    AskFile(String),
    /// A queue that is there: the result is its descriptor.
    FindQueue(String),
    /// What is open; the result is as above.
    AskOpen(usize),
    /// The limits of a kind, which are [`LIMITS`].
    AskLimits(Kind),
    /// A limit of the process.
    AskLimit(u32),
    /// The space of /dev/shm: 2000 pages, 400 inodes; the result is how many pages are free.
    AskSpace,
    /// Whether there is a filter.
    AskFilter,
    /// A call with an argument that the kernel refuses, which a filter refuses with another errno.
    Refuse(Sysno),
    /// To standard output.
    Write(String),
    /// For standard output.
    Wait,
}

pub use Call::{
    Allocate, AskAttributes, AskFile, AskFilter, AskLimit, AskLimits, AskOpen, AskSpace, AskState,
    AskUmask, BlockSignals, Chmod, Close, Fill, FindQueue, Get, Identify, IsSame, Link, LinkPath,
    Lock, OpenNew, OpenQueue, OpenUnnamed, Operate, Own, Random, Read, Refuse, Remove, Set,
    SetValues, Truncate, Unlink, UnlinkQueue, Values, Wait, WaitToFill, Write,
};

/// Where something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    System(&'static str),
    User(&'static str),
}

impl Source {
    /// Whether it is this file.
    fn is(self, file: File<'_>) -> bool {
        match (self, file) {
            (Self::System(path), File::System(file) | File::Once(file)) => {
                path.as_bytes() == file.to_bytes()
            }
            _ => false,
        }
    }
}

/// Read before the first segment.
pub const SHM_RMID_FORCED: Call = Read(Source::System("/proc/sys/kernel/shm_rmid_forced"), b"0\n");

/// What a scripted namespace allows, and what it holds.
pub const LIMITS: Limits = Limits {
    each: 1000,
    units: 100,
    units_used: 90,
    unit: NonZero::new(10).unwrap(),
    objects: 50,
    objects_used: 50,
};

/// The next call, and what it returns, as the kernel itself does: a negative errno, or a result.
pub type Expected = (Call, i64);

pub const NEW: i32 = libc::IPC_CREAT | libc::IPC_EXCL;

/// No id: that of the process is meant.
pub const OURS: u32 = u32::MAX;

/// A kernel that expects these calls and no other.
pub struct Script {
    calls: VecDeque<Expected>,
    /// What it was told on standard error.
    told: String,
    /// None where the script has all the looks too.
    causes: Option<Causes>,
    memory: Memory,
    /// Descriptors of POSIX objects that are not closed yet.
    open: Vec<usize>,
}

/// What is known of the cause of a failure: calls that only look, each of which may be made again
/// and again. The others find nothing.
pub struct Causes(Vec<(Expected, bool)>);

impl Causes {
    fn new(causes: impl IntoIterator<Item = Expected>) -> Self {
        Self(causes.into_iter().map(|cause| (cause, false)).collect())
    }

    /// What is known by this call, which is looked at from now on.
    fn ask(&mut self, is_it: impl Fn(&Call) -> bool) -> Option<Expected> {
        let (cause, is_asked) = self.0.iter_mut().find(|((call, _), _)| is_it(call))?;
        *is_asked = true;
        Some(cause.clone())
    }
}

impl Call {
    /// Whether it only looks.
    const fn is_a_look(&self) -> bool {
        matches!(
            self,
            AskLimits(_) | AskFilter | AskLimit(_) | AskSpace | AskState(..) | Get(_, _, _, 0)
        )
    }

    /// Whether it takes an object away.
    const fn is_undo(&self) -> bool {
        matches!(self, Remove(..) | Unlink(_) | UnlinkQueue(_))
    }
}

/// Two results in one, each a number of 32 bits.
pub fn both(high: u32, low: u32) -> i64 {
    i64::from(high) << 32 | i64::from(low)
}

/// The mappings of a run.
#[derive(Default)]
pub struct Memory(Vec<(NonNull<u8>, Layout)>);

impl Memory {
    /// Memory for so many values, all of them this one.
    ///
    /// # Safety
    /// It must not be used any more when this is dropped.
    pub unsafe fn map<'a, T: Copy + 'a>(&mut self, count: usize, value: T) -> &'a mut [T] {
        let layout = Layout::array::<T>(count).expect("a size");
        assert_ne!(layout.size(), 0, "mmap(2) refuses it");
        // SAFETY: its size is not 0.
        let start = unsafe { alloc(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        self.0.push((start, layout));
        let start = start.cast::<MaybeUninit<T>>();
        // SAFETY: it is allocated for so many, and this is the only reference to it.
        let values = unsafe { NonNull::slice_from_raw_parts(start, count).as_mut() };
        values.fill(MaybeUninit::new(value));
        // SAFETY: all of them are values.
        unsafe { NonNull::slice_from_raw_parts(start.cast(), count).as_mut() }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        for (start, layout) in &self.0 {
            // SAFETY: allocated with this layout. Nothing in it has a drop of its own.
            unsafe { dealloc(start.as_ptr(), *layout) };
        }
    }
}

/// What a call that returns this comes to.
fn outcome(result: i64) -> Result<i64, Errno> {
    match i32::try_from(result) {
        Ok(negative @ ..0) => Err(Errno::new(negative.unsigned_abs() as usize)),
        _ => Ok(result),
    }
}

impl Script {
    fn new(script: impl IntoIterator<Item = Expected>, causes: Option<Causes>) -> Self {
        Self {
            calls: script.into_iter().collect(),
            told: String::new(),
            causes,
            memory: Memory::default(),
            open: Vec::new(),
        }
    }

    /// The causes, once nothing is left but to undo.
    fn causes(&mut self) -> Option<&mut Causes> {
        self.causes
            .as_mut()
            .filter(|_| self.calls.iter().all(|(call, _)| call.is_undo()))
    }

    fn answer(&mut self, call: Call) -> Result<i64, Errno> {
        if call.is_a_look()
            && let Some(causes) = self.causes()
        {
            let known = causes.ask(|cause| *cause == call);
            return outcome(known.map_or(-i64::from(libc::ENOENT), |(_, result)| result));
        }
        let Some((expected, result)) = self.calls.pop_front() else {
            panic!("the script ends before {call:?}");
        };
        assert_eq!(call, expected, "the next call, and the one of the script");
        outcome(result)
    }

    /// The errno of a call with an argument that the kernel refuses: its own, or that of a filter
    /// that is known as a cause.
    #[track_caller]
    fn refuse(&mut self, call: Sysno, own: Errno) -> Errno {
        let is_it = |cause: &Call| *cause == Refuse(call);
        let known = self.causes().and_then(|causes| causes.ask(is_it));
        known.map_or(own, |(_, result)| {
            outcome(result).expect_err("a filter's errno")
        })
    }

    fn answer_both(&mut self, call: Call) -> Result<(u32, u32), Errno> {
        let result = self.answer(call)?;
        let low = result & i64::from(u32::MAX);
        Ok([result >> 32, low]
            .map(|half| half.try_into().expect("half of it"))
            .into())
    }
}

/// What is before the first NUL, which a path always has.
fn text_of(path: &Path) -> String {
    let bytes = path.with_nul().split(|&byte| byte == 0).next();
    String::from_utf8_lossy(bytes.expect("there is always a first part")).into_owned()
}

/// The name of a queue, which follows a slash.
fn queue_of(path: &Path) -> String {
    let path = text_of(path);
    path.strip_prefix('/').expect("a slash").into()
}

impl Script {
    /// Opens a POSIX object.
    fn open(&mut self, call: Call) -> Result<Fd, Errno> {
        let descriptor = self.answer(call)?.try_into().expect("a descriptor");
        self.open.push(descriptor);
        Ok(Fd(descriptor))
    }

    /// The descriptor of a POSIX object that is open.
    #[track_caller]
    fn opened(&self, fd: Fd) -> usize {
        assert!(self.open.contains(&fd.0), "{fd:?} is not open");
        fd.0
    }
}

impl Kernel for Script {
    fn block_signals(&mut self) -> Result<(), Errno> {
        self.answer(BlockSignals).map(drop)
    }

    fn ipc_get(&mut self, kind: Kind, amount: u64, key: u32, flags: u32) -> Result<Id, Errno> {
        // msgget(2) takes none.
        let amount = if kind == Kind::Queue { 0 } else { amount };
        self.answer(Get(kind, key, amount, flags.cast_signed()))
            .map(|id| id.try_into().expect("an identifier"))
    }

    fn ipc_set(&mut self, kind: Kind, id: Id, properties: Properties) -> Result<(), Errno> {
        let Properties {
            owner: Owner { uid, gid },
            mode,
            qbytes,
        } = properties;
        // The other kinds have none.
        let qbytes = if kind == Kind::Queue { qbytes } else { 0 };
        self.answer(Set(kind, id, (uid, gid), mode, qbytes))
            .map(drop)
    }

    fn sem_setall(&mut self, id: Id, values: &[u16]) -> Result<(), Errno> {
        self.answer(SetValues(id, values.into())).map(drop)
    }

    fn semop(&mut self, id: Id, changes: [i16; 2]) -> Result<(), Errno> {
        self.answer(Operate(id, changes)).map(drop)
    }

    fn shm_lock(&mut self, id: Id) -> Result<(), Errno> {
        self.answer(Lock(id)).map(drop)
    }

    fn ipc_stat(&mut self, kind: Kind, id: Id) -> Result<State, Errno> {
        let (mode, amount) = self.answer_both(AskState(kind, id))?;
        Ok(State {
            mode,
            amount: amount.into(),
        })
    }

    fn ipc_rmid(&mut self, kind: Kind, id: Id) -> Result<(), Errno> {
        self.answer(Remove(kind, id)).map(drop)
    }

    fn open_tmpfile(&mut self, mode: u32) -> Result<Fd, Errno> {
        self.open(OpenUnnamed(mode))
    }

    fn open_new(&mut self, path: &Path) -> Result<Fd, Errno> {
        self.open(OpenNew(text_of(path)))
    }

    fn mq_create(
        &mut self,
        path: &Path,
        mode: u32,
        attributes: Option<Attributes>,
    ) -> Result<Fd, Errno> {
        let attributes = attributes.map(|Attributes { maxmsg, msgsize }| [maxmsg, msgsize]);
        self.open(OpenQueue(queue_of(path), mode, attributes))
    }

    fn ftruncate(&mut self, fd: Fd, size: u64) -> Result<(), Errno> {
        self.answer(Truncate(self.opened(fd), size)).map(drop)
    }

    fn fallocate(&mut self, fd: Fd, size: u64) -> Result<(), Errno> {
        self.answer(Allocate(self.opened(fd), size)).map(drop)
    }

    fn fchown(&mut self, fd: Fd, Owner { uid, gid }: Owner) -> Result<(), Errno> {
        self.answer(Own(self.opened(fd), (uid, gid))).map(drop)
    }

    fn fchmod(&mut self, fd: Fd, mode: u32) -> Result<(), Errno> {
        self.answer(Chmod(self.opened(fd), mode)).map(drop)
    }

    fn umask(&mut self) -> Result<u32, Errno> {
        self.answer(AskUmask)
            .map(|umask| umask.try_into().expect("a umask"))
    }

    fn linkat(&mut self, fd: Fd, path: &Path) -> Result<(), Errno> {
        self.answer(Link(self.opened(fd), text_of(path))).map(drop)
    }

    fn linkat_path(&mut self, from: &Path, path: &Path) -> Result<(), Errno> {
        self.answer(LinkPath(text_of(from), text_of(path)))
            .map(drop)
    }

    fn is_same(&mut self, fd: Fd, path: &Path) -> Result<bool, Errno> {
        let is_same = self.answer(IsSame(self.opened(fd), text_of(path)))?;
        Ok(is_same != 0)
    }

    fn close(&mut self, fd: Fd) -> Result<(), Errno> {
        let descriptor = self.opened(fd);
        self.open.retain(|&other| other != descriptor);
        self.answer(Close(descriptor)).map(drop)
    }

    fn unlink(&mut self, kind: Kind, path: &Path) -> Result<(), Errno> {
        self.answer(match kind {
            Kind::Queue => UnlinkQueue(queue_of(path)),
            Kind::Shm | Kind::Sem => Unlink(text_of(path)),
        })
        .map(drop)
    }

    fn mq_open(&mut self, path: &Path) -> Result<Fd, Errno> {
        self.open(FindQueue(queue_of(path)))
    }

    fn statx(&mut self, fd: Option<Fd>, path: &Path) -> Result<State, Errno> {
        if fd == Some(Fd::NONE) {
            return Err(self.refuse(Sysno::statx, Errno::EBADF));
        }
        if fd.is_none() && text_of(path) == "/" {
            // The root directory is there, so that only a filter refuses it.
            return match self.refuse(Sysno::newfstatat, Errno::NONE) {
                Errno::NONE => Ok(State {
                    mode: 0o40755,
                    amount: 0,
                }),
                errno => Err(errno),
            };
        }
        let (mode, amount) = self.answer_both(match fd {
            Some(fd) => AskOpen(self.opened(fd)),
            None => AskFile(text_of(path)),
        })?;
        Ok(State {
            mode,
            amount: amount.into(),
        })
    }

    fn statfs(&mut self) -> Result<Space, Errno> {
        let free = self.answer(AskSpace)?;
        Ok(Space {
            block: 4096,
            blocks: 2000,
            free_blocks: free.unsigned_abs(),
            inodes: 400,
            free_inodes: 5,
            is_hugetlbfs: false,
        })
    }

    fn random(&mut self) -> Result<u32, Errno> {
        self.answer(Random)
            .map(|key| key.try_into().expect("a key"))
    }

    fn read<'b>(&mut self, file: File<'_>, buffer: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        let is_it = |call: &Call| matches!(call, Read(source, _) if source.is(file));
        let known = match self.causes() {
            Some(causes) => causes.ask(is_it).ok_or(Errno::ENOENT)?,
            None => {
                let next = self.calls.pop_front().filter(|(call, _)| is_it(call));
                next.unwrap_or_else(|| panic!("{file:?} is not what the script has next"))
            }
        };
        let (Read(_, content), result) = known else {
            unreachable!("it is a file");
        };
        outcome(result)?;
        let length = content.len().min(buffer.len());
        buffer[..length].copy_from_slice(&content[..length]);
        Ok(&buffer[..length])
    }

    fn mq_getattr(&mut self, fd: Fd) -> Result<Attributes, Errno> {
        let (maxmsg, msgsize) = self.answer_both(AskAttributes(self.opened(fd)))?;
        Ok(Attributes {
            maxmsg: maxmsg.into(),
            msgsize: msgsize.into(),
        })
    }

    fn identify(&mut self, path: &[u8]) -> Result<Identity, Errno> {
        if path.is_empty() && self.causes().is_some() {
            return Err(self.refuse(Sysno::statx, Errno::ENOENT));
        }
        let path = String::from_utf8_lossy(path).into_owned();
        let (dev_minor, ino) = self.answer_both(Identify(path))?;
        Ok(Identity {
            ino: ino.into(),
            dev: dev_minor.into(),
        })
    }

    fn read_whole<'a>(&mut self, file: Input<'_>) -> Result<&'a [u8], Errno> {
        let is_it = |call: &Call| match (call, file) {
            (Read(Source::User(path), _), Input::File(file)) => path.as_bytes() == file,
            _ => false,
        };
        let next = self.calls.pop_front().filter(|(call, _)| is_it(call));
        let Some((Read(_, content), result)) = next else {
            panic!("{file:?} is not what the script has next: {next:?}");
        };
        outcome(result)?;
        Ok(content)
    }

    fn mmap_bytes<'a>(&mut self, count: usize) -> Result<&'a mut [u8], Errno> {
        self.mmap(count, 0)
    }

    fn mmap<'a, T: Copy + 'a>(&mut self, count: usize, value: T) -> Result<&'a mut [T], Errno> {
        if size_of::<T>() == size_of::<u16>() {
            self.answer(Values(count))?;
        } else if matches!(self.calls.front(), Some((Call::Room, _))) {
            self.answer(Call::Room)?;
        }
        // SAFETY: the one run by this script is over when it is dropped.
        Ok(unsafe { self.memory.map(count, value) })
    }

    fn prlimit(&mut self, resource: usize) -> Result<u64, Errno> {
        let resource = resource.try_into().expect("a limit");
        self.answer(AskLimit(resource))
            .map(|limit| limit.try_into().expect("a number"))
    }

    fn ipc_info(&mut self, kind: Kind) -> Result<Limits, Errno> {
        self.answer(AskLimits(kind)).map(|_| LIMITS)
    }

    fn is_filtered(&mut self) -> bool {
        self.answer(AskFilter) == Ok(1)
    }

    fn probe(&mut self, call: Sysno, _: usize) -> Option<Errno> {
        Some(self.refuse(call, Errno::EINVAL))
    }

    fn ppoll(&mut self, fd: Fd) -> Result<(), Errno> {
        self.answer(match fd {
            _ if self.open.contains(&fd.0) => WaitToFill(fd.0),
            Fd::OUT => Wait,
            _ => panic!("no wait for {fd:?}"),
        })
        .map(drop)
    }

    /// Standard error takes everything, whole, but only once there is nothing left to undo or to
    /// remove: it may be a pipe that no process empties.
    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        let text = || String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let call = match fd {
            // It may be that of standard output.
            _ if self.open.contains(&fd.0) => Fill(fd.0, bytes.to_vec()),
            Fd::OUT | Fd::ERR => {
                assert!(self.open.is_empty(), "still open as it writes {:?}", text());
                Write(text())
            }
            _ => panic!("{fd:?} is not open"),
        };
        if fd == Fd::ERR {
            let undo = self.calls.iter().find(|(call, _)| call.is_undo());
            assert_eq!(undo, None, "still to be done as it says {:?}", text());
            self.told.push_str(&text());
            return Ok(bytes.len());
        }
        self.answer(call)
            .map(|written| written.try_into().expect("a number of bytes"))
    }
}

/// What came of a line: the exit status, and the lines of standard error without the program's name
/// and without the last one, that leads to the help.
pub type Told = (u8, Vec<String>);

/// Runs a command line by this script, to its last call, and asks for each cause that is known.
#[track_caller]
fn run_by(line: &str, script: impl IntoIterator<Item = Expected>, causes: Option<Causes>) -> Told {
    let script: Vec<Expected> = script.into_iter().collect();
    let look = |script: &mut Script| {
        let causes = script.causes.iter().flat_map(|causes| &causes.0);
        let unasked = causes.filter(|(_, is_asked)| !is_asked);
        let left = script.calls.iter().chain(unasked.map(|(cause, _)| cause));
        let left: Vec<String> = left.map(|call| format!("{call:?}")).collect();
        (left, script.told.clone())
    };
    let (status, (left, told)) = run_on(line, || Script::new(script, causes), look);
    assert!(left.is_empty(), "{line}: not made: {left:?}");
    let name = |line: &str| match line.strip_prefix("ipcmk: ") {
        Some(line) => line.to_owned(),
        None => panic!("without our name: {line}"),
    };
    let is_help = |line: &&str| *line == "Try 'ipcmk --help' for more information.";
    let lines = told.lines().filter(|line| !is_help(line));
    (status, lines.map(name).collect())
}

/// Runs a command line on a kernel; gives the exit status, and what `look` finds in the kernel.
#[track_caller]
pub fn run_on<K: Kernel, T>(
    line: &str,
    kernel: impl FnOnce() -> K,
    look: impl FnOnce(&mut K) -> T,
) -> (u8, T) {
    let words = text::words(line).expect(line);
    let mut kernel = kernel();
    let status = run(words.iter().map(Vec::as_slice), false, &mut kernel);
    (status, look(&mut kernel))
}

/// Runs a command line that fails by this script, to its last call; gives the lines of standard
/// error, without the program's name.
#[track_caller]
pub fn tell(line: &str, script: impl IntoIterator<Item = Expected>) -> Vec<String> {
    let (status, told) = run_by(line, script, None);
    assert_eq!(status, 1, "{line}");
    told
}

/// The same where this is known of the cause. Gives what is said of that.
#[track_caller]
pub fn explain(
    line: &str,
    script: impl IntoIterator<Item = Expected>,
    causes: impl IntoIterator<Item = Expected>,
) -> String {
    let (status, told) = run_by(line, script, Some(Causes::new(causes)));
    assert_eq!(status, 1, "{line}");
    assert!((1..=2).contains(&told.len()), "{line}: {told:?}");
    told.into_iter().nth(1).unwrap_or_default()
}

/// Runs a command line by this script, to its last call; gives the exit status and the first line
/// of standard error, without the program's name.
#[track_caller]
pub fn play(line: &str, script: impl IntoIterator<Item = Expected>) -> (u8, String) {
    let (status, told) = run_by(line, script, Some(Causes::new([])));
    (status, told.into_iter().next().unwrap_or_default())
}

/// Fails with this errno, and glibc's words for it.
pub fn failed(what: &str, errno: i32) -> (u8, String) {
    let text = io::Error::from_raw_os_error(errno).to_string();
    let reason = text
        .split(" (os error")
        .next()
        .expect("there is always a first part");
    (1, format!("{what}: {reason}"))
}

pub fn silent() -> (u8, String) {
    (0, String::new())
}

pub fn ok(text: &str) -> Expected {
    (Write(text.to_owned()), text.len() as i64)
}

pub fn error(call: Call, errno: i32) -> Expected {
    (call, -i64::from(errno))
}

/// Calls of a script, with the number of the line of a batch that they are made for; else 0.
pub type Part = (u32, Vec<Expected>);

/// Plays a script that succeeds; then with each call failing in turn, in many ways: then whatever
/// was made before is removed, the last one first, and the first line of standard error says what
/// failed, and in which line. Gives the number of calls that can fail.
#[track_caller]
pub fn try_failures(line: &str, parts: &[Part]) -> usize {
    use libc::{EACCES, EIDRM, EINVAL, ENFILE, ENOMEM, ENOSPC, ENOSYS, EPERM};
    let script: Vec<Expected> = parts.iter().flat_map(|part| part.1.clone()).collect();
    assert_eq!(play(line, script.clone()), silent(), "{line}");
    let numbers = parts
        .iter()
        .flat_map(|(number, calls)| vec![*number; calls.len()]);
    let errnos = [EPERM, ENOMEM, EACCES, EINVAL, ENFILE, ENOSPC, ENOSYS, EIDRM];
    let mut tried = 0;
    for (at, number) in numbers.enumerate() {
        let (call, _) = &script[at];
        let Some(mut what) = what_fails(&script, at) else {
            continue;
        };
        if number != 0 {
            what = format!("line {number}: {what}");
        }
        for errno in errnos {
            if matches!(call, OpenUnnamed(_) | Link(..)) && errno == EINVAL {
                // There is another way.
                continue;
            }
            let mut failing = script[..at].to_vec();
            failing.push(error(call.clone(), errno));
            // Even where the line could not be read.
            if !failing.iter().any(|(call, _)| *call == BlockSignals) {
                failing.push((BlockSignals, 0));
            }
            let other = left_named(&failing);
            for fd in left_open(&failing) {
                failing.extend(other.clone().map(|path| (IsSame(fd, path), 1)));
                failing.push((Close(fd), 0));
            }
            failing.extend(other.map(|path| (Unlink(path), 0)));
            failing.extend(script[..at].iter().rev().filter_map(undo));
            assert_eq!(play(line, failing), failed(&what, errno), "{line}");
        }
        tried += 1;
    }
    tried
}

/// What to do about a call once something has failed.
fn undo((call, result): &Expected) -> Option<Expected> {
    match call {
        Get(kind, _, _, flags) if flags & libc::IPC_CREAT != 0 && *result >= 0 => {
            Some((Remove(*kind, result.unsigned_abs() as usize), 0))
        }
        OpenQueue(name, ..) if *result >= 0 => Some((UnlinkQueue(name.clone()), 0)),
        Link(_, path) | LinkPath(_, path) if *result >= 0 => Some((Unlink(path.clone()), 0)),
        _ => None,
    }
}

/// The descriptors that calls have left open. One that cannot be closed is not closed again.
fn left_open(calls: &[Expected]) -> impl Iterator<Item = usize> + use<> {
    let mut open = Vec::new();
    for (call, result) in calls {
        match call {
            OpenUnnamed(_) | OpenNew(_) | OpenQueue(..) | FindQueue(_) if *result >= 0 => {
                open.push(*result as usize);
            }
            Close(descriptor) => open.retain(|other| other != descriptor),
            _ => {}
        }
    }
    open.into_iter()
}

/// The other name that calls have left to a file. One that cannot be unlinked is not unlinked
/// again.
fn left_named(calls: &[Expected]) -> Option<String> {
    let mut named = None;
    for (call, result) in calls {
        match call {
            OpenNew(path) if *result >= 0 => named = Some(path.clone()),
            Unlink(path) => named = named.filter(|other| other != path),
            _ => {}
        }
    }
    named
}

/// The words for the failure of a call of a script; none where it is no failure.
fn what_fails(script: &[Expected], at: usize) -> Option<String> {
    let is_content = |(call, _): &Expected| {
        matches!(call, Truncate(..) | Allocate(..) | Fill(..) | OpenQueue(..))
    };
    Some(match &script[at].0 {
        BlockSignals => "block signals failed".into(),
        Random => "get random key failed".into(),
        Call::Room | Values(_) => "map memory failed".into(),
        Identify(path) => format!("get key of '{path}' failed"),
        Read(Source::User(path), _) => format!("read '{path}' failed"),
        // JSON does without.
        AskLimits(Kind::Queue) if !matches!(script.get(at + 1), Some((Set(..), _))) => return None,
        Get(kind, ..) | Set(kind, ..) | AskLimits(kind) => match kind {
            Kind::Shm => "create share memory failed".into(),
            Kind::Queue => "create message queue failed".into(),
            Kind::Sem => "create semaphore failed".into(),
        },
        SetValues(..) | Operate(..) => "set semaphore values failed".into(),
        Lock(_) => "lock share memory failed".into(),
        OpenQueue(..) => "create POSIX message queue failed".into(),
        Truncate(..) | Allocate(..) => "create POSIX shared memory failed".into(),
        Fill(..) | WaitToFill(_) => "create POSIX semaphore failed".into(),
        // Whether the other name is still the file's: unless it is known not to be.
        IsSame(..) if matches!(script.get(at + 1), Some((Close(_), _))) => return None,
        // What is made there, its content tells.
        OpenUnnamed(_) | OpenNew(_) => {
            return what_fails(script, at + script[at..].iter().position(is_content)?);
        }
        Own(..) | AskUmask | Chmod(..) | Link(..) | LinkPath(..) | IsSame(..) | Close(_)
        | Unlink(_) => {
            return what_fails(script, script[..at].iter().rposition(is_content)?);
        }
        Write(_) => "write error".into(),
        Read(Source::System(_), _)
        | AskState(..)
        | AskFile(_)
        | FindQueue(_)
        | AskOpen(_)
        | AskAttributes(_) => {
            return None;
        }
        Remove(..) | UnlinkQueue(_) | AskLimit(_) | AskSpace | AskFilter | Refuse(_) | Wait => {
            unreachable!("only after a failure")
        }
    })
}
