//! One finding in one line.

use pagesim_core::finding::Class;
use pagesim_record::Event;

use super::calls::hex;
use crate::findings::size;

/// What exactly is wrong with a call on pages of this size.
pub(super) fn message(event: &Event, page: u64) -> String {
    let [a, b, c, _, e, f] = event.args;
    let pages = size(page);
    let misaligned =
        |what: &str, value: u64| format!("{what} {} is not a multiple of {pages}", hex(value));
    match event.class {
        Class::MmapOffset => misaligned("offset", f),
        Class::HeaderBody => {
            format!("offset {} lies in a page of {pages} that is mapped already", hex(f))
        }
        Class::FixedAddress
        | Class::MunmapAddress
        | Class::MprotectAddress
        | Class::MadviseAddress
        | Class::MsyncAddress
        | Class::MincoreAddress => misaligned("address", a),
        Class::MremapAddress => {
            let addr = if a & page.saturating_sub(1) == 0 { e } else { a };
            misaligned("address", addr)
        }
        Class::ShmatAddress => misaligned("address", b),
        Class::RingMirror => {
            format!("the second half at {} shares a page of {pages} with the first", hex(a))
        }
        Class::MunmapTrim => format!("cuts off at {}, inside a page of {pages}", hex(a)),
        Class::HintExact => {
            format!("hint {} is not a multiple of {pages}; got {}", hex(a), hex(event.result))
        }
        Class::FixedRounding
        | Class::MunmapRounding
        | Class::MprotectRounding
        | Class::MadviseRounding
        | Class::WxHalves => format!("takes {} bytes along behind its {b}", event.unnamed.len()),
        Class::GuardSize => {
            format!("guard of {b} bytes covers {} more", event.unnamed.len())
        }
        Class::MlockRounding => format!("unlocks {} bytes more than its {b}", event.unnamed.len()),
        Class::MincoreVector => {
            format!("one byte of the answer is for {pages}, not for {}", size(b))
        }
        Class::StackMinimum => format!("stack of {a} bytes, at least {b} are needed"),
        Class::TailAccess => format!("stores at {}, behind the end of the file", hex(a)),
        Class::SigbusExpected => format!("no SIGBUS at {}, behind the end of the file", hex(a)),
        Class::PacketRing => format!("blocks of {c} bytes are not multiples of {pages}"),
        Class::PerfRing => format!("{b} bytes are not 1 + 2^n pages of {pages}"),
        Class::AllocatorPageSize => format!("jemalloc was not built for pages of {pages}"),
    }
}

/// The evidence.
pub(super) fn details(event: &Event) -> Vec<String> {
    let mut lines = Vec::new();
    if !event.unnamed.is_empty() {
        lines.push(format!("in use and not named: {:?}", event.unnamed));
    }
    if event.audited {
        lines.push("done in small pages (audit mode)".to_owned());
    }
    lines
}

/// A fault, by its address.
pub(super) fn fault(address: u64) -> String {
    /// What comes behind MAP_FAILED, the last address.
    const NEAR_ZERO: u64 = 1 << 16;
    match address {
        u64::MAX => "the program faulted at MAP_FAILED, which it got".to_owned(),
        near if near < NEAR_ZERO => {
            format!("the program faulted at {near:#x}, behind the MAP_FAILED that it got")
        }
        other => format!("the program faulted at {other:#x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::event;
    use super::*;

    #[test]
    fn messages_name_the_number_that_is_wrong() {
        let page = 65536;
        let offset = event(Class::MmapOffset, [0, 4096, 1, 2, 3, 4096]);
        assert_eq!(message(&offset, page), "offset 0x1000 is not a multiple of 64K");
        let moved = event(Class::MremapAddress, [65536, 1, 1, 3, 0x11000, 0]);
        assert_eq!(message(&moved, page), "address 0x11000 is not a multiple of 64K");
        for class in Class::ALL {
            let line = message(&event(*class, [1, 2, 3, 4, 5, 6]), page);
            assert!(!line.is_empty() && !line.contains('\n'), "{line}");
        }
    }
}
