//! `mapping fields --format xlsx`: the workbook that people sign, read back by a reader that is not ours.

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use molisa_gateway::mapping::Mapping;

use super::program::{configure, run};
use crate::support::world::mappings;

#[test]
fn the_table_of_a_mapping_is_a_workbook_to_be_signed() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    let (config, file) = (dir.path().join("gateway.toml"), dir.path().join("ánh xạ.xlsx"));
    let call = |more: &[&str]| {
        let args = ["--config", config.to_str().unwrap(), "mapping", "fields", "--format", "xlsx"];
        run(&[&args, more].concat())
    };
    assert_eq!(call(&[]).status.code(), Some(2), "a workbook has a file");
    let output = call(&["--output", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(call(&["--output", file.to_str().unwrap()]).status.code(), Some(2), "nothing is written over");
    assert_eq!(call(&["--output", file.to_str().unwrap(), "--force"]).status.code(), Some(0));

    let mapping = Mapping::load(&mappings(), "misposasoft", "doi-tuong").unwrap();
    let digest = format!("{:016x}", u64::from_be_bytes(mapping.digest()));
    let mut book: Xlsx<_> = open_workbook(&file).unwrap();
    let name = book.sheet_names()[0].clone();
    let range = book.worksheet_range(&name).unwrap();
    let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect();
    let whole = rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n");
    for wanted in
        ["BẢNG ÁNH XẠ DỮ LIỆU", "misposasoft/doi-tuong", &digest, "Người lập", "Người kiểm tra", "Người phê duyệt"]
    {
        assert!(whole.contains(wanted), "{wanted}: {whole}");
    }
    let head = rows.iter().position(|row| row[0].starts_with("Trường")).unwrap();
    let heads: Vec<&str> = rows[head].iter().map(|cell| cell.split(" / ").next().unwrap()).collect();
    assert_eq!(heads, ["Trường", "Cột nguồn", "Biến đổi", "Bắt buộc", "Danh mục", "Quy tắc", "Căn cứ"]);
    // Every field once for each kind of record, with its column and its list.
    for field in mapping.fields() {
        let found = rows[head..].iter().any(|row| row[0] == field.field && row[1] == field.columns.join(", "));
        assert!(found, "{}: {whole}", field.field);
    }
    let poor = rows.iter().find(|row| row[0] == "GioiTinh").unwrap();
    assert_eq!(poor[4], "gender");
}
