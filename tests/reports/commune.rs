//! A commune's sheet: all that is open there, with the people's names, and nothing of other communes.

use molisa_gateway::sandbox::Tamper;

use super::{configured, is_private, path, read, report};
use crate::cli::program::json;
use crate::people::{execute, on_each};
use crate::reconcile::{House, set};
use crate::run::crossed::{draws, run};

#[tokio::test]
async fn a_commune_gets_its_own_people_to_check_and_sign() {
    for (world, _database) in on_each("commune_sheet").await {
        draws(&world, "A", "087141000123", "5.5c", &[]);
        draws(&world, "B", "", "5.5c", &[("thon_to", "Ấp <b>Một</b>")]);
        draws(&world, "H", "87141000123", "5.5c", &[("ho_ten", "Lê Văn Giữ")]);
        draws(&world, "O", "12", "5.5c", &[("ma_xa", "29872"), ("ho_ten", "Trần Thị Nơi Khác")]);
        run(&world, &world.stream).await;
        // Somebody decided that the source is to be corrected.
        execute(&world, "insert into correction (stream_id, mismatch_id, key, kind, field, ours, theirs, unit, decision, decided_by, why, at_ms) \
            select stream_id, id, key, kind, 'HoTen', 'Nguyễn Thị Ví Dụ', 'Nguyễn Thị Ví Dụng', '', 'correct-at-source', 'cán bộ A', 'theo giấy khai sinh', 1 \
            from mismatch where key = 'B'").await;
        configured(&world);
        let file = path(&world, "xa.html");
        let told = report(&world, &["--json", "report", "commune", "29869", "--to", &file]);
        assert_eq!(
            (told.status.code(), json(&told)["mismatches"].as_u64(), json(&told)["corrections"].as_u64()),
            (Some(0), Some(2), Some(1)),
            "{told:?}"
        );
        let page = read(&file);
        for expected in [
            "Tỉnh Đồng Tháp",
            "(mã 29869)",
            "<td>Nguyễn Thị Ví Dụ<br><small>05/03/1941; Ấp &lt;b&gt;Một&lt;/b&gt;; doi-tuong: B</small></td>",
            "có thể là cùng một người",
            "100 điểm (từ 60)",
            "số giấy tờ sai độ dài",
            "<td>87141000123</td>",
            "đề nghị: 087141000123",
            "<td>Lê Văn Giữ<br><small>05/03/1941; doi-tuong: H</small></td>",
            "Cộng: 2 việc cần kiểm tra, 1 dòng phải sửa ở nguồn.",
            "Nguyễn Thị Ví Dụng",
            "theo giấy khai sinh",
            "size: A4 landscape",
            "Người kiểm tra (ký)",
        ] {
            assert!(page.contains(expected), "{expected}\n{page}");
        }
        assert!(!page.contains("chưa có bản ghi nào"), "{page}");
        assert!(!page.contains("Nơi Khác") && !page.contains("29872") && !page.contains("<b>Một"), "{page}");
        assert!(!page.contains("http") && !page.contains("src=") && is_private(&file));
        let printed = "select 1 from correction where printed_ms is not null";
        let mut tx = world.store.read().await.unwrap();
        let rows: Vec<(i32,)> = match &mut tx {
            molisa_gateway::store::Tx::Sqlite(tx) => sqlx::query_as(printed).fetch_all(&mut **tx).await.unwrap(),
            molisa_gateway::store::Tx::Postgres(tx) => sqlx::query_as(printed).fetch_all(&mut **tx).await.unwrap(),
        };
        drop(tx);
        assert_eq!(rows.len(), 1);

        let nowhere = report(&world, &["report", "commune", "29896x", "--to", &path(&world, "nowhere.html")]);
        assert_eq!(nowhere.status.code(), Some(2), "a slip of the hand: {nowhere:?}");

        let folder = path(&world, "tat-ca");
        let all = report(&world, &["--json", "report", "commune", "--all", "--to", &folder]);
        let files = json(&all)["communes"].as_array().unwrap().len();
        assert_eq!((all.status.code(), files), (Some(0), 2), "{all:?}");
        assert!(read(&format!("{folder}/xa-29872.html")).contains("số giấy tờ sai độ dài"));
        assert!(!read(&format!("{folder}/xa-29869.html")).contains("chưa rõ xã"));
    }
}

/// What a rule proposes is what the commune is asked to correct, before and after somebody said so; and who is only at the
/// nation's is named as the nation names them.
#[tokio::test]
async fn the_right_value_and_a_strangers_name_stand_on_the_sheet() {
    for house in House::on_each("strangers on a sheet", 60).await {
        let world = &house.world;
        draws(world, "H", "87141000123", "5.5c", &[("ho_ten", "Lê Văn Giữ")]);
        world.sync_released().await.unwrap();
        let like = house.people()[3].clone();
        let fields =
            set(&[("HoTen", "Phạm Thị Lạ"), ("SoGiayTo", "087199000001"), ("MaXa", "29869"), ("MaHuyen", "866")]);
        house.tamper(&Tamper { reference: "NGOAI".into(), like: Some(like), set: fields, ..Tamper::default() });
        house.compared(true).await;
        let held = |sql| async move { execute(world, sql).await };
        held("update mismatch set state = 'decided', decision = 'correct-at-source', decided_by = 'lan', decided_ms = 1, seconded_by = '-' \
            where key = 'H'").await;
        house.compared(true).await;
        configured(world);
        let file = path(world, "xa.html");
        let told = report(world, &["--json", "report", "commune", "29869", "--to", &file]);
        assert_eq!((told.status.code(), json(&told)["corrections"].as_u64()), (Some(0), Some(1)), "{told:?}");
        let page = read(&file);
        assert!(page.contains("Phạm Thị Lạ<br>") && page.contains("tỉnh không có hồ sơ này"), "{page}");
        assert!(page.contains("đã quyết định: sửa tại nguồn (lan); đề nghị: 087141000123"), "{page}");
        assert_eq!(page.matches("087141000123").count(), 2, "and in the list of corrections: {page}");
    }
}
