//! The fixed words for why a record is held or only told about (national-systems, section 7).

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($variant:ident $word:literal $vi:literal $en:literal;)*) => {
        /// Why a record is held, or what staff are told of it. The word is the same in the ledger,
        /// in `--json`, on pages and in reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Reason {
            $(#[doc = $en] #[serde(rename = $word)] $variant,)*
        }

        impl Reason {
            /// All reasons, the gravest first: a row counts once, under its gravest reason.
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

            /// Reads the fixed word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

// In the order of gravity: what makes a record impossible to address first, then what it lacks,
// then what it says wrongly, then what waits for a decision, then what is only told.
reasons! {
    KeyMissing "key-missing" "dòng không có khóa" "the row has no key";
    KeyTwice "key-twice" "khóa xuất hiện nhiều lần trong một lần quét" "the key occurs more than once in the scan";
    Missing "missing" "thiếu trường bắt buộc" "a required field is empty";
    UnknownCode "unknown-code" "mã không có trong danh mục tại ngày đó" "the code list has no such code at that date";
    BadValue "bad-value" "giá trị không đọc được" "the value cannot be read as what it is";
    IdentityLength "identity-length" "số giấy tờ sai độ dài" "identity number of the wrong length";
    IdentityFiller "identity-filler" "số giấy tờ là số điền tạm" "identity number is a filler";
    FutureDate "future-date" "ngày ở tương lai" "a date lies in the future";
    DateOrder "date-order" "thứ tự ngày không hợp lý" "dates are out of order";
    Amount "amount" "mức hưởng không đúng hệ số × mức chuẩn" "amount is not coefficient × rate";
    Account "account" "chi trả qua tài khoản nhưng thiếu tài khoản hoặc ngân hàng" "paid by account without account or bank";
    DoubleBenefit "double-benefit" "hưởng hai chế độ không được hưởng cùng lúc" "two benefits that exclude each other";
    PaidAfterEnd "paid-after-end" "chi trả sau khi chết hoặc thôi hưởng" "a payment after death or stop";
    UnitSplit "unit-split" "xã đã bị chia, cần người quyết định" "the commune was split: a person must decide";
    StepBack "step-back" "trạng thái đi lùi" "the status went backwards";
    Late "late" "bước đến muộn: bước mới hơn đã được xác nhận" "a step that came after a newer one was confirmed";
    StopIncomplete "stop-incomplete" "thôi hưởng nhưng thiếu lý do hoặc quyết định" "a stop without reason or decision";
    StopCandidate "stop-candidate" "không còn trong nguồn, chưa có quyết định thôi hưởng" "gone from a complete scan, no decision known";
    WaitsFor "waits-for" "chờ hồ sơ hoặc bước đi trước được xác nhận" "waits until what goes before it is confirmed";
    Brake "brake" "bị phanh giữ lại, chờ xác nhận" "held by the brake until released";
    NotThere "not-there" "đã được xác nhận, nay hệ thống quốc gia không còn" "it was confirmed, and the nation has it no more";
    StopUndone "stop-undone" "đã thôi hưởng, nay hệ thống quốc gia lại ghi đang hưởng" "it was stopped, and runs there again";
    StoppedThere "stopped-there" "đang hưởng tại tỉnh, hệ thống quốc gia ghi đã thôi" "it runs here and is stopped there";
    UnknownHere "unknown-here" "tỉnh không có hồ sơ này" "the province has no such record";
    HeldHere "held-here" "hồ sơ đang bị giữ tại tỉnh, chưa từng gửi" "the record is held here and was never sent";
    GoneHere "gone-here" "hồ sơ không còn trong nguồn của tỉnh" "the record is gone from the province's source";
    StoppedHere "stopped-here" "tại tỉnh đã thôi trước khi gửi" "it was stopped here before anything was sent";
    NotSent "not-sent" "hồ sơ chờ trong hàng đợi, chưa gửi" "the record waits in the outbox and was not sent yet";
    NotConfirmed "not-confirmed" "hồ sơ chưa từng được xác nhận" "the record was never confirmed";
    SeveralThere "several-there" "một số giấy tờ có nhiều hồ sơ đang hưởng ở hệ thống quốc gia" "one number has several running records there";
    IncompleteListing "incomplete-listing" "hệ thống quốc gia liệt kê thiếu, chưa kết luận gì về hồ sơ vắng mặt" "the nation's listing is incomplete: nothing is concluded of what is missing in it";
    Parked "parked" "bị một người giữ ngoài hàng đợi" "kept out of the queue by a person";
    IdentitySex "identity-sex" "giới tính khác với số định danh" "sex differs from the identity number";
    IdentityYear "identity-year" "năm sinh khác với số định danh" "birth year differs from the identity number";
    IdentityProvince "identity-province" "mã tỉnh trong số định danh không có trong danh mục" "the identity number's province code is not in the list";
    NoPaper "no-paper" "không có giấy tờ" "no identity paper";
    YearOnly "year-only" "chỉ biết năm sinh" "only the birth year is known";
    AgeGroup "age-group" "tuổi không phù hợp nhóm đối tượng" "age does not fit the group";
    Alike "alike" "cùng họ tên và năm sinh, có thể là một người" "the same name and year of birth: it may be one person";
    TooManyAlike "too-many-alike" "quá nhiều hồ sơ cùng họ tên và năm sinh, chưa so từng cặp" "too many records of the same name and year of birth: they were not compared";
    AccountShared "account-shared" "một tài khoản của nhiều người" "one account of several people";
    Overdue "overdue" "quá thời hạn giải quyết" "the time limit has passed";
    LateRecord "late-record" "quyết định đã quá một năm" "the decision is more than a year old";
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
