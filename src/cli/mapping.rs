//! `mapping check|test|preview|fields`.

use clap::{Args, Subcommand};

use super::{Call, Failure};
use crate::config::Config;
use crate::mapping::Mapping;
use crate::model::{Clock, RawRow, SystemClock};

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
    },
    /// Bảng các trường / the table of fields
    Fields,
}

pub(super) async fn run(call: &Call, args: &MappingArgs) -> Result<u8, Failure> {
    match &args.what {
        What::Check => check(call),
        What::Test => test(call),
        What::Preview { key, stream } => preview(call, key, stream.as_deref()).await,
        What::Fields => fields(call),
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
    for (system, entity) in &used {
        for example in Mapping::load(&dir, system, entity)?.run_examples() {
            failed += usize::from(!example.passed());
            shown.push(serde_json::json!({
                "mapping": format!("{system}/{entity}"), "example": example.name, "line": example.line,
                "passed": example.passed(), "differences": example.differences,
            }));
        }
    }
    if call.json {
        println!("{}", serde_json::json!({ "examples": shown, "failed": failed }));
    } else {
        for example in &shown {
            println!("{example}");
        }
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
    for field in fields {
        let sources: Vec<String> = field.sources.iter().map(|s| format!("{s:?}")).collect();
        println!("{:<22} = {:<30} ← {}", field.field, format!("{:?}", field.value), sources.join(", "));
        for step in &field.steps {
            println!("    {step:?}");
        }
        for complaint in &field.complaints {
            println!(
                "    ! {} {} {}",
                complaint.reason,
                complaint.detail,
                complaint.proposal.as_deref().unwrap_or_default()
            );
        }
    }
    for complaint in &judgement.complaints {
        println!(
            "{:?} {}: {} = {:?} {}",
            complaint.severity, complaint.reason, complaint.field, complaint.value, complaint.detail
        );
    }
    Ok(code)
}

fn fields(call: &Call) -> Result<u8, Failure> {
    let (config, used) = used(call)?;
    let dir = config.base.join(&config.mappings);
    let mut shown = Vec::new();
    for (system, entity) in &used {
        let mapping = Mapping::load(&dir, system, entity)?;
        let names = mapping.layout().names();
        shown.push(serde_json::json!({ "mapping": format!("{system}/{entity}"), "fields": names }));
        if !call.json {
            println!("# {system}/{entity}\n\n| # | Trường / field |\n|---|---|");
            for (at, name) in names.iter().enumerate() {
                println!("| {} | {name} |", at + 1);
            }
        }
    }
    if call.json {
        println!("{}", serde_json::json!({ "mappings": shown }));
    }
    Ok(0)
}
