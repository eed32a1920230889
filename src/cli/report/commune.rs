//! `report commune`: all that is open of one commune, numbered, to be printed, checked and signed there; and what the
//! province has to correct in its own records.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Archive, Kept};
use crate::cli::hand::tell;
use crate::cli::paper::{Cell, Paper};
use crate::cli::{Call, Failure, places};
use crate::codes::CodeLists;
use crate::mismatch::Decision;
use crate::model::{Kind, Message, Reason};
use crate::report::person::{Person, record};
use crate::store::reported::{self, Correction};
use crate::store::review::Item;

/// Rows in one transaction.
const PAGE: i64 = 500;

#[derive(Debug, Args)]
pub(in crate::cli) struct CommuneArgs {
    /// Mã xã / the commune's code
    #[arg(required_unless_present = "all")]
    code: Option<String>,
    /// Mọi xã có việc, mỗi xã một tệp / every commune with something open, a file each
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// Tệp HTML; với --all là thư mục / the HTML file; with --all the folder
    #[arg(long)]
    to: PathBuf,
}

/// What was printed of a commune.
#[derive(Debug, Default)]
struct Printed {
    mismatches: u64,
    corrections: u64,
}

pub(in crate::cli) async fn run(call: &Call, archive: &Archive, args: &CommuneArgs) -> Result<u8, Failure> {
    let kept = archive.kept().await?;
    let mut lists = archive.lists();
    let wanted: Vec<(String, PathBuf)> = if let Some(code) = &args.code {
        places::known(&archive.config, &archive.store, code).await?;
        vec![(code.clone(), args.to.clone())]
    } else {
        std::fs::create_dir_all(&args.to).map_err(|e| Failure::new(1, format!("{}: {e}", args.to.display())))?;
        let mut tx = archive.store.read().await?;
        let units = reported::units(&mut tx).await?;
        units.into_iter().map(|unit| (unit.clone(), args.to.join(format!("xa-{}.html", safe(&unit))))).collect()
    };
    let (mut files, mut total) = (Vec::new(), Printed::default());
    for (code, file) in &wanted {
        let printed = Sheet { archive, kept: &kept, code }.print(&mut lists, file).await?;
        total.mismatches += printed.mismatches;
        total.corrections += printed.corrections;
        files.push(json!({ "commune": code, "file": file.display().to_string(), "mismatches": printed.mismatches,
            "corrections": printed.corrections }));
    }
    let text = format!(
        "{} xã, {} việc, {} dòng phải sửa ở nguồn → {} / communes, open mismatches, corrections; the files have personal data",
        files.len(),
        total.mismatches,
        total.corrections,
        args.to.display()
    );
    tell(call, &json!({ "communes": files, "mismatches": total.mismatches, "corrections": total.corrections }), &text);
    Ok(0)
}

/// A code as it may stand in a file's name.
fn safe(code: &str) -> String {
    let safe: String =
        code.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).take(40).collect();
    if safe.is_empty() { "chua-ro".to_owned() } else { safe }
}

struct Sheet<'s> {
    archive: &'s Archive,
    kept: &'s [Kept],
    code: &'s str,
}

