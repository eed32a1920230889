//! The course of a dossier: its steps in order of time, forward only. Pure: however they arrive, and however often, the
//! same steps give the same course.

use crate::model::Moves;

/// One step of a dossier, as the office took it. Steps are put in order by time, then by key, as they are sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// When, `yyyyMMddHHmmss`, Vietnam time.
    pub at: String,
    /// Tells steps of one moment apart.
    pub key: String,
    /// The status that the dossier had from then on.
    pub status: String,
}

/// The steps of a dossier, put in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Course {
    /// Those that count, the earliest first.
    pub taken: Vec<Step>,
    /// Those that are a step back from what went before them: they change nothing.
    pub back: Vec<Step>,
}

impl Course {
    /// Puts steps in order.
    pub fn of(mut steps: Vec<Step>, moves: &Moves) -> Self {
        steps.sort();
        steps.dedup();
        let mut course = Self::default();
        for step in steps {
            if moves.is_back(course.status(), &step.status) {
                course.back.push(step);
            } else {
                course.taken.push(step);
            }
        }
        course
    }

    /// The status that the steps lead to; empty where there are none.
    pub fn status(&self) -> &str {
        self.taken.last().map_or("", |step| &step.status)
    }
}
