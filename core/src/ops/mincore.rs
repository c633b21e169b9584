//! mincore(2): one byte for each target page.

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::walk::Holes;
use crate::page::AddrRange;
use crate::space::Space;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mincore(2), with `vec` the address of the program's vector. A target page
    /// is resident when any of its host pages is.
    ///
    /// # Errors
    /// EINVAL for a misaligned start, ENOMEM for a range that is none and, with
    /// the bytes before it written, at a hole; EFAULT for the vector.
    pub fn mincore(&mut self, addr: usize, len: usize, vec: usize) -> Result<(), Errno> {
        let target = self.config.target;
        if !target.is_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        let range = self.target_range(addr, len).ok_or(Errno::ENOMEM)?;
        // access_ok() of the vector comes before the look for a hole.
        self.host.mincore(AddrRange::from_len(addr, 0).unwrap_or_default(), target.bytes(), vec)?;
        let mut told = addr;
        self.over_mapped(range, Holes::Stop, |space, part| {
            // Of a page that several regions share the first one tells.
            let Some(rest) = AddrRange::new(part.start().max(told), part.end()) else {
                return Ok(());
            };
            if rest.is_empty() {
                return Ok(());
            }
            let index = (rest.start() - addr) >> target.shift();
            space.host.mincore(rest, target.bytes(), vec.wrapping_add(index))?;
            told = target.ceil(rest.end()).unwrap_or(rest.end());
            Ok(())
        })
    }
}
