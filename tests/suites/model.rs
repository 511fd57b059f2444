//! The whole program, from its first instruction in Rust to exit_group, on a kernel that is a model
//! in this process. src/sys is compiled into this test; only its assembly is not. So Miri can judge
//! all of its unsafe code: see tests/tools/ub.sh.
//!
//! The model reads what it is pointed to byte by byte, so that Miri sees each byte that was never
//! written, and writes whole structs, so that it sees each one that is too small.

use std::alloc::{Layout, alloc_zeroed};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::{CString, c_char};
use std::mem::offset_of;
use std::sync::mpsc;
use std::{mem, panic, ptr, thread};

use ipcmk::kernel::abi::{
    Ipc64Perm, Msginfo, Msqid64Ds, Pollfd, Seminfo, ShmInfo, Shminfo64, Sigaction,
};
use ipcmk_tests::text;

// What src/sys calls `syscalls` is this crate, but for the names of the calls.
extern crate self as syscalls;
extern crate syscalls as calls;
pub use calls::Sysno;

/// src/sys, but for the assembly and the panic handler.
#[path = "../../src/sys"]
#[warn(clippy::as_conversions)]
mod sys {
    #[cfg_attr(
        debug_assertions,
        expect(dead_code, reason = "only the panic handler has no auxiliary vector")
    )]
    mod auxiliary;
    mod call;
    mod linux;
    pub mod start;
    mod variants;

    mod arch {
        pub fn trap() -> ! {
            unreachable!("exit_group does not return")
        }
    }
}

/// An error of a call.
pub struct Errno(i32);

impl Errno {
    /// Its number.
    pub fn into_raw(self) -> i32 {
        self.0
    }
}

macro_rules! syscalls {
    ($($name:ident($($argument:ident)*))*) => {$(
        /// Makes a call.
        ///
        /// # Safety
        /// The call's.
        pub unsafe fn $name(call: Sysno, $($argument: usize),*) -> Result<usize, Errno> {
            let mut all = [0; 6];
            all.iter_mut().zip([$($argument),*]).for_each(|(one, argument)| *one = argument);
            KERNEL.with_borrow_mut(|kernel| kernel.call(call, all)).map_err(Errno)
        }
    )*};
}

syscalls! {
    syscall1(a)
    syscall3(a b c)
    syscall4(a b c d)
    syscall5(a b c d e)
    syscall6(a b c d e f)
}

thread_local! {
    static KERNEL: RefCell<Kernel> = RefCell::default();
}