impl Sheet<'_> {
    async fn print(&self, lists: &mut CodeLists, file: &Path) -> Result<Printed, Failure> {
        let name = self.kept.iter().map(|kept| self.archive.name_of(lists, &kept.settings.person.units, self.code));
        let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        let commune = match (self.code, name.as_str()) {
            ("", _) => "chưa rõ xã".to_owned(),
            (code, "") => format!("xã mã {code}"),
            (code, name) => format!("{name} (mã {code})"),
        };
        let archive = self.archive;
        let under = [
            format!("Đơn vị: {commune}. Lập ngày {}.", archive.today()),
            "Cán bộ kiểm tra từng dòng với hồ sơ gốc, ghi kết quả và ký; nộp lại cho đơn vị lập phiếu.".to_owned(),
        ];
        let title = "Phiếu kiểm tra hồ sơ trợ giúp xã hội còn sai khác";
        let mut paper = Paper::begin(file, &archive.province(), &archive.day(), title, &under)?;
        let mut printed = Printed::default();
        paper.heading("I. Việc cần kiểm tra")?;
        paper.table(&[
            ("STT", 4),
            ("Người, mã hồ sơ", 18),
            ("Sai khác", 19),
            ("Của tỉnh", 11),
            ("Của hệ thống quốc gia, hồ sơ kia", 13),
            ("Việc cần làm", 15),
            ("Kết quả kiểm tra", 11),
            ("Người kiểm tra (ký)", 9),
        ])?;
        for kept in self.kept {
            self.mismatches(&mut paper, kept, &mut printed).await?;
        }
        paper.end_table()?;
        paper.heading("II. Phải sửa ở nguồn theo quyết định")?;
        paper.table(&[
            ("STT", 4),
            ("Người, mã hồ sơ", 20),
            ("Trường", 12),
            ("Của tỉnh", 14),
            ("Sửa thành", 14),
            ("Quyết định", 18),
            ("Đã sửa ngày", 9),
            ("Người sửa (ký)", 9),
        ])?;
        let mut ids = Vec::new();
        for kept in self.kept {
            self.corrections(&mut paper, kept, &mut printed, &mut ids).await?;
        }
        paper.end_table()?;
        paper.line(&format!(
            "Cộng: {} việc cần kiểm tra, {} dòng phải sửa ở nguồn.",
            printed.mismatches, printed.corrections
        ))?;
        paper.end(&["Người lập phiếu", "Cán bộ phụ trách của xã", "Chủ tịch Ủy ban nhân dân xã"])?;
        // Only what stands on paper counts as printed.
        for part in ids.chunks(500) {
            let mut tx = archive.store.write().await?;
            reported::printed(&mut tx, part, archive.now).await?;
            tx.commit().await?;
        }
        Ok(printed)
    }

    async fn mismatches(&self, paper: &mut Paper, kept: &Kept, printed: &mut Printed) -> Result<(), Failure> {
        let (mut key, mut id) = (String::new(), 0);
        loop {
            let mut tx = self.archive.store.read().await?;
            let page = reported::of_unit(&mut tx, kept.stream.id, self.code, (&key, id), PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            (key, id) = (last.key.clone(), last.id);
            let keys: Vec<&str> = page.iter().map(|one| one.key.as_str()).collect();
            let known = reported::said(&mut tx, kept.stream.id, &keys).await?;
            drop(tx);
            for one in &page {
                printed.mismatches += 1;
                mismatch(paper, kept, one, &known, printed.mismatches)?;
            }
        }
    }

    async fn corrections(
        &self,
        paper: &mut Paper,
        kept: &Kept,
        printed: &mut Printed,
        ids: &mut Vec<i64>,
    ) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let mut tx = self.archive.store.read().await?;
            let page = reported::corrections(&mut tx, kept.stream.id, self.code, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let keys: Vec<&str> = page.iter().map(|one| one.key.as_str()).collect();
            let known = reported::said(&mut tx, kept.stream.id, &keys).await?;
            drop(tx);
            for one in &page {
                printed.corrections += 1;
                ids.push(one.id);
                correction(paper, kept, one, &known, printed.corrections)?;
            }
        }
    }
}

type Known = HashMap<String, String>;

