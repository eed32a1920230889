//! Whether a source still has the columns that a mapping needs, in the kinds that it needs.

use super::SourceError;
use crate::model::{Column, ColumnKind};

/// Compares the columns that are needed with those the source has. All differences are told at once:
/// a column that is gone (with the name it may have been renamed to) and one of another kind.
/// A kind that the source cannot tell (`None`) is taken as it comes; mapping reads it strictly.
pub fn check_shape(source: &str, needs: &[Column], has: &[Column]) -> Result<(), SourceError> {
    let mut faults = Vec::new();
    for need in needs {
        let Some(found) = has.iter().find(|c| c.name == need.name) else {
            faults.push(gone(source, need, needs, has));
            continue;
        };
        if let (Some(expected), Some(kind)) = (need.kind, found.kind)
            && !satisfies(expected, kind)
        {
            faults.push(retyped(source, &need.name, expected, kind));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(SourceError::Shape { place: source.to_owned(), faults }) }
}

/// Which kinds may stand for which: see [`ColumnKind`].
fn satisfies(expected: ColumnKind, found: ColumnKind) -> bool {
    use ColumnKind::{Boolean, Date, Decimal, Integer, Text, Timestamp};
    expected == found
        || matches!((expected, found), (Decimal, Integer) | (Date | Timestamp, Text) | (Boolean, Integer | Text))
}

fn gone(source: &str, need: &Column, needs: &[Column], has: &[Column]) -> String {
    let expected = need.kind.map_or_else(String::new, |k| format!(", kind {k}"));
    let candidates = has.iter().map(|c| c.name.as_str()).filter(|name| needs.iter().all(|n| n.name != **name));
    let advice = match nearest(&need.name, candidates) {
        Some(name) => format!(
            "có thể đã đổi tên thành `{name}`: sửa ánh xạ, hoặc thêm `as` vào câu truy vấn / \
             perhaps renamed to `{name}`: change the mapping, or name it with `as` in the query"
        ),
        None => "thêm cột vào câu truy vấn hoặc bỏ khỏi ánh xạ / add it to the query or take it out of the mapping"
            .to_owned(),
    };
    let name = &need.name;
    format!("nguồn / source {source}: cột / column `{name}`{expected}: không có / is gone; {advice}")
}

fn retyped(source: &str, name: &str, expected: ColumnKind, found: ColumnKind) -> String {
    let advice = if expected == ColumnKind::Text {
        "mã số lưu dạng số mất số 0 đứng đầu: đổi lại kiểu ở nguồn / \
         codes kept as numbers have lost their leading zeros: restore the type at the source"
    } else {
        "sửa kiểu ở nguồn, ép kiểu trong câu truy vấn, hoặc sửa ánh xạ / \
         correct the type at the source, cast it in the query, or change the mapping"
    };
    format!("nguồn / source {source}: cột / column `{name}`: cần / expected {expected}, thấy / found {found}; {advice}")
}

/// The candidate that is nearest to `name`, if any is near: the same but for case and `_`, or few letters away.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(128).collect()
    };
    let wanted = plain(name);
    candidates
        .map(|candidate| (distance(&wanted, &plain(candidate)), candidate))
        .filter(|(far, _)| *far <= (wanted.len() / 3).max(2).min(wanted.len().saturating_sub(1)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: Option<ColumnKind>) -> Column {
        Column { name: name.to_owned(), kind }
    }

    #[test]
    fn every_fault_is_told_with_column_expected_and_found() {
        use ColumnKind::{Integer, Text};
        let needs = [column("so_giay_to", Some(Text)), column("ho_ten", Some(Text)), column("quan_he", None)];
        let has = [column("so_giay_to", Some(Integer)), column("HoTen", Some(Text)), column("xyz", Some(Text))];
        let told = check_shape("s", &needs, &has).expect_err("three faults").to_string();
        assert!(told.contains("`so_giay_to`: cần / expected text, thấy / found integer"), "{told}");
        assert!(told.contains("perhaps renamed to `HoTen`"), "{told}");
        assert!(told.contains("`quan_he`: không có / is gone; thêm cột"), "{told}");
    }

    #[test]
    fn kinds_that_may_stand_for_another() {
        use ColumnKind::{Boolean, Date, Decimal, Integer, Text, Timestamp};
        let all = [Text, Integer, Decimal, Date, Timestamp, Boolean];
        let good: Vec<(ColumnKind, ColumnKind)> = all
            .iter()
            .flat_map(|e| all.iter().map(|f| (*e, *f)))
            .filter(|(e, f)| e != f && satisfies(*e, *f))
            .collect();
        let expected = [(Decimal, Integer), (Date, Text), (Timestamp, Text), (Boolean, Text), (Boolean, Integer)];
        assert_eq!(good, expected);
        assert!(check_shape("s", &[column("a", Some(Text))], &[column("a", None)]).is_ok());
    }

    #[test]
    fn a_name_that_is_far_is_not_suggested() {
        assert_eq!(nearest("ho_ten", ["ho_va_ten", "ma_xa"].into_iter()), Some("ho_va_ten"));
        assert_eq!(nearest("ho_ten", ["ma_xa"].into_iter()), None);
    }
}
