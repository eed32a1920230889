//! The clock of a dossier: until when it must be decided, and how it stands. Pure.
//!
//! The day of reception does not count, nor does any day on which the office waited for papers: a dossier that is asked
//! for papers on one day and gets them on another loses the working days after the first, up to and with the second.

use jiff::civil::Date;

use super::clock_rules::ClockRules;
use super::course::{Course, Step};

/// What a status does to the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticking {
    /// Not received yet: the clock runs, and the reception still sets it back to its beginning.
    Waits,
    /// The office works on it.
    Runs,
    /// The office waits for the citizen.
    Suspended,
    /// Nothing is to be done any more.
    Over,
}

/// How a dossier stands, the most urgent last but for what is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nobody says how long its procedure may take.
    NoLimit,
    /// There is time.
    Running,
    /// The office waits for the citizen.
    Suspended,
    /// There is little time.
    AtRisk,
    /// Today is the last day.
    Due,
    /// The last day is past.
    Late,
    /// Decided, refused or withdrawn.
    Over,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::NoLimit, Self::Running, Self::Suspended, Self::AtRisk, Self::Due, Self::Late, Self::Over];

    /// The fixed word.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoLimit => "no-limit",
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::AtRisk => "at-risk",
            Self::Due => "due",
            Self::Late => "late",
            Self::Over => "over",
        }
    }
}

/// What is known of a dossier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dossier {
    /// Its procedure; what follows the first two groups of the code does not matter.
    pub procedure: String,
    /// When it was received, `yyyyMMddHHmmss`; empty where nobody says.
    pub received_at: String,
    /// When it was filed, likewise.
    pub filed_at: String,
    /// When we saw it first, likewise.
    pub seen_at: String,
    /// The office's steps, in any order.
    pub steps: Vec<Step>,
    /// The portal's status, and since when we know it: a citizen may withdraw there.
    pub portal: Option<(String, String)>,
}

/// What the clock shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// How it stands.
    pub verdict: Verdict,
    /// The status that its steps lead to; empty where there are none.
    pub status: String,
    /// The day from which it counts.
    pub started: Option<Date>,
    /// The limit in working days, and the law that sets it.
    pub limit: Option<(u32, String)>,
    /// Working days that count, up to today or to its end.
    pub used: u32,
    /// The last day; not known while the office waits for the citizen.
    pub due: Option<Date>,
    /// When it was over.
    pub ended: Option<Date>,
    /// Whether the last day was missed.
    pub late: bool,
}

/// The day of a time `yyyyMMddHHmmss`.
fn day(at: &str) -> Option<Date> {
    Date::strptime("%Y%m%d", at.get(..8)?).ok()
}

impl Dossier {
    /// Its steps in order; where the portal says that it is over and the office does not, that is a step too.
    fn course(&self, rules: &ClockRules) -> Course {
        let mut steps = self.steps.clone();
        if let Some((status, at)) = &self.portal
            && rules.ticking(status) == Some(Ticking::Over)
            && !steps.iter().any(|step| step.status == *status)
        {
            steps.push(Step { at: at.clone(), key: String::new(), status: status.clone() });
        }
        Course::of(steps, &rules.moves)
    }

    /// The day from which its time counts.
    fn started(&self, course: &Course, rules: &ClockRules) -> Option<Date> {
        let received = |step: &&Step| !matches!(rules.ticking(&step.status), None | Some(Ticking::Waits));
        let step = || course.taken.iter().find(received).and_then(|step| day(&step.at));
        day(&self.received_at).or_else(step).or_else(|| day(&self.filed_at)).or_else(|| day(&self.seen_at))
    }

    /// Reads the clock on a day.
    pub fn read(&self, rules: &ClockRules, today: Date) -> Reading {
        let course = self.course(rules);
        let started = self.started(&course, rules);
        let mut reading = Reading {
            verdict: Verdict::NoLimit,
            status: course.status().to_owned(),
            started,
            limit: started.and_then(|started| rules.limit(&self.procedure, started)),
            used: 0,
            due: None,
            ended: None,
            late: false,
        };
        let Some(started) = started else { return reading };
        let limit = reading.limit.as_ref().map(|(days, _)| *days);
        let mut running = Some(started);
        for step in &course.taken {
            let at = day(&step.at).unwrap_or(started).max(started);
            match (rules.ticking(&step.status), running) {
                (Some(Ticking::Suspended | Ticking::Over), Some(since)) => {
                    reading.count(rules, limit, since, at);
                    running = None;
                }
                (Some(Ticking::Runs), None) => running = Some(at),
                _ => {}
            }
            if rules.ticking(&step.status) == Some(Ticking::Over) {
                reading.ended = Some(at);
                break;
            }
        }
        if let Some(since) = running {
            reading.count(rules, limit, since, today.max(since));
        }
        reading.judge(rules, limit, running.is_some(), today);
        reading
    }
}

impl Reading {
    /// The time runs after one day, up to and with another. The last day stands where it ran out, and is open again when
    /// it was not reached.
    fn count(&mut self, rules: &ClockRules, limit: Option<u32>, since: Date, until: Date) {
        if let Some(limit) = limit
            && self.used <= limit
        {
            let left = usize::try_from(limit - self.used).unwrap_or(usize::MAX);
            self.due = if left == 0 { Some(since) } else { rules.days.after(since).nth(left - 1) };
        }
        self.used += rules.days.between(since, until);
    }

    fn judge(&mut self, rules: &ClockRules, limit: Option<u32>, running: bool, today: Date) {
        self.late = match (self.due, self.ended, limit) {
            (Some(due), Some(ended), _) => ended > due,
            (Some(due), None, _) if running => today > due,
            (Some(_), None, Some(limit)) => self.used > limit,
            _ => false,
        };
        if !running && self.ended.is_none() && !self.late {
            // The days of waiting move it.
            self.due = None;
        }
        self.verdict = match (self.ended, limit, self.due) {
            (Some(_), ..) => Verdict::Over,
            _ if self.late => Verdict::Late,
            _ if !running => Verdict::Suspended,
            (None, Some(_), Some(due)) if due == today => Verdict::Due,
            (None, Some(limit), _) if limit.saturating_sub(self.used) <= rules.at_risk => Verdict::AtRisk,
            (None, Some(_), _) => Verdict::Running,
            (None, None, _) => Verdict::NoLimit,
        };
    }
}
