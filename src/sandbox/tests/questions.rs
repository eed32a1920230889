//! Counts, lists, other words, and the cost.

use super::*;

#[test]
fn counts_and_lists() {
    let mut nation = Boxed::new();
    let mut elsewhere = person("C");
    elsewhere["MaXa"] = json!("29872");
    let items = [item("B", "GHI", &person("B")), item("A", "GHI", &person("A")), item("C", "GHI", &elsewhere)];
    nation.send("batch-0001", &items);
    nation.send("batch-0002", &[item("A", "DUNG", &stop())]);
    let check = |pairs: &[(&str, String)]| {
        let sum = pairs.iter().fold(0, |sum, (reference, version)| {
            let hash = Sha256::digest(format!("{reference}|{version}").as_bytes());
            sum ^ u64::from_be_bytes(hash[..8].try_into().unwrap())
        });
        format!("{sum:016x}")
    };
    let here = check(&[("A", version("DUNG", &stop())), ("B", version("GHI", &person("B")))]);
    let there = check(&[("C", version("GHI", &elsewhere))]);
    let counted = nation.post("/misposasoft/1.0/doi-tuong/thong-ke", &json!({"MaTinh": "87", "Nhom": "MaXa"}));
    assert_eq!(
        counted["result"],
        json!([{"MaXa": "29869", "SoLuong": 2, "MaKiemTra": here}, {"MaXa": "29872", "SoLuong": 1, "MaKiemTra": there}])
    );
    let list = "/misposasoft/1.0/doi-tuong/danh-sach";
    let page = nation.post(list, &json!({"MaTinh": "87", "Trang": 2, "KichThuoc": 2}));
    assert_eq!((&page["result"]["TongSo"], &page["result"]["Trang"]), (&json!(3), &json!(2)));
    assert_eq!(page["result"]["DanhSach"][0]["DoiTuong"], elsewhere);
    let page = nation.post(list, &json!({"MaTinh": "87", "MaXa": "29869", "Trang": 1, "KichThuoc": 500}));
    let names: Vec<_> =
        page["result"]["DanhSach"].as_array().unwrap().iter().map(|r| r["MaThamChieu"].clone()).collect();
    assert_eq!(
        (names, page["result"]["DanhSach"][0]["TrangThai"].clone()),
        (vec![json!("A"), json!("B")], json!("THOI_HUONG"))
    );
    assert_eq!(nation.kinds(), [""; 0]);
    let wrong = nation.post(list, &json!({"MaTinh": "87", "Trang": 1, "KichThuoc": 501}));
    assert_eq!((wrong["error_code"].as_str(), nation.kinds()), (Some("-1"), vec!["question"]));
}

#[test]
fn words_are_renamed_and_the_hash_is_not() {
    let words = Words::from_toml(
        "[paths]\nsend = '/v2/push'\n[envelope]\nMaGoiTin = 'BatchKey'\nDanhSach = 'Items'\n[answer]\nerror_code = 'code'\nKetQua = 'R'\n\
         [codes]\n0 = 'OK'\n[results]\n0 = 'Y'\n[actions]\nGHI = 'PUT'\n[record]\nHoTen = 'FullName'\n",
    )
    .unwrap();
    let mut nation = Boxed::with(Settings::default(), words);
    let mut sent = item("A", "GHI", &person("A"));
    sent["ThaoTac"] = json!("PUT");
    let record = sent["DoiTuong"].as_object_mut().unwrap();
    let name = record.remove("HoTen").unwrap();
    record.insert("FullName".to_owned(), name);
    let answer = nation.post(
        "/v2/push",
        &json!({"MaTinh": "87", "BatchKey": "batch-0001", "ThoiGianGui": "20261118083000", "Items": [sent]}),
    );
    assert_eq!((&answer["code"], &answer["result"][0]["R"]), (&json!("OK"), &json!("Y")));
    assert_eq!(nation.kinds(), [""; 0]);
    assert!(matches!(Words::from_toml("[paths]\npush = '/x'\n"), Err(WordsError::Unreadable(_))));
    assert!(matches!(Words::from_toml("[record]\nTen = 'x'\n"), Err(WordsError::UnknownField(_))));
    assert!(matches!(Words::from_toml("[codes]\n3 = '0'\n"), Err(WordsError::Twice { .. })));
}

#[test]
fn full_batches_go_in_one_after_the_other() {
    let mut nation = Boxed::new();
    let bodies: Vec<Vec<u8>> = (0..40)
        .map(|at| {
            let items: Vec<Value> =
                (0..500).map(|n| item(&format!("DT-{at}-{n}"), "GHI", &person(&format!("Nguyễn {n}")))).collect();
            batch(&format!("batch-{at:04}"), "20261118083000", &items)
        })
        .collect();
    for body in bodies {
        nation.reply(SEND, body);
    }
    assert_eq!((nation.nation.report().people, nation.nation.report().violations), (20_000, 0));
}
