//! The memory that a run takes: the stack, which is grown before anything is created, and the
//! mapped memory of batches, JSON and POSIX objects.

use core::hint::black_box;
use core::mem::MaybeUninit;

use crate::cli::batch::{MAX_BYTES, MAX_OBJECTS};
use crate::kernel::object::Kind;
use crate::kernel::port::Room;
use crate::plan::step::MAX_STEPS;
use crate::report::json::MAX_BATCH_OUTPUT;

/// Most System V objects of one command line.
pub const MAX_IDS: usize = Kind::ALL.len();

/// Memory for a batch, with one byte more than its lines may have, so that a longer input is
/// noticed.
pub type BatchRoom<'a> = Room<'a, { BATCH_BYTES + 1 }, BATCH_OBJECTS, MAX_BATCH_OUTPUT>;

/// Memory for one line with names, or in JSON. A path for --ftok is printed three times at most,
/// and takes 20 KiB as an array.
pub type LineRoom<'a> = Room<'a, 0, MAX_STEPS, { 96 * 1024 }>;

/// Most objects of a batch.
#[expect(clippy::as_conversions, reason = "try_from is not const")]
pub const BATCH_OBJECTS: usize = MAX_OBJECTS as usize;
/// Most bytes of its lines.
#[expect(clippy::as_conversions, reason = "try_from is not const")]
const BATCH_BYTES: usize = MAX_BYTES as usize;

/// Bytes of stack, more than a System V line takes from its first creation to its undo.
pub const STACK: usize = 1024;
/// The same of a batch or a POSIX object, where a refusal is explained before the undo.
pub const LARGE_STACK: usize = 8192;

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
