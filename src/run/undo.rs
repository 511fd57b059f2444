//! Removes what a run has created.

use super::job::Job;
use crate::kernel::errno::Errno;
use crate::kernel::object::{Called, Kind, Name};
use crate::kernel::port::Kernel;

/// Removes what the run has created, the last object first. A refusal is noted in the object's
/// `left`; an object that another process removed, in the attempt's `is_gone`.
pub fn undo<K: Kernel>(job: &mut Job<'_, '_, K>) {
    for object in job.made.items_mut().iter_mut().rev() {
        let removed = match object.called {
            Called::Id(id) => job.kernel.ipc_rmid(object.kind, id),
            Called::Name(name) => unlink(job.kernel, object.kind, name),
        };
        match (removed, object.called) {
            (Ok(()), _) => {}
            (Err(Errno::EINVAL | Errno::EIDRM), Called::Id(_))
            | (Err(Errno::ENOENT), Called::Name(_)) => job.attempt.is_gone = true,
            (Err(errno), _) => object.left = errno,
        }
    }
}

/// Unlinks a POSIX object.
///
/// # Errors
/// Those of its path, and the kernel's.
#[inline(never)] // the path would be in the frame of every undo
pub fn unlink<K: Kernel>(kernel: &mut K, kind: Kind, name: Name<'_>) -> Result<(), Errno> {
    kernel.unlink(kind, &name.path(kind)?)
}
