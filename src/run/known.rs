//! What the lines of a batch name: objects, files of --ftok, and the users and groups of --owner. A
//! hash table, so that a name is found in the same time however many there are.

use crate::kernel::object::Kind;

/// A space of names.
pub type Space = u64;

/// The users of --owner, with their ids.
pub const USERS: Space = 0;
/// The groups of --owner, with their ids.
pub const GROUPS: Space = 1;
/// The arguments of --ftok, with their keys.
pub const FTOK: Space = 2;
/// The POSIX queues, with the lines that create them.
pub const QUEUES: Space = 3;
/// The files of /dev/shm, with the same.
pub const FILES: Space = 4;
/// Those of them whose names begin with `sem.`, by the rest of the name.
pub const SEMAPHORES: Space = 5;

/// The space of one System V object, where it has the empty name.
pub fn keyed(kind: Kind, key: u32) -> Space {
    u64::from(kind.place() + 1) << 32 | u64::from(key)
}

/// A place of the table.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    space: Space,
    name: &'a [u8],
    /// What is known of the name: a line, an id or a key. None in a place that is free.
    number: Option<u32>,
}

impl Known<'_> {
    /// A free place.
    pub const FREE: Self = Self {
        space: 0,
        name: b"",
        number: None,
    };
}

/// Bounds what the lines of a text can name. The option of an object has one of these letters, long,
/// short or abbreviated, and --owner, which names two, an `o`. A line that has a file for --ftok has
/// an object too.
pub fn places(lines: &[u8]) -> usize {
    let letters = lines.iter().filter(|byte| b"MmQqSso".contains(byte));
    // A place more, where each search ends. The table takes a power of two.
    (letters.count() * 2 + 1).next_power_of_two()
}

/// Finds what is known of a name, or the place for it. None only where the table has no places.
pub fn find<'t, 'a>(
    table: &'t mut [Known<'a>],
    space: Space,
    name: &'a [u8],
) -> Option<&'t mut Option<u32>> {
    let last = table.len().checked_sub(1)?;
    let mut at = hash(space, name);
    while let Some(known) = table.get(at & last)
        && known.number.is_some()
        && (known.space != space || known.name != name)
    {
        at = at.wrapping_add(1);
    }
    let known = table.get_mut(at & last)?;
    (known.space, known.name) = (space, name);
    Some(&mut known.number)
}

/// A number that is the same for the same name, and seldom for two: FNV-1a of the space and the
/// name. RFC 9923.
fn hash(space: Space, name: &[u8]) -> usize {
    let bytes = space.to_ne_bytes();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in bytes.iter().chain(name) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    usize::try_from(hash >> 32).unwrap_or_default()
}
