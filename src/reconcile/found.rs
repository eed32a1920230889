//! What a round of comparison tells, and what its method could not see.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

macro_rules! blinds {
    ($($variant:ident $word:literal $vi:literal $en:literal;)*) => {
        /// What a comparison could not see.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Blind {
            $(#[doc = $en] #[serde(rename = $word)] $variant,)*
        }

        impl Blind {
            /// The fixed word.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Vietnamese, then English.
            pub fn told(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($vi, $en),)* }
            }
        }
    };
}

blinds! {
    NoList "no-list" "hệ thống không cho liệt kê loại hồ sơ này, không đối chiếu được" "the system lists no such records: nothing can be compared";
    NothingSent "nothing-sent" "chưa gửi gì, không có gì để đối chiếu" "nothing was sent yet, so there is nothing to compare";
    SilentEdits "silent-edits" "sửa mà không đổi phiên bản, ở những xã có mã kiểm tra khớp (dùng --full)" "edits that leave the version alone, in communes whose digests agree (use --full)";
    TwoThere "two-there" "một người có hai hồ sơ: chỉ thấy khi liệt kê đủ (dùng --full)" "two records of one person: seen in a complete listing only (use --full)";
    OtherCommunes "other-communes" "hồ sơ đã sang xã khác: chỉ hỏi một xã" "records that stand under another commune: only one was asked";
    Missing "missing" "hồ sơ vắng mặt, vì danh sách chưa đủ" "what is missing, since a listing was incomplete";
    FieldsOfStopped "fields-of-stopped" "trường khác của hồ sơ đã dừng, ngoài quyết định dừng" "other fields of stopped records than those of the stop";
}

/// What a round found so far. It is kept with the round, so that one that goes on counts on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The stream.
    #[serde(default)]
    pub stream: String,
    /// Nothing was done: somebody else does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// `digests`, `lists`, `none`.
    pub method: String,
    /// No mismatch was opened or closed.
    pub dry_run: bool,
    /// It went on where an earlier one stopped.
    pub resumed: bool,
    /// Communes on either side.
    pub communes: u64,
    /// Those whose number or digest differ; without digests, those whose number does.
    pub communes_differing: u64,
    /// Questions that were answered.
    pub requests: u64,
    /// Records that were listed, those of the second look too.
    pub records_listed: u64,
    /// Records of ours and theirs that were laid against each other, be it by a digest.
    pub compared: u64,
    /// Those that agree.
    pub agree: u64,
    /// Of those that agree, those with another version: their contents say the same.
    pub agree_otherwise: u64,
    /// Of those that agree, those in which one side knows less: the first of January against a year.
    #[serde(default)]
    pub agree_probably: u64,
    /// Differences by kind.
    pub differences: BTreeMap<String, u64>,
    /// Records with a difference.
    pub records_differing: u64,
    /// Records that were on their way, or changed between the two looks: they are left to the next round.
    pub moving: u64,
    /// Records whose versions differ, and of which we no longer have the content.
    pub cannot_compare: u64,
    /// What was listed incompletely: communes, or `*` for all.
    pub incomplete: BTreeSet<String>,
    /// What the method could not see.
    pub cannot_see: BTreeSet<Blind>,
    /// Records that go to the nation again with the next scan, as it was decided.
    pub sent_again: u64,
    /// New lines on the list of corrections.
    pub corrections: u64,
    /// Decisions could not take effect, since the stream is running.
    pub waits_for_the_stream: bool,
    /// How long it took.
    #[serde(default)]
    pub seconds: f64,
}

impl Found {
    /// Nothing found yet.
    pub fn of(stream: &str, dry_run: bool) -> Self {
        Self { stream: stream.to_owned(), method: "none".to_owned(), dry_run, ..Self::default() }
    }

    /// As it is kept with its round.
    pub(super) fn kept(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Counts a difference.
    pub(super) fn differs(&mut self, kind: crate::model::Kind) {
        *self.differences.entry(kind.word().to_owned()).or_default() += 1;
    }

    /// The exit code of the command line: 3 where something waits for a person.
    pub fn exit_code(&self) -> u8 {
        if self.differences.is_empty() && self.incomplete.is_empty() { 0 } else { 3 }
    }
}