/// The model.
#[derive(Default)]
struct Kernel {
    /// Errors of the next calls of a kind.
    errors: Vec<(Sysno, i32)>,
    /// What the next writes to standard output come to: so many bytes at most, or an error.
    writes: VecDeque<Result<usize, i32>>,
    /// Names and contents.
    files: Vec<(&'static str, &'static str)>,
    /// The contents of those that are open, and how far each has been read.
    open: Vec<(&'static str, usize)>,
    stdin: (&'static str, usize),
    /// A signal has come.
    is_signalled: bool,
    umask: usize,
    /// A descriptor is not enough to give a file its name.
    is_unprivileged: bool,
    /// There is no O_TMPFILE, and no link to a descriptor.
    is_old: bool,
    /// A file of another process stands where one is linked to its name.
    is_replaced: bool,
    ended: Option<mpsc::Sender<Ended>>,
    last: Ended,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
struct Ended {
    status: usize,
    stdout: String,
    stderr: String,
    /// The call that made each object, its key, and the number behind that.
    objects: Vec<(Option<Sysno>, usize, usize)>,
    /// The objects that IPC_SET was called for, and the bytes that it was given.
    set: Vec<(usize, Vec<u8>)>,
    /// The POSIX objects, as they were opened.
    posix: Vec<Posix>,
    /// The sets that got values.
    values: Vec<(usize, Vec<u16>)>,
    /// The sets whose sem_otime is not 0.
    ready: Vec<usize>,
    /// The segments that were locked.
    locked: Vec<usize>,
    calls: Vec<Sysno>,
}

/// A POSIX object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Posix {
    is_queue: bool,
    /// Where it can be found, if anywhere.
    name: Option<String>,
    /// The name that it had before.
    other: Option<String>,
    mode: usize,
    owner: Option<(usize, usize)>,
    size: usize,
    content: Vec<u8>,
    /// mq_maxmsg and mq_msgsize, where they are given.
    attributes: Option<[i64; 2]>,
    is_open: bool,
}

/// The bytes at an address, each of which must have been written.
fn bytes(address: usize, count: usize) -> Vec<u8> {
    let start = ptr::with_exposed_provenance::<u8>(address);
    // SAFETY: the program says that so many bytes are there. Miri doubts it.
    let byte = |index| unsafe { start.add(index).read() };
    (0..count).map(byte).collect()
}

/// Writes bytes to an address.
fn fill(address: usize, bytes: &[u8]) {
    let start = ptr::with_exposed_provenance_mut::<u8>(address);
    for (index, byte) in bytes.iter().enumerate() {
        // SAFETY: as above.
        unsafe { start.add(index).write(*byte) };
    }
}

/// The bytes of a struct of the C library's, all zeros but for what is put there.
fn bytes_of<T>(put: impl FnOnce(&mut T)) -> Vec<u8> {
    // Not moved as a struct: the bytes between its members stay zeros.
    let mut words = vec![0_u64; size_of::<T>().div_ceil(size_of::<u64>())];
    let value = words.as_mut_ptr().cast::<T>();
    assert!(value.is_aligned());
    // SAFETY: aligned and large enough, of numbers alone, and referred to only here.
    put(unsafe { &mut *value });
    bytes(words.as_ptr().expose_provenance(), size_of::<T>())
}

/// The string at an address.
fn string(address: usize) -> String {
    let mut string = Vec::new();
    while !string.ends_with(&[0]) {
        string.extend(bytes(address + string.len(), 1));
    }
    string.pop();
    String::from_utf8_lossy(&string).into_owned()
}

// Commands of `linux/shm.h` and `linux/msg.h`.
const SHM_INFO: i32 = 14;
const MSG_INFO: i32 = 12;

/// The descriptor of the first file that is opened.
const FIRST_FILE: usize = 100;

/// The descriptor of the first POSIX object that is opened.
const FIRST_POSIX: usize = 1_000_000;

/// What is read through it.
const DESCRIPTORS: &str = "/proc/self/fd/";

/// Bytes that a read gives at most.
const MOST_READ: usize = 700;

impl Kernel {
    fn call(&mut self, call: Sysno, [a, b, c, d, e, f]: [usize; 6]) -> Result<usize, i32> {
        self.last.calls.push(call);
        if let Some(index) = self.errors.iter().position(|error| error.0 == call) {
            return Err(self.errors.remove(index).1);
        }
        // What the kernel refuses, whatever the other arguments are.
        let is_of_id = matches!(call, Sysno::shmctl | Sysno::msgctl | Sysno::semctl);
        if a == usize::MAX && call != Sysno::signalfd4 {
            return Err(if is_of_id { libc::EINVAL } else { libc::EBADF });
        }
        match call {
            Sysno::rt_sigprocmask => {
                assert_eq!((a, c, d), (libc::SIG_BLOCK as usize, 0, 8));
                assert_eq!(bytes(b, d), [0xff; 8], "all signals");
            }
            Sysno::shmget | Sysno::semget | Sysno::msgget => {
                let flags = if call == Sysno::msgget { b } else { c };
                if flags & libc::IPC_CREAT as usize == 0 {
                    // Any object is found.
                    return Ok(0);
                }
                if call != Sysno::msgget && b == 0 {
                    return Err(libc::EINVAL);
                }
                self.last.objects.push((Some(call), a, b));
                return Ok(self.last.objects.len() - 1);
            }
            Sysno::shmctl | Sysno::msgctl => self.control(call, a, b, c),
            Sysno::semctl if c as i32 == libc::SETALL => {
                let (_, _, semaphores) = self.last.objects[a];
                let value = |pair: &[u8]| u16::from_ne_bytes(pair.try_into().expect("two"));
                let values = bytes(d, 2 * semaphores).chunks(2).map(value).collect();
                self.last.values.push((a, values));
            }
            Sysno::semop => {
                let (set, values) = self.last.values.last().expect("values come first");
                assert_eq!((a, c), (*set, 2));
                let operation = |bytes: &[u8]| {
                    let part = |at| i16::from_ne_bytes([bytes[at], bytes[at + 1]]);
                    [0, 2, 4].map(part)
                };
                let mut value = values[0].cast_signed();
                for operation in bytes(b, 6 * c).chunks(6).map(operation) {
                    let [number, change, flags] = operation;
                    assert_eq!((number, i32::from(flags)), (0, libc::IPC_NOWAIT));
                    value = value.checked_add(change).ok_or(libc::ERANGE)?;
                    if value < 0 {
                        return Err(libc::EAGAIN);
                    }
                }
                assert_eq!(value, values[0].cast_signed());
                self.last.ready.push(a);
            }
            Sysno::semctl => self.control(call, a, c, d),
            Sysno::getrandom => {
                // With GRND_RANDOM or 0 it waits for entropy, early in a boot for minutes.
                let flags = c as u32;
                assert!([libc::GRND_NONBLOCK, libc::GRND_INSECURE].contains(&flags));
                fill(a, &vec![0x5a; b]);
            }
            Sysno::openat if c as i32 & libc::O_TMPFILE == libc::O_TMPFILE => {
                assert_eq!(a as i32, libc::AT_FDCWD);
                assert_eq!(c as i32, libc::O_TMPFILE | libc::O_RDWR);
                assert_eq!(string(b), "/dev/shm");
                if self.is_old {
                    return Err(libc::EISDIR);
                }
                return Ok(self.open_posix(Posix {
                    mode: d & !self.umask,
                    ..Posix::default()
                }));
            }
            Sysno::openat if c as i32 & libc::O_CREAT != 0 => {
                assert_eq!(a as i32, libc::AT_FDCWD);
                let new = libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW | libc::O_RDWR;
                assert_eq!((c as i32, d), (new, 0));
                let name = string(b);
                if self.named(&name, false).is_some() {
                    return Err(libc::EEXIST);
                }
                return Ok(self.open_posix(Posix {
                    name: Some(name),
                    ..Posix::default()
                }));
            }
            Sysno::mq_open if b as i32 == libc::O_RDONLY => {
                let name = string(a);
                let index = self.named(&name, true).ok_or(libc::ENOENT)?;
                self.last.posix[index].is_open = true;
                return Ok(FIRST_POSIX + index);
            }
            Sysno::mq_open => {
                assert_eq!(b as i32, libc::O_CREAT | libc::O_EXCL | libc::O_RDWR);
                let name = string(a);
                if self.named(&name, true).is_some() {
                    return Err(libc::EEXIST);
                }
                let attributes = (d != 0).then(|| {
                    let all = bytes(d, size_of::<libc::mq_attr>());
                    [
                        offset_of!(libc::mq_attr, mq_maxmsg),
                        offset_of!(libc::mq_attr, mq_msgsize),
                    ]
                    .map(|at| i64::from_ne_bytes(all[at..at + 8].try_into().expect("eight")))
                });
                return Ok(self.open_posix(Posix {
                    is_queue: true,
                    name: Some(name),
                    mode: c & !self.umask,
                    attributes,
                    ..Posix::default()
                }));
            }
            Sysno::mq_getsetattr => {
                let given = self.opened(a).attributes;
                assert_eq!(b, 0);
                let [maxmsg, msgsize] = given.unwrap_or([10, 8192]);
                let attributes = |attributes: &mut libc::mq_attr| {
                    attributes.mq_maxmsg = maxmsg;
                    attributes.mq_msgsize = msgsize;
                };
                fill(c, &bytes_of(attributes));
            }
            Sysno::fallocate => {
                assert_eq!((b, c), (0, 0));
                self.opened(a).size = d;
            }
            Sysno::ftruncate => self.opened(a).size = b,
            Sysno::fchown => self.opened(a).owner = Some((b, c)),
            Sysno::fchmod => self.opened(a).mode = b,
            Sysno::umask => return Ok(mem::replace(&mut self.umask, a)),
            Sysno::linkat => {
                let (from, to) = (string(b), string(d));
                assert_eq!(c as i32, libc::AT_FDCWD);
                let descriptor = match e as i32 {
                    libc::AT_EMPTY_PATH => {
                        assert_eq!(from, "");
                        if self.is_old {
                            return Err(libc::EINVAL);
                        }
                        if self.is_unprivileged {
                            return Err(libc::ENOENT);
                        }
                        a
                    }
                    0 => {
                        assert_eq!(a as i32, libc::AT_FDCWD);
                        FIRST_POSIX + self.named(&from, false).ok_or(libc::ENOENT)?
                    }
                    libc::AT_SYMLINK_FOLLOW => {
                        assert_eq!(a as i32, libc::AT_FDCWD);
                        let number = from.strip_prefix(DESCRIPTORS).expect("a descriptor");
                        number.parse().expect("a number")
                    }
                    flags => panic!("{flags:#x}"),
                };
                if self.named(&to, false).is_some() {
                    return Err(libc::EEXIST);
                }
                let is_replaced = self.is_replaced;
                let object = self.opened(descriptor);
                let is_other = |name: &String| name.starts_with("/dev/shm/.ipcmk-");
                assert!(!object.is_queue && object.name.as_ref().is_none_or(is_other));
                assert!(object.name.is_none() || object.mode != 0, "it is whole");
                if is_replaced {
                    self.last.posix.push(Posix {
                        name: Some(to),
                        ..Posix::default()
                    });
                } else {
                    object.other = object.name.replace(to);
                }
            }
            Sysno::unlinkat | Sysno::mq_unlink => {
                let is_queue = call == Sysno::mq_unlink;
                let path = if is_queue { a } else { b };
                assert!(is_queue || (a as i32, c) == (libc::AT_FDCWD, 0));
                let path = string(path);
                let has_other = |object: &Posix| object.other.as_ref() == Some(&path);
                if let Some(object) = self.last.posix.iter_mut().find(|object| has_other(object)) {
                    object.other = None;
                    return Ok(0);
                }
                let named = self.named(&path, is_queue);
                self.last.posix[named.ok_or(libc::ENOENT)?].name = None;
            }
            Sysno::statfs => {
                assert_eq!(string(a), "/dev/shm");
                let status = |status: &mut libc::statfs| {
                    status.f_blocks = 2000;
                    status.f_bfree = 30;
                    status.f_files = 400;
                    status.f_ffree = self.umask as u64;
                };
                fill(b, &bytes_of(status));
            }
            Sysno::openat => {
                assert_eq!(a as i32, libc::AT_FDCWD);
                let (_, content) = self.find(&string(b)).ok_or(libc::ENOENT)?;
                self.open.push((content, 0));
                return Ok(FIRST_FILE + self.open.len() - 1);
            }
            Sysno::read => {
                let file = match a.checked_sub(FIRST_FILE) {
                    Some(file) => &mut self.open[file],
                    None => &mut self.stdin,
                };
                let rest = &file.0.as_bytes()[file.1..];
                let rest = &rest[..rest.len().min(c).min(MOST_READ)];
                fill(b, rest);
                file.1 += rest.len();
                return Ok(rest.len());
            }
            Sysno::statx => {
                let wanted =
                    libc::STATX_TYPE | libc::STATX_MODE | libc::STATX_INO | libc::STATX_SIZE;
                assert_eq!(d as u32, wanted);
                let [mode, size, ino] = self.status(a, &string(b), c as i32)?;
                let status = |status: &mut libc::statx| {
                    status.stx_mode = mode as u16;
                    status.stx_size = size;
                    status.stx_ino = ino;
                    status.stx_dev_major = 0x99;
                    status.stx_dev_minor = 0x1234;
                };
                fill(e, &bytes_of(status));
            }
            Sysno::fstat | Sysno::newfstatat => {
                let (status, to) = if call == Sysno::fstat {
                    (self.status(a, "", libc::AT_EMPTY_PATH), b)
                } else {
                    assert!(d as i32 == 0 || d as i32 == libc::AT_SYMLINK_NOFOLLOW);
                    (self.status(a, &string(b), d as i32), c)
                };
                let [mode, size, ino] = status?;
                let status = |status: &mut libc::stat| {
                    status.st_mode = mode as u32;
                    status.st_size = size.cast_signed();
                    status.st_ino = ino;
                    status.st_dev = libc::makedev(0x99, 0x1234);
                };
                fill(to, &bytes_of(status));
            }
            Sysno::mmap => {
                let rights = libc::PROT_READ | libc::PROT_WRITE;
                let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
                assert_eq!([a, c, d], [0, rights as usize, flags as usize]);
                assert_eq!([e, f], [usize::MAX, 0]);
                // It is there until the process ends, which here is a thread that stays.
                let pages = Layout::from_size_align(b, 4096).expect("whole pages");
                // SAFETY: its size is not 0.
                return Ok(unsafe { alloc_zeroed(pages) }.expose_provenance());
            }
            Sysno::mremap => {
                assert_eq!((c, d), (2 * b, libc::MREMAP_MAYMOVE as usize));
                let pages = Layout::from_size_align(c, 4096).expect("whole pages");
                // SAFETY: its size is not 0.
                let moved = unsafe { alloc_zeroed(pages) };
                fill(moved.expose_provenance(), &bytes(a, b));
                return Ok(moved.expose_provenance());
            }
            Sysno::prlimit64 => {
                assert_eq!((a, c), (0, 0));
                let limits = [
                    libc::RLIMIT_MEMLOCK,
                    libc::RLIMIT_FSIZE,
                    libc::RLIMIT_MSGQUEUE,
                ];
                assert!(limits.contains(&(b as u32)), "{b}");
                fill(
                    d,
                    &bytes_of(|limit: &mut libc::rlimit64| limit.rlim_cur = 50),
                );
            }
            Sysno::write if a >= FIRST_POSIX => {
                let content = bytes(b, c);
                // Not all of it at once.
                let taken = c.min(20);
                self.opened(a).content.extend(&content[..taken]);
                return Ok(taken);
            }
            Sysno::write => {
                assert!(!self.last.posix.iter().any(|object| object.is_open));
                let taken = match self.writes.pop_front() {
                    Some(write) if a == 1 => write?,
                    _ => c,
                };
                let text = bytes(b, c);
                let text = String::from_utf8_lossy(&text[..taken.min(c)]).into_owned();
                let to = if a == 1 {
                    &mut self.last.stdout
                } else {
                    &mut self.last.stderr
                };
                to.push_str(&text);
                return Ok(taken.min(c));
            }
            Sysno::rt_sigaction => {
                assert_eq!((b, d), (0, 8));
                // Signals other than SIGHUP have their defaults.
                let mut action = [0; size_of::<Sigaction>()];
                action[0] = u8::from(a == libc::SIGHUP as usize);
                fill(c, &action);
            }
            Sysno::signalfd4 => {
                assert_eq!(c, 8);
                let set = u64::from_ne_bytes(bytes(b, c).try_into().expect("eight bytes"));
                let signals = [libc::SIGINT, libc::SIGTERM].map(|signal| 1 << (signal - 1));
                assert_eq!(set, signals[0] | signals[1]);
                return Ok(50);
            }
            // The wait for more to read.
            Sysno::ppoll if b == 1 => {
                let list = bytes(a, size_of::<Pollfd>());
                assert_eq!((c, d, e), (0, 0, 0));
                assert_eq!(list[..4], 0_i32.to_ne_bytes());
                assert_eq!(list[4..6], libc::POLLIN.to_ne_bytes());
                return Ok(1);
            }
            Sysno::ppoll => {
                assert_eq!((b, c, d, e), (2, 0, 0, 0));
                let entry = size_of::<Pollfd>();
                let list = bytes(a, entry * b);
                assert_eq!(list[..4], 1_i32.to_ne_bytes());
                assert_eq!(list[entry..entry + 4], 50_i32.to_ne_bytes());
                let ready = entry * usize::from(self.is_signalled);
                // What is asked for has come.
                fill(a + ready + 6, &list[ready + 4..ready + 6]);
                return Ok(1);
            }
            Sysno::close if a >= FIRST_POSIX => self.opened(a).is_open = false,
            Sysno::close if a >= FIRST_FILE => assert!(a - FIRST_FILE < self.open.len()),
            Sysno::close => assert_eq!(a, 50),
            Sysno::prctl => return Ok(2),
            Sysno::exit_group => {
                self.last.status = a;
                let ended = self.ended.take().expect("it ends once");
                ended.send(self.last.clone()).expect("the test waits");
                loop {
                    thread::park();
                }
            }
            call => panic!("{call} is not a call of the program"),
        }
        Ok(0)
    }

    /// Mode, size and inode number of a POSIX object, or else of a file.
    fn status(&mut self, from: usize, path: &str, flags: i32) -> Result<[u64; 3], i32> {
        let index = match flags {
            libc::AT_EMPTY_PATH if path.is_empty() => {
                self.opened(from);
                from - FIRST_POSIX
            }
            libc::AT_SYMLINK_NOFOLLOW => {
                assert_eq!(from as i32, libc::AT_FDCWD);
                self.named(path, false).ok_or(libc::ENOENT)?
            }
            0 | libc::AT_NO_AUTOMOUNT => {
                assert_eq!(from as i32, libc::AT_FDCWD);
                self.find(path).ok_or(libc::ENOENT)?;
                return Ok([0, 0, 0xabcd_5678]);
            }
            _ => panic!("{path} {flags:#x}"),
        };
        let object = &self.last.posix[index];
        let size = object.size + object.content.len();
        let mode = libc::S_IFREG as usize | object.mode;
        Ok([mode as u64, size as u64, index as u64])
    }

    /// The file of a name.
    fn find(&self, name: &str) -> Option<(&'static str, &'static str)> {
        self.files.iter().find(|file| file.0 == name).copied()
    }

    /// Opens a new POSIX object.
    fn open_posix(&mut self, object: Posix) -> usize {
        self.last.posix.push(Posix {
            is_open: true,
            ..object
        });
        FIRST_POSIX + self.last.posix.len() - 1
    }

    /// The POSIX object of an open descriptor.
    fn opened(&mut self, descriptor: usize) -> &mut Posix {
        let object = &mut self.last.posix[descriptor - FIRST_POSIX];
        assert!(object.is_open, "{object:?}");
        object
    }

    /// The POSIX object of a name.
    fn named(&self, name: &str, is_queue: bool) -> Option<usize> {
        let mut objects = self.last.posix.iter();
        objects
            .position(|object| object.is_queue == is_queue && object.name.as_deref() == Some(name))
    }

    /// A ctl call on an object, or about all of them.
    fn control(&mut self, call: Sysno, id: usize, command: usize, info: usize) {
        let size = match (call, command as i32) {
            (_, libc::IPC_RMID) => {
                self.last.objects[id].0 = None;
                return;
            }
            (_, libc::IPC_SET) => {
                let size = match call {
                    Sysno::shmctl => size_of::<libc::shmid_ds>(),
                    Sysno::msgctl => size_of::<libc::msqid_ds>(),
                    _ => size_of::<libc::semid_ds>(),
                };
                self.last.set.push((id, bytes(info, size)));
                return;
            }
            (Sysno::shmctl, libc::SHM_LOCK) => {
                self.last.locked.push(id);
                return;
            }
            (_, libc::IPC_STAT) => {
                let state = match call {
                    Sysno::shmctl => bytes_of(|state: &mut libc::shmid_ds| {
                        state.shm_perm.mode = 0o3640;
                        state.shm_segsz = 8192;
                    }),
                    Sysno::msgctl => bytes_of(|state: &mut libc::msqid_ds| {
                        state.msg_perm.mode = 0o620;
                        state.msg_qbytes = 7000;
                    }),
                    _ => bytes_of(|state: &mut libc::semid_ds| {
                        state.sem_perm.mode = 0o604;
                        state.sem_nsems = 9;
                    }),
                };
                fill(info, &state);
                return;
            }
            (Sysno::shmctl, libc::IPC_INFO) => size_of::<Shminfo64>(),
            // Of these libc knows SEM_INFO alone.
            (Sysno::shmctl, SHM_INFO) => size_of::<ShmInfo>(),
            (Sysno::msgctl, MSG_INFO) => size_of::<Msginfo>(),
            (Sysno::semctl, libc::SEM_INFO) => size_of::<Seminfo>(),
            other => panic!("no such command: {other:?}"),
        };
        // Ones: every limit is reached, and every number is one.
        let numbers = if call == Sysno::shmctl { 8 } else { 4 };
        let one: Vec<u8> = (0..numbers).map(|index| u8::from(index == 0)).collect();
        fill(info, &one.repeat(size / numbers));
        if call == Sysno::semctl {
            // But SEMMSL, which is looked at before a set with values is made.
            let most = 250_i32.to_ne_bytes();
            fill(info + offset_of!(Seminfo, semmsl), &most);
        }
    }
}

/// What a process is started with.
struct Start<'a> {
    words: &'a [Vec<u8>],
    environment: &'a [&'a str],
    auxiliary: &'a [(libc::c_ulong, usize)],
}

