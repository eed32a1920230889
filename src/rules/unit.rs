//! A commune lies in its district and its province, by the list's column `parent`. A commune without its district is
//! judged all the same: its code alone may be that of another place in another catalogue.

use std::sync::Arc;

use super::{Facts, Findings, Params, Rule};
use crate::codes::CodeList;
use crate::model::Reason;

#[derive(Debug)]
struct Unit {
    province: usize,
    district: Option<usize>,
    commune: usize,
    units: Arc<CodeList>,
    parent: usize,
}

/// Without `district` the commune lies in the province itself (the catalogue of 2025).
pub(super) fn unit(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (province, district) = (p.field("province"), p.optional_field("district"));
    let (commune, units) = (p.field("commune"), p.list("units"));
    let units = units?;
    let parent = p.column(&units, "parent");
    Some(Box::new(Unit { province: province?, district, commune: commune?, units, parent: parent? }))
}

impl Unit {
    fn within(&self, inner: &str, outer: &str) -> bool {
        self.units.rows(inner).any(|e| e.extra(self.parent) == outer)
    }
}

impl Rule for Unit {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let Some(province) = facts.text(self.province) else { return };
        if self.units.rows(province).any(|e| !e.extra(self.parent).is_empty()) {
            out.complain(facts, self.province, Reason::UnknownCode, "không phải mã tỉnh / not a province");
            return;
        }
        let mut outer = province;
        for field in self.district.into_iter().chain([self.commune]) {
            let Some(inner) = facts.text(field) else {
                self.without(facts, field, province, out);
                return;
            };
            if !self.within(inner, outer) {
                let detail = format!("không thuộc đơn vị {outer} / not a part of {outer}");
                out.complain(facts, field, Reason::UnknownCode, &detail);
                return;
            }
            outer = inner;
        }
    }
}

impl Unit {
    /// A level is empty. A commune below it lies in the province itself, or lacks its district.
    fn without(&self, facts: &Facts<'_, '_>, field: usize, province: &str, out: &mut Findings) {
        let commune = facts.text(self.commune).filter(|_| facts.is_empty(field));
        if let Some(commune) = commune.filter(|commune| !self.within(commune, province)) {
            let detail = format!(
                "xã {commune} thiếu huyện, và không thuộc thẳng tỉnh {province} / commune {commune} lacks its district, \
                 and is not a part of {province} itself"
            );
            out.complain(facts, field, Reason::Missing, &detail);
        }
    }
}
