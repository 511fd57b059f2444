//! Command lines that the load test and the soak repeat.

use crate::namespace::{Kind, Object};

/// A command line, and the objects that each of its runs creates.
pub struct Line {
    /// The arguments.
    pub words: &'static [&'static str],
    /// The objects, in the order of the lines of output.
    pub makes: &'static [Makes],
}

/// An object that a run creates, and its line of output.
pub struct Makes {
    /// The text before the id.
    pub prints: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its key, if that is not random.
    pub key: Option<u32>,
    /// Bytes of a segment, semaphores of a set, msg_qbytes of a queue.
    pub size: u64,
    /// Permissions.
    pub mode: u32,
}

/// The msg_qbytes of a queue by default: MSGMNB of `linux/msg.h`.
pub const QBYTES: u64 = 16384;

/// The segment of `-M 4096`.
pub const SEGMENT: Makes = Makes {
    prints: "Shared memory id: ",
    kind: Kind::Shm,
    key: None,
    size: 4096,
    mode: 0o644,
};

/// The queue of `-Q`.
pub const QUEUE: Makes = Makes {
    prints: "Message queue id: ",
    kind: Kind::Msg,
    size: QBYTES,
    ..SEGMENT
};

/// The set of `-S 3`.
pub const SET: Makes = Makes {
    prints: "Semaphore id: ",
    kind: Kind::Sem,
    size: 3,
    ..SEGMENT
};

impl Line {
    /// The ids in the output of a run, in the order of [`Line::makes`]; None if any byte of it is
    /// not as expected.
    pub fn ids(&self, output: &[u8]) -> Option<Vec<i32>> {
        let mut lines = str::from_utf8(output).ok()?.split_inclusive('\n');
        let id = |makes: &Makes| {
            let text = lines.next()?.strip_prefix(makes.prints)?;
            let text = text.strip_suffix('\n')?;
            let id: i32 = text.parse().ok()?;
            // parse also accepts `+1` and `01`, which ipcmk never prints.
            (id >= 0 && id.to_string() == text).then_some(id)
        };
        let ids = self.makes.iter().map(id).collect::<Option<_>>()?;
        lines.next().is_none().then_some(ids)
    }
}

impl Makes {
    /// Whether it is this object; the id is not compared.
    pub fn is(&self, object: &Object) -> bool {
        let key = match self.key {
            Some(key) => object.key == key,
            None => object.key != 0,
        };
        key && (object.kind, object.size, object.mode) == (self.kind, self.size, self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_off_whole_lines() {
        let line = Line {
            words: &["-M", "4096", "-Q"],
            makes: &[SEGMENT, QUEUE],
        };
        let ids = |output: &str| line.ids(output.as_bytes());
        let right = "Shared memory id: 12\nMessage queue id: 0\n";
        assert_eq!(ids(right), Some(vec![12, 0]));
        for wrong in [
            "",
            "Shared memory id: 12\n",
            "Message queue id: 0\nShared memory id: 12\n",
            "Shared memory id: 12\nMessage queue id: 0",
            "Shared memory id: 12\nMessage queue id: 0\n\n",
            "Shared memory id: 12\nMessage queue id: \n",
            "Shared memory id: 12\nMessage queue id: +1\n",
            "Shared memory id: 12\nMessage queue id: 01\n",
            "Shared memory id: 12\nMessage queue id: -1\n",
            "Shared memory id: 12\nMessage queue id: 2147483648\n",
        ] {
            assert_eq!(ids(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn objects_are_told_apart() {
        let object = Object::example(Kind::Shm, 7, 5);
        let keyed = |key| Makes {
            key: Some(key),
            ..SEGMENT
        };
        assert!(SEGMENT.is(&object) && keyed(5).is(&object));
        assert!(!QUEUE.is(&object) && !keyed(6).is(&object));
        let with = |change: fn(&mut Object)| {
            let mut object = object.clone();
            change(&mut object);
            SEGMENT.is(&object)
        };
        assert!(!with(|object| object.key = 0), "0 is not random");
        assert!(!with(|object| object.size = 1));
        assert!(!with(|object| object.mode = 0o600));
    }
}
