//! `mapping check|test|preview`; `fields` and `diff` have a file each.

use clap::{Args, Subcommand};

use comfy_table::Table;

use super::{Call, Failure, output};
use crate::config::{Config, SystemConfig};
use crate::mapping::{FieldTrace, Mapping};
use crate::model::{Action, Clock, Complaint, Judgement, Message, RawRow, Severity, SystemClock};
use crate::national::{Frame, Item, Operation};
use crate::run::Stream;

#[derive(Debug, Args)]
pub(super) struct MappingArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Mọi lỗi của ánh xạ, có tệp và dòng / every mistake, with file and line
    Check,
    /// Chạy các ví dụ trong ánh xạ / run the mapping's examples
    Test,
    /// Từng trường của một người: nguồn → biến đổi → giá trị quốc gia / each field of one person
    Preview {
        /// Khóa / the key
        #[arg(long)]
        key: String,
        /// Luồng; luồng đầu tiên nếu bỏ trống / the stream; the first where left out
        #[arg(long)]
        stream: Option<String>,
        /// Cả gói tin như trên đường truyền: JSON, XML, hoặc dòng của tệp / as it would go over the wire as well
        #[arg(long)]
        wire: bool,
    },
    /// Mỗi trường lấy từ đâu, qua những gì / what each field is made of
    Fields(super::fields::FieldsArgs),
    /// Đổi ánh xạ thì nội dung của ai đổi, ở trường nào / whose content a changed mapping changes, in which fields
    Diff(super::diff::DiffArgs),
}

pub(super) async fn run(call: &Call, args: &MappingArgs) -> Result<u8, Failure> {
    match &args.what {
        What::Check => check(call),
        What::Test => test(call),
        What::Preview { key, stream, wire } => preview(call, key, stream.as_deref(), *wire).await,
        What::Fields(args) => super::fields::run(call, args),
        What::Diff(args) => Box::pin(super::diff::run(call, args)).await,
    }
}

/// Profile and entity of each mapping that a stream or an intake uses.
pub(super) fn used(call: &Call) -> Result<(Config, Vec<(String, String)>), Failure> {
    let config = Config::load(&call.config)?;
    let streams = config.stream.iter().map(|stream| (&stream.system, &stream.entity));
    let intakes = config.intake.iter().map(|intake| (&intake.system, &intake.entity));
    let mut used: Vec<(String, String)> = streams
        .chain(intakes)
        .map(|(name, entity)| {
            let system = config.system.iter().find(|s| s.name == *name);
            (system.map_or(name.as_str(), SystemConfig::profile).to_owned(), entity.clone())
        })
        .collect();
    used.sort();
    used.dedup();
    Ok((config, used))
}

fn check(call: &Call) -> Result<u8, Failure> {
    let (config, used) = used(call)?;
    let dir = config.base.join(&config.mappings);
    let mut faults = Vec::new();
    for (system, entity) in &used {
        faults.extend(Mapping::check(&dir, system, entity).0);
    }
    let mut wires: Vec<(&str, &str)> = config
        .system
        .iter()
        .filter(|system| {
            let streams = config.stream.iter().map(|stream| &stream.system);
            streams.chain(config.intake.iter().map(|intake| &intake.system)).any(|name| *name == system.name)
        })
        .map(|system| (system.profile(), system.wire()))
        .collect();
    wires.sort_unstable();
    wires.dedup();
    faults.extend(crate::mismatch::DecisionRules::load(&dir.join("codes")).err().into_iter().flat_map(|f| f.0));
    let mut profiles: Vec<&str> = wires.iter().map(|(profile, _)| *profile).collect();
    profiles.dedup();
    for profile in profiles {
        faults.extend(crate::mismatch::Authority::load(&dir, profile, profile).err().into_iter().flat_map(|f| f.0));
    }
    for (profile, wire) in wires {
        faults.extend(crate::national::Profile::load_wire(&dir, profile, wire).err().into_iter().flat_map(|f| f.0));
    }
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    if call.json {
        say!("{}", serde_json::json!({ "faults": lines }));
    } else if lines.is_empty() {
        say!("ánh xạ không có lỗi / no mistakes: {used:?}");
    } else {
        for line in &lines {
            say!("{line}");
        }
    }
    Ok(if lines.is_empty() { 0 } else { 2 })
}

fn test(call: &Call) -> Result<u8, Failure> {
    let (config, used) = used(call)?;
    let dir = config.base.join(&config.mappings);
    let (mut failed, mut shown) = (0, Vec::new());
    let heads =
        [Message::HeadRecord, Message::HeadExample, Message::HeadLine, Message::HeadResult, Message::HeadDetail];
    let mut table = output::table(&heads);
    for (system, entity) in &used {
        for example in Mapping::load(&dir, system, entity)?.run_examples() {
            failed += usize::from(!example.passed());
            let told = if example.passed() { Message::Passed } else { Message::Differs };
            let detail: Vec<String> =
                example.differences.iter().map(|(line, text)| format!("{line}: {text}")).collect();
            table.add_row([
                format!("{system}/{entity}"),
                example.name.clone(),
                example.line.to_string(),
                told.both(),
                detail.join("\n"),
            ]);
            shown.push(serde_json::json!({
                "mapping": format!("{system}/{entity}"), "example": example.name, "line": example.line,
                "passed": example.passed(), "differences": example.differences,
            }));
        }
    }
    if call.json {
        say!("{}", serde_json::json!({ "examples": shown, "failed": failed }));
    } else {
        say!("{table}");
        say!("{}", Message::ExamplesDone.with(&[("count", &shown.len()), ("failed", &failed)]));
    }
    Ok(u8::from(failed > 0))
}

