//! Names to paths, for src/kernel/posix.rs: any byte, and any length. The C libraries' own answers
//! are in tests/suites/posix.rs.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::{Libc, Name, Path};
use crate::kernel::errno::Errno;
use crate::kernel::object::Kind;

const LIBCS: [Libc; 2] = [Libc::Glibc, Libc::Musl];

fn path(name: &[u8], kind: Kind, libc: Libc) -> Result<Vec<u8>, Errno> {
    let path = Name { bytes: name, libc }.path(kind)?;
    let bytes: &[u8] = path.with_nul();
    let end = bytes.iter().position(|&byte| byte == 0);
    let (path, rest) = bytes.split_at(end.expect("a NUL"));
    assert!(rest.iter().all(|&byte| byte == 0), "NULs behind it");
    Ok(path.into())
}

/// The paths of a name: of shared memory, of a queue, of a semaphore of either C library.
fn paths(name: &str) -> [Result<String, Errno>; 4] {
    [
        (Kind::Shm, Libc::Glibc),
        (Kind::Queue, Libc::Glibc),
        (Kind::Sem, Libc::Glibc),
        (Kind::Sem, Libc::Musl),
    ]
    .map(|(kind, libc)| {
        let path = path(name.as_bytes(), kind, libc)?;
        Ok(String::from_utf8(path).expect("as it was"))
    })
}

/// Of other kinds the C library plays no part, and bytes need be no text.
#[test]
fn any_byte_but_a_slash_and_a_nul_is_part_of_a_name() {
    for byte in 1..=u8::MAX {
        let name = [b'a', byte, b'z'];
        let file = [b"/dev/shm/", &name[..]].concat();
        for libc in LIBCS {
            let expected = if byte == b'/' {
                Err(Errno::EINVAL)
            } else {
                Ok(file.clone())
            };
            assert_eq!(path(&name, Kind::Shm, libc), expected, "{byte}");
            let in_queue = match byte {
                b'/' => Err(Errno::EINVAL),
                _ => Ok([b"/", &name[..]].concat()),
            };
            assert_eq!(path(&name, Kind::Queue, libc), in_queue, "{byte}");
        }
    }
}

/// A file's name has up to 255 bytes, `sem.` among them: the buffer ends there, with a NUL.
#[test]
fn long_names_come_whole_or_not_at_all() {
    let room = Path::MAX - 1;
    for length in (240..=room + 2).chain([4096]) {
        let name = "x".repeat(length);
        let expected = ["/dev/shm/", "/", "/dev/shm/sem.", "/dev/shm/"].map(|before| {
            if length <= 255 && before.len() + length <= room {
                Ok(format!("{before}{name}"))
            } else {
                Err(Errno::ENAMETOOLONG)
            }
        });
        if length <= 251 {
            assert!(expected.iter().all(Result::is_ok), "{length}");
        }
        assert_eq!(paths(&name), expected, "{length}");
        // What is no part of it takes no room.
        let slashes = format!("/{name}");
        assert_eq!(paths(&slashes), expected, "{length}");
    }
    // What is wrong with it counts more than its length.
    let name = "x/".repeat(300);
    let [shm, queue, sem, _] = paths(&name);
    assert_eq!([shm, queue, sem], [const { Err(Errno::EINVAL) }; 3]);
}
