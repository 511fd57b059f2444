//! Looks at POSIX objects: files in /dev/shm, and queues.
//!
//! Any user can read the name, mode, owner and size of a file by stat(2). So a file that is not
//! complete is wrong, even if the observer cannot open it. Only a user who can open a queue sees
//! it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};

use nix::mqueue::MQ_OFlag;
use nix::sys::stat::{Mode, umask};

use super::Sight;
use crate::posix::{self, Queue, Wanted, What};

/// Formats an object with its final properties as one argument.
pub fn to_argument(wanted: &Wanted) -> String {
    let (user, group) = owner(wanted);
    let (kind, numbers, bytes) = match &wanted.what {
        What::Queue(queue) => ("queue", [queue.maxmsg, queue.msgsize], &[][..]),
        What::File { size, content } => ("file", [*size, 0], content.as_slice()),
        other => unreachable!("no observer looks at {other:?}"),
    };
    let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
    let name = String::from_utf8_lossy(&wanted.name);
    let [first, second] = numbers;
    format!(
        "{kind}/{name}/{}/{first}/{second}/{user}/{group}/{}",
        wanted.mode,
        bytes.join(",")
    )
}

/// Parses what [`to_argument`] wrote.
pub fn from_argument(text: &str) -> Option<Wanted> {
    let mut fields = text.split('/');
    let (kind, name) = (fields.next()?, fields.next()?);
    let mut number = || fields.next()?.parse::<u64>().ok();
    let mode = number()?.try_into().ok()?;
    let (first, second) = (number()?, number()?);
    let owner = (number()?.try_into().ok()?, number()?.try_into().ok());
    let bytes = fields.next()?.split(',').filter(|byte| !byte.is_empty());
    let bytes = bytes.map(|byte| byte.parse().ok()).collect::<Option<_>>()?;
    Some(Wanted {
        name: name.into(),
        what: match kind {
            "file" => What::file(first, bytes),
            "queue" => What::Queue(Queue {
                maxmsg: first,
                msgsize: second,
                messages: 0,
            }),
            _ => return None,
        },
        mode,
        owner: Some(owner),
    })
}

/// The final owner of an object.
pub fn owner(wanted: &Wanted) -> (u32, u32) {
    match wanted.owner {
        Some((user, Some(group))) => (user, group),
        _ => unreachable!("whoever looks knows the owner"),
    }
}

/// Looks at an object once.
pub fn look(wanted: &Wanted) -> io::Result<Sight> {
    let sight = if wanted.what.is_queue() {
        look_at_queue(wanted)
    } else {
        look_at_file(wanted)
    };
    match sight {
        // It does not exist yet, or was removed meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Sight::Absent),
        sight => sight,
    }
}

/// Lists the files that no sought object accounts for.
pub fn strangers<'a>(
    mut wanted: impl Iterator<Item = &'a Wanted> + Clone,
) -> io::Result<Vec<String>> {
    let mut strangers = Vec::new();
    for entry in fs::read_dir(posix::DIRECTORY)? {
        let name = entry?.file_name().into_vec();
        if !wanted
            .clone()
            .any(|wanted| wanted.name == name && !wanted.what.is_queue())
        {
            strangers.push(String::from_utf8_lossy(&name).into_owned());
        }
    }
    // If only queues are sought, files are not looked at.
    let files = wanted.any(|wanted| !wanted.what.is_queue());
    Ok(if files { strangers } else { Vec::new() })
}

fn look_at_file(wanted: &Wanted) -> io::Result<Sight> {
    let path = posix::path(&wanted.name);
    let What::File { size, .. } = wanted.what else {
        unreachable!("it is a file");
    };
    let check = |status: &fs::Metadata| {
        let found = (
            status.is_file(),
            status.permissions().mode() & 0o7777,
            status.len(),
            (status.uid(), status.gid()),
        );
        let right = (true, wanted.mode, size, owner(wanted));
        (found != right).then(|| format!("{found:?} instead of {right:?}"))
    };
    if let Some(wrong) = check(&fs::symlink_metadata(&path)?) {
        return Ok(Sight::Wrong(format!("lstat: {wrong}, to be {wanted}")));
    }
    let mut options = File::options();
    let file = options
        .read(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(Sight::Refused),
        file => file?,
    };
    if let Some(wrong) = check(&file.metadata()?) {
        return Ok(Sight::Wrong(format!("fstat: {wrong}, to be {wanted}")));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let found = What::file(bytes.len() as u64, bytes);
    if found != wanted.what {
        return Ok(Sight::Wrong(format!("read: {found:?}, to be {wanted}")));
    }
    Ok(Sight::Used)
}

fn look_at_queue(wanted: &Wanted) -> io::Result<Sight> {
    for flags in [MQ_OFlag::O_RDONLY, MQ_OFlag::O_WRONLY] {
        let queue = match posix::open(&wanted.name, flags) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => continue,
            queue => queue?,
        };
        let status = queue.metadata()?;
        let found = (
            status.permissions().mode() & 0o7777,
            (status.uid(), status.gid()),
            What::Queue(posix::attributes(&queue)?),
        );
        let right = (wanted.mode, owner(wanted), wanted.what.clone());
        return Ok(if found == right {
            Sight::Used
        } else {
            Sight::Wrong(format!("mq_open: {found:?}, to be {wanted}"))
        });
    }
    Ok(Sight::Refused)
}

/// Creates an object under its name with its final permissions at once, and sets its other
/// properties afterwards.
pub fn make_openly(wanted: &Wanted) -> io::Result<()> {
    umask(Mode::empty());
    let (user, group) = owner(wanted);
    let file = match &wanted.what {
        What::Queue(queue) => posix::create_queue(&wanted.name, wanted.mode, queue)?,
        What::File { size, content } => {
            let mut options = File::options();
            let options = options.write(true).create_new(true).mode(wanted.mode);
            let mut file = options.open(posix::path(&wanted.name))?;
            file.set_len(*size)?;
            file.write_all(content)?;
            file
        }
        other => unreachable!("no trial makes {other:?}"),
    };
    // If the owner is right already, nothing is left to change.
    let status = file.metadata()?;
    if (status.uid(), status.gid()) != (user, group) {
        fchown(&file, Some(user), Some(group))?;
    }
    debug_assert!(file.as_raw_fd() > 2);
    Ok(())
}
