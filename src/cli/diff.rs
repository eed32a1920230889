//! `mapping diff`: what a changed mapping changes, over the real source, before anything is sent by it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Call, Failure, output};
use crate::app::App;
use crate::mapping::Mapping;
use crate::model::{Message, SystemClock};
use crate::run::{self, Difference, Stream};
use crate::source::Source;

/// Values longer than this are cut in tables for people; JSON has them whole.
const SHOWN: usize = 60;

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Ánh xạ cũ: tệp, hoặc thư mục mappings giữ lại / the old mapping: a file, or a folder kept beside
    old: PathBuf,
    /// Ánh xạ mới / the new one
    new: PathBuf,
    /// Luồng; bỏ trống là mọi luồng mà ánh xạ thuộc về / the stream; all that the mapping belongs to where left out
    #[arg(long)]
    stream: Option<String>,
    /// Đọc nguồn này thay nguồn của luồng / read this source instead of the stream's
    #[arg(long)]
    source: Option<String>,
    /// Số ví dụ mỗi loại (dữ liệu cá nhân); 0 là không / examples of each kind (personal data); 0 for none
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=100))]
    examples: u8,
}

pub(super) async fn run(call: &Call, args: &DiffArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    let mut shown = Vec::new();
    for stream in chosen(&app, args)? {
        let (old, new) = (mapping(&app, &args.old, stream)?, mapping(&app, &args.new, stream)?);
        if old.key() != new.key() {
            return Err(Failure::new(
                2,
                Message::DiffOtherKey.with(&[("stream", &stream.name), ("old", &old.key()), ("new", &new.key())]),
            ));
        }
        let other = match &args.source {
            None => None,
            Some(name) => Some(source(&app, name).await?),
        };
        let read = other.as_ref().unwrap_or(&stream.source);
        let clock = SystemClock::new();
        shown.push(
            run::diff(&app.store, stream, read, (&old, &new), &clock, usize::from(args.examples)).await.map_err(
                |error| {
                    // A source that lacks a column of one of the two: the mapping is wrong for it.
                    Failure::new(error.exit_code(), error)
                },
            )?,
        );
    }
    if call.json {
        say!("{}", serde_json::json!({ "diffs": shown }));
    } else {
        shown.iter().for_each(show);
    }
    Ok(if shown.iter().all(Difference::is_nothing) { 0 } else { 3 })
}

/// The stream that is named, or those that read by a mapping such as these.
fn chosen<'a>(app: &'a App, args: &DiffArgs) -> Result<Vec<&'a Stream>, Failure> {
    if let Some(name) = &args.stream {
        return Ok(app.named(std::slice::from_ref(name))?);
    }
    let there = |stream: &&Stream| [&args.old, &args.new].iter().all(|path| file(app, path, stream).is_some());
    let all: Vec<&Stream> = app.streams.iter().filter(there).collect();
    if all.is_empty() {
        let (old, new) = (args.old.display(), args.new.display());
        return Err(Failure::new(2, Message::DiffNoStream.with(&[("old", &old), ("new", &new)])));
    }
    Ok(all)
}

/// The file of the stream's mapping at this path, and the folder of its code lists.
fn file(app: &App, path: &Path, stream: &Stream) -> Option<(PathBuf, PathBuf)> {
    let name = format!("{}.toml", stream.entity);
    let profile = app.profile_of(&stream.name);
    let file = if path.is_dir() {
        [path.join(profile).join(&name), path.join(&name)].into_iter().find(|file| file.is_file())?
    } else {
        path.file_name().filter(|given| *given == name.as_str())?;
        path.to_owned()
    };
    let beside = |dir: &Path| Some(dir.parent()?.join("codes")).filter(|codes| codes.is_dir());
    let absolute = std::path::absolute(&file).ok()?;
    let codes = absolute.parent().and_then(beside).unwrap_or_else(|| app.config.mappings().join("codes"));
    Some((file, codes))
}

fn mapping(app: &App, path: &Path, stream: &Stream) -> Result<Mapping, Failure> {
    let Some((file, codes)) = file(app, path, stream) else {
        // With a stream named, a file may have any name: it is told by what stands in it.
        if path.is_file() {
            let codes = app.config.mappings().join("codes");
            return entity_of(Mapping::load_file(path, &beside(path).unwrap_or(codes))?, path, stream);
        }
        let (path, entity) = (path.display(), &stream.entity);
        return Err(Failure::new(2, Message::DiffNoMapping.with(&[("path", &path), ("entity", entity)])));
    };
    entity_of(Mapping::load_file(&file, &codes)?, &file, stream)
}

