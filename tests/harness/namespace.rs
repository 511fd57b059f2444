//! Creates IPC namespaces, each with a /dev/shm of its own; fills them, and lists their System V
//! objects.

use std::cell::Cell;
use std::ffi::CString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::{self, MntFlags, MsFlags};
use nix::sched::{CloneFlags, unshare as leave};
use nix::unistd::{getegid, geteuid};

use crate::posix;

/// A kind of System V object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A shared memory segment.
    Shm,
    /// A message queue.
    Msg,
    /// A semaphore set.
    Sem,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Shm, Self::Msg, Self::Sem];

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind that the program calls so on standard error.
    pub fn in_words(words: &str) -> Option<Self> {
        match words {
            "shared memory" => Some(Self::Shm),
            "message queue" => Some(Self::Msg),
            "semaphore" => Some(Self::Sem),
            _ => None,
        }
    }

    /// The name in case files and under /proc/sysvipc.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shm => "shm",
            Self::Msg => "msg",
            Self::Sem => "sem",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An object, as /proc/sysvipc lists it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its identifier.
    pub id: i32,
    /// Its key; 0 for a private object.
    pub key: u32,
    /// Permissions; a segment also has SHM_DEST (01000) and SHM_LOCKED (02000) here.
    pub mode: u32,
    /// Bytes of a segment, semaphores of a set, msg_qbytes of a queue.
    pub size: u64,
    /// The owner's user and group.
    pub owner: (u32, u32),
    /// The creator's user and group.
    pub creator: (u32, u32),
    /// shm_nattch of a segment, else 0.
    pub attached: u64,
    /// The values of a set's semaphores, which /proc does not show.
    pub values: Vec<u16>,
    /// Whether a semop(2) was made on a set: its sem_otime is not 0.
    pub is_ready: bool,
}

#[cfg(test)]
impl Object {
    /// One that root created, of 4096 bytes or semaphores and with mode 0644.
    pub fn example(kind: Kind, id: i32, key: u32) -> Self {
        Self {
            kind,
            id,
            key,
            mode: 0o644,
            size: 4096,
            owner: (0, 0),
            creator: (0, 0),
            attached: 0,
            values: Vec::new(),
            is_ready: false,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key={:#x}", self.kind, self.key)?;
        match self.kind {
            Kind::Shm => write!(f, " size={}", self.size)?,
            Kind::Msg => write!(f, " qbytes={}", self.size)?,
            Kind::Sem => write!(f, " nsems={}", self.size)?,
        }
        let (
            Self { mode, owner, .. },
            Self {
                creator,
                attached,
                id,
                ..
            },
        ) = (self, self);
        write!(f, " mode={mode:o} owner={}:{}", owner.0, owner.1)?;
        if creator != owner {
            write!(f, " creator={}:{}", creator.0, creator.1)?;
        }
        if *attached != 0 {
            write!(f, " nattch={attached}")?;
        }
        if self.values.iter().any(|&value| value != 0) {
            write!(f, " values={}", show_values(&self.values))?;
        }
        if self.is_ready {
            write!(f, " sem_otime set")?;
        }
        write!(f, " (id {id})")
    }
}

/// Formats the values of a set as in a case file, without the middle of a long list.
pub fn show_values(values: &[u16]) -> String {
    const MOST: usize = 16;
    let text: Vec<String> = values.iter().take(MOST).map(u16::to_string).collect();
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => first.to_string(),
        _ if values.len() > MOST => format!("{}... ({} in all)", text.join(","), values.len()),
        _ => text.join(","),
    }
}

/// For mount(2): no source, type or options.
const NONE: Option<&str> = None;

thread_local! {
    /// Whether this thread has mounted a /dev/shm of its own.
    static HAS_DEV_SHM: Cell<bool> = const { Cell::new(false) };
}

/// Moves the calling thread, and its later children, into a new IPC namespace and a new mount
/// namespace with an empty /dev/shm.
pub fn unshare() -> io::Result<()> {
    leave(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNS)?;
    // Later mounts stay in this namespace.
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount::mount(NONE, "/", NONE, private, NONE)?;
    // Unmounts the last one: otherwise each namespace would copy and traverse one mount more.
    if HAS_DEV_SHM.get() {
        mount::umount2(posix::DIRECTORY, MntFlags::MNT_DETACH)?;
    }
    mount_dev_shm("tmpfs", "mode=1777")?;
    HAS_DEV_SHM.set(true);
    Ok(())
}

/// Mounts a file system of this type on /dev/shm, over the present one.
pub fn mount_dev_shm(kind: &str, options: &str) -> io::Result<()> {
    mount(kind, posix::DIRECTORY, options)
}

/// Remounts /dev/shm read-only.
pub fn close_dev_shm() -> io::Result<()> {
    /// Tries, a millisecond each.
    const MAX_TRIES: usize = 10_000;
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    let mut tries = 0;
    loop {
        match mount::mount(NONE, posix::DIRECTORY, NONE, flags, NONE) {
            // A child of another thread has a file there open for writing, until its exec.
            Err(Errno::EBUSY) if tries < MAX_TRIES => thread::sleep(Duration::from_millis(1)),
            result => return Ok(result?),
        }
        tries += 1;
    }
}

/// Mounts a file system that has no device. Its source is the name of its type.
pub fn mount(kind: &str, target: &str, options: &str) -> io::Result<()> {
    let (kind, options) = (Some(kind), Some(options));
    mount::mount(kind, target, kind, MsFlags::empty(), options).map_err(|error| {
        let error = io::Error::from(error);
        io::Error::new(error.kind(), format!("mount {target}: {error}"))
    })
}

/// The privilege by which the runner creates IPC namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// It is root, and can start subjects as any user.
    Root,
    /// It is root only in a user namespace of its own, which maps no other user.
    UserNamespace,
}

