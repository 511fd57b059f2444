//! A request to the steps that carry it out.

use core::slice;

use crate::cli::options::Opt;
use crate::cli::request::Request;
use crate::kernel::object::Kind;
use crate::kernel::posix::SEMAPHORE_BYTES;

/// Most steps of one command line: two interfaces, three kinds.
pub const MAX_STEPS: usize = 6;

/// One object to create or find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub kind: Kind,
    /// Whether it is one of POSIX.
    pub is_posix: bool,
    /// What is asked for: bytes of shared memory or of a POSIX semaphore, semaphores of a set; 0 of
    /// a queue.
    pub amount: u64,
}

/// The steps of a request, in the order of their output.
pub struct Steps<'r, 'a> {
    request: &'r Request<'a>,
    rest: slice::Iter<'static, (Opt, Kind, bool)>,
}

impl<'r, 'a> Steps<'r, 'a> {
    /// Those of this request.
    #[must_use]
    pub fn of(request: &'r Request<'a>) -> Self {
        Self {
            request,
            rest: RESOURCES.iter(),
        }
    }
}

impl Iterator for Steps<'_, '_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let request = self.request;
        let &(opt, kind, is_posix) = self.rest.find(|(opt, ..)| request.has(*opt))?;
        let amount = if opt == Opt::PosixSemaphore {
            SEMAPHORE_BYTES.try_into().unwrap_or_default()
        } else {
            request.get(opt)?
        };
        Some(Step {
            kind,
            is_posix,
            amount,
        })
    }
}

/// What can be asked for, in the order of output.
static RESOURCES: [(Opt, Kind, bool); MAX_STEPS] = [
    (Opt::Shmem, Kind::Shm, false),
    (Opt::PosixShmem, Kind::Shm, true),
    (Opt::Queue, Kind::Queue, false),
    (Opt::PosixMqueue, Kind::Queue, true),
    (Opt::Semaphore, Kind::Sem, false),
    (Opt::PosixSemaphore, Kind::Sem, true),
];
