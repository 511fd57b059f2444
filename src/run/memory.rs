//! The memory that a run takes: the stack, which is grown before anything is created, and what is
//! mapped where that is too small.

use core::hint::black_box;
use core::mem::MaybeUninit;

use super::job::Job;
use super::sysv::count;
use crate::kernel::errno::Errno;
use crate::kernel::list::List;
use crate::kernel::object::{Kind, Made};
use crate::kernel::port::Kernel;
use crate::plan::attempt::Doing;

/// Most System V objects of one command line.
pub const MAX_IDS: usize = Kind::ALL.len();

/// Bytes of stack, more than a System V line takes from its first creation to its undo.
pub const STACK: usize = 768;
/// The same of a batch or a POSIX object, where a refusal is explained before the undo.
pub const LARGE_STACK: usize = 8192;

/// Bytes for the lines that tell why an object was not removed. Those of a long name take more.
const TOLD: usize = 512;

/// Faults the stack in before anything is created. A stack that may not grow is SIGSEGV here, where
/// nothing can be lost.
#[inline(never)] // the bytes are the frame's
pub fn reserve_stack<const BYTES: usize>() {
    let mut stack = [MaybeUninit::<u8>::uninit(); BYTES];
    // It grows downwards.
    if let Some(deepest) = stack.first_mut() {
        deepest.write(0);
    }
    black_box(&mut stack);
}

/// Maps memory for the objects that the lines have, and for what they print, where the stack has
/// too little.
///
/// # Errors
/// The kernel's.
pub fn map<'a: 'j, 'j, K: Kernel>(job: &mut Job<'j, 'a, K>) -> Result<(), Errno> {
    job.attempt.doing = Doing::Memory;
    if job.removes {
        job.told = List::new(job.kernel.mmap_bytes(job.objects.saturating_mul(TOLD))?);
    } else if job.objects > job.made.capacity() {
        job.made = List::new(job.kernel.mmap(job.objects, Made::NONE)?);
    }
    if job.nsems > 0 {
        job.values = job.kernel.mmap(count(job.nsems), 0)?;
    }
    if job.bytes > job.output.capacity() {
        job.output = List::new(job.kernel.mmap_bytes(job.bytes)?);
    }
    Ok(())
}
