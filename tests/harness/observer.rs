//! A process of another user that looks for objects as fast as it can, and tries to use them.
//!
//! It knows the keys, names and final properties of the objects. In each look it asks for an object
//! by its key, then tries every operation that needs permission and changes nothing. An operation
//! that the kernel allows must find a complete object. For POSIX objects, which it finds by name,
//! see [`posix`].
//!
//! The observer is the running program, started again with arguments that [`play`] understands. It
//! counts what it sees in memory that it shares with its parent, which can thus wait for the next
//! look.

pub mod posix;
pub mod trials;

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::ptr;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use crate::namespace::{self, Kind, NewObject, Object, wide};
use crate::posix::Wanted;
use crate::spawn;

/// The first argument of an observer; the others are the [`Sought`] objects.
const OBSERVE: &str = "--observe";
/// The first argument of a process that creates objects in the wrong order: see [`make_openly`].
const MAKE_OPENLY: &str = "--make-openly";

/// Most objects that an observer looks at.
const MOST_OBJECTS: usize = 3;

/// An object with its final properties; printed, it is one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// What it is.
    pub kind: Kind,
    /// Its key.
    pub key: u32,
    /// Permissions; a locked segment also has SHM_LOCKED (02000).
    pub mode: u32,
    /// Bytes of a segment, semaphores of a set, msg_qbytes of a queue.
    pub size: u64,
    /// The owner's user and group.
    pub owner: (u32, u32),
    /// The values of a set's semaphores.
    pub values: Vec<u16>,
}

impl Whole {
    /// The properties of this object that an observer compares.
    pub fn of(object: &Object) -> Self {
        Self {
            kind: object.kind,
            key: object.key,
            mode: object.mode,
            size: object.size,
            owner: object.owner,
            values: object.values.clone(),
        }
    }

    /// Whether this user and group, who did not create it, may do anything with it if it has this
    /// owner: ipcperms in ipc/util.c.
    pub fn is_open_to(&self, user: (u32, u32), owner: (u32, u32)) -> bool {
        is_open(self.mode, user, owner)
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            key,
            mode,
            size,
            owner: (user, group),
            values,
        } = self;
        write!(f, "{kind}/{key}/{mode}/{size}/{user}/{group}/")?;
        for (number, value) in values.iter().enumerate() {
            write!(f, "{}{value}", if number == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Whole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let mut fields = text.split('/');
            let kind = Kind::named(fields.next()?)?;
            let mut number = || fields.next()?.parse::<u64>().ok();
            let mut small = || number()?.try_into().ok();
            let (key, mode) = (small()?, small()?);
            let size = number()?;
            let mut small = || number()?.try_into().ok();
            let owner = (small()?, small()?);
            let values = fields.next()?.split(',').filter(|value| !value.is_empty());
            Some(Self {
                kind,
                key,
                mode,
                size,
                owner,
                values: values
                    .map(|value| value.parse().ok())
                    .collect::<Option<_>>()?,
            })
        };
        read().ok_or_else(|| format!("{text:?} is no object"))
    }
}

/// An object that an observer looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// One of System V.
    SystemV(Whole),
    /// One of POSIX, with user and group.
    Posix(Wanted),
}

impl Sought {
    /// Whether this user and group may do anything with it if it has this owner.
    pub fn is_open_to(&self, user: (u32, u32), owner: (u32, u32)) -> bool {
        match self {
            Self::SystemV(whole) => whole.is_open_to(user, owner),
            Self::Posix(_) if user.0 == 0 => true,
            Self::Posix(wanted) => is_open(wanted.mode, user, owner),
        }
    }

    /// Its final owner.
    pub fn owner(&self) -> (u32, u32) {
        match self {
            Self::SystemV(whole) => whole.owner,
            Self::Posix(wanted) => posix::owner(wanted),
        }
    }
}

impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SystemV(whole) => write!(f, "{whole}"),
            Self::Posix(wanted) => f.write_str(&posix::to_argument(wanted)),
        }
    }
}

impl FromStr for Sought {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match posix::from_argument(text) {
            Some(wanted) => Ok(Self::Posix(wanted)),
            None => text.parse().map(Self::SystemV),
        }
    }
}

/// Whether the mode lets this user and group do anything if the object has this owner.
fn is_open(mode: u32, (user, group): (u32, u32), owner: (u32, u32)) -> bool {
    let shift = match owner {
        (owner, _) if owner == user => 6,
        (_, owners) if owners == group => 3,
        _ => 0,
    };
    mode >> shift & 0o7 != 0
}

