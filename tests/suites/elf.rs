//! The files as the kernel's loader sees them.

#[path = "elf/file.rs"]
mod file;

use file::Subject;

#[test]
fn each_is_a_static_executable_for_its_processor() {
    Subject::all().for_each(|subject| subject.is_a_static_executable());
}

#[test]
fn each_has_one_segment_to_load_and_a_stack() {
    Subject::all().for_each(|subject| subject.has_one_segment());
}

#[test]
fn each_has_nothing_to_write_to_relocate_or_look_up() {
    for subject in Subject::all() {
        subject.has_nothing_to_write();
        subject.has_no_got();
    }
}

#[test]
fn each_tells_nothing_of_its_making() {
    Subject::all().for_each(|subject| subject.tells_nothing());
}
