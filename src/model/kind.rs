//! The fixed words for the kinds of mismatches (national-systems, section 7), how grave each is, and what usually ends it.

use serde::{Deserialize, Serialize};

use super::Reason;

/// How soon staff should look: the order in which lists are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gravity {
    /// Money may go wrong, or a person go without it.
    Grave,
    /// The two sides disagree, or cannot be made to agree without a person.
    Plain,
    /// To be known.
    Slight,
}

impl Gravity {
    /// The number in the store: the gravest is the smallest.
    pub fn rank(self) -> i64 {
        match self {
            Self::Grave => 1,
            Self::Plain => 2,
            Self::Slight => 3,
        }
    }
}

macro_rules! kinds {
    ($($variant:ident $word:literal $gravity:ident $vi:literal $en:literal $out_vi:literal $out_en:literal;)*) => {
        /// What kind of mismatch it is. The word is the same in store, `--json`, pages and reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Kind {
            $(#[doc = $en] #[serde(rename = $word)] $variant,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The fixed word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The Vietnamese text.
            pub fn vi(self) -> &'static str {
                match self { $(Self::$variant => $vi,)* }
            }

            /// The English text.
            pub fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }

            /// What usually ends it: Vietnamese, then English.
            pub fn way_out(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($out_vi, $out_en),)* }
            }

            /// How grave it is.
            pub fn gravity(self) -> Gravity {
                match self { $(Self::$variant => Gravity::$gravity,)* }
            }

            /// Reads the fixed word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    MissingThere "missing-there" Grave "có ở tỉnh, không có ở hệ thống quốc gia" "the province has it, the nation does not"
        "gửi lại" "send it again";
    MissingHere "missing-here" Grave "có ở hệ thống quốc gia, không có ở tỉnh" "the nation has it, the province does not"
        "tìm hồ sơ ở xã; không có thì đề nghị thôi hưởng" "look for it in the commune; where there is none, ask for a stop";
    FieldDiffers "field-differs" Plain "một trường khác nhau giữa hai bên" "a field differs between the two sides"
        "giữ của tỉnh, nhận của quốc gia, hoặc sửa tại nguồn" "keep ours, take theirs, or correct it at the source";
    RefusedThere "refused-there" Grave "hệ thống quốc gia từ chối" "refused there"
        "sửa theo mã lỗi rồi cho gửi lại" "mend it by the error code, then let it go again";
    HeldHere "held-here" Plain "bị giữ tại tỉnh" "held here by a rule"
        "sửa tại nguồn; hồ sơ tự đi ở lần quét sau" "correct it at the source; it goes by itself with the next scan";
    UnknownOutcome "unknown-outcome" Grave "chưa rõ kết quả quá lâu" "the outcome is unknown for too long"
        "hỏi đơn vị vận hành hệ thống quốc gia về gói tin" "ask those who run the national system about the batch";
    StatusBack "status-back" Plain "trạng thái đi lùi" "the status went backwards"
        "xem bên nào đúng; không ghi đè" "see which side is right; nothing is overwritten";
    TwoThere "two-there" Grave "một người có hai hồ sơ ở hệ thống quốc gia" "two national records for one person"
        "chọn hồ sơ đúng, đề nghị thôi hồ sơ kia" "choose the right one, ask for a stop of the other";
    TwoHere "two-here" Grave "một số giấy tờ có hai hồ sơ ở tỉnh" "two local records for one number"
        "sửa số sai, hoặc thôi một hồ sơ" "correct the wrong number, or stop one record";
    SamePerson "same-person" Plain "có thể là cùng một người" "the same person is suspected"
        "hợp nhất hai số, hoặc ghi là không phải một người" "merge the numbers, or say that they are not the same person";
    NumberChanged "number-changed" Plain "số giấy tờ đã đổi" "the identity number changed"
        "xác nhận số mới là của cùng một người" "confirm that the new number is the same person's";
    UnitAmbiguous "unit-ambiguous" Plain "chưa rõ xã sau sắp xếp" "the unit is ambiguous after the reform"
        "quyết định theo địa chỉ: `units decide`" "decide by the address: `units decide`";
    DoubleBenefit "double-benefit" Grave "hưởng hai chế độ không được hưởng cùng lúc" "two benefits that exclude each other"
        "giữ chế độ cao hơn, thôi chế độ kia" "keep the higher one, stop the other";
    PaidAfterEnd "paid-after-end" Grave "chi trả sau khi chết hoặc thôi hưởng" "paid after death or stop"
        "thu hồi hoặc sửa ngày" "recover it, or correct the date";
    Account "account" Plain "thiếu tài khoản, hoặc một tài khoản của nhiều người" "an account is missing, or shared by several people"
        "xin lại số tài khoản, hoặc ghi rõ người nhận thay" "get the account number, or say who receives it on their behalf";
    AmountNotByLaw "amount-not-by-law" Grave "mức hưởng không đúng quy định" "the amount is not by law"
        "sửa hệ số, mức chuẩn hoặc văn bản áp dụng" "correct the coefficient, the rate or the policy";
    Late "late" Slight "muộn" "late"
        "làm ngay, hoặc ghi lý do" "do it now, or say why";
    Parked "parked" Slight "bị một người giữ ngoài hàng đợi" "kept out of the queue by a person"
        "`queue release` khi đã rõ" "`queue release` once it is clear";
}

impl Kind {
    /// The kind of a record that is held for this reason.
    pub fn of_held(reason: Reason) -> Self {
        match reason {
            Reason::UnitSplit => Self::UnitAmbiguous,
            Reason::Amount => Self::AmountNotByLaw,
            Reason::Account => Self::Account,
            Reason::DoubleBenefit => Self::DoubleBenefit,
            Reason::PaidAfterEnd => Self::PaidAfterEnd,
            Reason::StepBack => Self::StatusBack,
            Reason::Late => Self::Late,
            Reason::Parked => Self::Parked,
            _ => Self::HeldHere,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
