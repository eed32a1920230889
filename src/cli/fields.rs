//! `mapping fields`: what each national field is made of, on the terminal, as Markdown, or as a workbook to be signed.

use std::path::PathBuf;

use clap::Args;

use super::mapping::used;
use super::{Call, Failure, output, sheet};
use crate::mapping::{FieldTold, Mapping};
use crate::model::{Action, Clock as _, Message, SystemClock};

/// How the table of fields is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Markdown,
    Xlsx,
}

#[derive(Debug, Args)]
pub(super) struct FieldsArgs {
    /// Bảng, Markdown để đưa vào văn bản, XLSX để ký / a table, Markdown for a document, XLSX to be signed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Tệp XLSX được ghi / the XLSX file that is written
    #[arg(long, required_if_eq("format", "xlsx"))]
    output: Option<PathBuf>,
    /// Ghi đè tệp đã có / write over a file that is there
    #[arg(long, requires = "output")]
    force: bool,
}

pub(super) fn run(call: &Call, args: &FieldsArgs) -> Result<u8, Failure> {
    if args.output.is_some() && args.format != Format::Xlsx {
        return Err(Failure::new(2, Message::FieldsOutputOnly.both()));
    }
    let (config, used) = used(call)?;
    let dir = config.mappings();
    let (mut shown, mut sheets) = (Vec::new(), Vec::new());
    for (system, entity) in &used {
        let mapping = Mapping::load(&dir, system, entity)?;
        let (name, told) = (format!("{system}/{entity}"), mapping.fields());
        if !call.json && args.format != Format::Xlsx {
            for (title, these) in parts(&name, &told) {
                print_fields(&title, &these, args.format);
            }
        }
        shown.push(serde_json::json!({ "mapping": name, "fields": mapping.layout().names(), "told": told }));
        let digest = format!("{:016x}", u64::from_be_bytes(mapping.digest()));
        sheets.push(sheet::Sheet { system: system.clone(), entity: entity.clone(), digest, told });
    }
    let written = match (&args.output, args.format) {
        (Some(file), Format::Xlsx) => {
            if file.exists() && !args.force {
                return Err(Failure::new(2, Message::FieldsFileThere.with(&[("file", &file.display())])));
            }
            let province = format!("{} ({})", config.province.name, config.province.code);
            sheet::write(file, &sheets, &province, SystemClock::new().now().day())
                .map_err(|e| Failure::new(1, format!("{}: {e}", file.display())))?;
            Some(file.display().to_string())
        }
        _ => None,
    };
    if call.json {
        say!("{}", serde_json::json!({ "mappings": shown, "written": written }));
    } else if let Some(file) = written {
        say!("{}", Message::FieldsWritten.with(&[("file", &file), ("count", &sheets.len())]));
    }
    Ok(0)
}

/// The fields of a record to write and those of a stop, each with a title.
pub(super) fn parts<'t>(name: &str, told: &'t [FieldTold]) -> Vec<(String, Vec<&'t FieldTold>)> {
    let both = [(Action::Write, Message::FieldsWrite), (Action::Stop, Message::FieldsStop)];
    let part = |(action, head): (Action, Message)| {
        let these: Vec<&FieldTold> = told.iter().filter(|field| field.action == action.word()).collect();
        (!these.is_empty()).then(|| (format!("{name}: {}", head.both()), these))
    };
    both.into_iter().filter_map(part).collect()
}

/// The headings of the table.
pub(super) const HEADS: [Message; 7] = [
    Message::HeadField,
    Message::HeadSource,
    Message::HeadSteps,
    Message::HeadRequired,
    Message::HeadList,
    Message::HeadRules,
    Message::HeadLaw,
];

/// One field as a row under these headings.
pub(super) fn row(field: &FieldTold) -> [String; 7] {
    let mut transforms = field.transforms.join(", ");
    if !field.default.is_empty() {
        transforms = format!("{transforms}; default {}", field.default);
    }
    let required = if field.required { Message::Yes.both() } else { String::new() };
    let (columns, rules) = (field.columns.join(", "), field.rules.join(", "));
    let transforms = transforms.trim_start_matches("; ").to_owned();
    [field.field.clone(), columns, transforms, required, field.code_list.clone(), rules, field.law.clone()]
}

fn print_fields(title: &str, fields: &[&FieldTold], format: Format) {
    let rows = fields.iter().map(|field| row(field));
    if format == Format::Table {
        say!("{title}");
        say!("{}", output::table(&HEADS).add_rows(rows));
        return;
    }
    let heads: Vec<String> = HEADS.iter().map(|head| head.both()).collect();
    say!("## {title}\n\n| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for row in rows {
        // A bar would end the cell.
        say!("| {} |", row.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    say!("");
}
