//! How the wire spells things. Defaults are the contract's; a TOML file may rename any of them, keyed by the contract's
//! own word, so that a renamed profile can be met without a rebuild.

use std::collections::HashMap;

use serde::Deserialize;

use super::entity::{BENEFICIARIES, Kind, kinds};
use super::faults::Operation;

/// A words file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// Not TOML, or a key that the sandbox does not know.
    #[error("the words cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// A record field that the contract does not have.
    #[error("[record] {0}: the contract has no such field")]
    UnknownField(String),
    /// An entity that the contract does not have.
    #[error("[entities] {0}: the contract has no such entity")]
    UnknownEntity(String),
    /// Two things would be spelt alike.
    #[error("[{section}] {word}: used for two things")]
    Twice {
        /// The section of the file.
        section: &'static str,
        /// The word.
        word: String,
    },
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($field:ident $contract:literal = $default:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $(#[doc = concat!("`", $contract, "`")] #[serde(rename = $contract)] pub $field: String,)+
        }
        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default.to_owned(),)+ }
            }
        }
        impl $name {
            fn twice(&self) -> Option<String> {
                twice([$(&self.$field),+].into_iter().cloned())
            }
        }
    };
}

words!(
    /// Paths, from the root of the server. `{entity}` stands for the entity's word; a path without it is that of
    /// `doi-tuong` alone, and the others keep the contract's.
    Paths {
        token "token" = "/token",
        send "send" = "/misposasoft/1.0/{entity}/dong-bo",
        ask "ask" = "/misposasoft/1.0/{entity}/tra-cuu-goi-tin",
        count "count" = "/misposasoft/1.0/{entity}/thong-ke",
        list "list" = "/misposasoft/1.0/{entity}/danh-sach",
        xroad "xroad" = "/xroad",
    }
);
words!(
    /// The envelope of a batch and its items.
    Envelope {
        ma_tinh "MaTinh" = "MaTinh",
        ma_goi_tin "MaGoiTin" = "MaGoiTin",
        thoi_gian_gui "ThoiGianGui" = "ThoiGianGui",
        danh_sach "DanhSach" = "DanhSach",
        ma_tham_chieu "MaThamChieu" = "MaThamChieu",
        phien_ban "PhienBan" = "PhienBan",
        thao_tac "ThaoTac" = "ThaoTac",
        doi_tuong "DoiTuong" = "DoiTuong",
    }
);
words!(
    /// What the questions carry (ask, count, list).
    Question {
        ma_goi_tin "MaGoiTin" = "MaGoiTin",
        ma_tinh "MaTinh" = "MaTinh",
        nhom "Nhom" = "Nhom",
        ma_xa "MaXa" = "MaXa",
        trang "Trang" = "Trang",
        kich_thuoc "KichThuoc" = "KichThuoc",
    }
);
words!(
    /// Field names of the answers.
    Answered {
        error_code "error_code" = "error_code",
        message "message" = "message",
        result "result" = "result",
        ma_tham_chieu "MaThamChieu" = "MaThamChieu",
        ket_qua "KetQua" = "KetQua",
        ma_doi_tuong "MaDoiTuong" = "MaDoiTuong",
        ma_loi "MaLoi" = "MaLoi",
        thong_bao "ThongBao" = "ThongBao",
        ma_xa "MaXa" = "MaXa",
        so_luong "SoLuong" = "SoLuong",
        ma_kiem_tra "MaKiemTra" = "MaKiemTra",
        tong_so "TongSo" = "TongSo",
        trang "Trang" = "Trang",
        danh_sach "DanhSach" = "DanhSach",
        phien_ban "PhienBan" = "PhienBan",
        trang_thai "TrangThai" = "TrangThai",
        cap_nhat_luc "CapNhatLuc" = "CapNhatLuc",
        doi_tuong "DoiTuong" = "DoiTuong",
    }
);
words!(
    /// Codes of a whole answer.
    Codes {
        done "0" = "0",
        malformed "-1" = "-1",
        already "3" = "3",
        never_seen "4" = "4",
        token "5" = "5",
        busy "9" = "9",
    }
);
words!(
    /// Codes of one record's result.
    Results {
        accepted "0" = "0",
        refused "1" = "1",
        later "2" = "2",
    }
);
words!(
    /// What is to be done with a record.
    Actions {
        write "GHI" = "GHI",
        stop "DUNG" = "DUNG",
    }
);