/// The random bytes that the kernel gives.
const RANDOM: [u8; 16] = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0];

/// Two words of a stack, which begins at a multiple of 16 bytes.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct Pair(#[expect(dead_code, reason = "read by address")] [*const c_char; 2]);

/// A number among the pointers of a stack.
fn number(number: usize) -> *const c_char {
    ptr::without_provenance(number)
}

/// Puts these words on a stack that stays, and returns its address.
fn stack(words: &[*const c_char]) -> usize {
    let pair = |words: &[*const c_char]| {
        Pair([0, 1].map(|at| words.get(at).copied().unwrap_or(ptr::null())))
    };
    let pairs: Vec<Pair> = words.chunks(2).map(pair).collect();
    pairs.leak().as_ptr().expose_provenance()
}

impl Start<'_> {
    /// The stack at exec.
    fn words(&self) -> Vec<*const c_char> {
        let string = |text: &[u8]| CString::new(text).expect("no NUL").into_raw().cast_const();
        let strings = |texts: &mut dyn Iterator<Item = &[u8]>| -> Vec<*const c_char> {
            texts.map(string).chain([ptr::null()]).collect()
        };
        let argv = strings(&mut self.words.iter().map(Vec::as_slice));
        let envp = strings(&mut self.environment.iter().map(|variable| variable.as_bytes()));
        let mut words = vec![number(self.words.len())];
        words.extend(argv);
        words.extend(envp);
        for (kind, value) in self.auxiliary {
            words.extend([number(*kind as usize), number(*value)]);
        }
        words.extend([number(libc::AT_NULL as usize), number(0)]);
        words
    }

    /// Runs the program, on this stack and this kernel.
    fn run(&self, set_up: impl FnOnce(&mut Kernel) + Send) -> Ended {
        let stack = stack(&self.words());
        let (ended, end) = mpsc::channel();
        let mut kernel = Kernel {
            ended: Some(ended),
            ..Kernel::default()
        };
        set_up(&mut kernel);
        // The thread never ends, as a process does not return from exit_group.
        let process = move || {
            KERNEL.set(kernel);
            let stack = ptr::with_exposed_provenance(stack);
            // SAFETY: made as the kernel makes it.
            unsafe { sys::start::start(stack) }
        };
        // Unoptimised code moves the room of a batch by way of the stack.
        let builder = thread::Builder::new().stack_size(32 << 20);
        builder.spawn(process).expect("a thread");
        end.recv().expect("it ends")
    }
}

