//! POSIX objects: what the C libraries find in /dev/shm, and the message queues of an IPC namespace.
//!
//! Shared memory and semaphores are files there. They are seen as they are, by path, mode, owner, size
//! and bytes; what a C library makes of them is for C programs to say. Queues are seen in an mqueue
//! file system, which nobody has mounted anywhere.

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
use nix::unistd::{Whence, lseek};

use crate::text;

/// Where the C libraries look for shared memory and semaphores.
pub const DIRECTORY: &str = "/dev/shm";

/// What an object is, beside its name, mode and owner.
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
    /// A queue for which nobody chose anything: DFLT_MSG and DFLT_MSGSIZE of linux/ipc_namespace.h.
    pub const USUAL: Self = Self {
        maxmsg: 10,
        msgsize: 8192,
        messages: 0,
    };
}

impl What {
    /// A file of this size that begins with these bytes.
    pub fn file(size: u64, mut content: Vec<u8>) -> Self {
        let end = content.iter().rposition(|&byte| byte != 0);
        content.truncate(end.map_or(0, |last| last + 1));
        Self::File { size, content }
    }

    /// A semaphore that nobody waits for, on a machine whose long has 64 bits: `sem_t` of glibc (a
    /// 64-bit value, then whether it is private, which is 128 if not), or of musl (a 32-bit value).
    pub fn semaphore(value: u32, musl: bool) -> Self {
        let mut content = vec![0; 32];
        content[..4].copy_from_slice(&value.to_ne_bytes());
        if !musl {
            content[..8].copy_from_slice(&u64::from(value).to_ne_bytes());
            content[8..12].copy_from_slice(&128_u32.to_ne_bytes());
        }
        Self::file(32, content)
    }

    /// Whether it is a queue, and so not in /dev/shm.
    pub fn is_queue(&self) -> bool {
        matches!(self, Self::Queue(_))
    }
}

/// Writes an object as a case file has it.
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

/// An object that is there.
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
    /// Its inode, which another object of its name would not have.
    pub inode: u64,
    /// When it was last changed: seconds and nanoseconds.
    pub changed: (i64, i64),
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = (self.owner.0, Some(self.owner.1));
        write(f, &self.name, &self.what, self.mode, Some(owner))
    }
}

/// An object to make before a run, or one that is to be there after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name of a file in /dev/shm, or of a queue without its slash.
    pub name: Vec<u8>,
    /// What it is.
    pub what: What,
    /// Permissions.
    pub mode: u32,
    /// Its owner's user, and group, if not those of whoever makes it.
    pub owner: Option<(u32, Option<u32>)>,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, &self.name, &self.what, self.mode, self.owner)
    }
}

impl Wanted {
    /// Whether it is this object, if this user, who has a group of the same number, makes it.
    pub fn is(&self, object: &Object, user: u32) -> bool {
        let owner = self.owner.map_or((user, user), |(owner, group)| {
            (owner, group.unwrap_or(user))
        });
        (&self.name, &self.what, self.mode, owner)
            == (&object.name, &object.what, object.mode, object.owner)
    }

    /// Makes it in the calling thread's namespaces.
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
        // The umask has no say in it.
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}

/// The path of a file in /dev/shm.
pub fn path(name: &[u8]) -> PathBuf {
    Path::new(DIRECTORY).join(OsStr::from_bytes(name))
}

/// The name of a queue, as the C library wants it.
fn queue_name(name: &[u8]) -> io::Result<CString> {
    Ok(CString::new([b"/", name].concat())?)
}

/// Opens an existing queue, without waiting for messages.
pub fn open(name: &[u8], access: MQ_OFlag) -> io::Result<File> {
    let flags = access | MQ_OFlag::O_NONBLOCK | MQ_OFlag::O_CLOEXEC;
    let queue = mqueue::mq_open(queue_name(name)?.as_c_str(), flags, Mode::empty(), None)?;
    Ok(file_of(queue))
}

/// Makes a queue, with this mode under the umask.
pub fn create_queue(name: &[u8], mode: u32, attributes: &Queue) -> io::Result<File> {
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_CLOEXEC;
    let mode = Mode::from_bits_truncate(mode);
    let given = MqAttr::new(0, attributes.maxmsg as _, attributes.msgsize as _, 0);
    let queue = mqueue::mq_open(queue_name(name)?.as_c_str(), flags, mode, Some(&given))?;
    Ok(file_of(queue))
}

