//! How a text must look: which characters, how many, which forms. What does not fit is held, never cut.

use super::{Facts, Findings, Params, Rule};
use crate::model::Reason;

#[derive(Debug)]
struct Form {
    fields: Vec<usize>,
    forms: Vec<String>,
    characters: Option<Vec<char>>,
    least: usize,
    most: usize,
}

/// `forms`: `#` stands for a digit, everything else for itself; one of them must fit the whole text.
pub(super) fn form(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (fields, forms, characters) = (p.fields("fields"), p.optional_texts("forms"), p.optional_texts("characters"));
    let (least, most) = (p.number("least", 0), p.number("most", i16::MAX));
    Some(Box::new(Form {
        fields: fields?,
        forms: forms.unwrap_or_default(),
        characters: characters.map(|texts| texts.concat().chars().collect()),
        least: usize::try_from(least).unwrap_or(0),
        most: usize::try_from(most).unwrap_or(usize::MAX),
    }))
}

impl Form {
    /// What does not fit, for people.
    fn mistake(&self, text: &str) -> Option<String> {
        let count = text.chars().count();
        if count < self.least || count > self.most {
            let (least, most) = (self.least, self.most);
            return Some(format!(
                "dài {count} ký tự: phải từ {least} đến {most} / {count} characters, not {least} to {most}"
            ));
        }
        if let Some(known) = &self.characters
            && let Some(other) = text.chars().find(|c| !known.contains(c))
        {
            return Some(format!("có ký tự `{other}` không được phép / a character that is not allowed"));
        }
        if self.forms.is_empty() || self.forms.iter().any(|form| fits(form, text)) {
            return None;
        }
        Some(format!("phải có dạng (# là chữ số) / must look like (# a digit): {}", self.forms.join(" | ")))
    }
}

fn fits(form: &str, text: &str) -> bool {
    let one = |(f, t): (char, char)| if f == '#' { t.is_ascii_digit() } else { f == t };
    form.chars().count() == text.chars().count() && form.chars().zip(text.chars()).all(one)
}

impl Rule for Form {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        for field in &self.fields {
            if let Some(mistake) = facts.text(*field).and_then(|text| self.mistake(text)) {
                out.complain(facts, *field, Reason::BadValue, &mistake);
            }
        }
    }
}
