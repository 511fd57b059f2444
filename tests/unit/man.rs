//! The man page that is shipped is the one that the table of options makes.

use std::string::ToString;

#[test]
fn the_shipped_page_is_rendered() {
    let shipped = include_str!("../../dist/ipcmk.1");
    assert!(
        shipped == super::Man.to_string(),
        "write it anew: make docs"
    );
}