/// Runs a command line on a kernel.
fn run(line: &str, set_up: impl FnOnce(&mut Kernel) + Send) -> Ended {
    let mut words = vec![b"ipcmk".to_vec()];
    words.extend(text::words(line).expect(line));
    let start = Start {
        words: &words,
        environment: &["PATH=/bin", "X"],
        auxiliary: &[
            (libc::AT_PAGESZ, 4096),
            (libc::AT_EUID, 1000),
            (libc::AT_EGID, 100),
            (libc::AT_RANDOM, RANDOM.as_ptr().expose_provenance()),
        ],
    };
    start.run(set_up)
}

/// Runs it on a kernel that refuses nothing.
fn plainly(line: &str) -> Ended {
    run(line, |_| {})
}

#[test]
fn objects_are_made_and_their_ids_are_printed() {
    let ended = plainly("-M 4096 -Q -S 3 -p 600");
    let lines = "Shared memory id: 0\nMessage queue id: 1\nSemaphore id: 2\n";
    assert_eq!((ended.status, ended.stdout.as_str()), (0, lines));
    assert_eq!(ended.stderr, "");
    let new = (libc::IPC_CREAT | libc::IPC_EXCL | 0o600) as usize;
    let objects = [
        (Some(Sysno::shmget), 1, 4096),
        (Some(Sysno::msgget), 2, new),
        (Some(Sysno::semget), 3, 3),
    ];
    assert_eq!(ended.objects, objects);
}

/// The number at this place in the struct that IPC_SET was given for an object.
fn set(ended: &Ended, id: usize, at: usize) -> u32 {
    let mut structs = ended.set.iter().filter(|set| set.0 == id);
    let (Some((_, bytes)), None) = (structs.next(), structs.next()) else {
        panic!("it is set once: {ended:?}");
    };
    u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four"))
}

