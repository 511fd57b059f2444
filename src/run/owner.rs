//! Looks up the names in --owner: in /etc/passwd and /etc/group, by bytes. No other source is
//! asked.

use super::job::Job;
use super::known::{GROUPS, USERS};
use crate::cli::mistake::Mistake;
use crate::cli::number::{self, split_at};
use crate::cli::request::Request;
use crate::kernel::errno::Errno;
use crate::kernel::port::{Input, Kernel, Owner};
use crate::plan::attempt::Doing;

/// Looks up the ids of the names in --owner. A batch reads each file once, and looks each name up
/// once.
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
    let scope = if is_group { GROUPS } else { USERS };
    if let Some(id) = job.known(scope, name)?.and_then(|known| known.number) {
        return Ok(id);
    }
    let path = if is_group {
        c"/etc/group"
    } else {
        c"/etc/passwd"
    };
    job.attempt.doing = Doing::FindOwner;
    job.attempt.path = path.to_bytes();
    let text = if is_group {
        &mut job.groups
    } else {
        &mut job.users
    };
    if text.is_empty() {
        *text = job.kernel.read_whole(Input::File(path.to_bytes()))?;
    }
    let mistake = match (search(text, name), is_group) {
        (Ok(id), _) => {
            if let Some(known) = job.known(scope, name)? {
                known.number = Some(id);
            }
            return Ok(id);
        }
        (Err(Missing::Name), false) => Mistake::NoUser,
        (Err(Missing::Name), true) => Mistake::NoGroup,
        (Err(Missing::Id), false) => Mistake::NoUserId,
        (Err(Missing::Id), true) => Mistake::NoGroupId,
    };
    Err(job.refuse(mistake, name, 0))
}

/// What a file lacks.
enum Missing {
    /// A line with the name.
    Name,
    /// An id in those lines.
    Id,
}

/// Finds the id of a name in lines `name:password:id:...`.
fn search(mut text: &[u8], name: &[u8]) -> Result<u32, Missing> {
    let mut missing = Missing::Name;
    while !text.is_empty() {
        let line = next(&mut text, b'\n');
        let mut fields = line;
        if next(&mut fields, b':') == name {
            missing = Missing::Id;
            let _password = next(&mut fields, b':');
            // The C library takes no line that ends with the id of a user.
            if let (id, [b':', ..]) = split_at(fields, b':')
                && let Ok(id) = number::id(id)
            {
                return Ok(id.try_into().unwrap_or_default());
            }
        }
    }
    Err(missing)
}

/// Removes what stands before a separator, and the separator, from the start of a text.
fn next<'t>(text: &mut &'t [u8], separator: u8) -> &'t [u8] {
    let (first, rest) = split_at(text, separator);
    *text = rest.get(1..).unwrap_or_default();
    first
}
