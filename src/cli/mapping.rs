//! `mapping check|test|preview|fields`.

use clap::{Args, Subcommand};

use comfy_table::Table;

use super::{Call, Failure, output};
use crate::config::Config;
use crate::mapping::{FieldTold, FieldTrace, Mapping};
use crate::model::{Action, Clock, Complaint, Message, RawRow, Severity, SystemClock};

#[derive(Debug, Args)]
pub(super) struct MappingArgs {
    #[command(subcommand)]
    what: What,
}

/// How the table of fields is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Markdown,
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
    },
    /// Mỗi trường lấy từ đâu, qua những gì / what each field is made of
    Fields {
        /// Bảng, hoặc Markdown để đưa vào văn bản / a table, or Markdown for a document
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

pub(super) async fn run(call: &Call, args: &MappingArgs) -> Result<u8, Failure> {
    match &args.what {
        What::Check => check(call),
        What::Test => test(call),
        What::Preview { key, stream } => preview(call, key, stream.as_deref()).await,
        What::Fields { format } => fields(call, *format),
    }
}

/// Folder, profile and entity of each mapping that a stream uses.
fn used(call: &Call) -> Result<(Config, Vec<(String, String)>), Failure> {
    let config = Config::load(&call.config)?;
    let mut used: Vec<(String, String)> = config
        .stream
        .iter()
        .map(|stream| {
            let system = config.system.iter().find(|s| s.name == stream.system);
            let profile = system.and_then(|s| s.profile.clone()).unwrap_or_else(|| stream.system.clone());
            (profile, stream.entity.clone())
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
        if let Err(error) = crate::national::Profile::load(&dir, system) {
            faults.extend(error.0);
        }
    }
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    if call.json {
        println!("{}", serde_json::json!({ "faults": lines }));
    } else if lines.is_empty() {
        println!("ánh xạ không có lỗi / no mistakes: {used:?}");
    } else {
        for line in &lines {
            println!("{line}");
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
        println!("{}", serde_json::json!({ "examples": shown, "failed": failed }));
    } else {
        println!("{table}");
        println!("{}", Message::ExamplesDone.with(&[("count", &shown.len()), ("failed", &failed)]));
    }
    Ok(u8::from(failed > 0))
}

async fn preview(call: &Call, key: &str, stream: Option<&str>) -> Result<u8, Failure> {
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
    let (fields, judgement) = (mapping.explain(&row, today), mapping.judge(&row, today));
    let code = if judgement.held_for().is_some() { 3 } else { 0 };
    if call.json {
        let (action, complaints) = (judgement.action.word(), &judgement.complaints);
        println!(
            "{}",
            serde_json::json!({ "key": key, "row": number, "action": action, "fields": fields, "complaints": complaints })
        );
        return Ok(code);
    }
    println!(
        "{}",
        match judgement.held_for() {
            None => Message::PreviewSends.with(&[("key", &output::key(key)), ("row", &number)]),
            Some(gravest) => {
                let reason = format!("{} ({})", gravest.reason, gravest.reason.vi());
                Message::PreviewHeld.with(&[("key", &output::key(key)), ("row", &number), ("reason", &reason)])
            }
        }
    );
    println!("{}", traced(&fields));
    if !judgement.complaints.is_empty() {
        println!("{}", complaints(&judgement.complaints));
    }
    Ok(code)
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
        table.add_row([field.field.clone(), output::key(&field.value), sources.join("\n"), steps.join("\n")]);
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

fn fields(call: &Call, format: Format) -> Result<u8, Failure> {
    let (config, used) = used(call)?;
    let dir = config.base.join(&config.mappings);
    let mut shown = Vec::new();
    for (system, entity) in &used {
        let mapping = Mapping::load(&dir, system, entity)?;
        let (name, told) = (format!("{system}/{entity}"), mapping.fields());
        if !call.json {
            for (action, head) in [(Action::Write, Message::FieldsWrite), (Action::Stop, Message::FieldsStop)] {
                let these: Vec<&FieldTold> = told.iter().filter(|field| field.action == action.word()).collect();
                if !these.is_empty() {
                    let title = format!("{name}: {}", head.both());
                    print_fields(&title, &these, format);
                }
            }
        }
        shown.push(serde_json::json!({ "mapping": name, "fields": mapping.layout().names(), "told": told }));
    }
    if call.json {
        println!("{}", serde_json::json!({ "mappings": shown }));
    }
    Ok(0)
}

const FIELD_HEADS: [Message; 7] = [
    Message::HeadField,
    Message::HeadSource,
    Message::HeadSteps,
    Message::HeadRequired,
    Message::HeadList,
    Message::HeadRules,
    Message::HeadLaw,
];

fn print_fields(title: &str, fields: &[&FieldTold], format: Format) {
    let rows = fields.iter().map(|field| {
        let mut transforms = field.transforms.join(", ");
        if !field.default.is_empty() {
            transforms = format!("{transforms}; default {}", field.default);
        }
        let required = if field.required { Message::Yes.both() } else { String::new() };
        let (columns, rules) = (field.columns.join(", "), field.rules.join(", "));
        let transforms = transforms.trim_start_matches("; ").to_owned();
        [field.field.clone(), columns, transforms, required, field.code_list.clone(), rules, field.law.clone()]
    });
    if format == Format::Table {
        println!("{title}");
        println!("{}", output::table(&FIELD_HEADS).add_rows(rows));
        return;
    }
    let heads: Vec<String> = FIELD_HEADS.iter().map(|head| head.both()).collect();
    println!("## {title}\n\n| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        // A bar would end the cell.
        println!("| {} |", row.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    println!();
}
