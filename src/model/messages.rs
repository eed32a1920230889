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

    // Applications that come down.
    PullElsewhere "pull-elsewhere" "{intake}: tiến trình khác đang lấy hồ sơ, không làm gì ({holder})" "another process pulls, nothing done";
    PullDry "pull-dry" "{intake}: (chỉ xem) không ghi gì ngoài nhật ký trao đổi" "(only looked) nothing is kept but the exchange log";
    PullRouted "pull-routed" "{intake}: {count} bản hồ sơ chờ người phân nơi, không bản nào bị bỏ: xem `dossier list --to-be-routed`" "versions wait for a person to route them, none is dropped";

    ReconcileHead "reconcile-head" "{stream}: đối chiếu {compared} hồ sơ, khớp {agree}, khác {differing}, đang chuyển {moving}; {communes} xã lệch; {requests} lần hỏi, {seconds} giây" "{compared} compared, {agree} agree, {differing} differ, {moving} moving; {communes} communes differ; {requests} requests, {seconds} s";
    ReconcileElsewhere "reconcile-elsewhere" "{stream}: tiến trình khác đang đối chiếu, không làm gì ({holder})" "another process compares, nothing done";
    ReconcileIncomplete "reconcile-incomplete" "{stream}: hệ thống quốc gia liệt kê thiếu ({communes}); chưa kết luận gì về hồ sơ vắng mặt, không xóa gì. Nếu đã xác minh là thật: reconcile --as-it-is" "the nation's listing is incomplete: nothing is concluded of what is missing. If it is real: reconcile --as-it-is";
    ReconcileBlind "reconcile-blind" "{stream}: không thấy được: {blind}" "not seen by this method";
    ReconcileProbably "reconcile-probably" "{stream}: {count} hồ sơ có lẽ khớp, một bên biết ít hơn (01/01 so với chỉ biết năm)" "records probably agree: one side knows less (the first of January against a year)";
    ReconcileNoContent "reconcile-no-content" "{stream}: {count} hồ sơ khác phiên bản mà không còn nội dung đã gửi để so" "records have another version there, and what we sent is no longer kept to compare";
    ReconcileWaits "reconcile-waits" "{stream}: luồng đang chạy, quyết định có hiệu lực ở lần đối chiếu sau" "the stream is running: decisions take effect with the next comparison";
    ReconcileDry "reconcile-dry" "{stream}: (chỉ xem) không mở hay đóng khác biệt nào" "(only looked) no mismatch was opened or closed";
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
    HeadIntake "head-intake" "Nơi nhận" "intake";
    HeadItems "head-items" "Đã đến" "came";
    HeadApplications "head-applications" "Hồ sơ mới" "new applications";
    HeadVersions "head-versions" "Bản mới" "new versions";
    HeadRepeated "head-repeated" "Đã có" "known";
    HeadEchoes "head-echoes" "Tiếng vọng" "echoes";
    HeadRouted "head-routed" "Chờ phân nơi" "to be routed";
    HeadUpto "head-upto" "Đã lấy đến" "read up to";
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
    AwaitsResult "awaits-result" "Gói {batch}, lập lúc {sent_at}: {records} hồ sơ chờ tệp kết quả. {why}" "records wait for their result file";
    AwaitMore "await-more" "… và {count} gói nữa chờ kết quả" "more batches wait for their results";
    SystemFine "system-fine" "Hệ thống '{system}': không có gì bất thường" "nothing unusual";
    SystemAlarm "system-alarm" "Hệ thống '{system}': BÁO ĐỘNG: {alarm}" "ALARM";
    OursRunsOut "ours-runs-out" "Hệ thống '{system}': chứng thư CỦA CỔNG còn {days} ngày, đến {until}: xin cấp lại và thay tệp, không cần khởi động lại" "OUR certificate runs out in {days} days: get a new one and replace the file, no restart is needed";
    OursRanOut "ours-ran-out" "Hệ thống '{system}': chứng thư CỦA CỔNG đã hết hạn từ {until}: không gửi được gì cho đến khi thay tệp" "OUR certificate has expired: nothing goes until the file is replaced";
    TheirsRunsOut "theirs-runs-out" "Hệ thống '{system}': chứng thư MÁY CHỦ còn {days} ngày, đến {until}: báo cơ quan quản lý hệ thống" "the SERVER's certificate runs out in {days} days: tell those who run it";
    TheirsRanOut "theirs-ran-out" "Hệ thống '{system}': chứng thư MÁY CHỦ đã hết hạn từ {until} (lần thấy cuối): báo cơ quan quản lý hệ thống" "the SERVER's certificate has expired, as it was last seen: tell those who run it";
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

    StreamWaits "stream-waits" "{stream}: chưa quét nguồn, vì luồng đi trước '{before}' chưa xong: xem `status`, xử lý luồng ấy rồi chạy `sync` lại" "the source was not scanned: the stream before it is not done yet; see `status`, settle that stream, then run `sync` again";

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

    // Deadlines.
    DeadlineStands "deadline-stands" "Hạn hằng tháng: xong trước ngày {due}; được ưu tiên từ ngày {from}" "monthly deadline: through before {due}; goes first from {from}";
    DeadlineLeft "deadline-left" "Chưa được xác nhận: {underway} đang trên đường, {ready} chờ gửi, {staged} chờ phanh, {held} bị giữ, {refused} bị từ chối" "not confirmed yet: {underway} on their way, {ready} ready, {staged} wait for the brake, {held} held, {refused} refused";

    // A changed mapping.
    Remapped "remapped" "Ánh xạ đã đổi từ lượt {since} ({run}; {files}): {changed} nội dung đổi, {held} thành bị giữ, {freed} hết bị giữ, trong {again} dòng xét lại" "remapped: {changed} changed, mapping changed since run {since}";

    // mapping fields as a workbook.
    FieldsOutputOnly "fields-output-only" "--output chỉ dùng với --format xlsx" "--output goes with --format xlsx only";
    FieldsFileThere "fields-file-there" "'{file}' đã có: chọn tên khác, hoặc --force để ghi đè" "the file is there: choose another name, or --force to write over it";
    FieldsWritten "fields-written" "Đã ghi {count} bảng vào '{file}'" "{count} tables written";
    SheetTitle "sheet-title" "BẢNG ÁNH XẠ DỮ LIỆU" "MAPPING TABLE";
    SheetMapping "sheet-mapping" "Ánh xạ" "mapping";
    SheetDigest "sheet-digest" "Mã băm (ánh xạ và danh mục)" "digest (mapping and lists)";
    SheetProvince "sheet-province" "Tỉnh" "province";
    SheetDate "sheet-date" "Ngày lập" "date";
    SheetDrew "sheet-drew" "Người lập" "drawn up by";
    SheetChecked "sheet-checked" "Người kiểm tra" "checked by";
    SheetApproved "sheet-approved" "Người phê duyệt" "approved by";
    SheetSign "sheet-sign" "(ngày, ký, ghi rõ họ tên)" "(date, signature, full name)";

    // mapping diff.
    HeadOld "head-old" "Cũ" "old";
    HeadNewValue "head-new-value" "Mới" "new";
    DiffHead "diff-head" "Luồng '{stream}': đã đọc {scanned} dòng bằng cả hai ánh xạ; không gửi, không ghi gì" "{scanned} rows read by both mappings; nothing was sent or written";
    DiffChanged "diff-changed" "Nội dung đổi" "content changes";
    DiffToStop "diff-to-stop" "  trong đó thành thôi hưởng" "of these, become a stop";
    DiffToWrite "diff-to-write" "  trong đó từ thôi hưởng thành ghi" "of these, were a stop and become a write";
    DiffHeld "diff-held" "Thành bị giữ" "become held";
    DiffFreed "diff-freed" "Hết bị giữ" "become free";
    DiffSame "diff-same" "Nội dung như cũ" "same content";
    DiffStayHeld "diff-stay-held" "Vẫn bị giữ" "stay held";
    DiffOtherReason "diff-other-reason" "Vẫn bị giữ, lý do khác" "still held, for another reason";
    DiffSends "diff-sends" "So với những gì quốc gia đã xác nhận, ánh xạ mới sẽ gửi: {new} mới, {changed} đổi, {stopped} thôi hưởng" "against what the nation confirmed, the new mapping would send {new} new, {changed} changed, {stopped} stops";
    DiffNoLedger "diff-no-ledger" "Luồng chưa chạy lần nào: chưa có gì để so với quốc gia" "the stream never ran: there is nothing confirmed to compare with";
    DiffOtherKey "diff-other-key" "luồng '{stream}': cột khóa đổi từ '{old}' sang '{new}': mọi hồ sơ thành hồ sơ khác, không so được" "the key column changes: every record would be another one, nothing can be compared";
    DiffNoStream "diff-no-stream" "không có luồng nào dùng cả '{old}' và '{new}': tệp phải mang tên entity, hoặc thêm --stream" "no stream reads by both: a file must be named after the entity, or name the stream with --stream";
    DiffNoMapping "diff-no-mapping" "'{path}': không có ánh xạ của '{entity}'" "there is no mapping of this entity";
    DiffOtherEntity "diff-other-entity" "'{path}': ánh xạ của '{found}', nhưng luồng '{stream}' gửi '{entity}'" "this mapping is of another entity than the stream sends";
    DiffNoSource "diff-no-source" "không có nguồn '{name}'; đang có: {known}" "there is no such source";

    // Dossiers.
    ClockNoLimit "clock-no-limit" "không có thời hạn" "no limit known";
    ClockRunning "clock-running" "còn hạn" "in time";
    ClockSuspended "clock-suspended" "chờ công dân bổ sung" "waits for the citizen";
    ClockAtRisk "clock-at-risk" "sắp đến hạn" "at risk";
    ClockDue "clock-due" "hạn hôm nay" "due today";
    ClockLate "clock-late" "QUÁ HẠN" "LATE";
    ClockOver "clock-over" "đã xong" "over";
    ApplicationToBeRouted "application-to-be-routed" "chờ người chỉ nơi nhận" "to be routed by a person";
    ApplicationReady "application-ready" "chờ bàn giao" "waits to be handed over";
    ApplicationUnderway "application-underway" "đang bàn giao" "is being handed over";
    ApplicationHanded "application-handed" "đã bàn giao" "handed over";
    ApplicationOvertaken "application-overtaken" "bị phiên bản mới hơn thay" "overtaken by a newer version";
    FileWanted "file-wanted" "chưa tải được" "not there yet";
    FileStored "file-stored" "đã lưu" "stored";
    FileOutside "file-outside" "ở máy chủ khác, không tải" "elsewhere, not fetched";
    FileRefused "file-refused" "không nhận" "refused";
    FileInfected "file-infected" "CÓ MÃ ĐỘC" "INFECTED";
    EventFiled "event-filed" "công dân nộp" "filed";
    EventReceived "event-received" "tiếp nhận" "received";
    EventVersion "event-version" "nhận về" "version came";
    EventDecided "event-decided" "quyết định" "decision";
    EventHanded "event-handed" "bàn giao" "handed over";
    EventNotHanded "event-not-handed" "chưa bàn giao được" "not handed over yet";
    EventFile "event-file" "tệp" "file";
    EventStep "event-step" "bước xử lý" "step";
    EventDossier "event-dossier" "hồ sơ đưa lên" "dossier goes up";
    EventExchange "event-exchange" "trao đổi" "exchange";
    HeadDossier "head-dossier" "Mã hồ sơ" "number";
    HeadProcedure "head-procedure" "Thủ tục" "procedure";
    HeadStatus "head-status" "Trạng thái" "status";
    HeadReceived "head-received" "Tiếp nhận" "received";
    HeadDue "head-due" "Hạn" "due";
    HeadUsed "head-used" "Ngày làm việc" "working days";
    HeadVersion "head-version" "Phiên bản" "version";
    HeadLocalNumber "head-local-number" "Số tiếp nhận" "local number";
    MatchesNotLooked "matches-not-looked" "chưa so với ai: không rõ người nộp" "nobody was looked for: the applicant is not known";
    HeadAttempts "head-attempts" "Số lần thử" "attempts";
    HeadMatches "head-matches" "Có thể là người đã có" "may be someone known";
    DossierNone "dossier-none" "Không có hồ sơ nào như vậy" "there is no such dossier";
    DossierMore "dossier-more" "Còn nữa: --after {id}" "there is more";
    DossierUnknown "dossier-unknown" "không có hồ sơ '{number}': xem `dossier list`" "there is no dossier of this number: see `dossier list`";
    DossierSeveral "dossier-several" "hồ sơ '{number}' có ở nhiều [[intake]] ({known}): thêm --intake" "several intakes have it: add --intake";
    DossierNoIntake "dossier-no-intake" "không có [[intake]] '{name}'; đang có: {known}" "there is no such intake";
    DossierNoColumn "dossier-no-column" "ánh xạ không có cột '{column}'{hint}; đang có: {known}" "the mapping has no such column";
    DossierNotOpen "dossier-not-open" "hồ sơ '{number}' không còn phiên bản nào chờ bàn giao; quyết định chỉ có nghĩa trước khi bàn giao" "no version of it waits to be handed over; a decision has meaning only before";
    IntakeHead "intake-head" "Hồ sơ nộp '{intake}': đã đọc đến {upto}, lượt cuối {pulled}" "applications: read up to, last pull";
    IntakeStands "intake-stands" "  {applications} hồ sơ; chờ bàn giao {waiting}, trong đó nhiều lần chưa xong {stuck}; chờ người chỉ nơi nhận {routed}; tệp chưa có {awaited}, không nhận {given_up}" "applications; waiting to be handed over, of them stuck; to be routed; files awaited, given up";
    DossierNumberless "dossier-numberless" "(không có số) --id {id}" "no number";
    DossierCut "dossier-cut" "Mỗi loại chỉ hiện {most} dòng mới nhất" "only the newest {most} of each kind are shown";
    FilesAgain "files-again" "{count} tệp sẽ được tải lại ở lần `pull` tới" "these files are fetched again by the next pull";
    FilesAllThere "files-all-there" "Không thiếu tệp nào" "no file is missing";
    SettleNoVersion "settle-no-version" "hồ sơ '{number}' không có phiên bản {version}" "it has no such version";
    SettleNotUnderway "settle-not-underway" "hồ sơ '{number}' phiên bản {version} không ở trạng thái đang bàn giao mà là: {state}" "this version is not being handed over";
    SettleNotOpen "settle-not-open" "hồ sơ '{number}' phiên bản {version} không bỏ qua được, đang là: {state}. Nếu đang bàn giao, cho biết --taken hay --not-taken trước" "it cannot be passed over; one that is being handed over: say first whether it was taken";
    SettleNoNewer "settle-no-newer" "hồ sơ '{number}' chưa có phiên bản mới hơn nào chờ bàn giao sau phiên bản {version}" "no newer version of it is ready";
    SettleBusy "settle-busy" "[[intake]] '{intake}' đang chạy ở tiến trình khác, không làm gì; thử lại khi lượt đó xong" "it is running in another process, nothing done; try again when that run has ended";
    SettleBadNumber "settle-bad-number" "--number là số tiếp nhận của Một cửa và chỉ đi cùng --taken" "--number is the office's own number, and goes with --taken only";
    SettleFolder "settle-folder" "không dọn được dấu của tệp trong {path}: {why}; chưa ghi gì" "the file's mark cannot be removed, nothing is written";
    SettledTaken "settled-taken" "Hồ sơ '{number}' phiên bản {version}: đã ghi là Một cửa đã nhận" "written down as taken";
    SettledNotTaken "settled-not-taken" "Hồ sơ '{number}' phiên bản {version}: được xét và bàn giao lại ở lần `pull` tới" "judged and handed over again by the next pull";
    SettledOvertaken "settled-overtaken" "Hồ sơ '{number}' phiên bản {version}: không bàn giao, phiên bản mới hơn đi tiếp" "never handed over; the newer one goes on";
    DossierRouted "dossier-routed" "Hồ sơ '{number}': đã ghi quyết định, {count} phiên bản được xét lại ở lần `pull` tới" "decided; {count} versions are judged again by the next pull";
    DossierWouldRoute "dossier-would-route" "(chỉ xem) hồ sơ '{number}': {count} phiên bản sẽ được xét lại" "(only looked) {count} versions would be judged again";

    // Mismatches.
    LinkStands "link-stands" "không thể hợp nhất: một trong hai số đã được hợp nhất với số khác" "it cannot be merged: one of the numbers is merged with another already";
    OneNumber "one-number" "hai người không thể chung một số giấy tờ: nếu không phải một người thì có số sai, phải sửa tại nguồn (correct-at-source); đến khi ấy hồ sơ bị giữ vẫn bị giữ" "two people never have one number: if they are not the same person, a number is wrong and is corrected at the source; what is held stays held until then";
    OursIsAbsent "ours-is-absent" "hồ sơ không còn trong nguồn nên của tỉnh không gửi lại được: đưa hồ sơ lại vào nguồn thì lần sync tới tự gửi; nếu không, quyết định khác, hoặc thôi hưởng có quyết định" "the record is not in the source any more, so ours cannot be sent: put it back and the next sync sends it; else decide otherwise, or stop it by a decision";
    OursIsThereAgain "ours-is-there-again" "nguồn lại có hồ sơ: gửi của tỉnh như đã quyết định" "the source has the record again: ours goes as was decided";
    CloseUnknownCode "close-unknown-code" "{count} hồ sơ: {field} '{code}' không có trong danh mục: thêm một dòng (hoặc một cách viết vào other_names) là xong cả nhóm" "the list has no such code: one line in it closes all of them";
    CloseBrake "close-brake" "{count} hồ sơ: xem `plan`, đúng thì cho đi một lần bằng `sync --release-brake`" "look at `plan`; if it is right, one `sync --release-brake` lets all of them go";
    CloseMissing "close-missing" "{count} hồ sơ: nguồn để trống {field}; nếu cả cột trống thì sửa ánh xạ" "the source leaves it empty; if the whole column is empty, mend the mapping";
    CloseOlderRateThere "close-older-rate-there" "{count} hồ sơ: quốc gia còn mức chuẩn cũ ({code}): gửi lại bằng `mismatch resolve --decision keep-ours`" "the nation has the older rate: send them again";
    CloseOlderRateHere "close-older-rate-here" "{count} hồ sơ: tỉnh còn mức chuẩn cũ ({code}): cập nhật mức trong phần mềm của tỉnh" "the province has the older rate: raise it in the local system";
    CloseTones "close-tones" "{count} hồ sơ: {field} chỉ khác dấu: xem giấy tờ một lần rồi quyết định cả nhóm" "only the marks differ: look at the papers once, then decide about all";
    CloseEmptyThere "close-empty-there" "{count} hồ sơ: quốc gia chưa có {field}: gửi lại bằng `mismatch resolve --decision keep-ours`" "the nation lacks it: send them again";
    CloseEmptyHere "close-empty-here" "{count} hồ sơ: tỉnh chưa có {field}: nhận của quốc gia, hoặc thêm cột vào ánh xạ" "the province lacks it: take theirs, or add the column to the mapping";
    CloseRefused "close-refused" "{count} hồ sơ: quốc gia từ chối với mã {reason}: sửa một lần theo mã ấy, rồi `queue retry --code {reason}`" "mend what the code says, then let all of them go again";
    DiffersDiffers "differs-differs" "khác nhau" "they differ";
    DiffersTones "differs-tones" "chỉ khác dấu" "only the marks differ";
    DiffersSwapped "differs-swapped" "ngày và tháng đổi chỗ" "day and month changed places";
    DiffersEmptyHere "differs-empty-here" "tỉnh để trống" "empty here";
    DiffersEmptyThere "differs-empty-there" "quốc gia để trống" "empty there";
    DiffersLessExact "differs-less-exact" "một bên chỉ biết năm" "one side knows the year only";
    DiffersFirstOfJanuary "differs-first-of-january" "một bên ghi 01/01, có thể chỉ để điền" "one side has 1 January, which may be a filler";
    DiffersLostZero "differs-lost-zero" "mất số 0 ở đầu" "a leading zero was lost";
    DiffersFiller "differs-filler" "một bên là số điền tạm" "one side has a filler";
    DiffersNumberChanged "differs-number-changed" "số giấy tờ khác hẳn" "another number";
    DiffersOtherUnit "differs-other-unit" "nơi khác" "another place";
    DiffersSplitUnit "differs-split-unit" "xã cũ đã bị chia" "the old commune was split";
    DiffersOlderRateThere "differs-older-rate-there" "quốc gia còn mức cũ" "the nation has the older rate";
    DiffersOlderRateHere "differs-older-rate-here" "tỉnh còn mức cũ" "the province has the older rate";
    DiffersWrongAmountThere "differs-wrong-amount-there" "mức ở quốc gia không đúng hệ số × mức chuẩn" "the nation's amount is not coefficient × rate";
    DiffersWrongAmountHere "differs-wrong-amount-here" "mức ở tỉnh không đúng hệ số × mức chuẩn" "our amount is not coefficient × rate";
    DiffersStatusBack "differs-status-back" "tỉnh đã thôi, quốc gia còn chạy" "over here, running there";
    StateOpen "state-open" "mở" "open";
    StateInReview "state-in-review" "đang xem xét" "in review";
    StateDecided "state-decided" "đã quyết định" "decided";
    StateWaitsSecond "state-waits-second" "chờ người thứ hai" "waits for a second person";
    StateApplied "state-applied" "đã thực hiện, chờ đối chiếu" "applied, to be verified";
    StateClosed "state-closed" "đã xong" "closed";
    HappenedOpened "happened-opened" "mở" "opened";
    HappenedReopened "happened-reopened" "mở lại" "opened again";
    HappenedClosed "happened-closed" "xong" "closed";
    HappenedTaken "happened-taken" "nhận xem xét" "taken";
    HappenedGivenBack "happened-given-back" "trả lại" "given back";
    HappenedComment "happened-comment" "ghi chú" "comment";
    HappenedDecided "happened-decided" "quyết định" "decided";
    HappenedSeconded "happened-seconded" "người thứ hai xác nhận" "seconded";
    HappenedUndone "happened-undone" "rút lại" "taken back";
    HappenedApplied "happened-applied" "đã thực hiện" "took effect";
    HappenedTooLate "happened-too-late" "đến sau, chưa được ghi" "came too late";
    HappenedOvertaken "happened-overtaken" "giá trị đã thành khác: mở lại" "the values became others: open again";
    HappenedAcceptedEnded "happened-accepted-ended" "hết hạn chấp nhận" "acceptance ended";
    HeadNumber "head-number" "Số" "no.";
    HeadKind "head-kind" "Loại" "kind";
    HeadCause "head-cause" "Nguyên nhân" "cause";
    HeadOurs "head-ours" "Của tỉnh" "ours";
    HeadTheirs "head-theirs" "Của quốc gia" "theirs";
    HeadEvent "head-event" "Việc" "event";
    HeadWhat "head-what" "Nội dung" "what";
    HeadDecision "head-decision" "Quyết định" "decision";
    HeadClosing "head-closing" "Làm gì thì xong cả nhóm" "what closes the group";
    HeadWayOut "head-way-out" "Việc cần làm" "what to do";
    HeadAllowed "head-allowed" "Được quyết định" "may be decided";
    HeadAge "head-age" "7 ngày / 28 ngày / lâu hơn" "7 days / 28 days / older";
    HeadOpened "head-opened" "Mở" "opened";
    HeadClosedCount "head-closed-count" "Xong" "closed";
    HeadDistrict "head-district" "Huyện" "district";
    MismatchNone "mismatch-none" "Không có gì khác nhau đang chờ" "nothing waits";
    MismatchMore "mismatch-more" "Còn nữa: --after {place}" "there is more";
    MismatchBadAfter "mismatch-bad-after" "--after '{text}': chép nguyên dòng cuối của trang trước, ví dụ 2-318" "copy it from the last line of the page before, such as 2-318";
    MismatchBadUntil "mismatch-bad-until" "--until '{text}': phải là ngày, yyyy-MM-dd hoặc dd/MM/yyyy" "must be a day";
    MismatchNoKind "mismatch-no-kind" "không có loại '{kind}'{hint}; đang có: {known}" "there is no such kind";
    MismatchNoDecision "mismatch-no-decision" "không có quyết định '{decision}'{hint}; đang có: {known}" "there is no such decision";
    MismatchNoState "mismatch-no-state" "không có tình trạng '{state}'{hint}; đang có: {known}" "there is no such state";
    MismatchDone "mismatch-done" "Số {id}: {state}, bản {version}" "done";
    MismatchWaitsSecond "mismatch-waits-second" "Số {id}: đã ghi quyết định, chờ người thứ hai (`mismatch confirm {id}`)" "decided; it waits for a second person";
    MismatchWaitsFor "mismatch-waits-for" "Chưa gửi của tỉnh: cả hồ sơ sẽ đi, mà trường khác của nó còn chờ người hoặc đã nhận của quốc gia: giải quyết số {ids} trước" "ours does not go yet: it goes as a whole record, and other fields of it are in somebody's hands or theirs is right: settle {ids} first";
    MismatchWaitsScan "mismatch-waits-scan" "Của tỉnh được gửi ở lần sync tới mà nguồn, hay tệp được thả vào, có hồ sơ này" "ours goes with the next sync in which the source, or the file that was dropped, has this record";
    MismatchWould "mismatch-would" "(chỉ xem) '{decision}' cho {count} chỗ khác nhau đã chọn: sẽ quyết định {would}, trong đó chờ người thứ hai {second}; không được {refused}; đúng thì thêm --expect {mark}" "(only looked) {would} would be decided about, {second} of them would wait for a second person, {refused} would be refused; if that is right, add --expect";
    MismatchWouldNot "mismatch-would-not" "Không được: {count} ({ids}): {why}" "would be refused";
    AndMore "and-more" "… và {count} nữa" "and {count} more";
    GroupsMore "groups-more" "… và {count} nhóm nữa, {records} hồ sơ (--limit)" "and {count} more groups, {records} records";
    GroupsTotal "groups-total" "Tổng cộng: {total} chỗ khác nhau trong {causes} nhóm; đã xong {closed}" "in all: {total} in {causes} groups; {closed} are closed";
    PlacesMore "places-more" "… và {count} xã nữa, {records} chỗ khác nhau (--json ghi đủ)" "and {count} more communes, {records} mismatches (--json has all)";
    MismatchSeen "mismatch-seen" "{count} từ khi mở lúc {opened}, lần cuối {seen}; tái diễn {relapses}" "{count} since it was opened, last {seen}; came back {relapses}";
    NeedsSecond "needs-second" "cần người thứ hai" "needs a second person";
    MismatchHeld "mismatch-held" "Bị giữ tại tỉnh: hồ sơ chỉ đi khi nguồn được sửa, quyết định không cho đi; chấp nhận (khi được) chỉ là không hiện trong danh sách đến ngày ấy" "held here: it goes only once its source is mended, whatever is decided; where it may be accepted, it is out of the list until that day, and stays held";
    MismatchNoCause "mismatch-no-cause" "không có gì đang chờ với nguyên nhân '{cause}'{hint}; xem `mismatch groups`" "nothing that waits has this cause: see `mismatch groups`";
    MismatchNoCommune "mismatch-no-commune" "không có xã '{commune}' trong danh mục đơn vị của các luồng, cũng không có hồ sơ nào mang mã ấy{hint}" "no unit list of the streams has this commune, and no record is of it";
    MismatchNoStream "mismatch-no-stream" "không có luồng '{stream}'{hint}; đang có: {known}" "there is no such stream";
    MismatchExpect "mismatch-expect" "sẽ quyết định '{decision}' cho {count} chỗ khác nhau; xem bằng --dry-run, đúng thì thêm --expect {mark}" "so many would be decided about: look with --dry-run, and if that is right, add --expect";
    MismatchNotExpected "mismatch-not-expected" "đang là {mark}, không phải {expected}: có chỗ đã đổi từ lúc xem, không làm gì; xem lại bằng --dry-run" "something changed since it was looked at: nothing was done; look again";
    MismatchTooMany "mismatch-too-many" "quá {most}: lọc hẹp lại" "too many at once: narrow the filter";
    MismatchBulk "mismatch-bulk" "Đã quyết định {done}; bỏ qua {skipped} vì đã thay đổi trong lúc đó hoặc không được phép: {ids}" "so many were decided; so many were skipped, since they changed meanwhile or may not";
    MismatchWhich "mismatch-which" "nói rõ những số nào, hoặc lọc bằng --kind, --cause, --commune, --district, không cả hai" "say which numbers, or filter, not both";
    MismatchBlankTo "mismatch-blank-to" "--to chỉ có khoảng trắng: ghi tên đăng nhập của người nhận, hoặc --to \"\" để trả lại" "only blanks: write the login name, or an empty --to gives it back";
    MismatchUnknownTo "mismatch-unknown-to" "không có người dùng '{name}' trên máy này: vẫn giao, nhưng người ấy chỉ làm được khi đăng nhập đúng tên đó (hoặc giao bằng 'uid N' như lịch sử ghi)" "no such user on this machine: given all the same, to whoever logs in under exactly this name (or give it to 'uid N', as the history has it)";
    MismatchNoDistrict "mismatch-no-district" "không có huyện '{district}' trong danh mục đơn vị của các luồng" "the streams' unit lists have no such district";
    GroupsTrend "groups-trend" "Theo tuần" "per week";
    GroupsPlaces "groups-places" "Theo huyện và xã" "by district and commune";
    CheckDecisions "check-decisions" "quyết định về những chỗ khác nhau (mappings/codes/decisions.toml)" "decisions about mismatches";
    CheckAuthority "check-authority" "ai đúng khi hai bên khác nhau ({system})" "who is right where the two sides differ";
    CheckAuthorityNone "check-authority-none" "không có authority.toml: mọi khác nhau đều chờ người quyết định" "there is no authority.toml: every difference waits for a person";
    CheckAuthorityMemory "check-authority-memory" "{count} mục ghi theo trí nhớ (`checked = \"memory\"`), PHẢI đối chiếu văn bản" "so many statements are from memory: verify them against the documents";

    // Told only.
    ToldOnly "told-only" "Chỉ báo, vẫn gửi ({run}): {reasons}" "told only, sent all the same";

    // Reports.
    HalfYearInTwo "half-year-in-two" "{count} người hưởng ở hai nhóm: mỗi nhóm đều tính, tổng số người chỉ tính một lần; số tiền tính đủ" "{count} people draw in two groups: each group counts them, the total of people counts them once; amounts are counted in full";

    // check.
    CheckConfig "check-config" "cấu hình và ánh xạ" "configuration and mappings";
    CheckStore "check-store" "kho ghi được" "the store can be written";
    CheckSecret "check-secret" "tệp bí mật {file}" "secret file";
    CheckSecretOpen "check-secret-open" "người khác trên máy đọc được (quyền {mode}): chạy `chmod o-rwx`" "others on this machine can read it: run `chmod o-rwx`";
    CheckSecretsClosed "check-secrets-closed" "{count} tệp, người khác không đọc được; `*_file` chỉ có tên thì tìm trong $CREDENTIALS_DIRECTORY (systemd) trước" "{count} files, closed to others; a `*_file` that is a bare name is looked for in systemd's $CREDENTIALS_DIRECTORY first";
    CheckSecrets "check-secrets" "tệp bí mật" "secret files";
    CheckMemory "check-memory" "danh mục đang dùng của luồng '{stream}'" "code lists in use";
    CheckMemoryRows "check-memory-rows" "{count} dòng `checked=memory`, ghi theo trí nhớ, PHẢI đối chiếu văn bản rồi đổi thành `source`: {lists}" "{count} rows are from memory: verify them against the documents, then mark them `source`";
    // codes, units.
    HeadDay "head-day" "Ngày" "day";
    CodesHead "codes-head" "Danh mục" "list";
    CodesRows "codes-rows" "Dòng" "rows";
    CodesNow "codes-now" "Đang hiệu lực" "in force";
    CodesPast "codes-past" "Đã hết" "ended";
    CodesFuture "codes-future" "Chưa bắt đầu" "not begun";
    CodesMemory "codes-memory" "Theo trí nhớ, phải kiểm tra" "from memory, to be checked";
    CodesChange "codes-change" "Thay đổi" "change";
    CodesAdded "codes-added" "thêm" "added";
    CodesEnded "codes-ended" "hết hiệu lực" "ended";
    CodesRenamed "codes-renamed" "đổi tên" "renamed";
    CodesMoved "codes-moved" "đổi cấp trên" "moved";
    CodesAmended "codes-amended" "sửa ngày hoặc cột khác" "dates or other columns";
    CodesNothing "codes-nothing" "Danh mục '{list}': không có gì thay đổi, không ghi" "nothing changes, nothing was written";
    CodesWould "codes-would" "(chỉ xem) danh mục '{list}' sẽ có {count} thay đổi, {same} dòng giữ nguyên" "(only looked) so many changes, so many rows stay";
    CodesWritten "codes-written" "Danh mục '{list}' đã ghi: {count} thay đổi, {same} dòng giữ nguyên, không dòng nào bị xóa; chạy `mapping check` rồi `plan`" "written: so many changes, no row was deleted; run `mapping check`, then `plan`";
    CodesRecords "codes-records" "Luồng '{stream}': {count} hồ sơ đang mang mã '{code}' sẽ hết hiệu lực" "so many records carry this code, which ends";
    UnitsWhere "units-where" "Xã cũ" "old commune";
    UnitsAddress "units-address" "Địa chỉ" "address";
    UnitsMaybe "units-maybe" "Có thể là" "may be";
    UnitsRecords "units-records" "Hồ sơ chờ" "records";
    UnitsExample "units-example" "Ví dụ khóa" "one key";
    UnitsChosen "units-chosen" "Xã mới" "new commune";
    UnitsStands "units-stands" "Còn hiệu lực" "stands";
    UnitsNone "units-none" "Không có địa chỉ nào chờ quyết định" "no address waits for a decision";
    UnitsMore "units-more" "Còn nữa: `units list --after {place}`" "there is more";
    UnitsNotAsked "units-not-asked" "luồng '{stream}' không hỏi gì về đơn vị của hồ sơ '{key}': xem `units list`" "nothing was asked about this record's unit: see `units list`";
    UnitsNotSplit "units-not-split" "không luồng nào chuyển mã của xã '{code}', hoặc xã này không bị chia" "no stream translates this commune, or it was not split";
    UnitsNoCandidate "units-no-candidate" "'{to}' không phải nơi mà xã '{code}' được nhập vào; chỉ có: {known}" "it is none of the communes that the old one became";
    UnitsNoAddress "units-no-address" "địa chỉ không được để trống: hồ sơ không có địa chỉ thì quyết định theo khóa" "the address must not be empty: decide by key for a record without one";
    UnitsDecided "units-decided" "Xã cũ {code}, địa chỉ '{address}' → {to}: {count} hồ sơ, đi ở lần sync tới; người sau cùng địa chỉ không phải hỏi lại" "so many records go with the next sync; nobody is asked again about this address";
    UnitsWould "units-would" "(chỉ xem) xã cũ {code}, địa chỉ '{address}' → {to}: {count} hồ sơ" "(only looked) so many records";
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
