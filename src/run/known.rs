//! What the lines of a batch name: objects, files of --ftok, and the users and groups of --owner. A
//! hash table, so that a name is found in the same time however many there are.

use crate::cli::batch::take_line;
use crate::kernel::object::Kind;
use crate::plan::step::MAX_STEPS;

/// What names are of. Equal names of two scopes are two names.
pub type Scope = u64;

/// The users of --owner, with their ids.
pub const USERS: Scope = 0;
/// The groups of --owner, with their ids.
pub const GROUPS: Scope = 1;
/// The arguments of --ftok, with their keys.
pub const FTOK: Scope = 2;
/// The POSIX queues, with the lines that create them.
pub const QUEUES: Scope = 3;
/// The files of /dev/shm, with the same.
pub const FILES: Scope = 4;
/// Those of them whose names begin with `sem.`, by the rest of the name.
pub const SEMAPHORES: Scope = 5;

/// One System V object, which has the empty name.
pub fn keyed(kind: Kind, key: u32) -> Scope {
    u64::from(kind.place() + 1) << 32 | u64::from(key)
}

/// A place of the table.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    scope: Scope,
    name: &'a [u8],
    /// What is known of the name: a line, an id or a key. None in a place that is free.
    pub number: Option<u32>,
    /// Of an object that the line creates, what it asks for.
    pub amount: u64,
}

impl Known<'_> {
    /// A free place.
    pub const FREE: Self = Self {
        scope: 0,
        name: b"",
        number: None,
        amount: 0,
    };
}

/// Most names of one line: six objects, the file of --ftok, a user and a group.
const MOST: usize = MAX_STEPS + 3;

/// Bounds the names in the lines of a text: so many places leave one free, where each search ends.
/// The option of an object has one of these letters, long, short or abbreviated, and so has
/// --owner, which names two. A line that has a file for --ftok has an object too.
pub fn places(mut lines: &[u8]) -> usize {
    let mut most = 0;
    while !lines.is_empty() {
        let line = take_line(&mut lines).trim_ascii_start();
        if !line.starts_with(b"#") {
            let letters = line.iter().filter(|byte| b"MmQqSso".contains(byte));
            most += (letters.count() * 2).min(MOST);
        }
    }
    (most + 1).next_power_of_two()
}

/// Finds what is known of a name, or the place for it. None only where the table has no places.
pub fn find<'t, 'a>(
    table: &'t mut [Known<'a>],
    scope: Scope,
    name: &'a [u8],
) -> Option<&'t mut Known<'a>> {
    let last = table.len().checked_sub(1)?;
    let mut at = hash(scope, name);
    while let Some(known) = table.get(at & last)
        && known.number.is_some()
        && (known.scope != scope || known.name != name)
    {
        at = at.wrapping_add(1);
    }
    let known = table.get_mut(at & last)?;
    (known.scope, known.name) = (scope, name);
    Some(known)
}

/// A number that is the same for the same name, and seldom for two: FNV-1a of the scope and the
/// name. RFC 9923.
fn hash(scope: Scope, name: &[u8]) -> usize {
    let bytes = scope.to_ne_bytes();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes.iter().chain(name) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    usize::try_from(hash >> 32).unwrap_or_default()
}

#[cfg(test)]
#[path = "../../tests/unit/known.rs"]
mod tests;
