//! Why the kernel refused: measured after the refusal, in numbers where it has
//! some, and never on a run that succeeds.
//!
//! What each refusal can mean, in the order in which the kernel checks, is in
//! ipc/util.c, ipc/shm.c, ipc/msg.c and ipc/sem.c of Linux.

use core::ffi::CStr;

use crate::abi::{SHM_HUGE_SHIFT, SHM_HUGETLB};
use crate::batch::MOST_BYTES;
use crate::errno::Errno;
use crate::kernel::{File, Kernel, Limits};
use crate::number;
use crate::plan::{Attempt, Doing, Kind, Step};
use crate::words::Words;

/// The figures of a line of advice, in the order in which its words have
/// places for them.
pub type Figures = [u64; 3];

/// Looks for the cause of a refusal: the words for it, and their `figures`.
/// None where the error says it all, or nothing is found.
#[inline(never)] // its buffers would be in the frame of every run
pub fn explain<K: Kernel>(
    attempt: &Attempt<'_>,
    errno: Errno,
    figures: &mut Figures,
    kernel: &mut K,
) -> Option<Words> {
    let Attempt {
        doing,
        step,
        key,
        shm_flags,
        ..
    } = *attempt;
    let is_new_huge = doing == Doing::Create && shm_flags & SHM_HUGETLB != 0;
    match (doing, errno) {
        (Doing::ReadBatch, Errno::EFBIG) => {
            *figures = [MOST_BATCH, 0, 0];
            return Some(Words::MOST_BYTES);
        }
        (Doing::Set, Errno::EINVAL) => return Some(Words::UNMAPPED),
        (Doing::Lock, Errno::EPERM) if kernel.most_locked() == Ok(0) => {
            return Some(Words::NO_LOCK);
        }
        (Doing::Lock, Errno::ENOMEM) => {
            *figures = [step.amount, kernel.most_locked().ok()?, 0];
            return Some(Words::MEMLOCK);
        }
        (
            Doing::Find
            | Doing::Create
            | Doing::SetValues
            | Doing::Lock
            | Doing::Set,
            _,
        ) => {}
        _ => return None,
    }
    match errno {
        Errno::EEXIST => in_use(step, key, figures, kernel),
        Errno::EINVAL => match (doing, step.kind) {
            (Doing::Find, Kind::Shm) => too_small(step, key, figures, kernel),
            // SEMMSL is checked before the set is looked for.
            (Doing::Find, _) => {
                too_large(step, figures, kernel).or_else(|| too_small(step, key, figures, kernel))
            }
            (Doing::Create, _) => too_large(step, figures, kernel)
                .or_else(|| no_size(step, figures))
                .or_else(|| is_new_huge.then_some(Words::NO_PAGE_SIZE)),
            _ => None,
        },
        Errno::EPERM if doing == Doing::Set && step.kind == Kind::Queue => {
            too_large(step, figures, kernel).or_else(|| Some(forbidden(kernel)))
        }
        // A look at the key would be refused too, if it were the call.
        Errno::EPERM if is_new_huge && kernel.get(step, key, 0) != Err(errno) => {
            Some(Words::NO_HUGE_PAGES)
        }
        Errno::EPERM | Errno::EACCES => Some(forbidden(kernel)),
        Errno::ENOSPC => full(step, figures, kernel),
        Errno::ENOMEM if is_new_huge => {
            let free = huge_pages(step, shm_flags, figures, kernel);
            free.or(Some(Words::HUGE_PAGES_UNKNOWN))
        }
        Errno::ENOMEM => no_memory(step, figures, kernel),
        // Without figures: to read them takes a file.
        Errno::ENFILE => Some(Words::FILE_MAX),
        Errno::EMFILE => Some(Words::NOFILE),
        Errno::ENOSYS if kernel.is_filtered() => Some(Words::NO_SYSVIPC_OR_FILTER),
        Errno::ENOSYS => Some(Words::NO_SYSVIPC),
        _ => None,
    }
}

/// The key belongs to an object, and nobody said that this will do.
fn in_use<K: Kernel>(step: Step, key: u32, figures: &mut Figures, kernel: &mut K) -> Option<Words> {
    let Ok(id) = kernel.get(step, key, 0) else {
        // Nor would -o do.
        return too_small(step, key, figures, kernel);
    };
    *figures = [id, key.into(), id];
    Some(Words::IN_USE.of(step.kind))
}

/// The existing object is smaller than what is asked for. How large it is can
/// be found out without permission to read it: the kernel finds an object for
/// whoever asks for no more than it has.
fn too_small<K: Kernel>(
    mut step: Step,
    key: u32,
    figures: &mut Figures,
    kernel: &mut K,
) -> Option<Words> {
    let asked = step.amount;
    let mut amount = 0;
    let mut bit = 1 << (u64::BITS - 1);
    while bit != 0 {
        step.amount = amount | bit;
        if step.amount < asked
            && let Ok(id) = kernel.get(step, key, 0)
        {
            amount = step.amount;
            *figures = [id, amount, 0];
        }
        bit >>= 1;
    }
    match step.kind {
        // Somebody has removed it meanwhile.
        _ if amount == 0 => None,
        Kind::Shm => Some(Words::SMALL_SHM),
        Kind::Sem => Some(Words::SMALL_SEM),
        Kind::Queue => None,
    }
}

/// No object may be so large. (A queue may, for the privileged.)
fn too_large<K: Kernel>(step: Step, figures: &mut Figures, kernel: &mut K) -> Option<Words> {
    let most = kernel.limits(step.kind).ok()?.each;
    *figures = [step.amount, most, 0];
    (step.amount > most).then_some(Words::OVER_EACH.of(step.kind))
}

