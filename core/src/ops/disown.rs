//! Taking mappings out of the table that the host has changed otherwise.

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
use crate::page::AddrRange;
use crate::space::Space;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Takes whatever the table names in `range` out of it, without a call to the
    /// host but for the reservation, which is put back where nothing is mapped.
    /// What is there from now on is handled as memory that others mapped.
    ///
    /// # Errors
    /// ENOMEM when there is no memory for the table.
    pub fn disown(&mut self, range: AddrRange) -> Result<(), Errno> {
        self.reserve(2)?;
        self.map.remove(range);
        self.resync(range)
    }
}
