//! The operator's query before it is wrapped: one statement that reads, and nothing that could leave its brackets.

/// How an engine spells texts and comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `'…'`, `"…"`, `[…]`, `` `…` ``.
    Sqlite,
    /// `'…'`, `E'…\'…'`, `"…"`, `$tag$…$tag$`, nested comments.
    Postgres,
    /// `'…\'…'`, `"…"`, `` `…` ``, `#` comments.
    Mysql,
}

/// The longest query that is accepted, in bytes.
const LONGEST: usize = 64 * 1024;

/// The query without the `;` at its end, or what is wrong with it.
pub(super) fn checked(query: &str, spelling: Spelling) -> Result<String, String> {
    if query.len() > LONGEST {
        return Err(format!("query: longer than {LONGEST} bytes"));
    }
    let mut reader = Reader { text: query, at: 0, spelling };
    let (mut depth, mut first, mut end) = (0u32, None, None);
    while let Some((start, token)) = reader.next()? {
        if end.is_some() {
            return Err("query: chỉ được một câu lệnh / only one statement is allowed; `;` only at the end".to_owned());
        }
        match token {
            Token::Semicolon => end = Some(start),
            Token::Open => depth += 1,
            Token::Close => depth = depth.checked_sub(1).ok_or("query: a `)` without its `(`")?,
            Token::Word(word) if first.is_none() && depth == 0 => first = Some(word.to_ascii_lowercase()),
            Token::Word(_) | Token::Other => {}
        }
    }
    if depth > 0 {
        return Err("query: a `(` is not closed".to_owned());
    }
    match first.as_deref() {
        Some("select" | "with" | "values" | "table") => {}
        Some(word) => return Err(format!("query: must begin with SELECT or WITH, not `{word}`")),
        None => return Err("query: trống / is empty; write the SELECT that delivers the rows".to_owned()),
    }
    Ok(query.get(..end.unwrap_or(query.len())).unwrap_or(query).trim_end().to_owned())
}

enum Token<'a> {
    Semicolon,
    Open,
    Close,
    Word(&'a str),
    Other,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    spelling: Spelling,
}

impl<'a> Reader<'a> {
    /// The next token with its place; comments and blanks are passed over.
    fn next(&mut self) -> Result<Option<(usize, Token<'a>)>, String> {
        loop {
            let start = self.at;
            let rest = &self.text[start..];
            let Some(c) = rest.chars().next() else { return Ok(None) };
            if c.is_whitespace() {
                self.at += c.len_utf8();
            } else if rest.starts_with("--") || (c == '#' && self.spelling == Spelling::Mysql) {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.pass_comment(rest)?;
            } else {
                return Ok(Some((start, self.token(c, rest)?)));
            }
        }
    }

    fn token(&mut self, c: char, rest: &'a str) -> Result<Token<'a>, String> {
        let token = match c {
            ';' => Token::Semicolon,
            '(' => Token::Open,
            ')' => Token::Close,
            '\'' | '"' => {
                let escapes = self.spelling == Spelling::Mysql || (c == '\'' && self.after_e());
                return self.pass_quoted(c, c, escapes);
            }
            '`' if self.spelling != Spelling::Postgres => return self.pass_quoted('`', '`', false),
            '[' if self.spelling == Spelling::Sqlite => return self.pass_quoted('[', ']', false),
            '$' if self.spelling == Spelling::Postgres => return self.pass_dollar(rest),
            c if c.is_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                self.at += length;
                return Ok(Token::Word(&rest[..length]));
            }
            _ => Token::Other,
        };
        self.at += c.len_utf8();
        Ok(token)
    }

    /// PostgreSQL's `E'…'` has backslash escapes.
    fn after_e(&self) -> bool {
        let before = &self.text[..self.at];
        self.spelling == Spelling::Postgres
            && before.ends_with(['e', 'E'])
            && !before[..before.len() - 1].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    fn pass_quoted(&mut self, open: char, close: char, escapes: bool) -> Result<Token<'a>, String> {
        let mut chars = self.text[self.at..].char_indices().skip(1).peekable();
        while let Some((offset, c)) = chars.next() {
            if escapes && c == '\\' {
                chars.next();
            } else if c == close {
                if open == close && chars.peek().is_some_and(|(_, next)| *next == close) {
                    chars.next();
                    continue;
                }
                self.at += offset + c.len_utf8();
                return Ok(Token::Other);
            }
        }
        Err(format!("query: a text or name that begins with {open} is not closed"))
    }

    fn pass_dollar(&mut self, rest: &str) -> Result<Token<'a>, String> {
        let name = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len() - 1);
        if !rest[1 + name..].starts_with('$') || rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.at += 1;
            return Ok(Token::Other);
        }
        let tag = &rest[..name + 2];
        let end =
            rest[tag.len()..].find(tag).ok_or_else(|| format!("query: a text that begins with {tag} is not closed"))?;
        self.at += 2 * tag.len() + end;
        Ok(Token::Other)
    }

    fn pass_comment(&mut self, rest: &str) -> Result<(), String> {
        if self.spelling == Spelling::Mysql && (rest.starts_with("/*!") || rest.starts_with("/*M!")) {
            return Err("query: a comment that is executed (/*! … */) is not allowed".to_owned());
        }
        let (mut depth, mut at) = (1u32, 2);
        while depth > 0 {
            let next = rest[at..].find(['*', '/']).ok_or("query: a comment /* is not closed")?;
            at += next;
            if rest[at..].starts_with("*/") {
                (depth, at) = (depth - 1, at + 2);
            } else if rest[at..].starts_with("/*") && self.spelling == Spelling::Postgres {
                (depth, at) = (depth + 1, at + 2);
            } else {
                at += 1;
            }
        }
        self.at += at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Spelling::{Mysql, Postgres, Sqlite};

    #[test]
    fn one_statement_passes_without_its_semicolon() {
        for (query, spelling) in [
            ("select a from t where b = ';' ; -- done", Sqlite),
            ("with x as (select 1) select * from x;", Postgres),
            ("select $x$ ; ) $x$, E'\\';', 1 /* ; /* ) */ */;", Postgres),
            ("select 'it\\'s;', `a;b` # ;\n from t", Mysql),
            ("select [a;b], \"c;\"\";d\" from t", Sqlite),
        ] {
            let text = checked(query, spelling).unwrap_or_else(|e| panic!("{query}: {e}"));
            assert!(!text.ends_with(';') && query.starts_with(&text), "{text}");
        }
    }

    #[test]
    fn what_could_leave_its_brackets_is_refused() {
        for (query, spelling, word) in [
            ("select 1; delete from t", Sqlite, "one statement"),
            ("select 1) x; drop table t; --", Sqlite, "without its"),
            ("delete from t", Postgres, "SELECT"),
            ("select 'a", Postgres, "not closed"),
            ("select 'a\\' from t", Mysql, "not closed"),
            ("select (1", Sqlite, "not closed"),
            ("select 1 /* x", Mysql, "not closed"),
            ("select 1 /*! into outfile 'x' */", Mysql, "executed"),
            (" -- nothing\n ;", Sqlite, "empty"),
            ("select $a$ ; $b$", Postgres, "not closed"),
        ] {
            let told = checked(query, spelling).expect_err(query);
            assert!(told.contains(word), "{query}: {told}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "[\\PC'\"`;()$/*\\\\#\\[\\]-]{0,60}") {
            for spelling in [Sqlite, Postgres, Mysql] {
                let _ = checked(&text, spelling);
                let _ = checked(&format!("select {text}"), spelling);
            }
        }
    }
}
