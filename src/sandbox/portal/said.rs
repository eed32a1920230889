//! What a portal says.

use super::files::Obstacle;
use super::json::Json;
use super::{Portal, catalogue, dvcqg};
use crate::sandbox::answer::{key, pair, text};
use crate::sandbox::faults::{Operation, System};
use crate::sandbox::wire::Reply;

/// Busy, come again.
pub(super) const BUSY: &str = "9";

/// What is said: the code, the message, and further keys with their JSON.
pub(super) struct Said {
    pub code: String,
    pub message: String,
    pub more: Vec<(&'static str, Vec<u8>)>,
}

impl Said {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), more: Vec::new() }
    }
}

impl Portal {
    pub(super) fn refuse(&mut self, obstacle: Obstacle, number: &str, minus: bool) -> Said {
        let ours = self.system == System::Dvcqg;
        let (code, what) = match obstacle {
            Obstacle::Exists if minus => ("-3", "đã tồn tại"),
            Obstacle::Exists => ("3", "đã tồn tại"),
            Obstacle::Unknown if ours => ("-4", "chưa có"),
            Obstacle::Unknown => ("7", "chưa có"),
            Obstacle::Back if ours => ("-9", "không được lùi trạng thái"),
            Obstacle::Back => ("8", "không được lùi trạng thái"),
        };
        *match obstacle {
            Obstacle::Exists => &mut self.tally.existed,
            Obstacle::Unknown => &mut self.tally.unknown_numbers,
            Obstacle::Back => &mut self.tally.status_backs,
        } += 1;
        Said::new(code, format!("Mã hồ sơ {number} {what}"))
    }

    pub(super) fn look_up(&self, number: &str) -> Said {
        let Some(dossier) = self.files.all.get(number) else {
            return Said::new("-4", format!("Mã hồ sơ {number} chưa có"));
        };
        let mut record = dossier.record.clone();
        if let Json::Object(pairs) = &mut record {
            for (name, value) in [("MaHoSo", number.to_owned()), (dvcqg::STATUS, dossier.status.to_string())] {
                match pairs.iter_mut().find(|(known, _)| known == name) {
                    Some(pair) => pair.1 = Json::Text(value),
                    None => pairs.push((name.to_owned(), Json::Text(value))),
                }
            }
        }
        with_result(&Json::List(vec![record]))
    }

    /// The answer in the operation's envelope.
    pub(super) fn say(&mut self, operation: Operation, said: &Said, blanks: bool) -> Reply {
        if operation == Operation::Pull {
            self.say_pull(said, blanks)
        } else {
            Reply::json(200, self.spell(said, blanks))
        }
    }

    /// The code as number and as text in turn, or with blanks around, with all that belongs to it.
    pub(super) fn spell(&mut self, said: &Said, blanks: bool) -> Vec<u8> {
        self.said += 1;
        let number = said.code.parse::<i64>().ok().filter(|_| self.said % 2 == 1);
        let mut out = vec![b'{'];
        for (name, json) in &said.more {
            key(&mut out, name);
            out.extend_from_slice(json);
            out.push(b',');
        }
        key(&mut out, "error_code");
        match number {
            Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
            None if blanks => text(&mut out, &format!(" {}  ", said.code)),
            None => text(&mut out, &said.code),
        }
        out.push(b',');
        pair(&mut out, "message", &said.message);
        out.push(b'}');
        out
    }
}

/// Session, key or password do not fit.
pub(super) fn not_authorised() -> Said {
    Said::new("5", "Phiên làm việc hoặc khóa không hợp lệ")
}

/// Done, with a result.
pub(super) fn with_result(result: &Json) -> Said {
    let mut json = Vec::new();
    result.write(&mut json);
    Said { more: vec![("result", json)], ..Said::new("0", "") }
}

/// A catalogue as a result.
pub(super) fn listed(rows: &[&[&str]]) -> Said {
    let row = |row: &&[&str]| {
        let pairs = catalogue::NAMES.iter().zip(row.iter());
        Json::Object(pairs.map(|(name, value)| ((*name).to_owned(), Json::Text((*value).to_owned()))).collect())
    };
    with_result(&Json::List(rows.iter().map(row).collect()))
}
