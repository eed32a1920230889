//! Where a value comes from and through which transforms it goes.

use std::borrow::Cow;

use super::expression::Expression;
use super::transform::{Refusal, Transform};
use crate::model::{RawRow, text};

/// Looks over the shoulder of an evaluation; `()` does not look.
pub(super) trait Watch {
    /// A new field begins.
    fn begin(&mut self) {}
    /// A step gave this value.
    fn step(&mut self, _name: &str, _value: &str) {}
    /// A step of an earlier field, by its place.
    fn step_of(&mut self, _field: usize, _name: &str, _value: &str) {}
}

impl Watch for () {}

#[derive(Debug)]
pub(super) enum Origin {
    Column(usize),
    Constant(String),
    Computed(Box<Expression>),
    /// The fields that stand before it.
    Parts,
}

/// An origin and its transforms.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) origin: Origin,
    pub(super) steps: Vec<Transform>,
}

impl Chain {
    /// The column whose value staff would correct.
    pub(super) fn source_column(&self) -> Option<usize> {
        match &self.origin {
            Origin::Column(at) => Some(*at),
            Origin::Constant(_) | Origin::Parts => None,
            Origin::Computed(expression) => expression.columns().next(),
        }
    }

    /// The columns that it reads.
    pub(super) fn columns(&self) -> Vec<usize> {
        match &self.origin {
            Origin::Column(at) => vec![*at],
            Origin::Constant(_) | Origin::Parts => Vec::new(),
            Origin::Computed(expression) => expression.columns().collect(),
        }
    }

    /// The value before any transform, cleaned; empty when unknown.
    pub(super) fn raw<'v>(&'v self, row: &RawRow<'v>, watch: &mut impl Watch) -> Result<Cow<'v, str>, Refusal> {
        let value = match &self.origin {
            Origin::Column(at) => clean(row.get(*at).unwrap_or(""))?,
            Origin::Constant(value) => return Ok(Cow::Borrowed(value)),
            Origin::Parts => return Ok(Cow::Borrowed("")),
            Origin::Computed(expression) => {
                let computed = expression.evaluate(row)?;
                watch.step("computed", &computed);
                Cow::Owned(clean(&computed)?.into_owned())
            }
        };
        watch.step("text", &value);
        Ok(value)
    }

    /// All transforms, in order; an empty value goes through none.
    pub(super) fn transform<'v>(
        &'v self,
        value: Cow<'v, str>,
        watch: &mut impl Watch,
    ) -> Result<Cow<'v, str>, Refusal> {
        through(&self.steps, value, watch)
    }
}

/// A value through transforms, in order; an empty value goes through none.
pub(super) fn through<'v>(
    steps: &'v [Transform],
    mut value: Cow<'v, str>,
    watch: &mut impl Watch,
) -> Result<Cow<'v, str>, Refusal> {
    for step in steps {
        if value.is_empty() {
            break;
        }
        value = step.apply(value)?;
        watch.step(step.name(), &value);
    }
    Ok(value)
}

fn clean(value: &str) -> Result<Cow<'_, str>, Refusal> {
    text::clean(value).map_err(|_| Refusal::bad("có ký tự điều khiển / contains a control character"))
}
