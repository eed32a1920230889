//! The XML inside `CertificateExtentData` (section 2).

use crate::sandbox::form::untidy;
use crate::sandbox::xml::{Bounds, Element, read};

const BOUNDS: Bounds = Bounds { depth: 8, elements: 10_000 };

/// A list, its items, and what an item holds.
const LISTS: [(&str, &str, &[&str]); 2] = [
    (
        "DanhSachTaiLieuNop",
        "TaiLieuNop",
        &[
            "TepDinhKemId",
            "TenTepDinhKem",
            "IsDeleted",
            "MaThanhPhanHoSo",
            "DuongDanTaiTepTin",
            "DuocSoHoa",
            "DuocTaiSuDung",
            "DuocLayTuKhoDMQG",
            "MaKetQuaThayThe",
        ],
    ),
    (
        "DanhSachGiayToKetQua",
        "GiayToKetQua",
        &["TenGiayTo", "MaThanhPhanHoSo", "GiayToId", "DuongDanTepTinKetQua", "MaGiayToKetQua"],
    ),
];

/// What is wrong with the text.
pub(super) fn wrong(text: &str) -> Option<&'static str> {
    let Ok(root) = read(text, BOUNDS) else {
        return Some("not well-formed XML, with a document type, or nested too deeply");
    };
    if root.name != "ExtentData" || !plain(&root) || !each_once(&root) {
        return Some("root is not ExtentData with its two lists, each once");
    }
    root.children.iter().find_map(list)
}

fn list(list: &Element) -> Option<&'static str> {
    let Some((_, item, names)) = LISTS.iter().find(|(name, ..)| *name == list.name) else {
        return Some("a list that ExtentData does not have");
    };
    let fits = |element: &Element| {
        let known = |leaf: &Element| {
            names.contains(&leaf.name.as_str())
                && !leaf.attributed
                && leaf.leaf().is_some_and(|text| untidy(text).is_none())
        };
        element.name == *item && plain(element) && each_once(element) && element.children.iter().all(known)
    };
    if !plain(list) || !list.children.iter().all(fits) {
        return Some("an item of a list that is not of its shape");
    }
    let reused = |item: &Element| {
        item.child("DuocTaiSuDung").is_none_or(|leaf| matches!(leaf.text.as_str(), "" | "0" | "1" | "2"))
    };
    (!list.children.iter().all(reused)).then_some("DuocTaiSuDung is not 0 to 2")
}

fn plain(element: &Element) -> bool {
    element.is_container() && !element.attributed
}

fn each_once(element: &Element) -> bool {
    let mut names: Vec<&str> = element.children.iter().map(|child| child.name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|two| two[0] != two[1])
}

/// The same document with every name spelt otherwise; nothing where it is no XML.
pub(super) fn respelt(text: &str, spell: &mut dyn FnMut(&str) -> String) -> Option<String> {
    let root = read(text, BOUNDS).ok().filter(|root| root.name.eq_ignore_ascii_case("ExtentData"))?;
    let mut out = String::with_capacity(text.len());
    write(&root, &mut out, spell);
    Some(out)
}

/// As the pull spells the two lists.
pub(super) fn as_pulled(text: &str) -> Option<String> {
    respelt(text, &mut |name| name.replacen("DanhSach", "Danhsach", 1))
}

fn write(element: &Element, out: &mut String, spell: &mut dyn FnMut(&str) -> String) {
    let name = spell(&element.name);
    out.push('<');
    out.push_str(&name);
    if element.children.is_empty() && element.text.is_empty() {
        return out.push_str("/>");
    }
    out.push('>');
    for letter in element.leaf().unwrap_or_default().chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            other => out.push(other),
        }
    }
    for child in &element.children {
        write(child, out, spell);
    }
    out.push_str("</");
    out.push_str(&name);
    out.push('>');
}
