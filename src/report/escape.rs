//! Bytes of the user's in a message: whether they are UTF-8, and what of them could forge a line or
//! move a terminal.

/// Whether bytes are UTF-8. `core::str::from_utf8` is faster, and six times as large.
pub fn is_utf8(mut bytes: &[u8]) -> bool {
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        // The bytes that follow, and the least character that takes as many.
        let (following, least) = match first {
            0..0x80 => continue,
            0xc0..0xe0 => (1, 0x80),
            0xe0..0xf0 => (2, 0x800),
            0xf0..0xf8 => (3, 0x10000),
            _ => return false,
        };
        let mut code = u32::from(*first) & (0x3f >> following);
        for _ in 0..following {
            let [next @ 0x80..0xc0, rest @ ..] = bytes else {
                return false;
            };
            code = code << 6 | u32::from(*next) & 0x3f;
            bytes = rest;
        }
        // No surrogate either.
        if code < least || char::from_u32(code).is_none() {
            return false;
        }
    }
    true
}

/// Whether a terminal shows bytes and does nothing else: none of them is a control character, of
/// ASCII or of ISO 8859, the latter alone or as UTF-8.
pub fn is_harmless(bytes: &[u8]) -> bool {
    /// Begins a control character of ISO 8859 as UTF-8.
    const CONTROL: u8 = 0xc2;
    let is_text = is_utf8(bytes);
    let mut last = CONTROL;
    bytes.iter().all(|&byte| {
        let is_character = is_text && last != CONTROL;
        last = byte;
        match byte {
            0x80..0xa0 => is_character,
            _ => !byte.is_ascii_control(),
        }
    })
}

/// The letter that stands behind a backslash for a control character, where it has one.
pub fn escape(byte: u8) -> Option<u8> {
    let place = usize::from(byte.wrapping_sub(0x07));
    b"abtnvfr".get(place).copied()
}
