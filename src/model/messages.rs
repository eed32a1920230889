//! The one catalogue of what the program says to people: an id, the Vietnamese text, the English text.
//!
//! Command line, pages and reports say a thing by its id, so that all say it in the same words and a word is mended in
//! one place. Values stand in braces, `{key}`, and have the same names in both languages. The fixed words for why a
//! record is held are beside it in [`Reason`](super::Reason), which is the same kind of table.
//!
//! Texts of errors stay beside their type: each belongs to one variant with its fields, the compiler checks that every
//! field is there, and no page or report ever says it in another place. So do help texts, which `clap` takes from the
//! arguments that they explain.

use std::fmt::Display;

macro_rules! messages {
    ($($variant:ident $id:literal $vi:literal $en:literal;)*) => {
        /// Something that is said to people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Message {
            $(#[doc = $en] $variant,)*
        }

        impl Message {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The id, for pages and reports.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// The Vietnamese text.
            pub fn vi(self) -> &'static str {
                match self { $(Self::$variant => $vi,)* }
            }

            /// The English text.
            pub fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }
        }
    };
}

messages! {
    // Decisions about single records.
    UnknownKey "unknown-key" "luồng '{stream}' không có hồ sơ '{key}': xem `queue list`" "the stream has no record of this key: see `queue list`";
    NotRefused "not-refused" "'{key}' không có nội dung bị hệ thống quốc gia từ chối; hồ sơ bị giữ ở đây sẽ đi khi nguồn được sửa" "nothing of it was refused by the nation; what is held here goes when its source is mended";
    IsParked "is-parked" "'{key}' đang bị giữ ngoài hàng đợi: dùng `queue release` trước" "it is parked: use `queue release` first";
    NoSuchRefusal "no-such-refusal" "không có hồ sơ nào bị từ chối với mã '{code}'; đang có: {known}" "nothing was refused with this code; there are: {known}";
    RetryGoes "retry-goes" "{count} hồ sơ sẽ được gửi lại ở lần sync tới: {keys}" "so many records go again with the next sync";
    WouldRetry "would-retry" "(chỉ xem) {count} hồ sơ sẽ được phép gửi lại: {keys}" "(only looked) so many records would be let go again";
    InFlight "in-flight" "'{key}' đang trên đường gửi, chưa rõ kết quả: chạy `sync` để hỏi kết quả rồi thử lại" "it is on its way and its outcome is not known: run `sync` to have it settled, then try again";
    NothingUnsent "nothing-unsent" "'{key}' không có gì chờ gửi: xem `queue show`" "nothing of it waits to be sent: see `queue show`";
    AlreadyParked "already-parked" "'{key}' đã bị giữ ngoài hàng đợi rồi" "it is parked already";
    ParkedNow "parked-now" "'{key}' đã ra khỏi hàng đợi và ở ngoài cho đến khi có `queue release`" "it is out of the queue and stays out until `queue release`";
    WouldPark "would-park" "(chỉ xem) '{key}' sẽ ra khỏi hàng đợi" "(only looked) it would be taken out of the queue";
    NotParked "not-parked" "'{key}' không bị giữ ngoài hàng đợi: xem `queue list`" "it is not parked: see `queue list`";
    ReleasedNow "released-now" "'{key}' trở lại hàng đợi, đi ở lần sync tới (phanh vẫn được hỏi)" "it is back in the queue and goes with the next sync, if the brake lets it";
    WouldRelease "would-release" "(chỉ xem) '{key}' sẽ trở lại hàng đợi" "(only looked) it would be put back into the queue";
    ReasonNeeded "reason-needed" "lý do không được để trống" "the reason must not be empty";
    UnknownBatch "unknown-batch" "không có gói tin '{batch}': `queue show KEY` cho biết mã gói tin của từng hồ sơ" "there is no such batch: `queue show KEY` tells the batches of a record";
    BatchUnsettled "batch-unsettled" "gói tin '{batch}' chưa rõ kết quả, không được gửi lại: chạy `sync` để hỏi hệ thống quốc gia trước" "the outcome of this batch is not known, it must not be sent again: run `sync`, which asks the nation first";
    BatchNotRefused "batch-not-refused" "gói tin '{batch}' không còn hồ sơ nào bị từ chối: đã được nhận, đã gửi lại, hoặc gói đã được chia nhỏ" "nothing of this batch is still refused: it was accepted, sent again since, or the batch was split";
    ReplayGoes "replay-goes" "{count} hồ sơ của gói tin '{batch}' sẽ được gửi lại dưới mã mới ở lần sync tới: {keys}" "so many records of this batch go again under a new key with the next sync";
    WouldReplay "would-replay" "(chỉ xem) {count} hồ sơ của gói tin '{batch}' sẽ được gửi lại dưới mã mới: {keys}" "(only looked) so many records of this batch would go again under a new key";
}

impl Message {
    /// Both languages, Vietnamese first.
    pub fn both(self) -> String {
        format!("{} / {}", self.vi(), self.en())
    }

    /// Both languages with their values; values that only one language names are said once.
    pub fn with(self, values: &[(&str, &dyn Display)]) -> String {
        fill(&self.both(), values)
    }
}

/// One pass, so that braces inside a value are never taken for a name.
fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            filled.push_str(&value.to_string());
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names in braces.
    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
    }

    #[test]
    fn ids_are_told_apart_and_english_names_no_value_that_vietnamese_lacks() {
        let ids: BTreeSet<&str> = Message::ALL.iter().map(|m| m.id()).collect();
        assert_eq!(ids.len(), Message::ALL.len());
        for message in Message::ALL {
            assert!(!message.vi().is_empty() && !message.en().is_empty(), "{message:?}");
            assert!(names(message.en()).is_subset(&names(message.vi())), "{message:?}");
        }
    }

    #[test]
    fn values_are_put_in_once_and_never_read_again() {
        assert_eq!(fill("'{key}' {n} {gone}.", &[("key", &"{n}"), ("n", &2)]), "'{n}' 2 .");
        assert_eq!(fill("a { b", &[]), "a { b");
    }
}