/// How often an object was seen in each state.
#[derive(Default)]
#[repr(C)]
struct Tally {
    absent: AtomicU64,
    refused: AtomicU64,
    used: AtomicU64,
    wrong: AtomicU64,
}

/// The memory that an observer and its parent share. All bytes zero is a valid value.
#[derive(Default)]
#[repr(C)]
struct Board {
    stop: AtomicBool,
    /// Number of looks so far: a futex(2).
    looks: AtomicU32,
    /// The look that the parent waits for.
    wanted: AtomicU32,
    objects: [Tally; MOST_OBJECTS],
}

/// How often an object was seen in each state so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It did not exist.
    pub absent: u64,
    /// It existed, and every operation was refused.
    pub refused: u64,
    /// An operation was allowed.
    pub used: u64,
    /// An operation was allowed, and the object was not complete.
    pub wrong: u64,
}

impl Seen {
    /// The difference to an earlier count.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            absent: self.absent - earlier.absent,
            refused: self.refused - earlier.refused,
            used: self.used - earlier.used,
            wrong: self.wrong - earlier.wrong,
        }
    }

    /// The sum of two.
    pub fn and(self, other: Self) -> Self {
        Self {
            absent: self.absent + other.absent,
            refused: self.refused + other.refused,
            used: self.used + other.used,
            wrong: self.wrong + other.wrong,
        }
    }
}

/// The board in memory of this process.
struct Shared(*const Board);

// SAFETY: the memory stays mapped until the value is dropped, and all its fields are atomic.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Maps the board in this file.
    fn map(file: &impl AsRawFd) -> io::Result<Self> {
        // SAFETY: the kernel chooses the address; the file is as long as the board.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size_of::<Board>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(start.cast()))
    }
}

impl std::ops::Deref for Shared {
    type Target = Board;

    fn deref(&self) -> &Board {
        // SAFETY: the memory is mapped, aligned to a page, and zeros are a board.
        unsafe { &*self.0 }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing refers to it any more.
        unsafe { libc::munmap(self.0.cast_mut().cast(), size_of::<Board>()) };
    }
}

/// A running observer. Dropping it stops the process.
pub struct Observer {
    child: Child,
    board: Shared,
    objects: usize,
}

impl Observer {
    /// Starts an observer in this thread's IPC namespace, as this user and group. Returns after its
    /// first look.
    pub fn start((user, group): (u32, u32), objects: &[Sought]) -> io::Result<Self> {
        assert!(objects.len() <= MOST_OBJECTS);
        let file = File::from(memfd_create("board", MFdFlags::MFD_CLOEXEC)?);
        file.set_len(size_of::<Board>() as u64)?;
        let board = Shared::map(&file)?;
        // exec by /proc/self/exe: the path of this program may lie below a directory that the user
        // cannot enter.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg(OBSERVE)
            .args(objects.iter().map(Sought::to_string))
            .uid(user)
            .gid(group)
            .env_clear()
            .stdin(file)
            .stdout(Stdio::piped());
        let mut observer = Self {
            child: spawn::spawn(&mut command)?,
            board,
            objects: objects.len(),
        };
        observer.look()?;
        Ok(observer)
    }

    /// Waits until it has looked at every object once more.
    pub fn look(&mut self) -> io::Result<()> {
        let looks = || self.board.looks.load(Ordering::SeqCst);
        // The next look to end may have begun before this call, so wait for two.
        let enough = looks() + 2;
        self.board.wanted.store(enough, Ordering::SeqCst);
        loop {
            let now = looks();
            if now >= enough {
                return Ok(());
            }
            wait_a_second(&self.board.looks, now)?;
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!(
                    "the observer has ended: {status}"
                )));
            }
        }
    }

    /// How many looks it has taken.
    pub fn looks(&self) -> u64 {
        self.board.looks.load(Ordering::SeqCst).into()
    }

    /// How it has seen each object so far.
    pub fn seen(&self) -> Vec<Seen> {
        let count = |count: &AtomicU64| count.load(Ordering::SeqCst);
        let seen = |tally: &Tally| Seen {
            absent: count(&tally.absent),
            refused: count(&tally.refused),
            used: count(&tally.used),
            wrong: count(&tally.wrong),
        };
        self.board.objects[..self.objects]
            .iter()
            .map(seen)
            .collect()
    }

    /// Stops it. Returns its complaints.
    pub fn stop(mut self) -> io::Result<String> {
        self.board.stop.store(true, Ordering::SeqCst);
        let mut complaints = String::new();
        let stdout = self.child.stdout.take();
        stdout
            .expect("it has a pipe")
            .read_to_string(&mut complaints)?;
        let status = self.child.wait()?;
        if !status.success() {
            return Err(io::Error::other(format!("the observer: {status}")));
        }
        Ok(complaints)
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.board.stop.store(true, Ordering::SeqCst);
        // `stop` has waited for it, or it ends now; its status is not needed.
        let _ = self.child.wait();
    }
}