/// Owner and mode of an object, as they were set.
fn permissions(ended: &Ended, id: usize) -> [u32; 3] {
    let places = [
        offset_of!(Ipc64Perm, uid),
        offset_of!(Ipc64Perm, gid),
        offset_of!(Ipc64Perm, mode),
    ];
    places.map(|at| set(ended, id, at))
}

#[test]
fn a_queue_is_set_with_its_owner() {
    let ended = plainly("--keyed -Q 0x12345678 -p 4K --mode 640");
    assert_eq!((ended.status, ended.stdout.as_str()), (0, "0\n"));
    assert_eq!(ended.objects[0].1, 0x1234_5678);
    assert_eq!(permissions(&ended, 0), [1000, 100, 0o640]);
    assert_eq!(set(&ended, 0, offset_of!(Msqid64Ds, msg_qbytes)), 4096);
}

#[test]
fn every_property_is_set() {
    let line = "-M 4096 -Q -S 2 -p 640 --owner 7:8 --qbytes 5000 --value 3,4 --lock --hugetlb=2M";
    let ended = plainly(line);
    let lines = "Shared memory id: 0\nMessage queue id: 1\nSemaphore id: 2\n";
    assert_eq!((ended.status, ended.stdout.as_str()), (0, lines));
    assert_eq!(ended.locked, [0]);
    assert_eq!(
        (&ended.values, &ended.ready),
        (&vec![(2, vec![3, 4])], &vec![2])
    );
    for id in 0..3 {
        assert_eq!(permissions(&ended, id), [7, 8, 0o640]);
    }
    assert_eq!(set(&ended, 1, offset_of!(Msqid64Ds, msg_qbytes)), 5000);

    // What is not given is the process's, and what a new queue has.
    let ended = plainly("-k 7 -Q --owner 7");
    assert_eq!(permissions(&ended, 0), [7, 100, 0o644]);
    assert_eq!(set(&ended, 0, offset_of!(Msqid64Ds, msg_qbytes)), 1);
}

#[test]
fn what_is_found_is_described() {
    let ended = plainly("-J -e -k 7 -M 4096 -Q -S 2");
    let lines = "{\"ipcmk\": [\n\
        {\"kind\": \"shmem\", \"id\": 0, \"key\": \"0x00000007\", \"mode\": \"0640\", \"size\": 8192, \"created\": false},\n\
        {\"kind\": \"queue\", \"id\": 0, \"key\": \"0x00000007\", \"mode\": \"0620\", \"qbytes\": 7000, \"created\": false},\n\
        {\"kind\": \"semaphore\", \"id\": 0, \"key\": \"0x00000007\", \"mode\": \"0604\", \"nsems\": 9, \"created\": false}\n]}\n";
    assert_eq!((ended.status, ended.stdout.as_str()), (0, lines));
    assert!(ended.objects.is_empty());
}

#[test]
fn a_file_has_a_key() {
    let ended = run("-J --ftok /etc/passwd:2 -Q", |kernel| {
        kernel.files = vec![("/etc/passwd", "")];
    });
    let line = "{\"kind\": \"queue\", \"id\": 0, \"key\": \"0x02345678\", \"path\": \"/etc/passwd\", \
                \"mode\": \"0644\", \"qbytes\": 1, \"created\": true}";
    assert_eq!(ended.stdout.lines().nth(1), Some(line), "{ended:?}");
    assert_eq!(ended.objects[0].1, 0x0234_5678);

    // A path needs room, and so does its NUL.
    for (bytes, errno) in [
        (4095, "No such file or directory"),
        (4096, "File name too long"),
    ] {
        let ended = plainly(&format!("-Q --ftok {}", "x".repeat(bytes)));
        assert_eq!(ended.status, 1);
        assert!(ended.stderr.contains(errno), "{}", ended.stderr);
    }
}

/// The three POSIX objects of a line whose mode is 0640.
fn posix(owner: Option<(usize, usize)>, attributes: Option<[i64; 2]>) -> [Posix; 3] {
    let named = |name: &str| Posix {
        name: Some(name.into()),
        mode: 0o640,
        owner,
        ..Posix::default()
    };
    let mut semaphore = [0; 32];
    semaphore[..4].copy_from_slice(&5_i32.to_ne_bytes());
    semaphore[8] = 0x80;
    [
        Posix {
            size: 4096,
            ..named("/dev/shm/x")
        },
        Posix {
            is_queue: true,
            attributes,
            ..named("x")
        },
        Posix {
            content: semaphore.into(),
            ..named("/dev/shm/sem.x")
        },
    ]
}

#[test]
fn posix_objects_are_made_whole() {
    let lines =
        "POSIX shared memory name: /x\nPOSIX message queue name: /x\nPOSIX semaphore name: /x\n";
    for is_unprivileged in [false, true] {
        let under = |kernel: &mut Kernel| {
            kernel.umask = 0o27;
            kernel.is_unprivileged = is_unprivileged;
        };
        let ended = run("-m 4K -q -s -n /x -p 640 --value 5", under);
        assert_eq!((ended.status, ended.stdout.as_str()), (0, lines));
        assert_eq!(ended.posix, posix(None, None));

        let line = "-m 4K -q -s -n /x -p 640 --value 5 --owner 7 --maxmsg 3 --msgsize 100";
        let ended = run(line, under);
        assert_eq!((ended.status, ended.stdout.as_str()), (0, lines));
        let owner = (7, u32::MAX as usize);
        assert_eq!(ended.posix, posix(Some(owner), Some([3, 100])));

        // The default mode, 0644, goes through the umask.
        let defaults = line.replace("-p 640", "");
        let ended = run(&defaults, under);
        assert_eq!((ended.status, ended.stdout.as_str()), (0, lines));
        assert_eq!(ended.posix, posix(Some(owner), Some([3, 100])));
    }
    // The kernel's choice beside what is given.
    let ended = run("-q -n x --maxmsg 3", |kernel| {
        kernel.files = vec![("/proc/sys/fs/mqueue/msgsize_default", "77\n")];
    });
    assert_eq!(ended.posix[0].attributes, Some([3, 77]));
    let ended = plainly("-q -n x --msgsize 100");
    assert_eq!(ended.posix[0].attributes, Some([10, 100]));
}

/// Under another name, where there is no unnamed file; and by the calls that statx(2) replaced.
#[test]
fn posix_objects_are_made_whole_on_old_kernels() {
    let is_old = |kernel: &mut Kernel| {
        kernel.is_old = true;
        kernel.umask = 0o27;
        kernel.errors = vec![(Sysno::statx, libc::ENOSYS); 20];
    };
    let lines =
        "POSIX shared memory name: x\nPOSIX message queue name: x\nPOSIX semaphore name: x\n";
    let ended = run("-m 4K -q -s -n x --value 5", is_old);
    assert_eq!(
        (ended.status, ended.stdout.as_str()),
        (0, lines),
        "{ended:?}"
    );
    let mut expected = posix(None, None);
    assert_eq!(ended.posix, expected);
    assert!(ended.calls.contains(&Sysno::fstat) && ended.calls.contains(&Sysno::newfstatat));

    let ended = run("-m 4K -q -s -n x --value 5 -p 640 --owner 7 -J", is_old);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("\"0640\", \"size\": 4096"),
        "{ended:?}"
    );
    for object in &mut expected {
        object.owner = Some((7, u32::MAX as usize));
    }
    assert_eq!(ended.posix, expected);

    // What is not ours stays; the other name is still ours, and is unlinked.
    let ended = run("-q -m 4K -n x", |kernel| {
        is_old(kernel);
        kernel.is_replaced = true;
    });
    let told = "ipcmk: create POSIX shared memory failed: Stale file handle\n";
    assert!(
        ended.status == 1 && ended.stderr.starts_with(told),
        "{ended:?}"
    );
    let names = ended.posix.iter().map(|object| object.name.as_deref());
    let names: Vec<_> = names.collect();
    assert_eq!(names, [None, Some("/dev/shm/x")]);
    assert!(!ended.posix[0].is_open);

    // A key is the same by either call.
    let ended = run("-Q --ftok /etc/passwd:2", |kernel| {
        kernel.files = vec![("/etc/passwd", "")];
        kernel.errors = vec![(Sysno::statx, libc::EPERM)];
    });
    assert_eq!(ended.objects[0].1, 0x0234_5678, "{ended:?}");
}