/// A person as printed: name, and below it birth, address and key.
fn person(kept: &Kept, key: &str, known: &Known) -> (String, String) {
    let person = known.get(key).map(|said| Person::of(&record(said), &kept.settings.person));
    let person = person.unwrap_or_default();
    // The keys of rows without a key of their own begin with a control character.
    let key: String = key.chars().filter(|c| !c.is_control()).collect();
    if person.name.is_empty() {
        return (key, format!("{}; chưa có bản ghi nào để in họ tên: xem nguồn", kept.stream.name));
    }
    let more = [person.birth, person.address, format!("{}: {key}", kept.stream.name)];
    (person.name, more.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; "))
}

fn mismatch(paper: &mut Paper, kept: &Kept, one: &Item, known: &Known, nth: u64) -> Result<(), Failure> {
    let (name, below) = person(kept, &one.key, known);
    let kind = Kind::from_word(&one.kind);
    let reason = Reason::from_word(&one.reason).map(Reason::vi);
    let reason = reason.or_else(|| Some(Message::of_id(&format!("differs-{}", one.reason))?.vi()));
    // A code of the nation's is told as it came.
    let reason = reason.unwrap_or(&one.reason).to_owned();
    let row = one.source_row.map(|row| format!("dòng nguồn {row}")).unwrap_or_default();
    let detail = in_vietnamese(&one.detail);
    // What two records of one person are is said by the kind; the reason is the same for all of them.
    let reason = if of_a_pair(kind) && !detail.is_empty() { "" } else { reason.as_str() };
    // Of a shared account the other side is a number of records, which the detail tells.
    let theirs = if kind == Some(Kind::Account) { "" } else { one.theirs.as_str() };
    let about = [reason, one.field.as_str(), detail, row.as_str()];
    let about = about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    let todo = match (one.decision.as_str(), one.proposal.as_str()) {
        ("", "") => String::new(),
        ("", proposal) => format!("đề nghị: {proposal}"),
        (decision, _) if matches!(one.state.as_str(), "decided" | "applied") => {
            let decided = format!("đã quyết định: {} ({})", in_words(decision), one.decided_by);
            if one.proposal.is_empty() { decided } else { format!("{decided}; đề nghị: {}", one.proposal) }
        }
        // It came back, or its values changed: what was decided then does not hold now.
        (decision, proposal) => {
            let then = format!("lần trước: {} ({})", in_words(decision), one.decided_by);
            if proposal.is_empty() { then } else { format!("{then}; đề nghị: {proposal}") }
        }
    };
    let nth = nth.to_string();
    paper.row(&[
        Cell::Text(&nth),
        Cell::Both(&name, &below),
        Cell::Both(kind.map_or(one.kind.as_str(), |kind| kind.vi()), &about),
        Cell::Text(&one.value),
        Cell::Text(theirs),
        Cell::Both(kind.map_or("", |kind| kind.way_out().0), &todo),
        Cell::Text(""),
        Cell::Text(""),
    ])
}

fn of_a_pair(kind: Option<Kind>) -> bool {
    matches!(kind, Some(Kind::TwoHere | Kind::DoubleBenefit | Kind::PaidAfterEnd | Kind::SamePerson))
}

/// A decision as staff call it.
fn in_words(decision: &str) -> &str {
    Decision::from_word(decision).map_or(decision, |known| known.text().0)
}

/// The Vietnamese half of what staff are told in both languages; all of it where that is no half.
fn in_vietnamese(detail: &str) -> &str {
    match detail.split_once(" / ") {
        Some((vi, en)) if !en.contains(" / ") && 3 * vi.len() > en.len() => vi,
        _ => detail,
    }
}

fn correction(paper: &mut Paper, kept: &Kept, one: &Correction, known: &Known, nth: u64) -> Result<(), Failure> {
    let (name, below) = person(kept, &one.key, known);
    let decided = crate::model::Timestamp(one.at_ms).for_people();
    let (nth, by) = (nth.to_string(), format!("{}, {decided}. {}", one.decided_by, one.why));
    let decision = in_words(&one.decision);
    paper.row(&[
        Cell::Text(&nth),
        Cell::Both(&name, &below),
        Cell::Text(&one.field),
        Cell::Text(&one.ours),
        Cell::Text(&one.theirs),
        Cell::Both(decision, &by),
        Cell::Text(""),
        Cell::Text(""),
    ])
}
