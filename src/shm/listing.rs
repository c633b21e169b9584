//! `/proc/sysvipc/shm`: a line for each segment, its sizes in bytes.

use super::label::{self, Notes};
use pagesim_core::space::Config;

const KEY: usize = 0;
/// Columns that are not told as the kernel has them.
const ID: usize = 1;
const SIZE: usize = 3;
const LAST: usize = 5;
const ATTACHED: usize = 11;
const DETACHED: usize = 12;
const RESIDENT: usize = 14;
const SWAPPED: usize = 15;
const COLUMNS: usize = 16;

/// Puts the words of a line, with new numbers in these columns.
pub(crate) fn line(config: &Config, line: &[u8], out: &mut impl FnMut(&[u8])) {
    match Segment::read(config, line) {
        Some(segment) => segment.write(line, out),
        None => out(line),
    }
}

/// What a line has to say.
struct Segment {
    numbers: [Option<u64>; COLUMNS],
}

impl Segment {
    fn read(config: &Config, line: &[u8]) -> Option<Segment> {
        let mut seen = [0u64; COLUMNS];
        let mut words = line.split(|b| *b == b' ' || *b == b'\n').filter(|word| !word.is_empty());
        for (column, place) in seen.iter_mut().enumerate() {
            *place = match number(words.next()?) {
                Some(value) => value,
                // a key may be negative, and is not looked at
                None if column == KEY => 0,
                // names of columns
                None => return None,
            };
        }
        let [_, id, _, size, _, pid, _, _, _, _, _, attached, detached, _, resident, swapped] =
            seen;
        let notes = Notes { attached: attached as i64, detached: detached as i64, pid: pid as i32 };
        let target = config.target.bytes() as u64;
        let known = label::of(config, id as i32, size as usize, notes);
        let resident = match known {
            Some(_) => resident.saturating_sub(config.real.bytes() as u64),
            None => resident,
        };
        let mut numbers = [None; COLUMNS];
        let mut set = |column: usize, value: u64| {
            if let Some(place) = numbers.get_mut(column) {
                *place = Some(value);
            }
        };
        set(ID, id);
        set(RESIDENT, resident.next_multiple_of(target));
        set(SWAPPED, swapped.next_multiple_of(target));
        if let Some(known) = known {
            let told = known.told(notes);
            set(SIZE, known.asked as u64);
            set(LAST, told.pid as u64);
            set(ATTACHED, told.attached as u64);
            set(DETACHED, told.detached as u64);
        }
        Some(Segment { numbers })
    }

    /// Numbers end where they did, as long as there is room for a blank in front.
    fn write(&self, line: &[u8], out: &mut impl FnMut(&[u8])) {
        let mut rest = line;
        for new in self.numbers {
            let blanks = rest.iter().position(|b| *b != b' ').unwrap_or(rest.len());
            let (front, tail) = rest.split_at_checked(blanks).unwrap_or((rest, &[]));
            let len = tail.iter().position(|b| matches!(b, b' ' | b'\n')).unwrap_or(tail.len());
            let (word, tail) = tail.split_at_checked(len).unwrap_or((tail, &[]));
            let mut room = [0; 20];
            let new = new.map_or(word, |new| digits(new, &mut room));
            let width = front.len() + word.len();
            let least = usize::from(!front.is_empty());
            for _ in 0..width.saturating_sub(new.len()).max(least) {
                out(b" ");
            }
            out(new);
            rest = tail;
        }
        out(rest);
    }
}

fn number(word: &[u8]) -> Option<u64> {
    core::str::from_utf8(word).ok()?.parse().ok()
}

fn digits(mut value: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut first = room.len();
    for place in room.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
        first -= 1;
        if value == 0 {
            break;
        }
    }
    room.get(first..).unwrap_or(&[])
}
