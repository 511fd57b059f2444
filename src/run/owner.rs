//! Looks up the names in --owner: in /etc/passwd and /etc/group, by bytes. No other source is asked.

use core::ffi::CStr;

use super::job::Job;
use crate::cli::mistake::{self, Mistake};
use crate::cli::number;
use crate::cli::request::Request;
use crate::kernel::errno::Errno;
use crate::kernel::port::{Account, Kernel, Owner};
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
        *place = if let Some(known) = known.find(|known| known.kind == kind && known.name == name) {
            known.id
        } else {
            let id = find(job, kind, name)?;
            // A single line has no room for it, and looks each name up once anyway.
            _ = job.accounts.push(Account { name, kind, id });
            id
        };
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
        line: Line::Name(0),
        lacks_id: false,
    };
    let mut found = None;
    job.kernel.read_pieces(path, |piece| {
        found = piece.iter().find_map(|byte| search.take(*byte));
        found.is_some()
    })?;
    if let Some(id) = found {
        return Ok(id);
    }
    // The last line may lack its LF.
    search.take(b'\n');
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

/// What has been read of a line.
#[derive(Clone, Copy)]
enum Line {
    /// So many bytes of the name.
    Name(usize),
    /// The name, and perhaps some of the password.
    Password,
    /// Both, and perhaps some digits of the id.
    Id(Option<u32>),
    /// What is no such line, or behind its id.
    Other,
}

impl Search<'_> {
    /// Goes one byte further. Returns the id where it ends.
    fn take(&mut self, byte: u8) -> Option<u32> {
        self.line = match (self.line, byte) {
            (Line::Name(length), b'\n') if length == self.name.len() => self.lack(byte),
            (Line::Name(_) | Line::Other, b'\n') => Line::Name(0),
            (Line::Name(length), b':') if length == self.name.len() => Line::Password,
            (Line::Name(length), _) if self.name.get(length) == Some(&byte) => {
                Line::Name(length + 1)
            }
            (Line::Name(_) | Line::Other, _) => Line::Other,
            (Line::Password, b':') => Line::Id(None),
            (Line::Id(Some(id)), b':') if id != Owner::SAME => return Some(id),
            (Line::Id(id), b'0'..=b'9') => {
                let tens = id.unwrap_or(0).checked_mul(10);
                match tens.and_then(|tens| tens.checked_add((byte - b'0').into())) {
                    None => self.lack(byte),
                    id => Line::Id(id),
                }
            }
            (Line::Password, _) if byte != b'\n' => Line::Password,
            (Line::Password | Line::Id(_), _) => self.lack(byte),
        };
        None
    }

    /// Notes that this line has no id.
    fn lack(&mut self, byte: u8) -> Line {
        self.lacks_id = true;
        if byte == b'\n' {
            Line::Name(0)
        } else {
            Line::Other
        }
    }
}
