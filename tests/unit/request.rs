//! Every bound of src/request.rs, from both sides.

use super::{Key, Mode, Nsems, Qbytes};

#[test]
fn bounds() {
    assert_eq!(Mode::new(0o777).map(Mode::bits), Some(0o777));
    assert_eq!(Mode::new(0o1000), None);
    assert_eq!(Mode::new(u64::MAX), None);

    assert_eq!(Nsems::new(0), None);
    assert_eq!(Nsems::new(1), Some(Nsems::ONE));
    assert_eq!(Nsems::new(0x7fff_ffff).map(Nsems::get), Some(0x7fff_ffff));
    assert_eq!(Nsems::new(0x8000_0000), None);
    assert_eq!(Nsems::new((1 << 32) + 1), None);

    assert_eq!(Qbytes::new(0).map(Qbytes::get), Some(0));
    assert_eq!(Qbytes::new(0x7fff_ffff).map(Qbytes::get), Some(0x7fff_ffff));
    assert_eq!(Qbytes::new(0x8000_0000), None);
    assert_eq!(Qbytes::new((1 << 32) + 5), None);

    assert_eq!(Key::new(0xffff_ffff), Some(Key::Chosen(0xffff_ffff)));
    assert_eq!(Key::new(1 << 32), None);
    assert!(Key::Chosen(0).is_private() && !Key::Chosen(1).is_private());
    assert!(!Key::Random.is_private());
}
