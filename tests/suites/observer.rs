//! No other user can use an object before its properties are set: an observer of another user,
//! which looks as fast as it can, is refused until the object is complete. The observer notices a
//! program that creates objects with their final permissions first.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use ipcmk_tests::board::Board;
use ipcmk_tests::case::Version;
use ipcmk_tests::observer::{self, trials};
use ipcmk_tests::place::Place;
use ipcmk_tests::runner::Runner;
use ipcmk_tests::subject::Subject;
use ipcmk_tests::suite;

fn main() -> ExitCode {
    if let Some(code) = observer::play() {
        return code;
    }
    suite::run(|privilege| {
        let runner = |place, path: &Path, through| {
            Arc::new(Runner {
                place,
                subject: Subject::new(path, through).expect("our ipcmk"),
                privilege,
                util_linux: Version::default(),
            })
        };
        let native = runner(Place::Native, &suite::x86_64(), None);
        let aarch64 = Board::named("aarch64").expect("a row of boards.txt");
        let qemu = aarch64.emulator.map(Path::new);
        let emulated = runner(Place::QemuUser(aarch64), &suite::aarch64(), qemu);
        let mut trials = trials::step_by_step_trials(&native);
        for runner in [native, emulated] {
            trials.extend(trials::full_speed_trials(&runner));
        }
        trials
    })
}
