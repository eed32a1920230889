//! `report`: what is printed and signed, and what is handed on. Every report reads the store only: sources and national
//! systems may be away.

mod commune;
mod half_year;
mod payments;

use std::collections::BTreeMap;
use std::path::Path;

use clap::{Args, Subcommand};

use super::{Call, Failure};
use crate::app::place;
use crate::codes::CodeLists;
use crate::config::{Config, StreamConfig, SystemConfig};
use crate::mapping::Mapping;
use crate::model::{Clock, SystemClock, Timestamp, calendar};
use crate::report::Settings;
use crate::store::{Store, reported};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Phiếu kiểm tra của một xã, để in và ký / a commune's sheet, to be printed and signed
    Commune(commune::CommuneArgs),
    /// Số liệu sáu tháng / the figures of half a year
    HalfYear(half_year::HalfYearArgs),
    /// Ai có trong danh sách chi trả của tỉnh mà hệ thống quốc gia chưa có / who is on our payment list and not on theirs
    PaymentList(payments::PaymentArgs),
}

pub(super) async fn run(call: &Call, args: &ReportArgs) -> Result<u8, Failure> {
    let archive = Archive::open(call).await?;
    match &args.what {
        What::Commune(args) => commune::run(call, &archive, args).await,
        What::HalfYear(args) => half_year::run(call, &archive, args).await,
        What::PaymentList(args) => payments::run(call, &archive, args).await,
    }
}

/// What reports are made from.
pub(super) struct Archive {
    pub config: Config,
    pub store: Store,
    pub now: Timestamp,
}

/// A stream that ever ran, and what its system's reports are.
struct Kept {
    stream: reported::Stream,
    settings: Settings,
}

impl Archive {
    pub async fn open(call: &Call) -> Result<Self, Failure> {
        let config = Config::load(&call.config)?;
        let store = Store::open(&place(&config)?).await?;
        Ok(Self { config, store, now: SystemClock::new().now() })
    }

    fn province(&self) -> String {
        let province = &self.config.province;
        if province.name.is_empty() { format!("Tỉnh {}", province.code) } else { province.name.clone() }
    }

    /// `ngày 5 tháng 3 năm 2026`.
    fn day(&self) -> String {
        let day = self.now.day();
        format!("Ngày {} tháng {} năm {}", day.day(), day.month(), day.year())
    }

    fn today(&self) -> String {
        calendar::day(self.now.day())
    }

    /// The profile of a system, by its name in `gateway.toml`; the name itself where it is there no longer.
    fn profile<'a>(&'a self, system: &'a str) -> &'a str {
        self.config.system.iter().find(|one| one.name == system).map_or(system, SystemConfig::profile)
    }

    /// The reports of a system; all mistakes in the file are told.
    fn settings(&self, system: &str) -> Result<Settings, Failure> {
        let (mappings, profile) = (self.config.mappings(), self.profile(system));
        let fields =
            |entity: &str| Mapping::load(&mappings, profile, entity).ok().map(|mapping| mapping.national_names());
        Ok(Settings::load(&mappings, profile, &fields)?)
    }

    /// All streams that ever ran, with the reports of their systems.
    async fn kept(&self) -> Result<Vec<Kept>, Failure> {
        let mut tx = self.store.read().await?;
        let streams = reported::streams(&mut tx).await?;
        drop(tx);
        let mut known: BTreeMap<String, Settings> = BTreeMap::new();
        let mut kept = Vec::new();
        for stream in streams {
            let settings = match known.get(&stream.system) {
                Some(settings) => settings.clone(),
                None => self.settings(&stream.system)?,
            };
            known.insert(stream.system.clone(), settings.clone());
            kept.push(Kept { stream, settings });
        }
        Ok(kept)
    }

    /// The stream that is meant: the named one, or the first whose entity the reports of its system name.
    async fn of(&self, name: Option<&String>, entity: impl Fn(&Settings) -> Option<String>) -> Result<Kept, Failure> {
        let all = self.kept().await?;
        let known: Vec<String> = all.iter().map(|kept| kept.stream.name.clone()).collect();
        let meant = |kept: &Kept| match name {
            Some(name) => kept.stream.name == *name,
            None => entity(&kept.settings).is_some_and(|entity| entity == kept.stream.entity),
        };
        let found = all.into_iter().find(meant);
        let found = found.filter(|kept| entity(&kept.settings).is_some_and(|entity| entity == kept.stream.entity));
        found.ok_or_else(|| {
            let configured: Vec<&StreamConfig> = self.config.stream.iter().collect();
            let message = format!(
                "không có luồng nào cho báo cáo này; đã chạy: {}; trong gateway.toml: {}. Báo cáo của luồng nào do report.toml trong thư mục \
                 ánh xạ nói / no stream for this report: report.toml in the folder of the mappings says which entity it is of",
                known.join(", "),
                configured.iter().map(|stream| stream.name.as_str()).collect::<Vec<_>>().join(", ")
            );
            Failure::new(2, message)
        })
    }

    fn lists(&self) -> CodeLists {
        CodeLists::new(&self.config.mappings().join("codes"))
    }

    /// The name of a code, as its list has it today, or ever had it.
    fn name_of(&self, lists: &mut CodeLists, list: &str, code: &str) -> String {
        if list.is_empty() || !lists.exists(list) {
            return String::new();
        }
        let Some(list) = lists.get(list) else { return String::new() };
        let today = self.now.day();
        let entry = list.rows(code).find(|entry| entry.is_valid(today)).or_else(|| list.rows(code).next());
        entry.map(|entry| entry.name.to_string()).unwrap_or_default()
    }
}

/// How it is told that a file was written.
pub(super) fn written(rows: u64, file: &Path) -> String {
    format!("{rows} dòng → {} / rows written; the file has personal data", file.display())
}