#[test]
fn posix_objects_are_described() {
    let names = ["\"x\"", "[120, 34]"];
    for (line, name) in ["-J -m 5 -q -s -n x -p 620", "-J -m 5 -q -s -n 'x\"' -p 620"]
        .into_iter()
        .zip(names)
    {
        let objects = format!(
            "{{\"ipcmk\": [\n\
             {{\"kind\": \"posix-shmem\", \"name\": {name}, \"mode\": \"0620\", \"size\": 5, \"created\": true}},\n\
             {{\"kind\": \"posix-mqueue\", \"name\": {name}, \"mode\": \"0620\", \"maxmsg\": 10, \"msgsize\": 8192, \"created\": true}},\n\
             {{\"kind\": \"posix-semaphore\", \"name\": {name}, \"mode\": \"0620\", \"created\": true}}\n]}}\n"
        );
        let ended = plainly(line);
        assert_eq!((ended.status, ended.stdout), (0, objects));
    }
}

/// What is there already, and what a line makes of it.
#[test]
fn posix_objects_are_found() {
    let there = |kernel: &mut Kernel| {
        kernel.last.posix = posix(None, None).into();
    };
    let lines =
        "POSIX shared memory name: x\nPOSIX message queue name: x\nPOSIX semaphore name: x\n";
    let ended = run("-e -m 4K -q -s -n x --owner 9 --value 1", there);
    assert_eq!((ended.status, ended.stdout.as_str()), (0, lines));
    // A queue is found by trying to make it.
    assert_eq!(ended.posix, posix(None, None));

    for (line, told) in [
        (
            "-m 4K -n x",
            "create POSIX shared memory failed: File exists",
        ),
        ("-q -n x", "create POSIX message queue failed: File exists"),
        ("-s -n x", "create POSIX semaphore failed: File exists"),
        (
            "-e -q -s -m 4097 -n x",
            "create POSIX shared memory failed: Invalid argument",
        ),
    ] {
        let ended = run(line, there);
        assert_eq!(ended.status, 1, "{line}");
        assert!(ended.stderr.contains(told), "{line}: {}", ended.stderr);
        assert_eq!(ended.posix[..3], posix(None, None));
    }
}

/// More than one read gives.
const JOBS: &str = concat!(
    "# 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
    "# 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
    "# 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
    "# 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
    "# 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
    "# 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
    "-k 7 -M 4096\n",
    "-Q --qbytes 5\n",
    "# 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
    "--keyed -S 7 -s 3 --value 5\n",
);

#[test]
fn lines_of_a_file_are_carried_out() {
    for line in ["--batch /jobs", "--batch -"] {
        let ended = run(line, |kernel| match line {
            "--batch -" => kernel.stdin.0 = JOBS,
            _ => kernel.files = vec![("/jobs", JOBS)],
        });
        let lines = "Shared memory id: 0\nMessage queue id: 1\n2\n";
        assert_eq!(
            (ended.status, ended.stdout.as_str()),
            (0, lines),
            "{ended:?}"
        );
        let new = (libc::IPC_CREAT | libc::IPC_EXCL) as usize;
        let objects = [
            (Some(Sysno::shmget), 7, 4096),
            (Some(Sysno::msgget), 1, new),
            (Some(Sysno::semget), 7, 3),
        ];
        assert_eq!(ended.objects, objects);
        assert_eq!(
            (ended.values, ended.ready),
            (vec![(2, vec![5; 3])], vec![2])
        );
    }
    let ended = run("--batch -", |kernel| {
        kernel.stdin.0 = "-Q\n";
        kernel.errors = vec![(Sysno::read, libc::EAGAIN)];
    });
    assert_eq!((ended.status, ended.objects.len()), (0, 1), "{ended:?}");
    assert!(ended.calls.contains(&Sysno::ppoll), "{ended:?}");
    let ended = run("-r --batch /jobs", |kernel| {
        kernel.files = vec![("/jobs", JOBS)];
        kernel.errors = vec![(Sysno::semget, libc::ENOSPC)];
    });
    let told = "ipcmk: line 10: create semaphore failed: No space left on device\n";
    assert!(
        ended.status == 1 && ended.stderr.starts_with(told),
        "{ended:?}"
    );
    assert!(ended.objects.iter().all(|object| object.0.is_none()));
}

#[test]
fn whatever_is_refused_is_explained_and_undone() {
    use Sysno::{
        fallocate, fchmod, fchown, ftruncate, getrandom, linkat, mmap, mq_open, msgctl, msgget,
        newfstatat, openat, read, rt_sigprocmask, semctl, semget, semop, shmctl, shmget, statx,
        umask,
    };
    let errnos = [
        libc::EPERM,
        libc::EROFS,
        libc::EFBIG,
        libc::EOPNOTSUPP,
        libc::ENOENT,
        libc::ENOMEM,
        libc::EACCES,
        libc::EEXIST,
        libc::EINVAL,
        libc::ENFILE,
        libc::EMFILE,
        libc::ENOSPC,
        libc::ENOSYS,
    ];
    // Miri takes seconds for each run: these reach every call.
    let few = [
        (shmget, libc::EINVAL),
        (shmget, libc::ENOMEM),
        (msgget, libc::ENOSPC),
        (semget, libc::ENOSPC),
        (semget, libc::EPERM),
        (msgctl, libc::EPERM),
        (shmctl, libc::ENOMEM),
        (semctl, libc::EACCES),
        (statx, libc::ENOENT),
        (mmap, libc::ENOMEM),
        (mq_open, libc::EMFILE),
        (mq_open, libc::EINVAL),
        (fallocate, libc::ENOSPC),
        (ftruncate, libc::EFBIG),
        (linkat, libc::ENOSPC),
    ];
    for (line, call) in [
        ("-Q -M 4096", shmget),
        ("-M 4096 -Q", msgget),
        ("-M 4096 -Q -S 3", semget),
        ("--keyed -Q 7 -p 4096", msgctl),
        ("-M 4096 -Q -S 3", rt_sigprocmask),
        ("-S 3 -M 4096", read),
        ("-k 7 -Q --owner 5", msgctl),
        ("-k 7 -M 4096 --lock", shmctl),
        ("-k 7 -M 4096 --hugetlb", shmget),
        ("-k 7 -S 2 --value 1,2", semctl),
        ("-k 7 -S 2 --value 1,2", semop),
        ("-k 7 -S 2 --value 1,2", mmap),
        ("-k 7 -S 2 --owner 1", semctl),
        ("-Q --ftok /jobs", statx),
        ("-J -Q", mmap),
        ("--batch /jobs", openat),
        ("--batch /jobs", read),
        ("--batch /jobs", semget),
        ("-q -s -m 1 -n x", openat),
        ("-q -s -m 1 -n x --allocate", fallocate),
        ("-q -s -m 1 -n x", ftruncate),
        ("-q -s -m 1 -n x", linkat),
        ("-m 1 -q -s -n x", mq_open),
        ("-m 1 -q -n x --maxmsg 70000", mq_open),
        ("-m 1 -q -s -n x --owner 7", fchown),
        ("-m 1 -q -s -n x --owner 7", fchmod),
        ("-m 1 -q -s -n x -p 7", fchmod),
        ("-m 1 -q -s -n x --owner 7", umask),
        ("-e -m 1 -n x", statx),
    ] {
        for errno in errnos {
            if cfg!(miri) && !few.contains(&(call, errno)) {
                continue;
            }
            let ended = run(line, |kernel| {
                // As often as it tries.
                kernel.errors = vec![(call, errno); 200];
                if call == statx {
                    kernel.errors.extend([(newfstatat, errno); 9]);
                }
                kernel.files = FILES.to_vec();
            });
            if (call, errno) == (statx, libc::ENOENT) && ended.status == 0 {
                continue;
            }
            if call == read && line.contains("-M") && ended.status == 0 {
                continue;
            }
            assert_eq!(
                (ended.status, ended.stdout.as_str()),
                (1, ""),
                "{line} {errno}"
            );
            assert!(
                ended.stderr.starts_with("ipcmk: "),
                "{line} {errno}: {}",
                ended.stderr
            );
            let named = ended.posix.iter().filter(|object| object.name.is_some());
            assert_eq!(named.count(), 0, "{line} {errno}: {ended:?}");
            let left = ended.objects.iter().filter(|object| object.0.is_some());
            // A set with values is not made before SEMMSL is known.
            let is_stuck = [shmctl, msgctl, semctl].contains(&call) && !line.contains("--value");
            assert_eq!(
                left.count(),
                usize::from(is_stuck),
                "{line} {errno}: {ended:?}"
            );
        }
    }
    let ended = run("-Q", |kernel| {
        kernel.errors = vec![(msgget, libc::EEXIST); 4]
    });
    assert_eq!(ended.status, 0);
    assert!(ended.calls.contains(&getrandom) && ended.objects[0].1 == 0x5a5a_5a5a);
}

