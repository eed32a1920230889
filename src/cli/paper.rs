//! Pages to be printed and signed: one HTML file with everything in it, A4, written as it comes.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use super::rows::{part_of, private, put};

/// What every sheet looks like. Nothing is fetched from anywhere.
const STYLE: &str = "\
@page { size: A4 landscape; margin: 12mm 12mm 14mm; }
* { box-sizing: border-box; }
body { font-family: 'Times New Roman', 'Liberation Serif', 'DejaVu Serif', serif; font-size: 12px; color: #000; margin: 12px; }
header { display: flex; justify-content: space-between; gap: 24px; }
header div { text-align: center; }
h1 { font-size: 17px; text-align: center; margin: 14px 0 2px; text-transform: uppercase; }
h2 { font-size: 14px; margin: 16px 0 4px; }
p { margin: 2px 0; }
p.under { text-align: center; font-style: italic; }
table { width: 100%; border-collapse: collapse; margin-top: 6px; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 1px solid #000; padding: 3px 5px; vertical-align: top; text-align: left; overflow-wrap: anywhere; }
th { background: #eee; text-align: center; font-weight: bold; }
td.n { text-align: right; white-space: nowrap; }
td small { color: #333; }
footer { display: flex; justify-content: space-around; margin-top: 20px; text-align: center; break-inside: avoid; }
footer div { min-width: 30%; }
footer i { display: block; margin-bottom: 70px; }
@media print { body { margin: 0; } }
";

/// A text between tags.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(sign),
        }
    }
    out
}

/// A number with its thousands apart, as Vietnamese has them.
pub(super) fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

/// A page that is being written.
pub(super) struct Paper {
    file: PathBuf,
    part: PathBuf,
    out: BufWriter<std::fs::File>,
}

/// A cell of a row.
pub(super) enum Cell<'c> {
    Text(&'c str),
    Both(&'c str, &'c str),
    Number(i64),
    /// So many, and below it what they draw.
    Counted(i64, i64),
}

impl Paper {
    /// Begins a page: who issues it, its title, and lines below.
    pub fn begin(file: &Path, province: &str, day: &str, title: &str, under: &[String]) -> Result<Self, Failure> {
        let part = part_of(file);
        let out = private(&part).map_err(|e| failed(file, &e))?;
        let mut paper = Self { file: file.to_owned(), part, out };
        let (province, title) = (escape(province), escape(title));
        let mut head = format!(
            "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>\n{STYLE}</style></head>\n<body>\n\
            <header><div><b>{province}</b></div><div><b>CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</b><br><b>Độc lập - Tự do - Hạnh phúc</b><br>\
            <i>{}</i></div></header>\n<h1>{title}</h1>\n",
            escape(day)
        );
        for line in under {
            // Writing to a String cannot fail.
            let _ = writeln!(head, "<p class=\"under\">{}</p>", escape(line));
        }
        paper.write(&head)?;
        Ok(paper)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(|e| failed(&self.file, &e))
    }

    /// A heading of a part.
    pub fn heading(&mut self, text: &str) -> Result<(), Failure> {
        self.write(&format!("<h2>{}</h2>\n", escape(text)))
    }

    /// A line.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.write(&format!("<p>{}</p>\n", escape(text)))
    }

    /// Begins a table; widths in per cent.
    pub fn table(&mut self, heads: &[(&str, u8)]) -> Result<(), Failure> {
        let mut text = String::from("<table><thead><tr>");
        for (head, width) in heads {
            let _ = write!(text, "<th style=\"width:{width}%\">{}</th>", escape(head));
        }
        text.push_str("</tr></thead><tbody>\n");
        self.write(&text)
    }

    /// A row of it.
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), Failure> {
        let mut text = String::from("<tr>");
        for cell in cells {
            let _ = match cell {
                Cell::Text(words) | Cell::Both(words, "") => write!(text, "<td>{}</td>", escape(words)),
                Cell::Both(words, below) => {
                    write!(text, "<td>{}<br><small>{}</small></td>", escape(words), escape(below))
                }
                Cell::Counted(n, amount) => {
                    write!(text, "<td class=\"n\">{}<br><small>{}</small></td>", grouped(*n), grouped(*amount))
                }
                Cell::Number(n) => write!(text, "<td class=\"n\">{}</td>", grouped(*n)),
            };
        }
        text.push_str("</tr>\n");
        self.write(&text)
    }

    /// Ends it.
    pub fn end_table(&mut self) -> Result<(), Failure> {
        self.write("</tbody></table>\n")
    }

    /// Places for signatures, and puts the whole page in its place.
    pub fn end(mut self, signs: &[&str]) -> Result<(), Failure> {
        let mut text = String::from("<footer>");
        for who in signs {
            let _ = write!(text, "<div><b>{}</b><br><i>(Ký, ghi rõ họ tên)</i></div>", escape(who));
        }
        text.push_str("</footer>\n</body></html>\n");
        self.write(&text)?;
        put(self.out, &self.part, &self.file)
    }
}

fn failed(file: &Path, error: &io::Error) -> Failure {
    Failure::new(1, format!("không ghi được {}: {error} / cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_never_markup() {
        assert_eq!(escape("<b title='\"'>&Đỗ"), "&lt;b title=&#39;&quot;&#39;&gt;&amp;Đỗ");
    }

    #[test]
    fn thousands_stand_apart() {
        for (n, text) in
            [(0, "0"), (999, "999"), (1000, "1.000"), (36_680_000_000, "36.680.000.000"), (-1500, "-1.500")]
        {
            assert_eq!(grouped(n), text);
        }
    }
}
