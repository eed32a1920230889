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
    RetryGoes "retry-goes" "{count} hồ sơ được phép gửi lại, nếu lần sync tới vẫn thấy hợp lệ trong nguồn: {keys}" "{count} records may go again if the next scan still finds them valid";
    StayParked "stay-parked" "{count} hồ sơ đang bị giữ ngoài hàng đợi nên để nguyên (`queue release` trước): {keys}" "{count} records are parked and stay so (`queue release` first)";
    WouldRetry "would-retry" "(chỉ xem) {count} hồ sơ sẽ được phép gửi lại: {keys}" "(only looked) {count} records would be let go again";
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
    ReplayGoes "replay-goes" "{count} hồ sơ của gói tin '{batch}' được phép gửi lại dưới mã mới, nếu lần sync tới vẫn thấy hợp lệ trong nguồn: {keys}" "{count} records of this batch may go again under a new key if the next scan still finds them valid";
    WouldReplay "would-replay" "(chỉ xem) {count} hồ sơ của gói tin '{batch}' sẽ được gửi lại dưới mã mới: {keys}" "(only looked) {count} records of this batch would go again under a new key";

    // Heads of tables.
    HeadKey "head-key" "Khóa" "key";
    HeadWhy "head-why" "Vì sao" "why";
    HeadMeaning "head-meaning" "Nghĩa" "meaning";
    HeadField "head-field" "Trường" "field";
    HeadValue "head-value" "Giá trị" "value";
    HeadProposal "head-proposal" "Đề nghị" "proposal";
    HeadDetail "head-detail" "Chi tiết" "detail";
    HeadRow "head-row" "Dòng nguồn" "source row";
    HeadSeen "head-seen" "Số lần" "times";
    HeadTime "head-time" "Lúc" "when";
    HeadBegan "head-began" "Bắt đầu" "began";
    HeadEnded "head-ended" "Kết thúc" "ended";
    HeadRun "head-run" "Lượt" "run";
    HeadState "head-state" "Tình trạng" "state";
    HeadCount "head-count" "Số lượng" "count";
    HeadOperation "head-operation" "Việc" "operation";
    HeadBatch "head-batch" "Gói tin" "batch";
    HeadAnswer "head-answer" "Trả lời" "answer";
    HeadWho "head-who" "Ai" "who";
    HeadScanned "head-scanned" "Đã quét" "scanned";
    HeadSent "head-sent" "Đã gửi" "sent";
    HeadConfirmed "head-confirmed" "Xác nhận" "confirmed";
    HeadStopped "head-stopped" "Thôi hưởng" "stopped";
    HeadRefused "head-refused" "Từ chối" "refused";
    HeadHeld "head-held" "Bị giữ" "held";
    HeadUnknown "head-unknown" "Chưa rõ" "unknown";
    HeadUnchanged "head-unchanged" "Không đổi" "unchanged";
    HeadSeconds "head-seconds" "Giây" "s";
    HeadSource "head-source" "Cột nguồn" "source columns";
    HeadSteps "head-steps" "Biến đổi" "transforms";
    HeadRequired "head-required" "Bắt buộc" "required";
    HeadList "head-list" "Danh mục" "code list";
    HeadRules "head-rules" "Quy tắc" "rules";
    HeadLaw "head-law" "Căn cứ" "legal source";
    HeadExample "head-example" "Ví dụ" "example";
    HeadLine "head-line" "Dòng" "line";
    HeadResult "head-result" "Kết quả" "result";
    HeadUnit "head-unit" "Xã" "commune";
    HeadNew "head-new" "Mới" "new";
    HeadChanged "head-changed" "Đổi" "changed";
    HeadRemapped "head-remapped" "Do ánh xạ" "remapped";
    HeadRecord "head-record" "Bản ghi" "record";

    // States and kinds, by the words that stand in the store.
    StateScanning "state-scanning" "đang quét" "scanning";
    StateDelivering "state-delivering" "đang gửi" "delivering";
    StateDone "state-done" "xong" "done";
    StateWaiting "state-waiting" "chờ người" "waits for a person";
    StateFailed "state-failed" "hỏng" "failed";
    VerdictOk "verdict-ok" "gửi được" "may be sent";
    VerdictHeld "verdict-held" "bị giữ tại tỉnh" "held here";
    VerdictIdle "verdict-idle" "không có gì để gửi" "nothing to send";
    VerdictGone "verdict-gone" "không còn trong nguồn" "gone from the source";
    ActionWrite "action-write" "ghi" "write";
    ActionStop "action-stop" "thôi hưởng" "stop";
    KindHeldHere "kind-held-here" "bị giữ tại tỉnh" "held here";
    KindRefusedThere "kind-refused-there" "hệ thống quốc gia từ chối" "refused there";
    KindUnknownOutcome "kind-unknown-outcome" "chưa rõ kết quả" "outcome not known";
    KindParked "kind-parked" "bị một người giữ ngoài hàng đợi" "parked by a person";
    VerbRetry "verb-retry" "cho gửi lại" "retry";
    VerbPark "verb-park" "giữ ngoài hàng đợi" "park";
    VerbRelease "verb-release" "đưa trở lại hàng đợi" "release";
    VerbReplay "verb-replay" "gửi lại gói tin" "replay";

    // status, queue.
    StreamHead "stream-head" "Luồng '{stream}' → hệ thống '{system}'" "stream → system";
    NeverRan "never-ran" "chưa chạy lần nào" "never ran";
    NothingWaits "nothing-waits" "Không có gì chờ người xử lý" "nothing waits for a person";
    WaitsForAPerson "waits-for-a-person" "Chờ người xử lý" "waits for a person";
    QueueStands "queue-stands" "Hàng đợi: {ready} chờ gửi, {staged} chờ phanh" "queue: {ready} ready, {staged} wait for the brake";
    SystemFine "system-fine" "Hệ thống '{system}': không có gì bất thường" "nothing unusual";
    SystemAlarm "system-alarm" "Hệ thống '{system}': BÁO ĐỘNG: {alarm}" "ALARM";
    SystemFailures "system-failures" "Hệ thống '{system}': {count} lần hỏng liên tiếp" "{count} failures in a row";
    SystemSilent "system-silent" "Hệ thống '{system}': im lặng theo yêu cầu đến {until}" "silent, as it asked, until {until}";
    SystemBreaker "system-breaker" "Hệ thống '{system}': ngắt mạch đến {until}" "the breaker is open until {until}";
    MoreInQueue "more-in-queue" "Còn nữa: `queue list --after '{key}'`" "there is more";
    RecordHead "record-head" "Hồ sơ '{key}'" "record";
    RecordVerdict "record-verdict" "Lần quét cuối" "at the last scan";
    RecordConfirmed "record-confirmed" "Quốc gia đã xác nhận" "the nation confirmed";
    RecordRefused "record-refused" "Quốc gia đã từ chối" "the nation refused";
    Nothing "nothing" "chưa có gì" "nothing yet";
    NoExchanges "no-exchanges" "Chưa gửi lần nào" "never sent";

    // mapping, plan.
    Yes "yes" "có" "yes";
    Blocks "blocks" "giữ lại" "held";
    Warns "warns" "chỉ báo" "told only";
    Passed "passed" "đúng" "passed";
    Differs "differs" "SAI" "DIFFERS";
    ExamplesDone "examples-done" "{count} ví dụ, {failed} sai" "{count} examples, {failed} differ";
    FieldsWrite "fields-write" "bản ghi để ghi" "record to write";
    FieldsStop "fields-stop" "bản ghi thôi hưởng" "record of a stop";
    PreviewSends "preview-sends" "Hồ sơ '{key}', dòng nguồn {row}: gửi được" "source row {row}: it may be sent";
    PreviewHeld "preview-held" "Hồ sơ '{key}', dòng nguồn {row}: BỊ GIỮ vì {reason}" "source row {row}: it is HELD";
    PlanHead "plan-head" "Luồng '{stream}': quét {scanned}, không đổi {unchanged}; chưa gửi gì" "{scanned} scanned, {unchanged} unchanged; nothing was sent";
    PlanSends "plan-sends" "Sẽ gửi" "would be sent";
    PlanHeld "plan-held" "Sẽ bị giữ" "would be held";
    PlanSamples "plan-samples" "Mẫu (dữ liệu cá nhân, không đưa vào phiếu hay thư)" "samples (personal data: keep them off tickets and mails)";
    PlanBrake "plan-brake" "PHANH sẽ giữ: {classes} ({confirmed} người đã được xác nhận)" "the BRAKE would hold these ({confirmed} people are confirmed)";

    // Told only.
    ToldOnly "told-only" "Chỉ báo, vẫn gửi ({run}): {reasons}" "told only, sent all the same";

    // check.
    CheckConfig "check-config" "cấu hình và ánh xạ" "configuration and mappings";
    CheckStore "check-store" "kho ghi được" "the store can be written";
    CheckSecret "check-secret" "tệp bí mật {file}" "secret file";
    CheckSecretOpen "check-secret-open" "người khác trên máy đọc được (quyền {mode}): chạy `chmod o-rwx`" "others on this machine can read it: run `chmod o-rwx`";
    CheckSecretsClosed "check-secrets-closed" "{count} tệp, người khác không đọc được; `*_file` chỉ có tên thì tìm trong $CREDENTIALS_DIRECTORY (systemd) trước" "{count} files, closed to others; a `*_file` that is a bare name is looked for in systemd's $CREDENTIALS_DIRECTORY first";
    CheckSecrets "check-secrets" "tệp bí mật" "secret files";
    CheckMemory "check-memory" "danh mục đang dùng của luồng '{stream}'" "code lists in use";
    CheckMemoryRows "check-memory-rows" "{count} dòng `checked=memory`, ghi theo trí nhớ, PHẢI đối chiếu văn bản rồi đổi thành `source`: {lists}" "{count} rows are from memory: verify them against the documents, then mark them `source`";
    CheckMemoryNone "check-memory-none" "mọi dòng đều đã đối chiếu" "every row was seen in a source";
}

impl Message {
    /// Both languages, Vietnamese first.
    pub fn both(self) -> String {
        format!("{} / {}", self.vi(), self.en())
    }

    /// The message of this id.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|message| message.id() == id)
    }

    /// What a word of the store means, such as `kind-` `parked`; the word itself where the catalogue has none.
    pub fn of_word(kind: &str, word: &str) -> String {
        Self::of_id(&format!("{kind}-{word}")).map_or_else(|| word.to_owned(), Self::both)
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