async fn preview(call: &Call, key: &str, stream: Option<&str>, wire: bool) -> Result<u8, Failure> {
    let app = call.app().await?;
    let names: Vec<String> = stream.map(str::to_owned).into_iter().collect();
    let stream = *app.named(&names)?.first().ok_or_else(|| Failure::new(2, "không có luồng nào / no stream"))?;
    let mapping = &stream.mapping;
    let columns: Vec<String> = mapping.columns().iter().map(|c| c.name.clone()).collect();
    let found = stream.source.find(mapping.key(), &columns, key).await.map_err(|e| Failure::new(1, e))?;
    let Some((number, packed)) = found else {
        return Err(Failure::new(1, format!("nguồn không có khóa '{key}' / the source has no such key")));
    };
    let row = RawRow::unpack(number, &packed, columns.len())
        .ok_or_else(|| Failure::new(1, "dòng có ký tự U+001F / the row has U+001F"))?;
    let today = SystemClock::new().now().day();
    let reading = stream.source.reading().await.map_err(|e| Failure::new(1, e))?;
    let reading = reading.map(|reading| reading.for_columns(mapping.columns()));
    let decided = crate::store::units::current(&mut app.store.read().await?).await?;
    let (fields, judgement) =
        (mapping.explain_decided(&row, today, &decided), mapping.judge_decided(&row, today, &decided));
    let code = if judgement.held_for().is_some() { 3 } else { 0 };
    let wire = if wire && code == 0 { Some(on_the_wire(stream, &judgement, key)?) } else { None };
    if call.json {
        let (action, complaints) = (judgement.action.word(), &judgement.complaints);
        let mut shown = serde_json::json!(
            { "key": key, "row": number, "action": action, "fields": fields, "complaints": complaints }
        );
        if let Some(reading) = reading {
            shown["reading"] = serde_json::json!(reading);
        }
        if let Some(wire) = wire {
            shown["wire"] = wire.into();
        }
        say!("{shown}");
        return Ok(code);
    }
    if let Some(reading) = reading {
        say!("{}", reading.told());
    }
    say!(
        "{}",
        match judgement.held_for() {
            None => Message::PreviewSends.with(&[("key", &output::key(key)), ("row", &number)]),
            Some(gravest) => {
                let reason = format!("{} ({})", gravest.reason, gravest.reason.vi());
                Message::PreviewHeld.with(&[("key", &output::key(key)), ("row", &number), ("reason", &reason)])
            }
        }
    );
    say!("{}", traced(&fields));
    if !judgement.complaints.is_empty() {
        say!("{}", complaints(&judgement.complaints));
    }
    if let Some(wire) = wire {
        say!("{wire}");
    }
    Ok(code)
}

/// A record alone in a body, under a key that no batch has.
fn on_the_wire(stream: &Stream, judgement: &Judgement, key: &str) -> Result<String, Failure> {
    let system = &stream.system;
    if judgement.action == Action::Stop && !system.profile.can_stop(&stream.entity) {
        return Err(Failure::new(1, "hệ thống không có lệnh dừng / the system has no word for a stop"));
    }
    let encoder = system.profile.encoder(&stream.entity, Operation::Write).ok_or_else(|| {
        Failure::new(2, format!("hồ sơ hệ thống không có '{}' / the profile has no such entity", stream.entity))
    })?;
    let version = stream.version(judgement.action, &judgement.canonical).to_string();
    let (none, sent_at) = (uuid::Uuid::nil().to_string(), system.profile.wire_time(SystemClock::new().now()));
    let frame = Frame { province: &system.province, batch_key: &none, sent_at: &sent_at };
    let item = Item { reference: key, version: &version, action: judgement.action, canonical: &judgement.canonical };
    Ok(encoder.shown(&frame, item))
}

/// Source value → transforms → national value, one row a field.
fn traced(fields: &[FieldTrace]) -> Table {
    let mut table = output::table(&[Message::HeadField, Message::HeadValue, Message::HeadSource, Message::HeadSteps]);
    for field in fields {
        let sources: Vec<String> = field
            .sources
            .iter()
            .map(|(column, value)| format!("{column} = {}", value.as_deref().map_or("NULL".to_owned(), output::key)))
            .collect();
        let steps: Vec<String> =
            field.steps.iter().map(|step| format!("{} → {}", step.name, output::key(&step.value))).collect();
        let value = match &field.lines[..] {
            [] => output::key(&field.value),
            lines => lines.iter().map(|line| output::key(line)).collect::<Vec<_>>().join("\n"),
        };
        table.add_row([field.field.clone(), value, sources.join("\n"), steps.join("\n")]);
    }
    table
}

fn complaints(complaints: &[Complaint]) -> Table {
    let mut table = output::table(&[
        Message::HeadState,
        Message::HeadWhy,
        Message::HeadMeaning,
        Message::HeadField,
        Message::HeadValue,
        Message::HeadProposal,
        Message::HeadDetail,
    ]);
    for complaint in complaints {
        let severity = match complaint.severity {
            Severity::Block => Message::Blocks,
            Severity::Warn => Message::Warns,
        };
        table.add_row([
            severity.both(),
            complaint.reason.word().to_owned(),
            output::meaning(complaint.reason.word()),
            complaint.field.clone(),
            output::key(&complaint.value),
            complaint.proposal.as_deref().map(output::key).unwrap_or_default(),
            complaint.detail.clone(),
        ]);
    }
    table
}
