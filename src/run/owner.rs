//! Looks up the names in --owner: in /etc/passwd and /etc/group, by bytes. No other source is
//! asked.

use super::job::Job;
use super::known;
use crate::cli::mistake::Mistake;
use crate::cli::number::{self, MAX_ID};
use crate::cli::request::Request;
use crate::kernel::errno::Errno;
use crate::kernel::port::{Kernel, Owner};
use crate::plan::attempt::Doing;

/// Looks up the ids of the names in --owner. A batch looks each name up once.
///
/// # Errors
/// The kernel's; EINVAL for a name that is not in its file, or has no id there.
#[inline(never)] // not in the frame of every run
pub fn look_up<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    request: &mut Request<'a>,
) -> Result<(), Errno> {
    let [user, group] = request.owner_parts();
    request.owner = Owner {
        uid: find(job, false, user)?,
        gid: find(job, true, group)?,
    };
    Ok(())
}

/// Reads the id of a user or a group, or finds it in its file.
fn find<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    is_group: bool,
    name: &'a [u8],
) -> Result<u32, Errno> {
    if name.is_empty() {
        return Ok(Owner::SAME);
    }
    if let Ok(id) = number::id(name) {
        return Ok(id.try_into().unwrap_or_default());
    }
    let hash = known::hash(is_group.into(), name);
    if let Some(&mut Some(id)) = known::find(job.known, hash, name) {
        return Ok(id);
    }
    let path = if is_group {
        c"/etc/group"
    } else {
        c"/etc/passwd"
    };
    job.attempt.doing = Doing::FindOwner;
    job.attempt.path = path.to_bytes();
    let mut search = Search {
        name,
        field: 0,
        length: 0,
        id: 0,
        lacks_id: false,
    };
    let mut found = false;
    job.kernel.read_bytes(path, |byte| {
        found = search.take(byte);
        found
    })?;
    if found {
        let id = search.id.try_into().unwrap_or_default();
        if let Some(known) = known::find(job.known, hash, name) {
            *known = Some(id);
        }
        return Ok(id);
    }
    // The last line may lack its LF.
    search.take(b'\n');
    let mistake = match (is_group, search.lacks_id) {
        (false, false) => Mistake::NoUser,
        (false, true) => Mistake::NoUserId,
        (true, false) => Mistake::NoGroup,
        (true, true) => Mistake::NoGroupId,
    };
    Err(job.refuse(mistake, name, 0))
}

/// A search for a name in lines `name:password:id:...`, byte by byte: a line may have any length.
struct Search<'a> {
    name: &'a [u8],
    /// The number of the field, from 0; from [`OTHER`] on in a line of another name.
    field: usize,
    /// Bytes of the field, as far as it is read.
    length: usize,
    /// The id, as far as it is read; over [`MAX_ID`] if it is none.
    id: u64,
    /// Whether a line has the name. Unless its id is found, it has none.
    lacks_id: bool,
}

/// Follows the field of the id.
const OTHER: usize = 3;

impl Search<'_> {
    /// Goes one byte further. Returns whether the id is read.
    fn take(&mut self, byte: u8) -> bool {
        if matches!(byte, b':' | b'\n') {
            match self.field {
                0 if self.length == self.name.len() => self.lacks_id = true,
                0 => self.field = OTHER,
                // The C library takes no line that ends with the id of a user.
                2 if byte == b':' && self.length != 0 && self.id <= MAX_ID => return true,
                _ => {}
            }
            self.field += 1;
            self.length = 0;
            if byte == b'\n' {
                self.field = 0;
                self.id = 0;
            }
            return false;
        }
        match self.field {
            0 if self.name.get(self.length) != Some(&byte) => self.field = OTHER,
            2 if byte.is_ascii_digit() && self.id <= MAX_ID => {
                self.id = self.id * 10 + u64::from(byte - b'0');
            }
            2 => self.id = u64::MAX,
            _ => {}
        }
        self.length += 1;
        false
    }
}
