//! An error that every judge of undefined behaviour must find: tests/tools/ub.sh tries its judges
//! on it before it believes them. Without one this may well pass.

#[test]
fn memory_is_read_after_it_was_freed() {
    let text = Box::new(*b"gone");
    let start: *const u8 = text.as_ptr();
    drop(text);
    // SAFETY: none. This is the error.
    let byte = unsafe { start.read() };
    println!("{byte}");
}
