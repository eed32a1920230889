//! The table of a mapping as a workbook: one sheet an entity, laid out to be printed and signed.

use std::path::Path;

use jiff::civil::Date;
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::fields::{HEADS, parts, row};
use crate::mapping::FieldTold;
use crate::model::{Message, calendar};

/// One mapping's table.
pub(super) struct Sheet {
    pub system: String,
    pub entity: String,
    pub digest: String,
    pub told: Vec<FieldTold>,
}

/// Widths in characters, one a heading; together they fill a landscape A4 page.
const WIDTHS: [f64; 7] = [24.0, 24.0, 30.0, 12.0, 18.0, 22.0, 34.0];
const LAST: u16 = 6;
/// A sheet's name has at most so many characters.
const NAME: usize = 31;

/// Writes the workbook; a file that is there is replaced only once the new one is whole.
pub(super) fn write(file: &Path, sheets: &[Sheet], province: &str, today: Date) -> Result<(), XlsxError> {
    let mut book = Workbook::new();
    for (nth, sheet) in sheets.iter().enumerate() {
        let page = book.add_worksheet();
        let name: String = format!("{} {}", nth + 1, sheet.entity).chars().take(NAME).collect();
        page.set_name(name)?;
        lay_out(page, sheet, province, today)?;
    }
    // Whole in memory first: a workbook is some hundred rows, and half a file must not be signed.
    let bytes = book.save_to_buffer()?;
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, file)?;
    Ok(())
}

fn lay_out(page: &mut Worksheet, sheet: &Sheet, province: &str, today: Date) -> Result<(), XlsxError> {
    let title = Format::new().set_bold().set_font_size(14).set_align(FormatAlign::Center);
    let bold = Format::new().set_bold();
    let (wrapped, head) = (cell(), cell().set_bold().set_background_color(0x00DD_E6F0).set_align(FormatAlign::Center));
    for (column, width) in (0..).zip(WIDTHS) {
        page.set_column_width(column, width)?;
    }
    page.merge_range(0, 0, 0, LAST, &Message::SheetTitle.both(), &title)?;
    let name = format!("{}/{}", sheet.system, sheet.entity);
    for (line, (what, value)) in (2..).zip([
        (Message::SheetMapping, name.as_str()),
        (Message::SheetDigest, &sheet.digest),
        (Message::SheetProvince, province),
        (Message::SheetDate, &calendar::day(today)),
    ]) {
        page.write_with_format(line, 0, what.both(), &bold)?;
        page.write(line, 1, value)?;
    }
    // One head for both parts, so that a printed page always begins with it.
    let heads = 7;
    for (column, text) in (0..).zip(HEADS) {
        page.write_with_format(heads, column, text.both(), &head)?;
    }
    let mut line = heads;
    for (part, fields) in parts(&name, &sheet.told) {
        line += 1;
        page.merge_range(line, 0, line, LAST, &part, &cell().set_bold())?;
        for field in fields {
            line += 1;
            for (column, text) in (0..).zip(row(field)) {
                // Written as text: what looks like a number or a formula is neither.
                page.write_string_with_format(line, column, text, &wrapped)?;
            }
        }
    }
    sign(page, line + 2)?;
    page.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0).set_repeat_rows(heads, heads)?;
    page.set_freeze_panes(heads + 1, 1)?;
    page.set_footer(format!("&L{name} {}&R&P/&N", sheet.digest));
    Ok(())
}

/// Places for names, dates and signatures: who drew the table up, who checked it, who approves it.
fn sign(page: &mut Worksheet, line: u32) -> Result<(), XlsxError> {
    let head = Format::new().set_bold().set_align(FormatAlign::Center).set_text_wrap();
    let below = Format::new().set_align(FormatAlign::Center).set_italic();
    for (who, (first, last)) in
        [(Message::SheetDrew, (0, 1)), (Message::SheetChecked, (2, 4)), (Message::SheetApproved, (5, LAST))]
    {
        page.merge_range(line, first, line, last, &who.both(), &head)?;
        page.merge_range(line + 1, first, line + 1, last, &Message::SheetSign.both(), &below)?;
        page.merge_range(line + 6, first, line + 6, last, "………………………………", &below)?;
    }
    Ok(())
}

fn cell() -> Format {
    Format::new().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Thin)
}
