//! Removes what a run has created.

use super::job::Job;
use crate::kernel::errno::Errno;
use crate::kernel::object::Called;
use crate::kernel::port::Kernel;

/// Removes what the run has created, the last object first. A refusal is noted in the object's
/// `left`; an object that another process removed, in the attempt's `is_gone`.
pub fn undo<K: Kernel>(job: &mut Job<'_, '_, K>) {
    for object in job.made.items_mut().iter_mut().rev() {
        let removed = match object.called {
            Called::Id(id) => job.kernel.ipc_rmid(object.kind, id),
            Called::Name(name) => name
                .path(object.kind)
                .and_then(|path| job.kernel.unlink(object.kind, &path)),
        };
        match (removed, object.called) {
            (Ok(()), _) => {}
            (Err(Errno::EINVAL | Errno::EIDRM), Called::Id(_))
            | (Err(Errno::ENOENT), Called::Name(_)) => job.attempt.is_gone = true,
            (Err(errno), _) => object.left = errno,
        }
    }
}
