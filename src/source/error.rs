//! What can go wrong with a source. No message carries a password or a value of a row.

use std::path::PathBuf;

/// Why a source could not be opened, described or read to its end.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The configuration of the source is wrong.
    #[error("cấu hình nguồn sai / source settings: {0}")]
    Settings(String),
    /// A file of the source cannot be opened or read.
    #[error("không đọc được tệp {} / cannot read the file: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database cannot be reached, or refuses the login.
    #[error("không kết nối được {place} / cannot connect: {detail}")]
    Connect {
        /// Engine, host, port and database.
        place: String,
        /// What the driver said, and what to do.
        detail: String,
    },
    /// The database refuses the configured query.
    #[error("{place} không nhận câu truy vấn / refuses the configured query: {detail}")]
    Query {
        /// Engine, host, port and database.
        place: String,
        /// What the database said.
        detail: String,
    },
    /// Two columns have one name, so neither can be asked for.
    #[error("{place}: cột trùng tên / columns with the same name: {}; give each its own name (`as`)", names.join(", "))]
    Ambiguous {
        /// Where.
        place: String,
        /// The names that occur more than once.
        names: Vec<String>,
    },
    /// The source does not have the columns that the mapping needs, or in another kind.
    #[error("cấu trúc nguồn {place} đã thay đổi / the source's shape changed; nothing was read or sent:\n{}", faults.join("\n"))]
    Shape {
        /// The source's name.
        place: String,
        /// One sentence for each column.
        faults: Vec<String>,
    },
    /// The scan broke off: nothing may be concluded from what was read.
    #[error("{place}: đọc dở dang tại {at} / the scan broke off: {detail}; nothing may be concluded from it")]
    Broken {
        /// Where from.
        place: String,
        /// Row or line, and column where known.
        at: String,
        /// What happened.
        detail: String,
    },
    /// The source was silent for longer than the limit.
    #[error("{place}: quá {seconds} giây không trả lời tại {at} / no answer in {seconds} s; the scan broke off")]
    TimedOut {
        /// Where from.
        place: String,
        /// What was waited for.
        at: String,
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The file is another than the one that the scan began with.
    #[error("tệp {} thay đổi trong khi đọc / the file changed while it was read; run again when nobody writes to it", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// No charset is clearly the one in which a file's words are Vietnamese.
    #[error("{}: không nhận ra bảng mã, hãy ghi vào [[source]], ví dụ charset = \"tcvn3\" / the charset cannot be told, name it in [[source]] ({scores})", path.display())]
    Charset {
        /// The file.
        path: PathBuf,
        /// What spoke for which.
        scores: String,
    },
    /// Too many words are no Vietnamese: the file is in another charset than it was read in.
    #[error("{} dòng / row {row}: {impossible} trong {words} từ có dấu không phải tiếng Việt khi đọc bằng {charset}; chưa gửi gì, kiểm tra charset / {impossible} of {words} words with marks are no Vietnamese in {charset}; nothing was sent, is `charset` right?", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// Where the first such word stands.
        row: u64,
        /// How it was read.
        charset: &'static str,
        /// So many words are impossible.
        impossible: u64,
        /// Of so many.
        words: u64,
    },
    /// A drop folder has no finished file.
    #[error("thư mục {}: chưa có tệp mới đã ghi xong / no finished file waits", path.display())]
    Waiting {
        /// The folder.
        path: PathBuf,
    },
    /// Whoever asked for the rows does not want them any more.
    #[error("việc đọc nguồn bị hủy / the scan was cancelled by its receiver")]
    Cancelled,
}

impl SourceError {
    /// Whether a file itself is at fault, whatever the settings: it will not get better by waiting.
    pub fn is_of_content(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Ambiguous { .. } | Self::Garbled { .. } | Self::Charset { .. })
    }

    /// Whether the source could not be reached or was lost, as opposed to being wrong:
    /// trying again later may help.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::TimedOut { .. } | Self::Broken { .. })
    }
}
