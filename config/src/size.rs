//! Sizes and addresses in text.

/// A number of bytes: decimal or with `0x` hexadecimal, then optionally one of
/// K, M, G, T (powers of 1024, either case, `KiB` and `KB` as well).
///
/// `None` for anything else, and when the value does not fit.
#[must_use]
#[inline(always)]
pub fn parse_size(text: &[u8]) -> Option<usize> {
    let (digits, radix) = match text {
        [b'0', b'x' | b'X', rest @ ..] => (rest, 16),
        _ => (text, 10),
    };
    let end = digits.iter().position(|b| !(*b as char).is_digit(radix)).unwrap_or(digits.len());
    let (number, unit) = digits.split_at_checked(end)?;
    let shift = unit_shift(unit)?;
    if number.is_empty() {
        return None;
    }
    let value = number.iter().try_fold(0usize, |value, digit| {
        value.checked_mul(radix as usize)?.checked_add((*digit as char).to_digit(radix)? as usize)
    })?;
    value.checked_mul(1usize.checked_shl(shift)?)
}

fn unit_shift(unit: &[u8]) -> Option<u32> {
    let (letter, rest) = match unit.split_first() {
        None => return Some(0),
        Some(parts) => parts,
    };
    if !(rest.is_empty() || rest.eq_ignore_ascii_case(b"ib") || rest.eq_ignore_ascii_case(b"b")) {
        return None;
    }
    match letter.to_ascii_uppercase() {
        b'K' => Some(10),
        b'M' => Some(20),
        b'G' => Some(30),
        b'T' => Some(40),
        _ => None,
    }
}