/// Runs as an observer, or as [`make_openly`], if the arguments of this process say so. Call it
/// first in `main`.
pub fn play() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next()?;
    let part: fn(&[Sought]) -> io::Result<()> = match part.as_str() {
        OBSERVE => observe,
        MAKE_OPENLY => make_openly,
        _ => return None,
    };
    let objects: Result<Vec<Sought>, String> = arguments.map(|text| text.parse()).collect();
    let result = objects
        .map_err(io::Error::other)
        .and_then(|objects| part(&objects));
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    })
}

/// The arguments with which this program creates these objects as [`make_openly`] does.
pub fn openly(objects: &[Sought]) -> Vec<Vec<u8>> {
    let objects = objects.iter().map(Sought::to_string);
    let words = [MAKE_OPENLY.to_owned()].into_iter().chain(objects);
    words.map(String::into_bytes).collect()
}

/// Creates objects with their final permissions at once, and sets their other properties
/// afterwards.
fn make_openly(objects: &[Sought]) -> io::Result<()> {
    for sought in objects {
        let whole = match sought {
            Sought::SystemV(whole) => whole,
            Sought::Posix(wanted) => {
                posix::make_openly(wanted)?;
                continue;
            }
        };
        let new = NewObject {
            kind: whole.kind,
            key: whole.key,
            size: whole.size,
            mode: whole.mode,
            owner: Some(whole.owner),
            qbytes: (whole.kind == Kind::Msg).then_some(whole.size),
            values: (whole.kind == Kind::Sem).then(|| whole.values.clone()),
        };
        new.create()?;
    }
    Ok(())
}

/// Most complaints of an observer: a pipe holds them without a reader.
const MOST_COMPLAINTS: u64 = 5;

/// Sets SCHED_IDLE: on a machine with one processor a process that has waited for a look continues
/// at once, and not at the end of the observer's time slice.
fn step_aside() -> io::Result<()> {
    let priority = libc::sched_param { sched_priority: 0 };
    // SAFETY: 0 is this process; it reads one sched_param.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The main loop of an observer.
fn observe(objects: &[Sought]) -> io::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    if thread::available_parallelism().is_ok_and(|processors| processors.get() == 1) {
        step_aside()?;
    }
    let board = Shared::map(&io::stdin())?;
    let mut complaints = 0;
    let posix = objects.iter().filter_map(|object| match object {
        Sought::Posix(wanted) => Some(wanted),
        Sought::SystemV(_) => None,
    });
    while !board.stop.load(Ordering::SeqCst) {
        for (sought, tally) in objects.iter().zip(&board.objects) {
            let sight = match sought {
                Sought::SystemV(whole) => look(whole)?,
                Sought::Posix(wanted) => posix::look(wanted)?,
            };
            let counter = match sight {
                Sight::Absent => &tally.absent,
                Sight::Refused => &tally.refused,
                Sight::Used => &tally.used,
                Sight::Wrong(what) => {
                    complaints += 1;
                    if complaints <= MOST_COMPLAINTS {
                        writeln!(io::stdout(), "{what}")?;
                    }
                    &tally.wrong
                }
            };
            counter.fetch_add(1, Ordering::SeqCst);
        }
        for stranger in posix::strangers(posix.clone())? {
            complaints += 1;
            if complaints <= MOST_COMPLAINTS {
                writeln!(io::stdout(), "an unexpected file: {stranger}")?;
            }
            board.objects[0].wrong.fetch_add(1, Ordering::SeqCst);
        }
        let looks = board.looks.fetch_add(1, Ordering::SeqCst) + 1;
        if looks == board.wanted.load(Ordering::SeqCst) {
            wake(&board.looks)?;
        }
    }
    Ok(())
}

/// Sleeps while a word that other processes share has this value, but for a second at most.
fn wait_a_second(word: &AtomicU32, value: u32) -> io::Result<()> {
    let second = libc::timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    let time = &raw const second;
    // SAFETY: the word and the time are valid during the call.
    match unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, value, time) } {
        0 => Ok(()),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            error if error.kind() == io::ErrorKind::TimedOut => Ok(()),
            error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            error => Err(error),
        },
    }
}

/// Wakes a process that waits for this word to change.
fn wake(word: &AtomicU32) -> io::Result<()> {
    // SAFETY: the word is valid during the call.
    match unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, 1) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The result of a look.