/// What is read of /proc.
const FILES: [(&str, &str); 6] = [
    ("/jobs", JOBS),
    ("/proc/sys/kernel/shm_rmid_forced", "0\n"),
    ("/proc/sys/fs/mqueue/msg_max", "10\n"),
    ("/proc/sys/fs/mqueue/queues_max", "256\n"),
    ("/proc/sys/vm/overcommit_memory", "2\n"),
    (
        "/proc/meminfo",
        "MemTotal:       24684152 kB\nMemFree:        22966112 kB\nCommitLimit:    12342076 kB\nCommitted_AS:    1234567 kB\n\
         HugePages_Total:       1\nHugePages_Free:        1\nHugePages_Rsvd:        1\nHugepagesize:       2048 kB\n",
    ),
];

/// What a model holds before a removal.
fn to_remove(kernel: &mut Kernel) {
    // A search finds the first of them, whatever its kind.
    kernel.last.objects = vec![(Some(Sysno::msgget), 7, 0)];
    kernel.last.posix = posix(None, None).into();
}

/// Whether nothing of that is left.
fn is_empty(ended: &Ended) -> bool {
    ended.objects.iter().all(|object| object.0.is_none())
        && ended.posix.iter().all(|object| object.name.is_none())
}

#[test]
fn what_lines_name_is_removed() {
    for (line, out) in [
        ("-Q -k 7 --remove", "Message queue id: 0\n"),
        ("--keyed -S 7 -s 3 --remove", "0\n"),
        (
            "-M 1 -k 7 --remove -J",
            "{\"ipcmk\": [\n{\"kind\": \"shmem\", \"id\": 0, \"key\": \"0x00000007\", \"removed\": true}\n]}\n",
        ),
    ] {
        let ended = run(line, |kernel| {
            to_remove(kernel);
            kernel.last.posix.clear();
        });
        let told = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
        assert_eq!(told, (0, out, ""), "{line}");
        assert!(is_empty(&ended), "{line}: {ended:?}");
    }
    let ended = run("-m 1 -q -s -n x --remove -J -Q -k 7", to_remove);
    let objects = "{\"ipcmk\": [\n\
        {\"kind\": \"posix-shmem\", \"name\": \"x\", \"removed\": true},\n\
        {\"kind\": \"queue\", \"id\": 0, \"key\": \"0x00000007\", \"removed\": true},\n\
        {\"kind\": \"posix-mqueue\", \"name\": \"x\", \"removed\": true},\n\
        {\"kind\": \"posix-semaphore\", \"name\": \"x\", \"removed\": true}\n]}\n";
    assert_eq!((ended.status, ended.stdout.as_str()), (0, objects));
    assert!(is_empty(&ended), "{ended:?}");
    // It is not there any more.
    let ended = plainly("-m 1 -q -s -n x --remove");
    let told = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
    assert_eq!(told, (0, "", ""));
}

/// The first call of a kind that fails keeps its object; the others go.
#[test]
fn what_is_not_removed_is_explained() {
    let jobs = "-Q -k 7\n-m 1 -q -s -n x\n";
    for (call, errno, told) in [
        (
            Sysno::msgctl,
            libc::EPERM,
            "line 1: remove message queue with key 0x7 failed: Operation not permitted\n",
        ),
        (
            Sysno::msgget,
            libc::ENOSYS,
            "line 1: remove message queue with key 0x7 failed: Function not implemented\n",
        ),
        (
            Sysno::unlinkat,
            libc::EACCES,
            "line 2: remove POSIX shared memory 'x' failed: Permission denied\n",
        ),
        (
            Sysno::unlinkat,
            libc::EROFS,
            "line 2: remove POSIX shared memory 'x' failed: Read-only file system\n",
        ),
        (
            Sysno::mq_unlink,
            libc::EACCES,
            "line 2: remove POSIX message queue 'x' failed: Permission denied\n",
        ),
    ] {
        let ended = run("--batch /jobs --remove", |kernel| {
            to_remove(kernel);
            kernel.files = vec![("/jobs", jobs)];
            kernel.errors = vec![(call, errno)];
        });
        assert_eq!(ended.status, 1, "{call}");
        assert!(
            ended.stderr.starts_with(&format!("ipcmk: {told}")),
            "{call}: {}",
            ended.stderr
        );
        let queues = ended.objects.iter().filter(|object| object.0.is_some());
        let names = ended.posix.iter().filter(|object| object.name.is_some());
        assert_eq!(queues.count() + names.count(), 1, "{call}: {ended:?}");
        assert_eq!(ended.stdout.lines().count(), 3, "{call}: {ended:?}");
    }
    let ended = run("-Q -k 7 --remove", |kernel| {
        to_remove(kernel);
        kernel.last.posix.clear();
        kernel.writes = [Err(libc::EPIPE)].into();
    });
    let told = (ended.status, ended.stderr.as_str());
    assert_eq!(told, (1, "ipcmk: write error: Broken pipe\n"));
    assert!(is_empty(&ended));
}

#[test]
fn a_dry_run_calls_for_no_object() {
    let lines = [
        "-M 1 -Q -S 1 -m 1 -q -s -n x --dry-run",
        "-Q -k 7 --remove --dry-run",
    ];
    for line in lines {
        let ended = plainly(line);
        let told = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
        assert_eq!(told, (0, "", ""), "{line}");
        let calls = [Sysno::mmap, Sysno::rt_sigprocmask, Sysno::exit_group];
        assert!(
            ended.calls.iter().all(|call| calls.contains(call)),
            "{ended:?}"
        );
    }
}

