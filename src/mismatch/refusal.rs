//! Why something that a person asked for is not done, in words for them.

use crate::model::Message;
use crate::store::StoreError;

/// Why it is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum No {
    /// There is no such mismatch.
    #[error("không có số {0} trong danh sách / there is no mismatch of this number")]
    Unknown(i64),
    /// Somebody was faster.
    #[error(
        "số {id}: {who} đã làm trước ({what}, lúc {at}); bản đang có là {version}. Điều bạn vừa viết được giữ lại trong `mismatch show {id}` / \
         somebody was faster, and what you wrote is kept"
    )]
    TooLate {
        /// Which.
        id: i64,
        /// Who.
        who: String,
        /// What they did.
        what: String,
        /// When.
        at: String,
        /// The version that stands now.
        version: i64,
    },
    /// Somebody else has it.
    #[error(
        "đang do {0} xem xét; nhận về mình trước bằng `mismatch assign` / somebody else has it in review: assign it to yourself first"
    )]
    Theirs(String),
    /// It is closed, or not in a state for this.
    #[error(
        "đang ở trạng thái '{0}', không làm được việc này; xem `mismatch show` / it is in a state in which this cannot be done"
    )]
    NotNow(String),
    /// The kind does not allow it.
    #[error("loại '{kind}' chỉ được: {allowed} / this kind allows only these")]
    NotAllowed {
        /// The kind.
        kind: String,
        /// What it allows.
        allowed: String,
    },
    /// A rule holds it.
    #[error(
        "hồ sơ đang bị giữ tại tỉnh: chỉ có thể sửa tại nguồn; bước đã bị bước khác vượt (late, status-back) còn có thể accept-until, mà vẫn bị giữ / \
         the record is held here: it can only be corrected at the source; a step that was overtaken may be accepted until a day, and stays held"
    )]
    Held,
    /// One number is two people's.
    #[error("{}", Message::OneNumber.both())]
    OneNumber,
    /// A reason is needed.
    #[error("phải ghi lý do (--reason hoặc --reason-code) / say why")]
    ReasonNeeded,
    /// There is no such reason code.
    #[error("không có mã lý do '{code}'{hint}; đang có: {known} / there is no such reason code")]
    NoReason {
        /// The code.
        code: String,
        /// The nearest known one.
        hint: String,
        /// All.
        known: String,
    },
    /// A day is needed, or the day is wrong.
    #[error(
        "accept-until cần --until, một ngày sau hôm nay và trong vòng hai năm / needs a day after today, within two years"
    )]
    Until,
    /// A day is for an accepted difference only.
    #[error("--until chỉ đi với accept-until / goes with accept-until only")]
    NoUntil,
    /// Numbers are not known on both sides.
    #[error("cần hai số khác nhau, cả hai đều dùng được, mới hợp nhất được / two different usable numbers are needed")]
    NoNumbers,
    /// Another link stands in the way.
    #[error(
        "số này đã được hợp nhất với một số khác: mở lại quyết định ấy trước / this number is merged with another one already"
    )]
    Linked,
    /// Nothing waits for a second person.
    #[error("không có quyết định nào chờ người thứ hai / no decision waits for a second person")]
    NoSecond,
    /// The second person must be another one.
    #[error("người thứ hai phải là người khác, không phải {0} / the second person must be another one")]
    Same(String),
}

/// Why it failed.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It is not done, and why.
    #[error(transparent)]
    No(#[from] No),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
