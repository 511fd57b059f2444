//! Creates, lists and removes POSIX objects: the files where the C libraries look in /dev/shm, and
//! the message queues of an IPC namespace.
//!
//! Shared memory and semaphores are compared as files: path, mode, owner, size and bytes. C
//! programs test how a C library uses them. Queues are listed in an mqueue file system that
//! fsopen(2) creates and that is mounted nowhere.

use std::ffi::{CString, OsStr};
use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, PermissionsExt, fchown, symlink};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Condvar, Mutex, PoisonError};

use nix::errno::Errno;
use nix::mqueue::{self, MQ_OFlag, MqAttr, MqdT};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use nix::unistd::{Whence, lseek64};

use crate::namespace::wide;
use crate::only::Word;
use crate::text;

/// Where the C libraries look for shared memory and semaphores.
pub const DIRECTORY: &str = "/dev/shm";

/// The type of an object, with its content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A regular file.
    File {
        /// Its size.
        size: u64,
        /// Its bytes up to the last one that is not 0.
        content: Vec<u8>,
    },
    /// A message queue.
    Queue(Queue),
    /// A directory.
    Directory,
    /// A symbolic link to this path.
    Link(Vec<u8>),
    /// Something else in /dev/shm.
    Other,
}

/// The attributes of a message queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Queue {
    /// Messages that it may hold.
    pub maxmsg: u64,
    /// Bytes of its largest message.
    pub msgsize: u64,
    /// Messages that it holds.
    pub messages: u64,
}

impl Queue {
    /// A queue with default attributes: DFLT_MSG and DFLT_MSGSIZE of linux/ipc_namespace.h.
    pub const USUAL: Self = Self {
        maxmsg: 10,
        msgsize: 8192,
        messages: 0,
    };
}

impl What {
    /// A file of this size that begins with these bytes; the others are 0.
    pub fn file(size: u64, mut content: Vec<u8>) -> Self {
        let end = content.iter().rposition(|&byte| byte != 0);
        content.truncate(end.map_or(0, |last| last + 1));
        Self::File { size, content }
    }

    /// A semaphore without waiters: `sem_t` of glibc (of 64 bits: the value in 64 bits, then 128
    /// for one that processes share; of 32 bits: the value above a bit that says whether there are
    /// waiters, then 128), or of musl (the value in 32 bits).
    pub fn semaphore(value: u32, musl: bool, word: Word) -> Self {
        let value = u64::from(value);
        let (size, words) = match (word, musl) {
            (Word::Bits64, false) => (32, [value, 128]),
            (Word::Bits32, false) => (16, [value << 1 | 128 << 32, 0]),
            (Word::Bits64, true) => (32, [value, 0]),
            (Word::Bits32, true) => (16, [value, 0]),
        };
        Self::file(size, words.map(u64::to_le_bytes).concat())
    }

    /// Whether it is a queue, which is not in /dev/shm.
    pub fn is_queue(&self) -> bool {
        matches!(self, Self::Queue(_))
    }
}

/// Formats an object as in a case file.
fn write(
    f: &mut fmt::Formatter<'_>,
    name: &[u8],
    what: &What,
    mode: u32,
    owner: Option<(u32, Option<u32>)>,
) -> fmt::Result {
    let name = text::show(name);
    match what {
        What::File { size, content } => {
            write!(f, "shm {name} size={size}")?;
            if !content.is_empty() {
                write!(f, " bytes={}", text::show(content))?;
            }
        }
        What::Queue(queue) => {
            let Queue {
                maxmsg, msgsize, ..
            } = queue;
            write!(f, "queue {name} maxmsg={maxmsg} msgsize={msgsize}")?;
            if queue.messages != 0 {
                write!(f, " ({} messages)", queue.messages)?;
            }
        }
        What::Directory => write!(f, "directory {name}")?,
        What::Link(target) => write!(f, "link {name} {}", text::show(target))?,
        What::Other => write!(f, "a special file {name}")?,
    }
    write!(f, " mode={mode:o}")?;
    if let Some((user, group)) = owner {
        write!(f, " owner={user}")?;
        if let Some(group) = group {
            write!(f, ":{group}")?;
        }
    }
    Ok(())
}

/// An existing object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// The name of a file in /dev/shm, or of a queue without its slash.
    pub name: Vec<u8>,
    /// What it is.
    pub what: What,
    /// Permissions.
    pub mode: u32,
    /// The owner's user and group.
    pub owner: (u32, u32),
    /// Its inode number, to notice that another object has taken the name.
    pub inode: u64,
    /// Its ctime: seconds and nanoseconds.
    pub changed: (i64, i64),
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = (self.owner.0, Some(self.owner.1));
        write(f, &self.name, &self.what, self.mode, Some(owner))
    }
}

