//! Questions: what became of a batch, how many there are, and who they are.

use std::collections::HashSet;

use super::answer::{Answer, Code, Told, key, pair, text};
use super::book::{Book, Knowledge};
use super::dates;
use super::entity::Kind;
use super::faults::{Fault, FaultKind};
use super::nation::Nation;
use super::parse::{self, Value};
use super::record::LIST;
use super::version::hex;
use super::written::Written;

/// Records of one page at most.
const MOST_PAGE: u64 = 500;

/// A question about a batch.
pub(super) struct Asked {
    /// The entity at whose address it was asked.
    pub kind: usize,
    malformed: Option<&'static str>,
    batch: Option<u32>,
}

impl Nation {
    /// Reads a question about a batch.
    pub(super) fn asked(&mut self, kind: usize, body: &[u8]) -> Asked {
        let mut asked = Asked { kind, malformed: None, batch: None };
        match read_question(body, &[&self.words.question.ma_goi_tin]) {
            Ok([Some(Value::Text(key))]) if (8..=100).contains(&key.chars().count()) => {
                asked.batch = self.books[kind].keys.get(key.as_ref()).copied();
                if asked.batch.is_none() && self.is_elsewhere(kind, &key) {
                    self.breaches.add("question", || "tra-cuu-goi-tin: a batch of another entity".to_owned());
                }
            }
            Ok(_) => asked.malformed = Some("MaGoiTin is not a text of 8 to 100 characters"),
            Err(what) => asked.malformed = Some(what),
        }
        if let Some(what) = asked.malformed {
            self.breaches.add("question", || format!("tra-cuu-goi-tin: {what}"));
        }
        asked
    }

    /// What became of a batch.
    pub(super) fn stored(&self, asked: &Asked) -> Answer {
        if let Some(what) = asked.malformed {
            return Answer::bare(Code::Malformed, what);
        }
        let verdicts = asked.batch.and_then(|batch| self.books[asked.kind].batches[batch as usize].verdicts.as_deref());
        match verdicts {
            Some(verdicts) => Answer::of_batch(Code::Done, verdicts),
            None => Answer::bare(Code::NeverSeen, "Không tìm thấy gói tin"),
        }
    }

    /// Notes what the one who asked knows now.
    pub(super) fn settle_asked(&mut self, asked: &Asked, answer: &Answer, dark: &HashSet<u32>) {
        let Some(batch) = asked.batch else { return };
        let book = &mut self.books[asked.kind];
        match answer.code {
            Code::Done => {
                let verdicts = book.batches[batch as usize].verdicts.as_deref().unwrap_or_default();
                let entries: Vec<u32> = verdicts.iter().map(|(entry, _)| *entry).collect();
                book.settle(batch, entries, dark);
            }
            Code::NeverSeen if book.batch(batch).knowledge == Knowledge::Unknown => {
                book.batch(batch).knowledge = Knowledge::Again;
            }
            _ => {}
        }
    }

    fn bad_question(&mut self, operation: &str, what: &'static str) -> Answer {
        self.breaches.add("question", || format!("{operation}: {what}"));
        Answer::bare(Code::Malformed, what)
    }