pub enum Sight {
    /// The object does not exist.
    Absent,
    /// It exists, and every operation was refused.
    Refused,
    /// An operation was allowed.
    Used,
    /// An operation was allowed, and the object is not complete.
    Wrong(String),
}

/// Looks at an object once.
fn look(whole: &Whole) -> io::Result<Sight> {
    let Ok(id) = get(whole, 0) else {
        return Ok(Sight::Absent);
    };
    let mut sight = Sight::Refused;
    for (name, attempt) in attempts(whole.kind) {
        match attempt(whole, id) {
            Ok(found) => {
                // If the operation itself does not show the object, read it.
                let found = found.or_else(|| state(whole, id).ok());
                if found.as_ref().is_some_and(|found| found != whole) {
                    let found = found.expect("it is there");
                    return Ok(Sight::Wrong(format!("{name} on {found}, to be {whole}")));
                }
                sight = Sight::Used;
            }
            Err(error) => match error.raw_os_error() {
                Some(libc::EACCES | libc::EPERM) => {}
                // The object was removed meanwhile.
                Some(libc::EINVAL | libc::EIDRM | libc::ENOENT) => {
                    return Ok(match sight {
                        Sight::Refused => Sight::Absent,
                        sight => sight,
                    });
                }
                _ => return Err(io::Error::other(format!("{name}: {error}"))),
            },
        }
    }
    Ok(sight)
}

/// An operation that needs permission. Returns the object, as far as the operation shows it.
type Attempt = fn(&Whole, i32) -> io::Result<Option<Whole>>;

fn attempts(kind: Kind) -> &'static [(&'static str, Attempt)] {
    match kind {
        Kind::Shm => &[
            ("IPC_STAT", stat),
            ("shmget to read", get_to_read),
            ("shmget to write", get_to_write),
            ("shmat to read", |_, id| attach(id, libc::SHM_RDONLY)),
            ("shmat", |_, id| attach(id, 0)),
        ],
        Kind::Msg => &[
            ("IPC_STAT", stat),
            ("msgget to read", get_to_read),
            ("msgget to write", get_to_write),
            ("msgsnd", send),
            ("msgrcv", receive),
        ],
        Kind::Sem => &[
            ("GETALL", |whole, id| {
                let values = namespace::values(id, whole.size)?;
                Ok(Some(Whole {
                    values,
                    ..whole.clone()
                }))
            }),
            ("IPC_STAT", stat),
            ("semget to read", get_to_read),
            ("semget to write", get_to_write),
            ("semop", operate),
            ("SETVAL", set_value),
        ],
    }
}

/// The id of an object by its key, if these permissions are granted.
fn get(whole: &Whole, mode: i32) -> io::Result<i32> {
    let key = whole.key as libc::key_t;
    // SAFETY: none of the three calls takes a pointer.
    let id = unsafe {
        match whole.kind {
            Kind::Shm => libc::shmget(key, 0, mode),
            Kind::Msg => libc::msgget(key, mode),
            Kind::Sem => libc::semget(key, 0, mode),
        }
    };
    check(id).map(|()| id)
}

fn get_to_read(whole: &Whole, _: i32) -> io::Result<Option<Whole>> {
    get(whole, 0o444).map(|_| None)
}

fn get_to_write(whole: &Whole, _: i32) -> io::Result<Option<Whole>> {
    get(whole, 0o222).map(|_| None)
}