/// Obtains the privilege to create IPC namespaces. Call it before any thread starts.
pub fn obtain_privilege() -> io::Result<Privilege> {
    let (uid, gid) = (geteuid(), getegid());
    let in_thread = std::thread::spawn(unshare)
        .join()
        .expect("unshare does not panic");
    if uid.is_root() && in_thread.is_ok() {
        return Ok(Privilege::Root);
    }
    // CLONE_NEWUSER fails with EINVAL in a process of several threads; the thread above has been
    // joined.
    leave(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWIPC)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    Ok(Privilege::UserNamespace)
}

/// Lists the objects of the namespace in which it was opened, even after its thread has changed
/// namespaces.
pub struct Window([(Kind, File); 3]);

impl Window {
    /// Opens /proc/sysvipc of the calling thread's namespace.
    pub fn open() -> io::Result<Self> {
        let open =
            |kind: Kind| File::open(format!("/proc/sysvipc/{kind}")).map(|file| (kind, file));
        Ok(Self([open(Kind::Shm)?, open(Kind::Msg)?, open(Kind::Sem)?]))
    }

    /// Lists all objects. /proc shows neither the `size` of a queue, which stays 0, nor `values`.
    pub fn objects(&mut self) -> io::Result<Vec<Object>> {
        let mut objects = Vec::new();
        for (kind, file) in &mut self.0 {
            let mut table = String::new();
            file.rewind()?;
            file.read_to_string(&mut table)?;
            objects.extend(rows(*kind, &table)?);
        }
        Ok(objects)
    }
}

/// Lists all objects of the calling thread's namespace, with `size` and `values`.
pub fn objects() -> io::Result<Vec<Object>> {
    let mut objects = Window::open()?.objects()?;
    for object in &mut objects {
        match object.kind {
            Kind::Shm => {}
            Kind::Msg => object.size = wide(queue(object.id)?.msg_qbytes),
            Kind::Sem => object.values = values(object.id, object.size)?,
        }
    }
    Ok(objects)
}

