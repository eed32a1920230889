//! How the wire spells things. Defaults are the contract's; a TOML file may rename any of them, keyed by the contract's
//! own word, so that a renamed profile can be met without a rebuild.

use std::collections::HashMap;

use serde::Deserialize;

use super::faults::Operation;
use super::record::NAMES;

/// A words file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// Not TOML, or a key that the sandbox does not know.
    #[error("the words cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// A record field that the contract does not have.
    #[error("[record] {0}: the contract has no such field")]
    UnknownField(String),
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
                let mut all = vec![$(&self.$field),+];
                all.sort();
                all.windows(2).find(|two| two[0] == two[1]).map(|two| two[0].clone())
            }
        }
    };
}

words!(
    /// Paths, from the root of the server.
    Paths {
        token "token" = "/token",
        send "send" = "/misposasoft/1.0/doi-tuong/dong-bo",
        ask "ask" = "/misposasoft/1.0/doi-tuong/tra-cuu-goi-tin",
        count "count" = "/misposasoft/1.0/doi-tuong/thong-ke",
        list "list" = "/misposasoft/1.0/doi-tuong/danh-sach",
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
    /// Contract's field → word on the wire, where they differ.
    pub record: HashMap<String, String>,
}

impl Words {
    /// Reads a words file; unknown keys and ambiguous words are refused.
    pub fn from_toml(text: &str) -> Result<Self, WordsError> {
        let words: Self = toml::from_str(text)?;
        if let Some(field) = words.record.keys().find(|field| !NAMES.contains(&field.as_str())) {
            return Err(WordsError::UnknownField(field.clone()));
        }
        let mut fields = words.fields().to_vec();
        fields.sort_unstable();
        let checks = [
            ("paths", words.paths.twice()),
            ("envelope", words.envelope.twice()),
            ("question", words.question.twice()),
            ("answer", words.answer.twice()),
            ("codes", words.codes.twice()),
            ("results", words.results.twice()),
            ("actions", words.actions.twice()),
            ("record", fields.windows(2).find(|two| two[0] == two[1]).map(|two| two[0].to_owned())),
        ];
        match checks.into_iter().find_map(|(section, twice)| twice.map(|word| (section, word))) {
            Some((section, word)) => Err(WordsError::Twice { section, word }),
            None => Ok(words),
        }
    }

    /// The wire's names of the record's fields, in the order of the table.
    pub(super) fn fields(&self) -> [&str; NAMES.len()] {
        NAMES.map(|name| self.record.get(name).map_or(name, String::as_str))
    }

    /// Which operation a path means.
    pub(super) fn operation(&self, path: &str) -> Option<Operation> {
        let paths = &self.paths;
        [
            (&paths.send, Operation::Send),
            (&paths.token, Operation::Token),
            (&paths.ask, Operation::Ask),
            (&paths.count, Operation::Count),
            (&paths.list, Operation::List),
        ]
        .into_iter()
        .find_map(|(known, operation)| (known == path).then_some(operation))
    }
}
