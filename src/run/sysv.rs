//! Creates a System V object, or finds it.

use core::mem;

use super::job::{Job, MAX_TRIES};
use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::abi::{IPC_CREAT, IPC_EXCL, IPC_PRIVATE};
use crate::kernel::errno::Errno;
use crate::kernel::object::{Called, Id, Kind};
use crate::kernel::port::{File, Kernel, Properties};
use crate::plan::attempt::{Doing, Outcome};
use crate::plan::step::Step;

/// Creates the object of the attempt's step, or finds an existing one if the request accepts that,
/// and prints it.
///
/// # Errors
/// The kernel's, and ENOBUFS where the output is full.
#[inline(never)] // size: 112 bytes on x86_64, 24 on aarch64 (make inline)
pub fn obtain<'a, K: Kernel>(job: &mut Job<'_, 'a, K>, request: &Request<'a>) -> Result<(), Errno> {
    let Step { kind, amount, .. } = job.attempt.step;
    let key = request.key();
    // Without a key, -e is meant for a POSIX object of the same line.
    let existing = request.has(Opt::Existing) && key.is_some();
    for _ in 0..MAX_TRIES {
        job.attempt.key = match key {
            Some(key) => key,
            None => {
                job.attempt.doing = Doing::RandomKey;
                match job.kernel.random()? {
                    IPC_PRIVATE => continue,
                    key => key,
                }
            }
        };
        if existing && key != Some(IPC_PRIVATE) {
            job.attempt.doing = Doing::Find;
            // No mode bits: an object is found whatever its permissions.
            match job.kernel.ipc_get(kind, amount, job.attempt.key, 0) {
                Err(Errno::ENOENT) => {}
                found => return finish(job, request, found?, false),
            }
        }
        job.attempt.doing = Doing::Create;
        if kind == Kind::Shm && !mem::replace(&mut job.has_read_forced, true) {
            refuse_forced(job)?;
        }
        if kind == Kind::Sem && request.has(Opt::Value) {
            lay_out(job.values, amount, request)?;
        }
        job.attempt.flags = IPC_CREAT | IPC_EXCL | request.first_flags(kind);
        match job
            .kernel
            .ipc_get(kind, amount, job.attempt.key, job.attempt.flags)
        {
            // A random key that is in use, or another process created it since the look.
            Err(Errno::EEXIST) if existing || key.is_none() => {}
            created => return finish(job, request, created?, true),
        }
    }
    Err(Errno::EEXIST)
}

/// Notes a new object and sets its properties; prints any.
fn finish<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &Request<'a>,
    id: Id,
    created: bool,
) -> Result<(), Errno> {
    let called = Called::Id(id);
    if created {
        job.keep(called);
        if request.has_properties(job.attempt.step.kind) {
            set_properties(job, request, id)?;
        }
    }
    job.show(request, called, Outcome::created(created))
}

/// Sets the properties of a new object. Its mode comes last: until then no other user may open it.
#[inline(never)] // not in the frame of every run
fn set_properties<K: Kernel>(
    job: &mut Job<'_, '_, K>,
    request: &Request<'_>,
    id: Id,
) -> Result<(), Errno> {
    let Step { kind, amount, .. } = job.attempt.step;
    if kind == Kind::Sem && request.has(Opt::Value) {
        job.attempt.doing = Doing::SetValues;
        let values = job.values.get(..count(amount)).unwrap_or_default();
        job.kernel.sem_setall(id, values)?;
        job.attempt.doing = Doing::MarkReady;
        mark_ready(job.kernel, id)?;
    }
    if kind == Kind::Shm && request.has(Opt::Lock) {
        job.attempt.doing = Doing::Lock;
        job.kernel.shm_lock(id)?;
    }
    if kind == Kind::Queue {
        job.attempt.qbytes = match request.get(Opt::Qbytes) {
            Some(qbytes) => qbytes,
            // Unchanged: that of every new queue. IPC_STAT would take read permission.
            None => {
                job.attempt.doing = Doing::Limits;
                job.kernel.ipc_info(kind)?.each
            }
        };
    }
    job.attempt.doing = Doing::Set;
    let properties = Properties {
        owner: request.owner,
        mode: request.mode(),
        qbytes: job.attempt.qbytes,
    };
    job.kernel.ipc_set(kind, id, properties)
}

/// Lays the values of a set out in memory, before there is a set that would lack them.
fn lay_out(places: &mut [u16], amount: u64, request: &Request<'_>) -> Result<(), Errno> {
    // The check has seen that they fit.
    let places = places.get_mut(..count(amount)).ok_or(Errno::EINVAL)?;
    let mut given = request.values();
    let mut last = 0;
    for place in places {
        if let Some(next) = given.next() {
            last = next.try_into().unwrap_or_default();
        }
        *place = last;
    }
    Ok(())
}

/// A number of semaphores, as that of their values in memory.
pub fn count(amount: u64) -> usize {
    amount.try_into().unwrap_or(usize::MAX)
}

/// Makes the sem_otime of a set other than 0: programs wait for that before they use a set which
/// another program initialises. Semaphore 0 keeps its value.
fn mark_ready<K: Kernel>(kernel: &mut K, id: Id) -> Result<(), Errno> {
    let mut changes = [1, -1];
    for _ in 0..MAX_TRIES {
        match kernel.semop(id, changes) {
            // Its value is SEMVMX, or 0, and can be the other one at the next try: another process
            // of this user uses the set already.
            Err(Errno::ERANGE | Errno::EAGAIN) => changes.reverse(),
            done => return done,
        }
    }
    Err(Errno::EAGAIN)
}

/// Fails if kernel.shm_rmid_forced=1 would destroy a new segment as this process exits.
fn refuse_forced<K: Kernel>(job: &mut Job<'_, '_, K>) -> Result<(), Errno> {
    let forced = File::Once(c"/proc/sys/kernel/shm_rmid_forced");
    match job.kernel.read(forced, &mut [0]) {
        Ok([b'1']) => {
            job.attempt.doing = Doing::ForcedShm;
            Err(Errno::NONE)
        }
        // It could not be opened for want of a descriptor, and may be 1.
        Err(errno @ (Errno::EMFILE | Errno::ENFILE)) => Err(errno),
        // Without /proc, or where a sandbox hides it, it goes undetected.
        _ => Ok(()),
    }
}
