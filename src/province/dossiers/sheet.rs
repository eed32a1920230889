//! A dossier as rows of the two tables.

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use serde_json::json;

use super::super::programmes::Harm;
use super::super::recipe::Recipe;
use super::super::table::{Row, Table};
use super::hours;
use super::recipe::Stage;
use super::seat::Seat;

fn text(at: DateTime) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn word(recipe: &Recipe, stage: Stage) -> &str {
    recipe.body.ho_so.words.get(&stage).map_or("", String::as_str)
}

/// The dossier's number: office, day of filing, running number.
pub(super) fn number(recipe: &Recipe, seat: &Seat) -> String {
    let section = &recipe.body.ho_so;
    let office = section.first_office + recipe.communes[seat.commune].district as u64;
    let day = seat.times.first().map(|at| at.strftime("%y%m%d").to_string()).unwrap_or_default();
    format!("{}.{office}-{day}-{:04}", section.agency, seat.running)
}

fn office(recipe: &Recipe, seat: &Seat) -> String {
    format!("UBND {}", recipe.body.district[recipe.communes[seat.commune].district].name)
}

/// When it was received, or judged without being received.
fn received(seat: &Seat) -> Option<DateTime> {
    seat.stages.iter().zip(&seat.times).find(|(stage, _)| **stage != Stage::New).map(|(_, at)| *at)
}

fn due(recipe: &Recipe, received: DateTime) -> DateTime {
    let section = &recipe.body.ho_so;
    hours::later(received.date(), section.deadline, &section.holidays)
        .to_datetime(jiff::civil::Time::midnight())
        .saturating_add(17.hours())
}

