//! The dossiers' section of a recipe. All counts are rows of the full size.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::super::programmes::Harms;
use super::super::random::Choice;
use super::super::recipe::Body;
use super::super::table::Table;
use crate::province::Harm;

/// Where a dossier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Stage {
    New,
    Received,
    Refused,
    Working,
    Papers,
    Fee,
    Withdrawn,
    Halted,
    Done,
    Returned,
}

impl Stage {
    /// Nothing more happens, or only that the result is fetched.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Refused | Self::Withdrawn | Self::Halted | Self::Done | Self::Returned)
    }

    /// What comes next in the usual run of things.
    pub fn next(self) -> Self {
        match self {
            Self::New => Self::Received,
            Self::Received | Self::Papers | Self::Fee => Self::Working,
            Self::Working => Self::Done,
            over => over,
        }
    }
}

/// `ho_so` and `buoc_xu_ly`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Dossiers {
    pub days: [Date; 2],
    pub holidays: Vec<Date>,
    pub agency: String,
    pub first_office: u64,
    pub funeral: String,
    pub allowance: String,
    pub field: String,
    pub deadline: usize,
    pub unknown: Choice,
    pub telephones: Choice,
    pub titles: Choice,
    pub held: Harms,
    pub words: BTreeMap<Stage, String>,
    pub path: Vec<Path>,
}

/// The steps that so many dossiers go through.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Path {
    pub steps: Vec<Stage>,
    #[serde(default)]
    pub funerals: u64,
    #[serde(default)]
    pub allowances: u64,
}

impl Path {
    /// Still being worked on.
    pub fn is_running(&self) -> bool {
        self.steps.last().is_some_and(|last| !last.is_over())
    }
}

/// What does not fit together: the start of the line to point at, and the sentence.
pub(in super::super) fn mistakes(body: &Body) -> Vec<(&'static str, String)> {
    let section = &body.ho_so;
    let mut out = Vec::new();
    let mut no = |wrong: bool, line, message: String| {
        if wrong {
            out.push((line, message));
        }
    };
    let funerals: u64 = section.path.iter().map(|p| p.funerals).sum();
    let every = body.mai_tang.count;
    no(
        funerals != every,
        "[[ho_so.path]]",
        format!("the paths have {funerals} funerals; every funeral has a dossier, {every}"),
    );
    no(
        section.path.iter().any(|p| p.funerals > 0 && p.is_running()),
        "[[ho_so.path]]",
        "a funeral that was paid for has no running dossier".to_owned(),
    );
    no(
        section.path.iter().any(|p| !(1..=8).contains(&p.steps.len())),
        "[[ho_so.path]]",
        "a path has 1 to 8 steps".to_owned(),
    );
    for stage in section.path.iter().flat_map(|p| &p.steps) {
        no(!section.words.contains_key(stage), "[ho_so.words]", format!("no word for {stage:?}"));
    }
    no(section.days[0] > section.days[1], "[ho_so]", "days: the first comes after the last".to_owned());
    for harm in section.held.keys().filter(|h| !Harm::of_table(Table::HoSo).contains(h)) {
        no(true, "[ho_so.held]", format!("held: a dossier cannot have {harm:?}"));
    }
    let backs = section.held.get(&Harm::StepBack).copied().unwrap_or(0);
    let running: u64 = section.path.iter().filter(|p| p.is_running() && p.steps.len() > 1).map(|p| p.allowances).sum();
    no(backs > running, "step_back", "more steps back than running dossiers of two steps".to_owned());
    out
}