fn attach(id: i32, flags: i32) -> io::Result<Option<Whole>> {
    // SAFETY: the kernel chooses the address, and nothing reads or writes there.
    let address = unsafe { libc::shmat(id, ptr::null(), flags) };
    if address.addr() == usize::MAX {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the segment was attached there, and nothing uses it any more.
    check(unsafe { libc::shmdt(address) })?;
    Ok(None)
}

/// A message of one byte.
#[repr(C)]
struct Message {
    kind: libc::c_long,
    text: u8,
}

fn send(_: &Whole, id: i32) -> io::Result<Option<Whole>> {
    let message = Message { kind: 1, text: 0 };
    // SAFETY: a message of one byte.
    let sent = unsafe { libc::msgsnd(id, (&raw const message).cast(), 1, libc::IPC_NOWAIT) };
    allowed(check(sent))
}

fn receive(_: &Whole, id: i32) -> io::Result<Option<Whole>> {
    let mut message = Message { kind: 0, text: 0 };
    let none = libc::IPC_NOWAIT;
    // SAFETY: the buffer has room for a message of one byte.
    let got = unsafe { libc::msgrcv(id, (&raw mut message).cast(), 1, 0, none) };
    allowed(check(if got < 0 { -1 } else { 0 }))
}

/// Asks whether a semaphore is 0, with IPC_NOWAIT.
fn operate(_: &Whole, id: i32) -> io::Result<Option<Whole>> {
    let mut operation = libc::sembuf {
        sem_num: 0,
        sem_op: 0,
        sem_flg: libc::IPC_NOWAIT as libc::c_short,
    };
    // SAFETY: one operation.
    allowed(check(unsafe { libc::semop(id, &mut operation, 1) }))
}

/// Sets a semaphore to its final value.
fn set_value(whole: &Whole, id: i32) -> io::Result<Option<Whole>> {
    let value = whole.values.first().map_or(0, |&value| value.into());
    // SAFETY: SETVAL takes a number.
    check(unsafe { libc::semctl(id, 0, libc::SETVAL, value) })?;
    Ok(None)
}

/// A call that passed the permission check, but had nothing to do or would have had to wait, counts
/// as allowed.
fn allowed(result: io::Result<()>) -> io::Result<Option<Whole>> {
    match result {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOMSG)) => Ok(None),
        result => result.map(|()| None),
    }
}

/// Reads an object with IPC_STAT, which needs read permission.
fn stat(whole: &Whole, id: i32) -> io::Result<Option<Whole>> {
    let (_, mut found) = read(whole.kind, id, libc::IPC_STAT)?;
    found.values.clone_from(&whole.values);
    Ok(Some(found))
}

/// Reads an object whatever its permissions. The values of a set are its final ones if they cannot
/// be read.
fn state(whole: &Whole, id: i32) -> io::Result<Whole> {
    /// The bits of an id that are the index into the kernel's table: IPCMNI_SHIFT of ipc/util.h.
    const PLACE: i32 = (1 << 15) - 1;
    // SHM_STAT_ANY of linux/shm.h, MSG_STAT_ANY, SEM_STAT_ANY.
    let any = match whole.kind {
        Kind::Shm => 15,
        Kind::Msg => 13,
        Kind::Sem => 20,
    };
    let (found_id, mut found) = read(whole.kind, id & PLACE, any)?;
    if found_id != id {
        return Err(io::Error::from_raw_os_error(libc::EIDRM));
    }
    found.values = match namespace::values(id, found.size) {
        Ok(values) if whole.kind == Kind::Sem => values,
        _ => whole.values.clone(),
    };
    Ok(found)
}

/// Reads an object by an ..._STAT command. Returns the result of the call too.
fn read(kind: Kind, id: i32, command: i32) -> io::Result<(i32, Whole)> {
    let (result, permissions, size);
    // SAFETY: each command writes one struct of the kind to the address; all bytes are zero or
    // written by the kernel, and every bit pattern is a value of these integers.
    unsafe {
        match kind {
            Kind::Shm => {
                let mut state = MaybeUninit::<libc::shmid_ds>::zeroed();
                result = libc::shmctl(id, command, state.as_mut_ptr());
                let state = state.assume_init();
                (permissions, size) = (state.shm_perm, state.shm_segsz as u64);
            }
            Kind::Msg => {
                let mut state = MaybeUninit::<libc::msqid_ds>::zeroed();
                result = libc::msgctl(id, command, state.as_mut_ptr());
                let state = state.assume_init();
                (permissions, size) = (state.msg_perm, wide(state.msg_qbytes));
            }
            Kind::Sem => {
                let mut state = MaybeUninit::<libc::semid_ds>::zeroed();
                result = libc::semctl(id, 0, command, state.as_mut_ptr());
                let state = state.assume_init();
                (permissions, size) = (state.sem_perm, wide(state.sem_nsems));
            }
        }
    }
    check(result)?;
    Ok((
        result,
        Whole {
            kind,
            key: permissions.__key.cast_unsigned(),
            mode: permissions.mode.into(),
            size,
            owner: (permissions.uid, permissions.gid),
            values: Vec::new(),
        },
    ))
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_those_of_one_class() {
        let whole = |mode| Whole {
            kind: Kind::Msg,
            key: 1,
            mode,
            size: 1,
            owner: (7, 8),
            values: Vec::new(),
        };
        let open = |mode, user| {
            let whole: Whole = whole(mode);
            whole.is_open_to(user, whole.owner)
        };
        assert!(open(0o600, (7, 9)) && !open(0o066, (7, 9)));
        assert!(open(0o060, (1, 8)) && !open(0o606, (1, 8)));
        assert!(open(0o002, (1, 1)) && !open(0o660, (1, 1)));
    }
}