    /// Sums per commune, stopped records included.
    pub(super) fn count(&mut self, kind: usize, body: &[u8]) -> Answer {
        let words = &self.words.question;
        let province = match read_question(body, &[&words.ma_tinh, &words.nhom]) {
            Ok([Some(Value::Text(province)), Some(Value::Text(by))]) if by == "MaXa" || by == words.ma_xa => province,
            Ok(_) => return self.bad_question("thong-ke", "MaTinh or Nhom is not there or not as it should be"),
            Err(what) => return self.bad_question("thong-ke", what),
        };
        let mut units: Vec<_> =
            self.books[kind].units.iter().filter(|unit| unit.province == province && unit.count > 0).collect();
        units.sort_by(|one, other| one.commune.cmp(&other.commune));
        let names = &self.words.answer;
        let mut out = vec![b'['];
        for (at, unit) in units.into_iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",{" } else { b"{" });
            pair(&mut out, &names.ma_xa, &unit.commune);
            out.push(b',');
            key(&mut out, &names.so_luong);
            out.extend_from_slice(unit.count.to_string().as_bytes());
            if self.settings.checksums {
                out.push(b',');
                pair(&mut out, &names.ma_kiem_tra, &format!("{:016x}", unit.check));
            }
            out.push(b'}');
        }
        out.push(b']');
        ready(out)
    }

    /// One page of records, by reference.
    pub(super) fn list(&mut self, kind: usize, body: &[u8], fault: Option<&Fault>) -> Answer {
        let words = &self.words.question;
        let names = [&words.ma_tinh, &words.ma_xa, &words.trang, &words.kich_thuoc];
        let (province, commune, page, size) = match read_question(body, &names) {
            Ok([Some(Value::Text(province)), commune, Some(Value::Number(page)), Some(Value::Number(size))])
                if page > 0 && (1..=MOST_PAGE).contains(&size) =>
            {
                match commune {
                    None => (province, None, page, size),
                    Some(Value::Text(commune)) if commune.is_empty() => (province, None, page, size),
                    Some(Value::Text(commune)) => (province, Some(commune), page, size),
                    Some(_) => return self.bad_question("danh-sach", "MaXa is not a text"),
                }
            }
            Ok(_) => return self.bad_question("danh-sach", "MaTinh, Trang or KichThuoc is not as it should be"),
            Err(what) => return self.bad_question("danh-sach", what),
        };
        let book = &self.books[kind];
        let wanted: Vec<bool> = book
            .units
            .iter()
            .map(|unit| unit.province == province && commune.as_ref().is_none_or(|commune| *commune == unit.commune))
            .collect();
        let total: u64 =
            book.units.iter().zip(&wanted).filter(|(_, wanted)| **wanted).map(|(unit, _)| unit.count).sum();
        let skip = usize::try_from((page - 1).saturating_mul(size)).unwrap_or(usize::MAX);
        let names = &self.words.answer;
        let mut out = vec![b'{'];
        key(&mut out, &names.tong_so);
        let plays = |kind| fault.filter(|fault| fault.fault == kind);
        let told = plays(FaultKind::WrongTotal).map_or(total, |fault| fault.bytes.unwrap_or(total + 1_000));
        out.extend_from_slice(told.to_string().as_bytes());
        out.push(b',');
        key(&mut out, &names.trang);
        out.extend_from_slice(page.to_string().as_bytes());
        out.push(b',');
        key(&mut out, &names.danh_sach);
        out.push(b'[');
        if (skip as u64) < total {
            let records = book.index.iter().filter_map(|(reference, &entry)| {
                book.written(entry).filter(|written| wanted[written.unit as usize]).map(|w| (reference, entry, w))
            });
            let size = usize::try_from(size.min(total - skip as u64)).unwrap_or_default();
            let take = match fault.map(|fault| fault.fault) {
                Some(FaultKind::EmptyPage) => 0,
                Some(FaultKind::ShortPage) => size - size.div_ceil(3),
                _ => size,
            };
            let skip = skip + usize::from(plays(FaultKind::ShiftedPage).is_some());
            for (at, (reference, entry, written)) in records.skip(skip).take(take).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                self.one_record(&mut out, book, reference, entry, written);
            }
        }
        out.extend_from_slice(b"]}");
        ready(out)
    }

    fn one_record(&self, out: &mut Vec<u8>, book: &Book, reference: &str, entry: u32, written: &Written) {
        let names = &self.words.answer;
        out.push(b'{');
        pair(out, &names.ma_tham_chieu, reference);
        out.push(b',');
        pair(out, &names.ma_doi_tuong, &book.national_number(entry));
        out.push(b',');
        pair(out, &names.phien_ban, &hex(&written.version));
        out.push(b',');
        pair(out, &names.trang_thai, written.state(book.kind));
        out.push(b',');
        pair(out, &names.cap_nhat_luc, &dates::wire(written.at_ms));
        out.push(b',');
        key(out, &names.doi_tuong);
        document(out, book.kind, written, &self.lookups[book.kind.number].fields);
        out.push(b'}');
    }
}

fn ready(out: Vec<u8>) -> Answer {
    // Made of texts and digits only, so it is UTF-8.
    let json = String::from_utf8(out).unwrap_or_default();
    Answer { code: Code::Done, message: String::new(), told: Told::Ready(json) }
}

/// A record as JSON, its fields under these names.
pub(super) fn document<N: AsRef<str>>(out: &mut Vec<u8>, kind: &Kind, written: &Written, names: &[N]) {
    out.push(b'{');
    let mut first = true;
    for ((value, name), &field) in written.standing(kind).into_iter().zip(names).zip(&kind.fields) {
        let Some(value) = value else { continue };
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        key(out, name.as_ref());
        if field == LIST {
            out.push(b'[');
            for (at, word) in value.split(',').filter(|word| !word.is_empty()).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                text(out, word);
            }
            out.push(b']');
        } else {
            text(out, value);
        }
    }
    out.push(b'}');
}

/// The values of a question by name; one that is unknown or comes twice is an error.
fn read_question<'a, const N: usize>(
    body: &'a [u8],
    names: &[&String; N],
) -> Result<[Option<Value<'a>>; N], &'static str> {
    let pairs = parse::question(body).map_err(|_| "not a JSON object")?;
    let mut values = [const { None }; N];
    for (name, value) in pairs {
        let place = names.iter().position(|known| known.as_str() == name).ok_or("a key that it does not have")?;
        if values[place].replace(value).is_some() {
            return Err("a key twice");
        }
    }
    Ok(values)
}
