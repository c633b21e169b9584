//! Whether table, host and model agree.

use super::machine::Page;
use super::range;
use super::rig::Rig;
use pagesim_core::flags::Prot;
use pagesim_core::page::AddrRange;
use pagesim_core::space::Reserve;
use pagesim_core::vma::{Backing, Vma};
use std::collections::BTreeMap;

impl Rig {
    /// Everything that must hold after a step.
    pub(crate) fn check(&self) {
        assert_eq!(self.space.map().verify(), Ok(()));
        let table = self.table();
        self.check_host(&table);
        if !self.failed {
            self.check_model(&table);
        }
    }

    /// The table, page by page.
    fn table(&self) -> BTreeMap<usize, Vec<Vma>> {
        let target = self.target();
        let mut pages: BTreeMap<usize, Vec<Vma>> = BTreeMap::new();
        for vma in self.space.vmas().filter(Vma::is_ours) {
            let mut at = target.floor(vma.range.start());
            while at < vma.range.end() {
                let part = vma.clipped(range(at, target.bytes())).unwrap();
                pages.entry(at).or_default().push(part);
                at += target.bytes();
            }
        }
        pages
    }

    /// What the table says is on the host, and nothing else is.
    fn check_host(&self, table: &BTreeMap<usize, Vec<Vma>>) {
        let mut known: BTreeMap<usize, Prot> = BTreeMap::new();
        let real = self.config.real;
        for vma in table.values().flatten() {
            let around = if self.config.narrow() { self.config.host } else { real };
            for number in self.host().numbers(vma.range.round_out(around).unwrap()) {
                let at = number << real.shift();
                let inside = vma.range.overlaps(range(at, real.bytes()));
                let prot =
                    if inside && vma.backing != Backing::Filler { vma.prot } else { Prot::NONE };
                *known.entry(at).or_default() |= prot;
            }
        }
        for (at, prot) in &known {
            let page = self.host().at(*at);
            let page = page.unwrap_or_else(|| panic!("{at:#x} of the table is not mapped"));
            if self.config.narrow() {
                assert!(page.prot.contains(*prot), "{at:#x}: {:?} for {prot:?}", page.prot);
            } else {
                assert_eq!(page.prot, *prot, "{at:#x}");
            }
        }
        let hard = self.config.reserve == Reserve::Hard;
        for number in self.host().pages.keys() {
            let at = number << real.shift();
            let foreign = self.foreign.iter().any(|there| there.contains(at));
            let reserved = hard && self.config.window.contains(at);
            assert!(known.contains_key(&at) || foreign || reserved, "{at:#x} is nobody's");
        }
        if hard {
            self.check_reservation(&known);
        }
    }

    fn check_reservation(&self, known: &BTreeMap<usize, Prot>) {
        for number in self.host().numbers(self.config.window) {
            let at = number << self.config.real.shift();
            let page = self.host().at(at).unwrap_or_else(|| panic!("{at:#x} is not reserved"));
            if !known.contains_key(&at) {
                assert_eq!((page.prot, page.shared), (Prot::NONE, false), "{at:#x}");
            }
        }
    }

    /// What the program sees is what the model has.
    fn check_model(&self, table: &BTreeMap<usize, Vec<Vma>>) {
        let target = self.target();
        let pages = self.model.pages.keys().map(|number| number << target.shift());
        let expected: Vec<usize> = pages.collect();
        let found: Vec<usize> = table.keys().copied().collect();
        assert_eq!(found, expected, "pages of the table, pages of the model");
        for (at, parts) in table {
            let page = self.model.at(*at).unwrap();
            for vma in parts {
                assert_eq!((vma.prot, vma.flags.is_shared()), (page.prot, page.shared), "{at:#x}");
                self.check_backing(vma, page);
            }
            self.check_contents(*at, page);
        }
    }

    fn check_backing(&self, vma: &Vma, page: &Page) {
        let object = page.object.filter(|(object, _)| !self.model.objects[*object].anonymous);
        let within = (vma.range.start() & self.target().mask()) as u64;
        let expected =
            object.map(|(object, offset)| (super::machine::Machine::id(object), offset + within));
        match vma.backing {
            Backing::Anonymous => assert_eq!(expected, None),
            Backing::File { id, offset } | Backing::Special { id, offset } => {
                assert_eq!(Some((id, offset)), expected);
            }
            Backing::Filler | Backing::Foreign => {}
        }
    }

    fn check_contents(&self, at: usize, page: &Page) {
        if let Some((object, offset)) = page.object {
            let object = &self.model.objects[object];
            // what is behind the end of a file is C's, and a device has none
            if object.driver.is_some() || page.own.is_none() && offset >= object.size {
                return;
            }
        }
        let whole = range(at, self.target().bytes());
        let expected = self.model.contents(at);
        let numbers = self.host().numbers(whole);
        let found: Vec<(usize, u8)> = numbers
            .flat_map(|number| self.host().contents(number << self.config.real.shift()))
            .filter(|(addr, _)| whole.contains(*addr))
            .collect();
        assert_eq!(found, expected, "contents of {:?}", AddrRange::from_len(at, whole.len()));
    }
}
