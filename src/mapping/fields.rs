//! What each national field is made of, for `mapping fields`: a table that staff and auditors read.

use serde::Serialize;

use super::Mapping;
use super::field_set::FieldSet;
use super::nested::Shape;
use super::steps::{Chain, Origin};
use crate::model::Action;

/// One field as the mapping makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldTold {
    /// `write` or `stop`: in which record it stands.
    pub action: &'static str,
    /// The national field.
    pub field: String,
    /// For rules only, never in the record.
    pub internal: bool,
    /// The source columns that it reads.
    pub columns: Vec<String>,
    /// The transforms, in order; `= x` is a constant, `computed` an expression, `or` begins the second way.
    pub transforms: Vec<String>,
    /// Whether the record is held without it.
    pub required: bool,
    /// The value where nothing is known; empty for none.
    pub default: String,
    /// The code list; empty for none.
    pub code_list: String,
    /// The rules that look at it.
    pub rules: Vec<String>,
    /// The law or letter that asks for it; empty where the mapping names none.
    pub law: String,
}

impl Mapping {
    /// All fields, first those of a record to write, then those of a stop, in the contract's order.
    pub fn fields(&self) -> Vec<FieldTold> {
        let mut told = self.told(&self.write, Action::Write);
        told.extend(self.stop.iter().flat_map(|stop| self.told(&stop.set, Action::Stop)));
        told
    }

    fn told(&self, set: &FieldSet, action: Action) -> Vec<FieldTold> {
        let one = |(at, field): (usize, &super::field::Field)| {
            let mut columns = field.chain.columns();
            columns.extend(field.or.iter().flat_map(Chain::columns));
            columns.extend(field.only_with);
            let mut names: Vec<String> = Vec::new();
            for column in columns {
                let name = &self.columns[column].name;
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let mut transforms = steps(&field.chain);
            transforms.extend(match &field.shape {
                Shape::Plain => None,
                Shape::Parts(parts) => {
                    Some(parts.xml.as_ref().map_or("object".to_owned(), |root| format!("xml {root}")))
                }
                Shape::Rows(rows) => {
                    Some(format!("rows: {}", rows.fields.iter().map(|f| &*f.name).collect::<Vec<_>>().join(", ")))
                }
            });
            if let Some(or) = &field.or {
                transforms.push("or".to_owned());
                transforms.extend(steps(or));
            }
            if !field.then.is_empty() {
                transforms.push("then".to_owned());
                transforms.extend(field.then.iter().map(|step| step.name().to_owned()));
            }
            let mut rules: Vec<String> =
                set.rules.iter().filter(|rule| rule.fields.contains(&at)).map(|rule| rule.name.clone()).collect();
            rules.dedup();
            let unit_list = set.units.as_ref().and_then(|units| units.list_of(at));
            rules.extend(unit_list.map(|_| "units".to_owned()));
            FieldTold {
                action: action.word(),
                field: field.name.clone(),
                internal: field.internal,
                columns: names,
                transforms,
                required: field.required,
                default: field.default.clone().unwrap_or_default(),
                code_list: field
                    .code
                    .as_ref()
                    .map(|code| code.list.name())
                    .or(unit_list)
                    .unwrap_or_default()
                    .to_owned(),
                rules,
                law: field.law.clone().unwrap_or_default(),
            }
        };
        set.fields.iter().enumerate().map(one).collect()
    }
}

fn steps(chain: &Chain) -> Vec<String> {
    let first = match &chain.origin {
        Origin::Column(_) | Origin::Parts => None,
        Origin::Constant(value) => Some(format!("= {value}")),
        Origin::Computed(_) => Some("computed".to_owned()),
    };
    first.into_iter().chain(chain.steps.iter().map(|step| step.name().to_owned())).collect()
}
