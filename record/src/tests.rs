use super::*;
use crate::read::{Counted, Error, Record};
extern crate std;
use pagesim_core::errno::Errno;
use pagesim_core::finding::{CallKind, Class};
use pagesim_core::page::AddrRange;
use std::vec::Vec;

fn event() -> Event {
    let mut event = Event {
        weight: Weight::Suspect,
        class: Class::WxHalves,
        call: CallKind::Mprotect,
        errno: Some(Errno::EINVAL),
        audited: true,
        thread: 7,
        process: 6,
        args: [1, 2, 3, 4, 5, u64::MAX],
        result: 9,
        range: AddrRange::new(0x1000, 0x2000).unwrap(),
        unnamed: AddrRange::new(0x1800, 0x2000).unwrap(),
        key: 0xfeed,
        part: 3,
        depth: FRAMES,
        frames: [Frame::default(); FRAMES],
    };
    for (i, frame) in event.frames.iter_mut().enumerate() {
        *frame = Frame { module: i as u32 + 1, address: 0x100 + i as u64 };
    }
    event
}

/// A record with one module and one event in slot 2.
fn record() -> Vec<u64> {
    let mut words = std::vec![0u64; RECORD_WORDS];
    words[header::MAGIC] = header::MAGIC_VALUE;
    words[header::VERSION] = header::VERSION_VALUE;
    words[header::PID] = 6;
    words[header::TARGET] = 65536;
    let module =
        Module { bias: 1, start: 2, end: 3, id: BuildId::new(&[9; 20]), path: b"/bin/program" };
    module.write(|i, word| words[MODULES + i] = word);
    words[header::MODULES_END] = (MODULES + module.words()) as u64;
    let slot = SLOTS + 2 * SLOT_WORDS;
    event().write(|i, word| words[slot + i] = word);
    words[slot + Event::COUNT] = 1_000_000;
    words[slot + Event::STATE] = event().state();
    words
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

fn events(words: &[u64]) -> Vec<Counted> {
    Record::new(&bytes(words)).unwrap().events().collect()
}

#[test]
fn what_is_written_is_read_back() {
    let bytes = bytes(&record());
    let read = Record::new(&bytes).unwrap();
    assert_eq!((read.head(header::PID), read.head(header::TARGET)), (6, 65536));
    let modules: Vec<_> = read.modules().collect();
    assert_eq!(modules.len(), 1);
    assert_eq!(modules[0].path, b"/bin/program");
    assert_eq!(modules[0].id.bytes(), [9; 20]);
    let events: Vec<_> = read.events().collect();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].event, events[0].count, events[0].slot), (event(), 1_000_000, 2));
    assert_eq!(read.module(&event().stack()[0]), Some(modules[0]));
    assert_eq!(read.module(&event().stack()[1]), None);
}

#[test]
fn a_slot_that_was_not_finished_is_not_there() {
    let mut words = record();
    words[SLOTS + 2 * SLOT_WORDS + Event::STATE] = 0;
    assert_eq!(events(&words), []);
}

#[test]
fn other_files_are_refused() {
    assert_eq!(Record::new(b"PAGESIMR"), Err(Error::NotARecord));
    let mut words = record();
    words[header::VERSION] = 2;
    assert_eq!(Record::new(&bytes(&words)), Err(Error::Version(2)));
    words[header::MAGIC] = 0;
    assert_eq!(Record::new(&bytes(&words)), Err(Error::NotARecord));
}

#[test]
fn damaged_words_are_read_without_harm() {
    let good = record();
    for i in (2..RECORD_WORDS).filter(|i| good[*i] != 0 || i % 61 == 0) {
        for bad in [0, 1, 0xffff, u64::MAX, 1 << 63, good[i] ^ 0xff] {
            let mut words = good.clone();
            words[i] = bad;
            let bytes = bytes(&words);
            let read = Record::new(&bytes).unwrap();
            assert!(read.modules().count() <= SLOTS);
            for counted in read.events() {
                assert!(counted.event.stack().len() <= FRAMES && counted.count > 0);
            }
        }
    }
}

#[test]
fn long_paths_are_cut_and_long_ids_dropped() {
    let path = [b'a'; 5000];
    let module = Module { bias: 0, start: 0, end: 0, id: BuildId::new(&[1; 40]), path: &path };
    let mut words = record();
    module.write(|i, word| words[MODULES + i] = word);
    words[header::MODULES_END] = (MODULES + module.words()) as u64;
    let bytes = bytes(&words);
    let read = Record::new(&bytes).unwrap().modules().next().unwrap();
    assert_eq!((read.path.len(), read.id.bytes()), (1024, &[][..]));
}

#[test]
fn a_forecast_is_read_and_its_unfinished_line_is_not() {
    let text =
        "# 12 10000 1000 app\n1000 3000 rw-p 2000 10000 [heap]\n5000 6000 r--p 0 0 \n7000 80";
    let read = forecast::Forecast::parse(text).unwrap();
    assert_eq!((read.pid, read.target, read.program), (12, 65536, "app"));
    assert_eq!(read.mappings().count(), 2);
    let first = read.mappings().next().unwrap();
    assert_eq!((read.total(), first.path), ((0x2000, 0x10000), "[heap]"));
    assert_eq!(forecast::Forecast::parse("text"), None);
}
