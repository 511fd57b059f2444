//! What the lines of a batch name: their objects, and the users and groups of --owner. A hash table,
//! so that a line is looked up in the same time however many there are.

/// A place of the table.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    hash: u64,
    name: &'a [u8],
    /// What is known of the name: a line, or an id. None in a place that is free.
    number: Option<u32>,
}

impl Known<'_> {
    /// A free place.
    pub const FREE: Self = Self {
        hash: 0,
        name: b"",
        number: None,
    };
}

/// Most objects and twice the users or groups that the lines of a text can name: the option of an
/// object has one of these letters, long or short, and --owner an `o`.
pub fn most(lines: &[u8]) -> usize {
    let letters = lines.iter().filter(|byte| b"MmQqSso".contains(byte));
    letters.count() * 2
}

/// Finds what is known of a name, or the place for it. None only where the table has no places.
pub fn find<'t, 'a>(
    table: &'t mut [Known<'a>],
    hash: u64,
    name: &'a [u8],
) -> Option<&'t mut Option<u32>> {
    let at = usize::try_from(hash).unwrap_or_default();
    let mut at = at.checked_rem(table.len())?;
    while let Some(known) = table.get(at)
        && known.number.is_some()
        && (known.hash != hash || known.name != name)
    {
        at = (at + 1).checked_rem(table.len())?;
    }
    let known = table.get_mut(at)?;
    (known.hash, known.name) = (hash, name);
    Some(&mut known.number)
}

/// A number that is the same for equal bytes of a kind, and another for others: as FNV-1a, from 0.
#[inline(never)] // `make size`
pub fn hash(kind: u8, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
    bytes.iter().fold(step(0, &kind), step)
}

/// What a hash is multiplied by for each byte. RFC 9923.
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