/// Parses a table of /proc/sysvipc: a line of column names, then a line for each object, without
/// what the table does not show.
pub fn rows(kind: Kind, table: &str) -> io::Result<Vec<Object>> {
    let bad = |what: &str| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("/proc/sysvipc/{kind}: {what}"),
        )
    };
    let id = match kind {
        Kind::Shm => "shmid",
        Kind::Msg => "msqid",
        Kind::Sem => "semid",
    };
    let mut lines = table.lines();
    let names: Vec<&str> = lines
        .next()
        .ok_or_else(|| bad("empty"))?
        .split_ascii_whitespace()
        .collect();
    // Columns are looked up once: a full namespace has tens of thousands of lines.
    let column = |name: &'static str| {
        let index = names.iter().position(|&n| n == name);
        index.map(|index| (name, index)).ok_or_else(|| bad(name))
    };
    let (id, key, perms) = (column(id)?, column("key")?, column("perms")?);
    let owner = (column("uid")?, column("gid")?);
    let creator = (column("cuid")?, column("cgid")?);
    let (size, attached, otime) = match kind {
        Kind::Shm => (Some(column("size")?), Some(column("nattch")?), None),
        Kind::Sem => (Some(column("nsems")?), None, Some(column("otime")?)),
        Kind::Msg => (None, None, None),
    };
    let mut objects = Vec::new();
    let mut values = Vec::new();
    for line in lines {
        values.clear();
        values.extend(line.split_ascii_whitespace());
        let text = |(name, index): (&'static str, usize)| {
            let value: Option<&str> = values.get(index).copied();
            value.ok_or_else(|| bad(name))
        };
        let unsigned = |column| {
            let number = text(column)?.parse::<u64>();
            number.map_err(|_| bad(column.0))
        };
        let user = |column| u32::try_from(unsigned(column)?).map_err(|_| bad(column.0));
        objects.push(Object {
            kind,
            id: text(id)?.parse().map_err(|_| bad(id.0))?,
            // /proc prints keys as signed numbers.
            key: text(key)?
                .parse::<i32>()
                .map_err(|_| bad(key.0))?
                .cast_unsigned(),
            mode: u32::from_str_radix(text(perms)?, 8).map_err(|_| bad(perms.0))?,
            size: size.map_or(Ok(0), unsigned)?,
            owner: (user(owner.0)?, user(owner.1)?),
            creator: (user(creator.0)?, user(creator.1)?),
            attached: attached.map_or(Ok(0), unsigned)?,
            values: Vec::new(),
            is_ready: otime.map_or(Ok(0), unsigned)? != 0,
        });
    }
    Ok(objects)
}

/// A number that has the bits of a word: 32 or 64.
pub(crate) fn wide(word: impl Into<u64>) -> u64 {
    word.into()
}

fn queue(id: i32) -> io::Result<libc::msqid_ds> {
    let mut state = MaybeUninit::<libc::msqid_ds>::zeroed();
    // SAFETY: IPC_STAT writes one msqid_ds to the address, which is valid for it.
    check(unsafe { libc::msgctl(id, libc::IPC_STAT, state.as_mut_ptr()) })?;
    // SAFETY: all bytes are zero or written by the kernel, and every bit pattern is a value of
    // these integers.
    Ok(unsafe { state.assume_init() })
}

/// Reads the values of a set's semaphores: GETALL.
pub fn values(id: i32, semaphores: u64) -> io::Result<Vec<u16>> {
    let mut values = vec![0; semaphores as usize];
    // SAFETY: GETALL writes as many values as the set has semaphores; a later set has another id.
    check(unsafe { libc::semctl(id, 0, libc::GETALL, values.as_mut_ptr()) })?;
    Ok(values)
}