/// All words of the wire.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// Paths of the operations.
    pub paths: Paths,
    /// Envelope of a batch.
    pub envelope: Envelope,
    /// What questions carry.
    pub question: Question,
    /// Field names of answers.
    pub answer: Answered,
    /// Codes of a whole answer.
    pub codes: Codes,
    /// Codes of one record's result.
    pub results: Results,
    /// `GHI` and `DUNG`.
    pub actions: Actions,
    /// Contract's field → word on the wire, where they differ; for every entity that has the field.
    pub record: HashMap<String, String>,
    /// Contract's entity → its word in the paths, where they differ.
    pub entities: HashMap<String, String>,
}

/// What a path means: the operation, and the number of the entity (that of the token has none, so the first).
pub(super) type Route = (Operation, usize);

impl Words {
    /// Reads a words file; unknown keys and ambiguous words are refused.
    pub fn from_toml(text: &str) -> Result<Self, WordsError> {
        let words: Self = toml::from_str(text)?;
        let has = |name: &str| kinds().iter().flat_map(|kind| &kind.fields).any(|field| field.name() == name);
        if let Some(field) = words.record.keys().find(|field| !has(field)) {
            return Err(WordsError::UnknownField(field.clone()));
        }
        let is_entity = |name: &str| kinds().iter().any(|kind| kind.entity.name == name);
        if let Some(entity) = words.entities.keys().find(|entity| !is_entity(entity)) {
            return Err(WordsError::UnknownEntity(entity.clone()));
        }
        let checks = [
            ("paths", words.paths.twice().or_else(|| twice(words.routes().into_iter().map(|(path, _)| path)))),
            ("envelope", words.envelope.twice()),
            ("question", words.question.twice()),
            ("answer", words.answer.twice()),
            ("codes", words.codes.twice()),
            ("results", words.results.twice()),
            ("actions", words.actions.twice()),
            ("record", kinds().iter().find_map(|kind| twice(words.fields(kind).into_iter().map(str::to_owned)))),
        ];
        match checks.into_iter().find_map(|(section, twice)| twice.map(|word| (section, word))) {
            Some((section, word)) => Err(WordsError::Twice { section, word }),
            None => Ok(words),
        }
    }

    /// The wire's names of a record's fields, in the order of its entity's table.
    pub(super) fn fields(&self, kind: &Kind) -> Vec<&str> {
        let names = kind.fields.iter().map(|field| field.name());
        names.map(|name| self.record.get(name).map_or(name, String::as_str)).collect()
    }

    /// Every path with what it means.
    pub(super) fn routes(&self) -> Vec<(String, Route)> {
        let (paths, contract) = (&self.paths, Paths::default());
        let mut routes = vec![(paths.token.clone(), (Operation::Token, 0))];
        for (told, usual, operation) in [
            (&paths.send, &contract.send, Operation::Send),
            (&paths.ask, &contract.ask, Operation::Ask),
            (&paths.count, &contract.count, Operation::Count),
            (&paths.list, &contract.list, Operation::List),
        ] {
            for kind in kinds() {
                let name = kind.entity.name;
                let word = self.entities.get(name).map_or(name, String::as_str);
                let pattern = if told.contains(ENTITY) || name == BENEFICIARIES { told } else { usual };
                routes.push((pattern.replace(ENTITY, word), (operation, kind.number)));
            }
        }
        routes
    }
}

/// Where a path has the entity's word.
const ENTITY: &str = "{entity}";

/// The first word that is there twice.
fn twice(words: impl Iterator<Item = String>) -> Option<String> {
    let mut words: Vec<String> = words.collect();
    words.sort_unstable();
    words.windows(2).find(|two| two[0] == two[1]).map(|two| two[0].clone())
}
