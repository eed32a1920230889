//! `mismatch resolve --dry-run`: what a decision would do to each of those that are meant. Each is put to the same checks
//! as when it is decided; nothing is written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::mismatch_show::told;
use super::{Failure, output};
use crate::app::App;
use crate::mismatch::{Asked, DecisionRules, Failed, would};
use crate::model::{Clock, Message, SystemClock};
use crate::store::review::Item;

/// So many are shown, of records and of reasons why not.
const SHOWN: usize = 10;
/// So many in one transaction.
const CHUNK: usize = 1000;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Would be decided about.
    pub would: usize,
    /// Of them, would wait for a second person.
    second: usize,
    /// Why the others would not, and which those are.
    refused: BTreeMap<String, Vec<i64>>,
    /// The first that would be.
    first: Vec<Item>,
}

impl Look {
    pub async fn at(
        app: &App,
        rules: &DecisionRules,
        chosen: &[(i64, Option<i64>)],
        asked: &Asked,
    ) -> Result<Self, Failure> {
        let (now, mut seen) = (SystemClock::new().now(), Self::default());
        for part in chosen.chunks(CHUNK) {
            let mut tx = app.store.read().await?;
            for (id, _) in part {
                match would(&mut tx, rules, *id, now, asked).await {
                    Ok((item, after)) => {
                        seen.would += 1;
                        seen.second += usize::from(after.waits_second());
                        if seen.first.len() < SHOWN {
                            seen.first.push(item);
                        }
                    }
                    Err(Failed::No(no)) => seen.refused.entry(no.to_string()).or_default().push(*id),
                    Err(Failed::Store(error)) => return Err(error.into()),
                }
            }
        }
        Ok(seen)
    }

    /// The reasons why not, the most first.
    fn reasons(&self) -> Vec<(&String, &Vec<i64>)> {
        let mut all: Vec<_> = self.refused.iter().collect();
        all.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
        all
    }

    pub fn json(&self, names: &BTreeMap<i64, String>) -> Value {
        let refused = self.reasons();
        json!({
            "would": self.would,
            "second": self.second,
            "refused": refused.iter().map(|(why, ids)| json!({ "why": why, "count": ids.len(), "ids": ids })).collect::<Vec<_>>(),
            "first": self.first.iter().map(|item| told(item, names)).collect::<Vec<_>>(),
        })
    }

    /// For people; the first line has the values of the choice as well.
    pub fn text(&self, choice: &[(&str, &dyn std::fmt::Display)]) -> String {
        let refused: usize = self.refused.values().map(Vec::len).sum();
        let mut values: Vec<(&str, &dyn std::fmt::Display)> = choice.to_vec();
        values.extend([
            ("would", &self.would as &dyn std::fmt::Display),
            ("second", &self.second),
            ("refused", &refused),
        ]);
        let mut lines = vec![Message::MismatchWould.with(&values)];
        if !self.first.is_empty() {
            lines.push(self.table().to_string());
        }
        let more = self.would - self.first.len();
        if more > 0 {
            lines.push(Message::AndMore.with(&[("count", &more)]));
        }
        let reasons = self.reasons();
        for (why, ids) in reasons.iter().take(SHOWN) {
            let shown: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("count", &ids.len()), ("ids", &output::keys(&shown)), ("why", &output::key(why))];
            lines.push(Message::MismatchWouldNot.with(&values));
        }
        if reasons.len() > SHOWN {
            lines.push(Message::AndMore.with(&[("count", &(reasons.len() - SHOWN))]));
        }
        lines.join("\n")
    }

    fn table(&self) -> comfy_table::Table {
        let mut table = output::table(&[
            Message::HeadNumber,
            Message::HeadKind,
            Message::HeadKey,
            Message::HeadField,
            Message::HeadOurs,
            Message::HeadTheirs,
        ]);
        for item in &self.first {
            table.add_row([
                item.id.to_string(),
                output::kind(&item.kind),
                output::key(&item.key),
                output::key(&item.field),
                output::key(&item.value),
                output::key(&item.theirs),
            ]);
        }
        table
    }
}