/// The text of a batch is longer than the memory that is mapped first, and moves.
#[test]
fn a_long_batch_moves_to_more_memory() {
    let text = format!("# {}\n-Q -k 7\n", "x".repeat(70_000)).leak();
    let ended = run("--batch /jobs", |kernel| {
        kernel.files = vec![("/jobs", text)];
    });
    let out = "Message queue id: 0\n";
    assert_eq!((ended.status, ended.stdout.as_str()), (0, out));
    assert!(ended.calls.contains(&Sysno::mremap));
    let ended = run("--batch /jobs", |kernel| {
        kernel.files = vec![("/jobs", text)];
        kernel.errors = vec![(Sysno::mremap, libc::ENOMEM)];
    });
    let told = "ipcmk: read '/jobs' failed: Cannot allocate memory\n";
    assert!(
        ended.status == 1 && ended.stderr.starts_with(told),
        "{ended:?}"
    );
    assert!(ended.objects.is_empty());
}

#[test]
fn segments_that_would_die_are_refused() {
    let ended = run("-M 4096", |kernel| {
        kernel.files = vec![("/proc/sys/kernel/shm_rmid_forced", "1\n")];
    });
    assert_eq!(ended.status, 1);
    assert!(ended.stderr.contains("shm_rmid_forced") && ended.objects.is_empty());
}

#[test]
fn writes_are_continued_and_waited_for() {
    let line = "-M 1 -Q -S 1";
    let whole = "Shared memory id: 0\nMessage queue id: 1\nSemaphore id: 2\n";
    let writes = [Ok(1), Err(libc::EINTR), Err(libc::EAGAIN), Ok(5)];
    let ended = run(line, |kernel| kernel.writes = writes.into());
    assert_eq!((ended.status, ended.stdout.as_str()), (0, whole));
    let ended = run(line, |kernel| {
        kernel.writes = writes.into();
        kernel.is_signalled = true;
    });
    assert_eq!((ended.status, ended.stdout.as_str()), (1, "S"));
    assert!(
        ended.objects.iter().all(|object| object.0.is_none()),
        "{ended:?}"
    );
    let ended = run(line, |kernel| kernel.writes = [Err(libc::ENOSPC)].into());
    assert_eq!(ended.status, 1);
    assert!(
        ended
            .stderr
            .starts_with("ipcmk: write error: No space left on device\n")
    );
}

#[test]
fn texts_are_printed() {
    let help = plainly("--help");
    assert!(help.status == 0 && help.stdout.starts_with("\nUsage:\n ipcmk [options]\n"));
    for line in [
        "-Z",
        "-M",
        "--s=1",
        "--zzz=1",
        "--mode",
        "--queue=1",
        "-M 1x",
        "-M 1Z",
        "-S 0",
        "-p 1000 -Q",
        "-Q x",
        "-Q 1234 -p 600",
        "--keyed -M 7",
        "--keyed -M 7 -S 7",
        "-q",
        "-q -n x --value 1",
        "-s -n x --value 1,2",
        "-s -n x --libc x",
        "-m 1 -n a/b",
        "-q -n x --maxmsg x",
        "--lock -Q",
        "-S 2 --value 1,2,3",
        "-k 7 --ftok / -Q",
        "--ftok=/:0 -Q",
        "--owner x -Q",
        "--batch /jobs -Q",
        "--batch /nowhere",
        "",
    ]
    .into_iter()
    .step_by(if cfg!(miri) { 4 } else { 1 })
    {
        let ended = plainly(line);
        assert!(
            ended.status == 1 && ended.stderr.starts_with("ipcmk: "),
            "{line}: {ended:?}"
        );
    }
}

#[test]
fn words_may_be_long_and_bytes_any() {
    let words = [vec![b'i'], vec![b'-', b'S'], vec![0xff; 3000]];
    let start = Start {
        words: &words,
        environment: &[],
        auxiliary: &[],
    };
    let ended = start.run(|_| {});
    assert_eq!(ended.status, 1);
    // Each byte is no UTF-8, and so three bytes here.
    assert!(ended.stderr.len() > 9000, "{}", ended.stderr.len());
}

/// Kernels before 5.18 start a program without even its name if they are asked to.
#[test]
fn there_may_be_no_words_at_all() {
    let start = Start {
        words: &[],
        environment: &["A=B", "C=D"],
        auxiliary: &[],
    };
    assert_eq!(start.run(|_| {}).status, 1);
    let sp = ptr::with_exposed_provenance(stack(&start.words()));
    // SAFETY: the words are as the kernel makes them.
    let vectors = unsafe { sys::start::Vectors::find(sp) };
    assert_eq!((vectors.argv.count(), vectors.envp.count()), (0, 2));
}

#[test]
fn posixly_correct_is_found_in_the_environment() {
    let words = ["ipcmk", "-M", "1", "600", "-Q"].map(|word| word.as_bytes().to_vec());
    let status = |environment: &[&str]| {
        let start = Start {
            words: &words,
            environment,
            auxiliary: &[],
        };
        let ended = start.run(|_| {});
        (
            ended.status,
            ended.stderr.contains("'600'"),
            ended.stderr.contains("'-Q'"),
        )
    };
    // With it -Q is an operand like 600, else 600 is one too many beside -Q.
    assert_eq!(status(&["A=B", "POSIXLY_CORRECT=1"]), (1, false, true));
    assert_eq!(
        status(&["POSIXLY_CORRECT", "POSIXLY_CORRECTX=1", "P", ""]),
        (1, true, false)
    );
}

/// A debug build looks at the stack before it reads what the stack points to.
#[cfg(debug_assertions)]
#[test]
fn a_stack_that_no_kernel_makes_is_noticed() {
    let panics = |words: &[*const c_char], offset: usize| {
        let sp = ptr::with_exposed_provenance(stack(words) + offset);
        // SAFETY: it panics, or the words are as the kernel makes them.
        let found = panic::catch_unwind(|| unsafe { sys::start::Vectors::find(sp) });
        found.err().map(|panic| match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().expect("a text")).to_owned(),
        })
    };
    let auxiliary = [(libc::AT_PAGESZ, 4096), (libc::AT_RANDOM, 8)];
    let start = Start {
        words: &[b"ipcmk".into(), b"-Q".into()],
        environment: &["PATH=/bin", "X"],
        auxiliary: &auxiliary,
    };
    let words = start.words();
    assert_eq!(panics(&words, 0), None);
    // argc, two words, a null, two variables, a null, and pairs.
    let (page, random, end) = (8, 10, 12);
    assert_eq!(words.len(), end + 1);
    let with = |place: usize, value: usize| {
        let mut words = words.clone();
        words[place] = number(value);
        panics(&words, 0)
    };
    let shifted = [&[ptr::null()], &words[..]].concat();
    for (panic, text) in [
        (
            panics(&shifted, size_of::<usize>()),
            "sp is a multiple of 16",
        ),
        (with(0, 1), "argv has argc strings"),
        (with(0, 3), "argv has argc strings"),
        (with(page, 4095), "a page is a power of two"),
        (with(random, 0), "AT_RANDOM points to bytes"),
        (with(end, 1), "auxv ends with a pair of zeros"),
    ] {
        assert!(
            panic.as_ref().is_some_and(|panic| panic.contains(text)),
            "{text}: {panic:?}"
        );
    }
}
