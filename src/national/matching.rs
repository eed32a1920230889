//! Results laid against what was sent: by our reference, never by position.

use std::collections::HashMap;

/// What the nation said of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordResult {
    /// Our reference.
    pub reference: String,
    /// What became of it.
    pub outcome: ResultOutcome,
}

/// What became of one record. Messages may name people: store and pages only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultOutcome {
    /// Stored.
    Accepted {
        /// The nation's id of the record, where it was told.
        national_id: Option<String>,
    },
    /// Refused for good.
    Refused {
        /// The nation's code for why.
        code: String,
        /// The nation's words for why.
        message: String,
    },
    /// To be sent again later, in a new batch.
    Later {
        /// The nation's code for why.
        code: String,
        /// The nation's words for why.
        message: String,
    },
    /// The system knows the record already, with whatever content.
    Exists,
    /// A code that the profile does not name.
    Unclear {
        /// The code, shortened.
        code: String,
    },
}

impl ResultOutcome {
    /// Whether two results of one record say the same. Words may differ; an id told once is not contradicted by
    /// one not told.
    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Accepted { national_id: a }, Self::Accepted { national_id: b }) => {
                a.is_none() || b.is_none() || a == b
            }
            (Self::Refused { code: a, .. }, Self::Refused { code: b, .. })
            | (Self::Unclear { code: a }, Self::Unclear { code: b }) => a == b,
            (a, b) => matches!((a, b), (Self::Later { .. }, Self::Later { .. }) | (Self::Exists, Self::Exists)),
        }
    }
}

/// Every record that was sent, in exactly one list, by its index in what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// Stored, with the nation's id.
    pub accepted: Vec<(usize, Option<String>)>,
    /// Refused for good: the nation's code and words.
    pub refused: Vec<(usize, String, String)>,
    /// To be sent again later: the nation's code and words.
    pub later: Vec<(usize, String, String)>,
    /// Known there already, with whatever content.
    pub exists: Vec<usize>,
    /// Not mentioned.
    pub missing: Vec<usize>,
    /// Mentioned twice, and the two disagree.
    pub contradicting: Vec<usize>,
    /// Mentioned with a code that the profile does not name.
    pub unclear: Vec<(usize, String)>,
    /// How many results are about records that were not sent.
    pub extra: usize,
    /// How many results are about a record that another one was about already.
    pub repeated: usize,
}

/// Lays results against the references that were sent, each of which was sent once.
pub fn match_results(sent: &[&str], results: Vec<RecordResult>) -> Matched {
    let places: HashMap<&str, usize> = sent.iter().enumerate().map(|(i, reference)| (*reference, i)).collect();
    let mut said: Vec<Option<Result<ResultOutcome, ()>>> = vec![None; sent.len()];
    let mut matched = Matched::default();
    for result in results {
        let Some(place) = places.get(result.reference.as_str()) else {
            matched.extra += 1;
            continue;
        };
        let slot = &mut said[*place];
        matched.repeated += usize::from(slot.is_some());
        match slot {
            None => *slot = Some(Ok(result.outcome)),
            Some(Ok(before)) if before.agrees(&result.outcome) => {
                if let ResultOutcome::Accepted { national_id: national_id @ None } = before
                    && let ResultOutcome::Accepted { national_id: told } = result.outcome
                {
                    *national_id = told;
                }
            }
            Some(_) => *slot = Some(Err(())),
        }
    }
    for (i, said) in said.into_iter().enumerate() {
        match said {
            None => matched.missing.push(i),
            Some(Err(())) => matched.contradicting.push(i),
            Some(Ok(ResultOutcome::Accepted { national_id })) => matched.accepted.push((i, national_id)),
            Some(Ok(ResultOutcome::Refused { code, message })) => matched.refused.push((i, code, message)),
            Some(Ok(ResultOutcome::Later { code, message })) => matched.later.push((i, code, message)),
            Some(Ok(ResultOutcome::Exists)) => matched.exists.push(i),
            Some(Ok(ResultOutcome::Unclear { code })) => matched.unclear.push((i, code)),
        }
    }
    matched
}