/// The page size of a segment: attaches it, and reads KernelPageSize in /proc/self/smaps.
pub fn page_size(id: i32) -> io::Result<u64> {
    // SAFETY: the kernel chooses the address, and nothing is read there.
    let address = unsafe { libc::shmat(id, ptr::null(), libc::SHM_RDONLY) };
    if address.addr() == usize::MAX {
        return Err(io::Error::last_os_error());
    }
    let smaps = fs::read_to_string("/proc/self/smaps");
    // SAFETY: the segment was attached there, and nothing uses it any more.
    check(unsafe { libc::shmdt(address) })?;
    let begins = format!("{:08x}-", address.addr());
    let kilobytes = smaps?
        .lines()
        .skip_while(|line| !line.starts_with(&begins))
        .find_map(|line| line.strip_prefix("KernelPageSize:")?.strip_suffix(" kB"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    kilobytes
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| io::Error::other("/proc/self/smaps: no such mapping"))
}

/// The key that the C library's ftok(3) computes from a file.
pub fn ftok(path: &Path, id: i32) -> io::Result<u32> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: a string that ends with a NUL.
    let key = unsafe { libc::ftok(path.as_ptr(), id) };
    check(key).map(|()| key.cast_unsigned())
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// An object to create before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewObject {
    /// Its kind.
    pub kind: Kind,
    /// Its key; 0 creates a private object.
    pub key: u32,
    /// Bytes of a segment, semaphores of a set; a queue has none.
    pub size: u64,
    /// Permissions; SHM_LOCKED (02000) locks a segment.
    pub mode: u32,
    /// The owner's user and group, if not the runner's.
    pub owner: Option<(u32, u32)>,
    /// The msg_qbytes of a queue, if not the namespace's msgmnb.
    pub qbytes: Option<u64>,
    /// The values of a set's semaphores, if not 0.
    pub values: Option<Vec<u16>>,
}

impl NewObject {
    /// Creates the object in the calling thread's namespace. Returns its identifier.
    pub fn create(&self) -> io::Result<i32> {
        let key = self.key as libc::key_t;
        let mode = self.mode & 0o777;
        let flags = libc::IPC_CREAT | libc::IPC_EXCL | mode as libc::c_int;
        // SAFETY: none of the three calls takes a pointer.
        let id = unsafe {
            match self.kind {
                Kind::Shm => libc::shmget(key, self.size as libc::size_t, flags),
                Kind::Msg => libc::msgget(key, flags),
                Kind::Sem => libc::semget(key, self.size as libc::c_int, flags),
            }
        };
        check(id)?;
        self.furnish(id)?;
        Ok(id)
    }

    /// Sets the values, lock and owner of a new object.
    fn furnish(&self, id: i32) -> io::Result<()> {
        if let Some(values) = &self.values {
            assert_eq!(values.len() as u64, self.size);
            // SAFETY: SETALL reads as many values as the set has semaphores.
            check(unsafe { libc::semctl(id, 0, libc::SETALL, values.as_ptr()) })?;
        }
        if self.kind == Kind::Shm && self.mode & LOCKED != 0 {
            // SAFETY: SHM_LOCK reads nothing at the null pointer.
            check(unsafe { libc::shmctl(id, libc::SHM_LOCK, ptr::null_mut()) })?;
        }
        if self.owner.is_none() && self.qbytes.is_none() {
            return Ok(());
        }
        let ours = || (geteuid().as_raw(), getegid().as_raw());
        let owner = self.owner.unwrap_or_else(ours);
        let own = |permissions: &mut libc::ipc_perm| {
            (permissions.uid, permissions.gid) = owner;
            permissions.mode = (self.mode & 0o777) as _;
        };
        // SAFETY: IPC_SET reads the struct of the kind. All its bytes are set, since zeros are a
        // valid value of each.
        unsafe {
            check(match self.kind {
                Kind::Shm => {
                    let mut state = MaybeUninit::<libc::shmid_ds>::zeroed().assume_init();
                    own(&mut state.shm_perm);
                    libc::shmctl(id, libc::IPC_SET, &raw mut state)
                }
                Kind::Msg => {
                    let mut state = queue(id)?;
                    own(&mut state.msg_perm);
                    if let Some(qbytes) = self.qbytes {
                        state.msg_qbytes = qbytes as libc::msglen_t;
                    }
                    libc::msgctl(id, libc::IPC_SET, &raw mut state)
                }
                Kind::Sem => {
                    let mut state = MaybeUninit::<libc::semid_ds>::zeroed().assume_init();
                    own(&mut state.sem_perm);
                    libc::semctl(id, 0, libc::IPC_SET, &raw mut state)
                }
            })
        }
    }
}