/// An object to create before a run, or one that must exist after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name of a file in /dev/shm, or of a queue without its slash.
    pub name: Vec<u8>,
    /// What it is.
    pub what: What,
    /// Permissions.
    pub mode: u32,
    /// Its owner's user, and group, if not those of its creator.
    pub owner: Option<(u32, Option<u32>)>,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.name, &self.what, self.mode, self.owner)
    }
}

impl Wanted {
    /// Whether `object` is as wanted, if this user, who has a group of the same number, has created
    /// it.
    pub fn is(&self, object: &Object, user: u32) -> bool {
        let owner = self.owner.map_or((user, user), |(owner, group)| {
            (owner, group.unwrap_or(user))
        });
        (&self.name, &self.what, self.mode, owner)
            == (&object.name, &object.what, object.mode, object.owner)
    }

    /// Creates it in the calling thread's namespaces.
    pub fn create(&self) -> io::Result<()> {
        self.make()
            .map_err(|error| io::Error::new(error.kind(), format!("given posix {self}: {error}")))
    }

    fn make(&self) -> io::Result<()> {
        let path = path(&self.name);
        let file = match &self.what {
            What::File { size, content } => {
                let mut file = File::create_new(path)?;
                file.write_all(content)?;
                file.set_len(*size)?;
                file
            }
            What::Queue(queue) => create_queue(&self.name, 0o600, queue)?,
            What::Directory => {
                fs::DirBuilder::new().mode(0o700).create(&path)?;
                File::open(path)?
            }
            What::Link(target) => return symlink(OsStr::from_bytes(target), path),
            What::Other => return Err(io::Error::other("it is of no kind")),
        };
        if let Some((user, group)) = self.owner {
            fchown(&file, Some(user), Some(group.unwrap_or(user)))?;
        }
        // fchmod(2), since the umask applied to the creation.
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}

/// The path of a file in /dev/shm.
pub fn path(name: &[u8]) -> PathBuf {
    Path::new(DIRECTORY).join(OsStr::from_bytes(name))
}

/// The name of a queue for mq_open(3), with its slash.
fn queue_name(name: &[u8]) -> io::Result<CString> {
    Ok(CString::new([b"/", name].concat())?)
}

/// Opens an existing queue with O_NONBLOCK.
pub fn open(name: &[u8], access: MQ_OFlag) -> io::Result<File> {
    let flags = access | MQ_OFlag::O_NONBLOCK | MQ_OFlag::O_CLOEXEC;
    let queue = mqueue::mq_open(queue_name(name)?.as_c_str(), flags, Mode::empty(), None)?;
    Ok(file_of(queue))
}

/// Creates a queue, with this mode under the umask.
pub fn create_queue(name: &[u8], mode: u32, attributes: &Queue) -> io::Result<File> {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_CLOEXEC;
    let mode = Mode::from_bits_truncate(mode);
    let given = MqAttr::new(0, attributes.maxmsg as _, attributes.msgsize as _, 0);
    let queue = mqueue::mq_open(queue_name(name)?.as_c_str(), flags, mode, Some(&given))?;
    Ok(file_of(queue))
}

/// Turns a queue that has just been opened into a file, which closes it when it is dropped.
fn file_of(queue: MqdT) -> File {
    // SAFETY: the descriptor is open, and no other value owns it.
    unsafe { File::from_raw_fd(queue.into_raw_fd()) }
}

/// The attributes of a queue that is open.
pub fn attributes(queue: &impl AsRawFd) -> io::Result<Queue> {
    // SAFETY: the descriptor stays open during the call; dropping an MqdT does not close it.
    let queue = unsafe { MqdT::from_raw_fd(queue.as_raw_fd()) };
    let attributes = mqueue::mq_getattr(&queue)?;
    Ok(Queue {
        maxmsg: attributes.maxmsg() as u64,
        msgsize: attributes.msgsize() as u64,
        messages: attributes.curmsgs() as u64,
    })
}

/// Removes an object of the calling thread's namespaces.
pub fn remove(what: &What, name: &[u8]) -> io::Result<()> {
    match what {
        What::Queue(_) => Ok(mqueue::mq_unlink(queue_name(name)?.as_c_str())?),
        What::Directory => fs::remove_dir(path(name)),
        What::File { .. } | What::Link(_) | What::Other => fs::remove_file(path(name)),
    }
}

/// Removes all queues of the calling thread's namespace. RLIMIT_MSGQUEUE counts all queues of a
/// user, in all namespaces, and the kernel destroys a namespace some time after its last process
/// exits.
pub fn remove_queues(objects: &[Object]) -> io::Result<()> {
    let mut queues = objects.iter().filter(|object| object.what.is_queue());
    queues.try_for_each(|queue| remove(&queue.what, &queue.name))
}

/// The right to have three queues at a time. As many threads have it as their queues fit into
/// RLIMIT_MSGQUEUE, 800 KiB by default.
pub struct Turn(());

/// Number of threads that have a turn.
static TURNS: Mutex<u64> = Mutex::new(0);

/// Wakes a thread that waits for a turn.
static TURN: Condvar = Condvar::new();

impl Turn {
    /// Waits for a turn.
    pub fn take() -> io::Result<Self> {
        /// Bytes of three queues with default attributes, and of the kernel's own data for them.
        const THREE: u64 = 300_000;
        let (limit, _) = getrlimit(Resource::RLIMIT_MSGQUEUE)?;
        let most = (wide(limit) / THREE).max(1);
        let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        while *turns >= most {
            turns = TURN.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        *turns += 1;
        Ok(Self(()))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        TURN.notify_one();
    }
}

/// Lists the objects in /dev/shm and the queues of the namespaces in which it was opened, even
/// after its thread has changed namespaces.
pub struct Window {
    /// None if /dev/shm is a proc, whose directories of processes are no objects.
    files: Option<File>,
    queues: OwnedFd,
}

impl Window {
    /// Opens /dev/shm and an mqueue file system of the calling thread's namespaces. That needs
    /// CAP_SYS_ADMIN in the user namespace of the IPC namespace.
    pub fn open() -> io::Result<Self> {
        let files = File::open(DIRECTORY)?;
        let is_proc = fstatfs(&files)?.filesystem_type() == PROC_SUPER_MAGIC;
        Ok(Self {
            files: (!is_proc).then_some(files),
            queues: mount_mqueue()?,
        })
    }

