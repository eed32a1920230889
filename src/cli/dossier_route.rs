//! `dossier route`: a person says what the portal did not, or said in words that nobody here knows.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::dossier::Desk;
use super::dossier_show::{Which, shown_number, the_one};
use super::hand::{tell, who};
use super::{Call, Failure, output};
use crate::config::SystemConfig;
use crate::intake::judge;
use crate::mapping::Mapping;
use crate::model::{Message, suggest};
use crate::store::{StoreError, dossier_story, dossiers};

/// The longest value that may be laid over.
const LONGEST: usize = 4000;

#[derive(Debug, Args)]
pub(super) struct RouteArgs {
    #[command(flatten)]
    which: Which,
    /// Giá trị cho một cột của ánh xạ / a value for a column of the mapping
    #[arg(long = "set", value_name = "COLUMN=VALUE", required = true, value_parser = pair)]
    set: Vec<(String, String)>,
    /// Vì sao / why
    #[arg(long)]
    reason: String,
    /// Chỉ xem, không ghi gì / only look, write nothing
    #[arg(long)]
    dry_run: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (column, value) = text.split_once('=').ok_or("phải là cột=giá trị / must be column=value")?;
    if value.chars().count() > LONGEST {
        return Err(format!("giá trị dài hơn {LONGEST} ký tự / the value is longer than {LONGEST} characters"));
    }
    Ok((column.trim().to_owned(), value.trim().to_owned()))
}

pub(super) async fn route(call: &Call, desk: &Desk, args: &RouteArgs) -> Result<u8, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::new(2, Message::ReasonNeeded.both()));
    }
    let mut tx = if args.dry_run { desk.store.read().await? } else { desk.store.write().await? };
    let found = the_one(&mut tx, &args.which).await?;
    let values = columns(desk, &found.intake, &args.set)?;
    if !args.dry_run {
        dossiers::lock(&mut tx, found.id).await?;
    }
    let versions = dossier_story::versions(&mut tx, found.id).await?;
    let open = versions.iter().filter(|version| matches!(version.state.as_str(), "to-be-routed" | "ready")).count();
    let number = shown_number(&found);
    if open == 0 {
        return Err(Failure::new(2, Message::DossierNotOpen.with(&[("number", &number)])));
    }
    let message = if args.dry_run { Message::DossierWouldRoute } else { Message::DossierRouted };
    if !args.dry_run {
        // It is meant for what cannot go on; where nothing waits for a person, for what is ready.
        let mut bodies = dossiers::bodies(&mut tx, found.id, "to-be-routed").await?;
        if bodies.is_empty() {
            bodies = dossiers::bodies(&mut tx, found.id, "ready").await?;
        }
        let said = judge::said(&bodies, values.keys().map(String::as_str));
        let said = said.ok_or(StoreError::Unexpected("application_version.body"))?;
        let (who, reason, laid) = (who(), args.reason.trim(), (json!(values).to_string(), json!(said).to_string()));
        dossiers::decide(&mut tx, found.id, desk.now, (&who, reason), (&laid.0, &laid.1)).await?;
        tx.commit().await?;
    }
    let told = json!({ "number": found.number, "set": values, "versions": open, "decided": !args.dry_run });
    tell(call, &told, &message.with(&[("number", &number), ("count", &open)]));
    Ok(0)
}

/// The values by the mapping's own spelling of its columns; a column that it does not have is refused.
fn columns(desk: &Desk, intake: &str, set: &[(String, String)]) -> Result<BTreeMap<String, String>, Failure> {
    let unknown = || {
        let known: Vec<&str> = desk.config.intake.iter().map(|one| one.name.as_str()).collect();
        let known = known.join(", ");
        Failure::new(2, Message::DossierNoIntake.with(&[("name", &intake), ("known", &known)]))
    };
    let config = desk.intake(intake).ok_or_else(unknown)?;
    let system = desk.config.system.iter().find(|system| system.name == config.system);
    let profile = system.map_or(config.system.as_str(), SystemConfig::profile);
    let mapping = Mapping::load(&desk.config.mappings(), profile, &config.entity)?;
    let mut values = BTreeMap::new();
    for (column, value) in set {
        let lower = column.to_lowercase();
        let Some(known) = mapping.columns().iter().find(|known| known.name.to_lowercase() == lower) else {
            let names = || mapping.columns().iter().map(|known| known.name.as_str());
            let (hint, known) = (suggest::hint(column, names()), names().collect::<Vec<_>>().join(", "));
            let column = output::key(column);
            let message = Message::DossierNoColumn.with(&[("column", &column), ("hint", &hint), ("known", &known)]);
            return Err(Failure::new(2, message));
        };
        values.insert(known.name.clone(), value.clone());
    }
    Ok(values)
}