/// A segment is a file, which is not empty here.
fn no_size(step: Step, figures: &mut Figures) -> Option<Words> {
    *figures = [step.amount, LARGEST_FILE, 0];
    match step.amount {
        0 => (step.kind == Kind::Shm).then_some(Words::SHMMIN),
        1..=LARGEST_FILE => None,
        _ => Some(Words::LARGEST_FILE),
    }
}

/// Bytes of the largest file. `linux/fs.h`, MAX_LFS_FILESIZE.
const LARGEST_FILE: u64 = u64::MAX >> 1;

/// There are as many objects, pages or semaphores as there may be. The kernel
/// counts pages and semaphores first.
fn full<K: Kernel>(step: Step, figures: &mut Figures, kernel: &mut K) -> Option<Words> {
    let Limits {
        units,
        units_used,
        unit,
        objects,
        objects_used,
        ..
    } = kernel.limits(step.kind).ok()?;
    let more = step.amount.saturating_add(unit.get() - 1) / unit;
    if units_used.saturating_add(more) > units {
        *figures = [units_used, units, more];
        return Some(match step.kind {
            Kind::Shm => Words::SHMALL,
            Kind::Queue | Kind::Sem => Words::SEMMNS,
        });
    }
    *figures = [objects_used, objects, 0];
    if objects_used >= objects {
        return Some(Words::OVER_OBJECTS.of(step.kind));
    }
    // The kernel's own count of so many pages wraps.
    no_size(step, figures).or(Some(Words::NO_LONGER_FULL))
}

/// The kernel commits itself to no more memory, or has none for its tables.
fn no_memory<K: Kernel>(step: Step, figures: &mut Figures, kernel: &mut K) -> Option<Words> {
    if step.kind != Kind::Shm {
        return Some(Words::KERNEL_MEMORY);
    }
    let asked = step.amount / 1024;
    let mut buffer = [0; MEMINFO_BYTES];
    let Some(policy) = first_number(c"/proc/sys/vm/overcommit_memory", &mut buffer, kernel) else {
        return Some(Words::COMMIT_UNKNOWN);
    };
    let meminfo = kernel.read(File::System(MEMINFO), &mut buffer).ok()?;
    let kilobytes = |name| kilobytes(meminfo, name);
    if policy == OVERCOMMIT_NEVER {
        *figures = [
            kilobytes(b"Committed_AS:")?,
            kilobytes(b"CommitLimit:")?,
            asked,
        ];
        return Some(Words::COMMIT_LIMIT);
    }
    let all = kilobytes(b"MemTotal:")?.saturating_add(kilobytes(b"SwapTotal:")?);
    *figures = [asked, all, 0];
    Some(if policy == OVERCOMMIT_GUESS && asked > all {
        Words::COMMIT_GUESS
    } else {
        Words::KERNEL_MEMORY
    })
}

/// There are not enough free huge pages. The kernel tells in /proc/meminfo of
/// those of its default size.
fn huge_pages<K: Kernel>(
    step: Step,
    shm_flags: u32,
    figures: &mut Figures,
    kernel: &mut K,
) -> Option<Words> {
    let mut buffer = [0; MEMINFO_BYTES];
    let meminfo = kernel.read(File::System(MEMINFO), &mut buffer).ok()?;
    let size = kilobytes(meminfo, b"Hugepagesize:")?.checked_mul(1024)?;
    let log = shm_flags >> SHM_HUGE_SHIFT;
    if log != 0 && log != size.trailing_zeros() {
        return None;
    }
    let free = kilobytes(meminfo, b"HugePages_Free:")?;
    let promised = kilobytes(meminfo, b"HugePages_Rsvd:")?;
    *figures = [
        free.saturating_sub(promised),
        kilobytes(meminfo, b"HugePages_Total:")?,
        step.amount.checked_add(size - 1)?.checked_div(size)?,
    ];
    Some(Words::HUGE_PAGES)
}

/// Where the kernel tells of its memory.
const MEMINFO: &CStr = c"/proc/meminfo";
/// Bytes of it that are looked at; it has some 1,500.
const MEMINFO_BYTES: usize = 2048;

/// A value of vm.overcommit_memory: up to what there is. `linux/mman.h`.
const OVERCOMMIT_GUESS: u64 = 0;
/// A value of vm.overcommit_memory: up to CommitLimit. `linux/mman.h`.
const OVERCOMMIT_NEVER: u64 = 2;

/// The number behind `name` in /proc/meminfo.
fn kilobytes(mut meminfo: &[u8], name: &[u8]) -> Option<u64> {
    loop {
        if let Some(mut found) = meminfo.strip_prefix(name) {
            return number::take(&mut found);
        }
        meminfo = meminfo.split_first()?.1;
    }
}

/// Bytes of a batch at most.
const MOST_BATCH: u64 = MOST_BYTES as u64;

/// The call itself is refused, whatever it asks for.
fn forbidden<K: Kernel>(kernel: &mut K) -> Words {
    if kernel.is_filtered() {
        Words::FILTER
    } else {
        Words::SECURITY_MODULE
    }
}

/// The number that a file of /proc/sys begins with.
fn first_number<K: Kernel>(path: &CStr, buffer: &mut [u8], kernel: &mut K) -> Option<u64> {
    number::take(&mut kernel.read(File::System(path), buffer).ok()?)
}
