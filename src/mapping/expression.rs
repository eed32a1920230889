//! Computed fields: one minijinja expression over columns, compiled once, strict about what is undefined, with fuel.

use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value};

use super::transform::Refusal;
use crate::model::RawRow;

/// Steps that an expression may take for one row.
const FUEL: u64 = 20_000;
const NAME: &str = "field";
/// A result longer than this is a mistake of the expression.
const MAX_CHARS: usize = 4_000;

/// A compiled expression and the columns that it reads.
#[derive(Debug)]
pub(super) struct Expression {
    environment: Environment<'static>,
    columns: Vec<(String, usize)>,
}

impl Expression {
    /// Compiles it; the message says what is wrong. Every variable must be a column.
    pub(super) fn compile(text: &str, columns: &[String]) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let mut reads = Vec::new();
        let checked =
            environment.compile_expression(text).map_err(|e| format!("biểu thức sai / bad expression: {e}"))?;
        let mut names: Vec<String> = checked.undeclared_variables(false).into_iter().collect();
        names.sort();
        let mut unknown = Vec::new();
        for name in names {
            if let Some(at) = columns.iter().position(|c| *c == name) {
                reads.push((name, at));
                continue;
            }
            let hint = crate::model::suggest::hint(&name, columns.iter().map(String::as_str));
            unknown.push(format!("biểu thức dùng `{name}` không phải cột{hint} / not a column"));
        }
        if !unknown.is_empty() {
            return Err(unknown.join("; "));
        }
        environment
            .add_template_owned(NAME, format!("{{{{ ({text}) }}}}"))
            .map_err(|e| format!("biểu thức sai / bad expression: {e}"))?;
        let expression = Self { environment, columns: reads };
        expression.check_names()?;
        Ok(expression)
    }

    /// An unknown filter or function shows only when it is used: once with empty columns.
    fn check_names(&self) -> Result<(), String> {
        match self.render(|_| "") {
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::UnknownFilter
                        | ErrorKind::UnknownFunction
                        | ErrorKind::UnknownTest
                        | ErrorKind::UnknownMethod
                ) =>
            {
                Err(format!("biểu thức sai / bad expression: {e}"))
            }
            _ => Ok(()),
        }
    }

    fn render<'v>(&self, column: impl Fn(usize) -> &'v str) -> Result<String, minijinja::Error> {
        let context: BTreeMap<&str, Value> =
            self.columns.iter().map(|(name, at)| (name.as_str(), Value::from(column(*at)))).collect();
        self.environment.get_template(NAME)?.render(context)
    }

    /// The columns that it reads.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|(_, at)| *at)
    }

    /// Its value for a row; a `NULL` is the empty text.
    pub(super) fn evaluate(&self, row: &RawRow<'_>) -> Result<String, Refusal> {
        match self.render(|at| row.get(at).unwrap_or("")) {
            Ok(text) if text.chars().nth(MAX_CHARS).is_none() => Ok(text),
            Ok(_) => Err(Refusal::bad("biểu thức cho kết quả quá dài / the expression's result is too long")),
            Err(_) => Err(Refusal::bad("biểu thức không tính được với dòng này / the expression fails for this row")),
        }
    }
}