/// SHM_LOCKED in a segment's mode: include/linux/shm.h.
const LOCKED: u32 = 0o2000;

/// The identifier of the object with this key in the calling thread's namespace.
pub fn find(kind: Kind, key: libc::key_t) -> io::Result<i32> {
    // SAFETY: none of the three calls takes a pointer.
    let id = unsafe {
        match kind {
            Kind::Shm => libc::shmget(key, 0, 0),
            Kind::Msg => libc::msgget(key, 0),
            Kind::Sem => libc::semget(key, 0, 0),
        }
    };
    check(id).map(|()| id)
}

/// Removes an object of the calling thread's namespace.
pub fn remove(kind: Kind, id: i32) -> io::Result<()> {
    // SAFETY: IPC_RMID reads nothing at the null pointers, and needs no fourth argument of semctl.
    let result = unsafe {
        match kind {
            Kind::Shm => libc::shmctl(id, libc::IPC_RMID, ptr::null_mut()),
            Kind::Msg => libc::msgctl(id, libc::IPC_RMID, ptr::null_mut()),
            Kind::Sem => libc::semctl(id, 0, libc::IPC_RMID),
        }
    };
    check(result)
}

/// Sets a sysctl by its dotted name, in the calling thread's namespace if the sysctl belongs to
/// one.
pub fn set_sysctl(name: &str, value: &str) -> io::Result<()> {
    fs::write(sysctl_file(name), value)
}

/// Reads a sysctl by its dotted name.
pub fn sysctl(name: &str) -> io::Result<String> {
    fs::read_to_string(sysctl_file(name))
}

fn sysctl_file(name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/sys/{}", name.replace('.', "/")))
}

/// A sysctl and a value to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sysctl {
    /// Its dotted name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Sysctl {
    /// Whether each IPC namespace has its own; otherwise it belongs to the machine.
    pub fn is_of_namespace(&self) -> bool {
        ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."]
            .iter()
            .any(|prefix| self.name.starts_with(prefix))
    }

    fn in_words(&self, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("sysctl {}: {error}", self.name))
    }

    /// Sets the value, in the calling thread's namespace if the sysctl belongs to one.
    pub fn set(&self) -> io::Result<()> {
        set_sysctl(&self.name, &self.value).map_err(|error| self.in_words(error))
    }

    /// Sets the value, and restores the old one when the returned value is dropped.
    pub fn set_for_now(&self) -> io::Result<Changed> {
        let path = sysctl_file(&self.name);
        let before = fs::read(&path).map_err(|error| self.in_words(error))?;
        self.set()?;
        Ok(Changed { path, before })
    }
}

/// A changed sysctl. Dropping it restores the old value.
#[must_use = "dropped at once, it undoes the change"]
pub struct Changed {
    path: PathBuf,
    before: Vec<u8>,
}

impl Drop for Changed {
    /// # Panics
    /// If the old value cannot be restored: later cases would run on a changed machine.
    fn drop(&mut self) {
        if let Err(error) = fs::write(&self.path, &self.before)
            && !thread::panicking()
        {
            panic!("{}: {error}", self.path.display());
        }
    }
}