/// The row of `ho_so`.
pub(super) fn dossier(recipe: &Recipe, seat: &Seat) -> Row {
    let section = &recipe.body.ho_so;
    let mut row = Row::new(Table::HoSo);
    if let Some(harm) = seat.harm {
        row.harm = Some(harm);
        row.expected_held = harm.of_dossier().then(|| harm.held_for());
    }
    let number = number(recipe, seat);
    let office = office(recipe, seat);
    row.set("ma_ho_so", number.as_str());
    row.set("so_bien_nhan", format!("BN-{number}"));
    row.set("ma_tthc", format!("{}.000.00.00.{}", seat.procedure, section.agency));
    row.set("linh_vuc", section.field.as_str());
    let online = seat.stages.first() == Some(&Stage::New);
    row.set("kenh", if online { "Trực tuyến" } else { "Trực tiếp" });
    row.set("noi_nop", if online { "Cổng quốc gia" } else { "Bộ phận Một cửa" });
    row.set("hinh_thuc_tra", "Trực tiếp");
    row.set("loai_doi_tuong", "Công dân");
    row.put("trang_thai_dau", seat.stages.first().map(|s| word(recipe, *s).to_owned()));
    row.put("trang_thai", seat.stages.last().map(|s| word(recipe, *s).to_owned()));
    row.put("ngay_nop", seat.times.first().map(|at| text(*at)));
    if let Some(at) = received(seat) {
        row.set("ngay_tiep_nhan", text(at));
        row.set("ngay_hen_tra", text(due(recipe, at)));
    }
    let time = |stages: &[Stage]| {
        let mut all = seat.stages.iter().zip(&seat.times).rev();
        all.find(|(stage, _)| stages.contains(stage)).map(|(_, at)| text(*at))
    };
    row.put("ngay_ket_thuc", time(&[Stage::Done, Stage::Refused, Stage::Withdrawn, Stage::Halted]));
    row.put("ngay_tra", time(&[Stage::Returned]));
    row.put("thong_tin_tra", time(&[Stage::Returned]).map(|_| "Trả tại Bộ phận Một cửa".to_owned()));
    row.put("ngay_tu_choi", time(&[Stage::Refused]));
    row.put("ngay_yeu_cau_bo_sung", time(&[Stage::Papers]));
    row.set("don_vi", office.as_str());
    for (column, value) in &seat.applicant {
        row.put(column, value.clone());
    }
    for (registered, present, own) in [
        ("hktt_ma_tinh", "noht_ma_tinh", "ma_tinh"),
        ("hktt_ma_huyen", "noht_ma_huyen", "ma_huyen"),
        ("hktt_ma_xa", "noht_ma_xa", "ma_xa"),
    ] {
        let own = row.get(own).map(str::to_owned);
        row.put(registered, own.clone());
        row.put(present, own);
    }
    row.set("so_dien_thoai", seat.telephone.as_str());
    row.set("trich_yeu", seat.subject.as_str());
    let filed = [("don", "Tờ khai đề nghị trợ giúp xã hội"), ("giay-to", "Giấy tờ kèm theo")];
    let described = |(at, (part, name)): (usize, &(&str, &str))| {
        json!({ "tep_id": format!("{number}-{at}"), "ten_tep": format!("{name}.pdf"), "ma_thanh_phan": part,
                "duong_dan": format!("/tep/{number}/{at}.pdf"), "so_hoa": online, "tai_su_dung": 0 })
    };
    let attached: Vec<_> = (1..).zip(&filed).map(described).take(if online { 2 } else { 1 }).collect();
    row.set("tai_lieu_nop", json!(attached).to_string());
    row.set("so_hoa", if online { "1" } else { "0" });
    row.set("vneid", if online { "Có" } else { "Không" });
    row.set("truc_tuyen", "0");
    if let Some(done) = seat.stages.iter().zip(&seat.times).find(|(s, _)| **s == Stage::Done).map(|(_, at)| at.date()) {
        row.set("loai_ket_qua", "Quyết định");
        row.put("so_quyet_dinh", seat.decision.clone());
        row.set("co_quan_ban_hanh", office);
        row.set("trich_yeu_ket_qua", seat.subject.as_str());
        row.set("ngay_ban_hanh", seat.decided.unwrap_or(done).to_string());
        let result = json!([{ "ten": format!("Quyết định {}", seat.decision.as_deref().unwrap_or_default()),
            "giay_to_id": format!("{number}-KQ"), "duong_dan": format!("/tep/{number}/kq.pdf"), "ma_giay_to": "QD" }]);
        row.set("giay_to_ket_qua", result.to_string());
    }
    row
}

/// The row of `buoc_xu_ly` for one step, counted from 0.
pub(super) fn step(recipe: &Recipe, seat: &Seat, at: usize) -> Row {
    let mut row = Row::new(Table::BuocXuLy);
    let dossier = number(recipe, seat);
    row.set("ma_buoc", format!("{dossier}/{}", at + 1));
    row.set("ma_ho_so", dossier);
    let handler = &seat.handlers[usize::from(at > 1)];
    row.set("tai_khoan", format!("cb.{}", recipe.body.district[recipe.communes[seat.commune].district].code));
    row.set("nguoi_xu_ly", handler.as_str());
    row.set("chuc_danh", seat.title.as_str());
    row.set("thoi_diem", text(seat.times[at]));
    row.set("don_vi", office(recipe, seat));
    row.set("trang_thai", word(recipe, seat.stages[at]));
    row.set("noi_dung", word(recipe, seat.stages[at]));
    row.set("ngay_bat_dau", text(seat.times[at.saturating_sub(1)]));
    row.put("han_xu_ly", received(seat).map(|received| text(due(recipe, received))));
    if let Some(harm) = seat.harm.filter(|h| !h.of_dossier() && at + 1 == seat.stages.len()) {
        row.hold(harm);
        match harm {
            // A slip of the mouse: the first word of the list. The dossier itself stands where it stood.
            Harm::StepBack => row.set("trang_thai", word(recipe, Stage::New)),
            _ => row.clear("nguoi_xu_ly"),
        }
    }
    row
}