fn beside(file: &Path) -> Option<PathBuf> {
    let codes = std::path::absolute(file).ok()?.parent()?.parent()?.join("codes");
    codes.is_dir().then_some(codes)
}

fn entity_of(mapping: Mapping, file: &Path, stream: &Stream) -> Result<Mapping, Failure> {
    if mapping.entity() == stream.entity {
        return Ok(mapping);
    }
    let values: [(&str, &dyn std::fmt::Display); 4] =
        [("path", &file.display()), ("found", &mapping.entity()), ("stream", &stream.name), ("entity", &stream.entity)];
    Err(Failure::new(2, Message::DiffOtherEntity.with(&values)))
}

async fn source(app: &App, name: &str) -> Result<Source, Failure> {
    let Some(named) = app.config.source.iter().find(|source| source.name == name) else {
        let known: Vec<&str> = app.config.source.iter().map(|source| source.name.as_str()).collect();
        return Err(Failure::new(2, Message::DiffNoSource.with(&[("name", &name), ("known", &known.join(", "))])));
    };
    Source::open(&app.config.source_settings(named), &app.config.base).await.map_err(|e| Failure::new(2, e))
}

fn show(diff: &Difference) {
    let (held, freed): (u64, u64) = (diff.held.values().sum(), diff.freed.values().sum());
    say!("{}", Message::DiffHead.with(&[("stream", &diff.name), ("scanned", &diff.scanned)]));
    let mut table = output::table(&[Message::HeadResult, Message::HeadCount]);
    for (what, count) in [
        (Message::DiffChanged, diff.changed),
        (Message::DiffToStop, diff.to_stop),
        (Message::DiffToWrite, diff.to_write),
        (Message::DiffHeld, held),
        (Message::DiffFreed, freed),
        (Message::DiffSame, diff.same),
        (Message::DiffStayHeld, diff.stay_held),
    ] {
        table.add_row([what.both(), count.to_string()]);
    }
    say!("{table}");
    if !diff.fields.is_empty() {
        say!("{}", output::reasons(&Message::HeadField.both(), &diff.fields));
    }
    for (title, counts) in [
        (Message::DiffHeld, &diff.held),
        (Message::DiffFreed, &diff.freed),
        (Message::DiffOtherReason, &diff.other_reason),
    ] {
        if !counts.is_empty() {
            say!("{}", output::reasons(&title.both(), counts));
        }
    }
    match &diff.sends {
        None => say!("{}", Message::DiffNoLedger.both()),
        Some(sends) => say!(
            "{}",
            Message::DiffSends.with(&[("new", &sends.new), ("changed", &sends.changed), ("stopped", &sends.stopped)])
        ),
    }
    if !diff.examples.is_empty() {
        say!("{}", Message::PlanSamples.both());
        say!("{}", examples(diff));
    }
}

fn examples(diff: &Difference) -> comfy_table::Table {
    let mut table = output::table(&[
        Message::HeadKey,
        Message::HeadResult,
        Message::HeadWhy,
        Message::HeadField,
        Message::HeadOld,
        Message::HeadNewValue,
    ]);
    let short = |text: &str| {
        let text = output::key(text);
        let cut: String = text.chars().take(SHOWN).collect();
        if cut.len() < text.len() { format!("{cut}…") } else { cut }
    };
    for example in &diff.examples {
        let what = match example.kind {
            "held" => Message::DiffHeld,
            "freed" => Message::DiffFreed,
            "other-reason" => Message::DiffOtherReason,
            _ => Message::DiffChanged,
        };
        let column =
            |of: &dyn Fn(&run::FieldChange) -> String| example.fields.iter().map(of).collect::<Vec<_>>().join("\n");
        table.add_row([
            output::key(&example.key),
            what.both(),
            example.reason.clone(),
            column(&|change| change.field.clone()),
            column(&|change| short(&change.old)),
            column(&|change| short(&change.new)),
        ]);
    }
    table
}
