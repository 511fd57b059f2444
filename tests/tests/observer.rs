//! Properties go on before anybody else can use an object: an observer of another user, who looks as
//! fast as he can, is refused until it is whole. Who makes objects with their final permissions first
//! is found out.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use ipcmk_tests::observer::{self, trials};
use ipcmk_tests::subject::Subject;
use ipcmk_tests::suite;

fn main() -> ExitCode {
    if let Some(code) = observer::play() {
        return code;
    }
    suite::run(|privilege| {
        let subject = |path: &Path, through| {
            let subject = Subject::new(path, through).expect("our ipcmk");
            Arc::new(subject)
        };
        let native = subject(&suite::x86_64(), None);
        let emulated = subject(&suite::aarch64(), Some(Path::new("qemu-aarch64")));
        let mut trials = trials::step_by_step_trials(&native, privilege);
        for subject in [native, emulated] {
            trials.extend(trials::full_speed_trials(&subject, privilege));
        }
        trials
    })
}
