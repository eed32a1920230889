//! The programmes' sections of a recipe. All counts are rows of the full size.

use jiff::civil::Date;
use serde::Deserialize;

use super::super::random::Choice;
use super::super::recipe::{Body, Group, group_mistakes};
use super::super::table::Table;
use super::harm::Harm;
use super::lots::Harms;

/// `mai_tang`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Funerals {
    pub count: u64,
    pub by_account: u64,
    pub days: [Date; 2],
    pub times: u32,
    pub low: u64,
    pub relation: Choice,
    pub unknown: Choice,
    pub held: Harms,
    pub who: Vec<Group>,
}

/// `tro_giup_dot_xuat`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Relief {
    pub by_account: u64,
    pub days: [Date; 2],
    pub unknown: Choice,
    pub held: Harms,
    pub who: Vec<Group>,
    pub case: Vec<Case>,
}

/// What happened to so many households and what each was given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Case {
    pub cause: String,
    pub help: String,
    pub damage: String,
    pub count: u64,
    pub budget: u64,
    pub donated: u64,
}

/// `cham_soc_khan_cap`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Care {
    pub count: u64,
    pub nameless: u64,
    pub days: [Date; 2],
    pub in_household: u32,
    pub per_day: u64,
    pub foundling: String,
    pub reasons: Choice,
    pub unknown: Choice,
    pub held: Harms,
    pub who: Vec<Group>,
}

/// `co_so_tro_giup`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Facilities {
    pub days: [Date; 2],
    pub admission: Choice,
    pub left: Choice,
    pub unknown: Choice,
    pub held: Harms,
    pub who: Vec<Group>,
    pub facility: Vec<Facility>,
}

/// A facility and its residents.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Facility {
    pub code: String,
    pub residents: u64,
    #[serde(default)]
    pub drawing: u64,
}

/// `chi_tra`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Payments {
    pub period: Date,
    pub days: [Date; 2],
    pub arrears: u64,
    pub paid: String,
    pub returned: String,
    pub waiting: String,
    pub results_cash: Choice,
    pub results_account: Choice,
    pub unknown: Choice,
    pub held: Harms,
}

/// `chuc_tho`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Honours {
    pub year: i16,
    pub days: [Date; 2],
    pub held: Harms,
    pub who: Vec<Group>,
    pub age: Vec<Honoured>,
}

/// So many of this age; up to another where they are honoured every year.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Honoured {
    pub age: i16,
    pub up_to: Option<i16>,
    pub count: u64,
    pub amount: u64,
}

/// What does not fit together: the start of the line to point at, and the sentence.
pub(in super::super) fn mistakes(body: &Body) -> Vec<(&'static str, String)> {
    let mut out = Vec::new();
    let (funerals, relief, care) = (&body.mai_tang, &body.tro_giup_dot_xuat, &body.cham_soc_khan_cap);
    let (facilities, payments, honours) = (&body.co_so_tro_giup, &body.chi_tra, &body.chuc_tho);
    out.extend(group_mistakes("[[mai_tang.who]]", &funerals.who));
    out.extend(group_mistakes("[[tro_giup_dot_xuat.who]]", &relief.who));
    out.extend(group_mistakes("[[cham_soc_khan_cap.who]]", &care.who));
    out.extend(group_mistakes("[[co_so_tro_giup.who]]", &facilities.who));
    out.extend(group_mistakes("[[chuc_tho.who]]", &honours.who));
    for (line, table, count, days, held) in [
        ("[mai_tang]", Table::MaiTang, funerals.count, funerals.days, &funerals.held),
        (
            "[tro_giup_dot_xuat]",
            Table::TroGiupDotXuat,
            relief.case.iter().map(|c| c.count).sum(),
            relief.days,
            &relief.held,
        ),
        (
            "[cham_soc_khan_cap]",
            Table::ChamSocKhanCap,
            care.count - care.nameless.min(care.count),
            care.days,
            &care.held,
        ),
        (
            "[co_so_tro_giup]",
            Table::CoSoTroGiup,
            facilities.facility.iter().map(|f| f.residents - f.drawing.min(f.residents)).sum(),
            facilities.days,
            &facilities.held,
        ),
        ("[chi_tra]", Table::ChiTra, body.province.people, payments.days, &payments.held),
        ("[chuc_tho]", Table::ChucTho, honours.age.iter().map(|a| a.count).sum(), honours.days, &honours.held),
    ] {
        let harmed: u64 = held.values().sum();
        if harmed > count {
            out.push((line, format!("{harmed} rows are to be damaged, but only {count} can be")));
        }
        if days[0] > days[1] {
            out.push((line, format!("days: {} comes after {}", days[0], days[1])));
        }
        for harm in held.keys().filter(|h| !Harm::of_table(table).contains(h)) {
            out.push((line, format!("held: the table {} cannot have {harm:?}", table.name())));
        }
    }
    let mut no = |wrong: bool, line, message: &str| {
        if wrong {
            out.push((line, message.to_owned()));
        }
    };
    no(funerals.by_account > funerals.count, "[mai_tang]", "by_account is more than count");
    no(funerals.low >= u64::from(funerals.times) * u64::from(body.policy.rate), "low", "low is not below times × rate");
    no(care.nameless > care.count, "nameless", "nameless is more than count");
    no(facilities.facility.is_empty(), "[co_so_tro_giup]", "no facility");
    no(
        facilities.facility.iter().any(|f| f.drawing > f.residents),
        "[[co_so_tro_giup.facility]]",
        "drawing is more than residents",
    );
    no(payments.period.day() != 1, "period", "period must be the first of a month");
    no(
        payments.period <= body.province.as_of,
        "period",
        "period must come after as_of, so that nobody is paid before the decision",
    );
    no(
        [Harm::HalfArrears, Harm::NegativeMoney].iter().filter_map(|h| payments.held.get(h)).sum::<u64>()
            > payments.arrears,
        "arrears",
        "more arrears are to be damaged than there are",
    );
    no(honours.age.iter().any(|a| a.up_to.is_some_and(|up| up < a.age)), "[[chuc_tho.age]]", "up_to is less than age");
    out
}
