//! All mismatches in a file: every form has every row, nothing in a cell is run as a formula.

use calamine::{Data, Reader as _, open_workbook_auto};

use super::{configured, is_private, path, read, report};
use crate::cli::program::json;
use crate::people::on_each;
use crate::run::crossed::{draws, run};

#[tokio::test]
async fn an_export_has_every_row_in_every_form() {
    for (world, _database) in on_each("export").await {
        draws(&world, "A", "087141000123", "5.5c", &[]);
        draws(&world, "B", "", "5.5c", &[]);
        draws(&world, "C", "087141000789", "=1+1", &[("ho_ten", "Lê Văn Một")]);
        draws(&world, "D", "087141000888", "5.5c", &[("ho_ten", "Lê Văn Hai"), ("ma_xa", "29872"), ("muc_huong", "1")]);
        run(&world, &world.stream).await;
        configured(&world);
        let to = |format: &str, more: &[&str]| {
            let file = path(&world, &format!("ra.{format}"));
            let told =
                report(&world, &[&["--json", "mismatch", "export", "--format", format, "--to", &file], more].concat());
            assert_eq!(told.status.code(), Some(0), "{told:?}");
            assert!(is_private(&file));
            (file, json(&told)["rows"].as_u64().unwrap())
        };
        let (file, rows) = to("json", &[]);
        let found: serde_json::Value = serde_json::from_str(&read(&file)).unwrap();
        let all = found["mismatches"].as_array().unwrap();
        assert_eq!((rows, all.len()), (3, 3), "{found}");
        let of = |key: &str| all.iter().find(|one| one["key"] == key).unwrap();
        assert_eq!(
            (of("B")["kind"].as_str(), of("B")["theirs"].as_str(), of("B")["commune"].as_str()),
            (Some("same-person"), Some("A"), Some("29869"))
        );
        assert_eq!((of("C")["reason"].as_str(), of("C")["ours"].as_str()), (Some("unknown-code"), Some("=1+1")));
        assert_eq!(
            (of("D")["kind_vi"].as_str(), of("D")["occurrences"].as_i64()),
            (Some("mức hưởng không đúng quy định"), Some(1))
        );

        let (file, _) = to("csv", &[]);
        let text = read(&file);
        assert!(text.starts_with("\u{feff}Số,Luồng,Khóa hồ sơ,"), "{text}");
        let mut table = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let cells: Vec<csv::StringRecord> = table.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(cells.len(), 3);
        let c = cells.iter().find(|row| &row[2] == "C").unwrap();
        assert!(c.iter().any(|cell| cell == "'=1+1") && !text.contains(",=1+1"), "{c:?}");

        let (file, _) = to("xlsx", &[]);
        let mut book = open_workbook_auto(&file).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        assert_eq!(sheet.height(), 4);
        assert!(sheet.cells().any(|(_, _, cell)| *cell == Data::String("=1+1".to_owned())));
        assert!(book.worksheet_formula(&book.sheet_names()[0]).unwrap().is_empty());

        for (more, rows) in [
            (&["--kind", "same-person"][..], 1),
            (&["--commune", "29872"], 1),
            (&["--commune", "29869"], 2),
            (&["--stream", "doi-tuong"], 3),
            (&["--state", "closed"], 0),
            (&["--state", "open"], 3),
        ] {
            assert_eq!(to("csv", more).1, rows, "{more:?}");
        }
        let wrong = report(&world, &["mismatch", "export", "--commune", "29896x", "--to", "x"]);
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
        // What is exported stands in the store: secrets and sources may be away.
        std::fs::remove_file(world.dir.path().join("secret")).unwrap();
        assert_eq!(to("csv", &["--commune", "29872"]).1, 1);
        let wrong = report(&world, &["mismatch", "export", "--stream", "khac", "--to", "x"]);
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
        let wrong = report(&world, &["mismatch", "export", "--kind", "same-persn", "--to", "x"]);
        assert!(String::from_utf8_lossy(&wrong.stderr).contains("same-person"), "{wrong:?}");
    }
}
