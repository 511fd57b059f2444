//! A request to the steps that carry it out, in the order of their output.

use crate::request::Request;

/// Objects that one command line can ask for: two interfaces, three kinds.
pub const MOST_STEPS: usize = 6;

/// The kinds of System V objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shared memory segment: shmget(2).
    Shm,
    /// Message queue: msgget(2).
    Queue,
    /// Semaphore set: semget(2).
    Sem,
}

/// One object to create. Its undo is the removal of the object, if this step
/// made it: see [`Made`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it is.
    pub kind: Kind,
    /// Bytes of a segment, semaphores of a set; of a queue 0.
    pub amount: u64,
}

/// The identifier of a System V object, 0 to `2^31 - 1`.
pub type Id = i32;

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// What it is.
    pub kind: Kind,
    /// Its identifier.
    pub id: Id,
    /// Whether it is new; what was found is not ours to remove.
    pub created: bool,
}

/// The steps of a request, in the order of their output.
pub fn steps(request: &Request<'_>) -> impl Iterator<Item = Step> {
    let shm = request.shm;
    let queue = request.queue.then_some(0);
    let sem = request.sem.map(|nsems| nsems.get().into());
    [(Kind::Shm, shm), (Kind::Queue, queue), (Kind::Sem, sem)]
        .into_iter()
        .filter_map(|(kind, amount)| amount.map(|amount| Step { kind, amount }))
}
