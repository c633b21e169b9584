//! The answer to a launcher that wants to know whether the library was loaded.

use crate::{state, sys};
use pagesim_config::LIVE;

/// `PAGESIM_LIVE=fd:pid`: one byte to the descriptor, in that process only. The
/// variable is not the program's and goes.
#[link_section = ".text.start"]
pub(crate) fn report() {
    let Some(startup) = state::startup() else { return };
    let Some(value) = startup.variable(LIVE) else { return };
    if let Some((fd, pid)) = parse(value) {
        if pid == sys::getpid() {
            let _ = sys::write_all(fd, b"1");
            sys::close(fd);
        }
    }
    startup.remove_variable(LIVE);
}

fn parse(value: &[u8]) -> Option<(i32, i32)> {
    let text = core::str::from_utf8(value).ok()?;
    let (fd, pid) = text.split_once(':')?;
    let fd = fd.parse().ok().filter(|fd| *fd > 2)?;
    Some((fd, pid.parse().ok()?))
}
