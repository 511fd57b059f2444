//! The key that ftok(3) makes, for src/kernel/port.rs.

use super::Identity;

/// glibc's formula, by its manual page: ftok(3).
#[test]
fn keys_of_files() {
    let file = |ino, dev| Identity { ino, dev };
    assert_eq!(file(0x1234, 0x56).key(0x78), 0x7856_1234);
    assert_eq!(file(u64::MAX, u64::MAX).key(255), 0xffff_ffff);
    assert_eq!(file(0x1234, 0x56).key(0), 0x0056_1234);
    assert_eq!(file(0x1_0000, 0x100).key(1), 0x0100_0000);
}