    /// Lists all objects.
    pub fn objects(&self) -> io::Result<Vec<Object>> {
        let mut objects = Vec::new();
        let files = self.files.as_ref().map(AsRawFd::as_raw_fd);
        for directory in files.into_iter().chain([self.queues.as_raw_fd()]) {
            for entry in fs::read_dir(format!("/proc/self/fd/{directory}"))? {
                let entry = entry?;
                let name = entry.file_name().into_vec();
                match read(&entry.path(), name) {
                    // It was removed meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    object => objects.push(object?),
                }
            }
        }
        Ok(objects)
    }
}

/// Reads an object by its path.
fn read(path: &Path, name: Vec<u8>) -> io::Result<Object> {
    let status = fs::symlink_metadata(path)?;
    let what = if status.is_dir() {
        What::Directory
    } else if status.is_symlink() {
        What::Link(fs::read_link(path)?.into_os_string().into_vec())
    } else if !status.is_file() {
        What::Other
    } else {
        let file = File::open(path)?;
        match attributes(&file) {
            Ok(queue) => What::Queue(queue),
            // mq_getattr(3) of a file that is not a queue.
            Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
                What::file(status.len(), content(&file)?)
            }
            Err(error) => return Err(error),
        }
    };
    Ok(Object {
        name,
        what,
        mode: status.mode() & 0o7777,
        owner: (status.uid(), status.gid()),
        inode: status.ino(),
        changed: (status.ctime(), status.ctime_nsec()),
    })
}

/// Most bytes of a file that are compared.
const MOST_BYTES: u64 = 64 << 20;

/// Reads a file up to the end of its last data, without the hole that may follow. Holes before that
/// are zeros.
fn content(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let start = match lseek64(file, bytes.len() as i64, Whence::SeekData) {
            // No data follows.
            Err(Errno::ENXIO) => return Ok(bytes),
            start => start?,
        };
        let end = lseek64(file, start, Whence::SeekHole)?;
        // Linux 5.10 takes the start of the largest file for data, and for a hole.
        if end == start {
            return Ok(bytes);
        }
        if end as u64 > MOST_BYTES {
            return Err(io::Error::other("a file with too many bytes to compare"));
        }
        bytes.resize(end as usize, 0);
        file.read_exact_at(&mut bytes[start as usize..], start as u64)?;
    }
}

/// Lists all objects of the calling thread's namespaces.
pub fn objects() -> io::Result<Vec<Object>> {
    Window::open()?.objects()
}

/// Creates an mqueue file system of the calling thread's IPC namespace. Returns its root directory,
/// which has no path.
fn mount_mqueue() -> io::Result<OwnedFd> {
    /// FSCONFIG_CMD_CREATE and FSMOUNT_CLOEXEC of linux/mount.h.
    const CREATE: libc::c_int = 6;
    const CLOEXEC: libc::c_int = 1;
    let call = |result: libc::c_long| -> io::Result<OwnedFd> {
        let Ok(descriptor @ 0..) = i32::try_from(result) else {
            return Err(io::Error::last_os_error());
        };
        // SAFETY: the descriptor is new, and no other value owns it.
        Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
    };
    // SAFETY: a string that ends with a NUL, and numbers.
    let context = call(unsafe { libc::syscall(libc::SYS_fsopen, c"mqueue".as_ptr(), CLOEXEC) })?;
    let null = ptr::null::<libc::c_char>();
    // SAFETY: CMD_CREATE takes neither key nor value.
    let created = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            context.as_raw_fd(),
            CREATE,
            null,
            null,
            0,
        )
    };
    if created != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor and numbers.
    call(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), CLOEXEC, 0) })
}