/// A queue that has just been opened, as a file, which closes it when it is dropped.
fn file_of(queue: MqdT) -> File {
    // SAFETY: the descriptor is open, and no other value has it.
    unsafe { File::from_raw_fd(queue.into_raw_fd()) }
}

/// The attributes of a queue that is open.
pub fn attributes(queue: &impl AsRawFd) -> io::Result<Queue> {
    // SAFETY: the descriptor stays open meanwhile; dropping an MqdT does not close it.
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

/// Removes all queues of the calling thread's namespace. All queues of a user together may have so many
/// bytes (RLIMIT_MSGQUEUE), whatever their namespace, and a namespace takes its time to go.
pub fn remove_queues(objects: &[Object]) -> io::Result<()> {
    let mut queues = objects.iter().filter(|object| object.what.is_queue());
    queues.try_for_each(|queue| remove(&queue.what, &queue.name))
}

/// The right to have a few queues at a time: as many threads have it as all their queues together fit into
/// RLIMIT_MSGQUEUE, which is 800 KiB where nobody may raise it.
pub struct Turn(());

/// How many threads have a turn.
static TURNS: Mutex<u64> = Mutex::new(0);

/// Wakes who waits for a turn.
static TURN: Condvar = Condvar::new();

impl Turn {
    /// Waits for a turn.
    pub fn take() -> io::Result<Self> {
        /// Bytes of three queues for which nobody chose anything, and of what the kernel adds to them.
        const THREE: u64 = 300_000;
        let (limit, _) = getrlimit(Resource::RLIMIT_MSGQUEUE)?;
        let most = (limit / THREE).max(1);
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

/// A window on /dev/shm and the queues as they are for the thread that opened it, wherever its holder
/// goes later.
pub struct Window {
    /// None where processes would be taken for objects.
    files: Option<File>,
    queues: OwnedFd,
}

impl Window {
    /// Opens a window on the calling thread's namespaces. That takes root's rights over the IPC
    /// namespace.
    pub fn open() -> io::Result<Self> {
        let files = File::open(DIRECTORY)?;
        let is_proc = fstatfs(&files)?.filesystem_type() == PROC_SUPER_MAGIC;
        Ok(Self {
            files: (!is_proc).then_some(files),
            queues: mount_mqueue()?,
        })
    }

    /// Reads all objects.
    pub fn objects(&self) -> io::Result<Vec<Object>> {
        let mut objects = Vec::new();
        let files = self.files.as_ref().map(AsRawFd::as_raw_fd);
        for directory in files.into_iter().chain([self.queues.as_raw_fd()]) {
            for entry in fs::read_dir(format!("/proc/self/fd/{directory}"))? {
                let entry = entry?;
                let name = entry.file_name().into_vec();
                match read(&entry.path(), name) {
                    // It has gone meanwhile.
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
            // It is no queue.
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

/// The most bytes of a file that are read.
const MOST_BYTES: u64 = 64 << 20;

/// The bytes of a file up to the end of what it holds: holes between are zeros, and one at the end is
/// left out.
fn content(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let start = match lseek(file, bytes.len() as libc::off_t, Whence::SeekData) {
            // No data follows.
            Err(Errno::ENXIO) => return Ok(bytes),
            start => start?,
        };
        let end = lseek(file, start, Whence::SeekHole)?;
        if end as u64 > MOST_BYTES {
            return Err(io::Error::other("a file with too many bytes to compare"));
        }
        bytes.resize(end as usize, 0);
        file.read_exact_at(&mut bytes[start as usize..], start as u64)?;
    }
}

/// Reads all objects of the calling thread's namespaces.
pub fn objects() -> io::Result<Vec<Object>> {
    Window::open()?.objects()
}

/// An mqueue file system of the calling thread's IPC namespace, as a directory without a path.
fn mount_mqueue() -> io::Result<OwnedFd> {
    /// FSCONFIG_CMD_CREATE and FSMOUNT_CLOEXEC of linux/mount.h.
    const CREATE: libc::c_int = 6;
    const CLOEXEC: libc::c_int = 1;
    let call = |result: libc::c_long| -> io::Result<OwnedFd> {
        let Ok(descriptor @ 0..) = i32::try_from(result) else {
            return Err(io::Error::last_os_error());
        };
        // SAFETY: the descriptor is new, and nobody else's.
        Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
    };
    // SAFETY: a string that ends with NUL; numbers.
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
