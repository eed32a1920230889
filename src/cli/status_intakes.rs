//! The part of `status` about the way down: how far each intake has come, and what of it waits for a person.

use serde_json::{Value, json};

use super::Failure;
use crate::app::App;
use crate::intake::Intake;
use crate::model::{Message, Timestamp};
use crate::store::inbox::{Counts, LastPull};
use crate::store::{attachment, inbox};

/// How an intake stands.
pub(super) struct Standing {
    name: String,
    last: LastPull,
    inbox: Counts,
    /// Files that are awaited, and files that were given up.
    files: (u64, u64),
}

/// How all of them stand.
pub(super) async fn standings(app: &App) -> Result<Vec<Standing>, Failure> {
    let mut all = Vec::new();
    for intake in &app.intakes {
        all.push(standing(app, intake).await?);
    }
    Ok(all)
}

async fn standing(app: &App, intake: &Intake) -> Result<Standing, Failure> {
    let mut tx = app.store.read().await?;
    let (awaited, given_up) = attachment::counts(&mut tx, &intake.name).await?;
    Ok(Standing {
        name: intake.name.clone(),
        last: inbox::last_pull(&mut tx, &intake.name).await?,
        inbox: inbox::counts(&mut tx, &intake.name).await?,
        // Where none are fetched, none is awaited.
        files: (if intake.files.is_some() { awaited } else { 0 }, given_up),
    })
}

impl Standing {
    /// Whether a person must look.
    pub(super) fn waits(&self) -> bool {
        self.inbox.to_be_routed > 0 || self.inbox.stuck > 0 || self.files.1 > 0 || !self.last.error.is_empty()
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "intake": self.name, "upto": time(self.last.upto_ms), "pulled": time(self.last.pulled_ms),
            "error": self.last.error, "inbox": self.inbox, "files_awaited": self.files.0, "files_given_up": self.files.1,
        })
    }

    pub(super) fn show(&self) {
        let never = || Message::NeverRan.both();
        let (upto, pulled) = (time(self.last.upto_ms), time(self.last.pulled_ms));
        let (upto, pulled) = (upto.unwrap_or_else(never), pulled.unwrap_or_else(never));
        say!("{}", Message::IntakeHead.with(&[("intake", &self.name), ("upto", &upto), ("pulled", &pulled)]));
        let counts = &self.inbox;
        let values: [(&str, &dyn std::fmt::Display); 6] = [
            ("applications", &counts.applications),
            ("waiting", &counts.waiting),
            ("stuck", &counts.stuck),
            ("routed", &counts.to_be_routed),
            ("awaited", &self.files.0),
            ("given_up", &self.files.1),
        ];
        say!("{}", Message::IntakeStands.with(&values));
        if !self.last.error.is_empty() {
            say!("  {}", self.last.error);
        }
    }
}

fn time(ms: i64) -> Option<String> {
    (ms > 0).then(|| Timestamp(ms).for_people())
}
