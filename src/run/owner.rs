//! Looks up the names in --owner: in /etc/passwd and /etc/group, by bytes. No other source is asked.

use core::ffi::CStr;

use super::job::Job;
use crate::cli::mistake::{self, Mistake};
use crate::cli::number::{self, MAX_ID};
use crate::cli::request::Request;
use crate::kernel::errno::Errno;
use crate::kernel::port::{Account, Kernel};
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
    let parts = request.owner_parts().into_iter().enumerate();
    for ((kind, name), place) in parts.zip(&mut request.looked_up) {
        if name.is_empty() || number::id(name).is_ok() {
            continue;
        }
        let mut known = job.accounts.iter();
        *place = match known.find(|known| known.kind == kind && known.name == name) {
            Some(known) => known.id,
            None => find(job, kind, name)?,
        };
        let id = *place;
        // A single line has no room for it, and looks each name up once anyway.
        _ = job.accounts.push(Account { name, kind, id });
    }
    Ok(())
}

/// Finds the id of a user (0) or a group (1) in its file.
fn find<'a, K: Kernel>(
    job: &mut Job<'_, 'a, K>,
    kind: usize,
    name: &'a [u8],
) -> Result<u32, Errno> {
    let (path, account): (&CStr, _) = if kind == 0 {
        (c"/etc/passwd", mistake::Account::User)
    } else {
        (c"/etc/group", mistake::Account::Group)
    };
    job.attempt.doing = Doing::FindOwner;
    job.attempt.path = path.to_bytes();
    let mut search = Search {
        name,
        line: Line::START,
        lacks_id: false,
    };
    let mut found = false;
    job.kernel.read_pieces(path, |piece| {
        found = piece.iter().any(|byte| search.take(*byte));
        found
    })?;
    // The last line may lack its LF.
    if found || search.take(b'\n') {
        let id = search.line.id.and_then(|id| id.try_into().ok());
        return Ok(id.unwrap_or_default());
    }
    let mistake = if search.lacks_id {
        Mistake::NoOwnerId(account)
    } else {
        Mistake::NoOwner(account)
    };
    Err(job.refuse(mistake, name))
}

/// A search for a name in lines `name:password:id:...`, byte by byte: a line may have any length.
struct Search<'a> {
    name: &'a [u8],
    line: Line,
    /// Whether a line of that name has no id.
    lacks_id: bool,
}

/// A line, as far as it is read.
struct Line {
    /// The number of the field, from 0.
    field: usize,
    /// Bytes of the field.
    length: usize,
    /// Whether its name is the one that is sought, so far.
    is_sought: bool,
    /// The id, so far; None if it is no id.
    id: Option<u64>,
}

impl Line {
    const START: Self = Self {
        field: 0,
        length: 0,
        is_sought: true,
        id: Some(0),
    };
}

impl Search<'_> {
    /// Goes one byte further. Returns whether the id is read.
    fn take(&mut self, byte: u8) -> bool {
        let line = &mut self.line;
        if !matches!(byte, b':' | b'\n') {
            if line.field == 0 {
                line.is_sought &= self.name.get(line.length) == Some(&byte);
            } else if line.field == 2 {
                let digit = byte.wrapping_sub(b'0');
                line.id = line.id.filter(|id| digit < 10 && *id <= MAX_ID);
                line.id = line.id.map(|id| id * 10 + u64::from(digit));
            }
            line.length += 1;
            return false;
        }
        if line.field == 0 {
            line.is_sought &= line.length == self.name.len();
        }
        let is_id = line.length != 0 && line.id.is_some_and(|id| id <= MAX_ID);
        if line.is_sought && line.field == 2 {
            if is_id {
                return true;
            }
            self.lacks_id = true;
        }
        if byte == b'\n' {
            self.lacks_id |= line.is_sought && line.field < 2;
            *line = Line::START;
        } else {
            line.field += 1;
            line.length = 0;
        }
        false
    }
}
