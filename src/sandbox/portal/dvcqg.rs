//! dvcqg: its envelopes and its two records (sections 3 and 6).

use super::catalogue;
use super::files::Mode;
use super::json::Json;
use super::table::{Form, Table, may, must};
use super::visit::{Lobby, entry, tidy};
use super::{Ask, Call, DOSSIERS};
use crate::sandbox::breach::Breaches;
use crate::sandbox::faults::Operation;
use crate::sandbox::wire::Request;

const DOSSIER: Table = Table {
    columns: &[
        must("MaHoSo", Form::Number),
        must("MaTTHC", Form::Procedure),
        must("TenTTHC", Form::Text),
        may("MaLinhVuc", Form::Text),
        may("TenLinhVuc", Form::Text),
        may("SoBienNhan", Form::Text),
        must("ChuHoSo", Form::Text),
        must("LoaiDoiTuong", Form::OneOf(&["1", "2", "3", "4"])),
        may("MaDoiTuong", Form::Text),
        may("ThongTinKhac", Form::Text),
        may("Email", Form::Text),
        may("Fax", Form::Text),
        may("SoDienThoai", Form::Telephone),
        may("TrichYeuHoSo", Form::Most(1_000)),
        may("NgayTiepNhan", Form::Moment),
        may("NgayHenTra", Form::Moment),
        must("TrangThaiHoSo", Form::Status),
        may("NgayTra", Form::Moment),
        may("ThongTinTra", Form::Text),
        may("HinhThuc", Form::Text),
        may("NgayKetThucXuLy", Form::Moment),
        may("DonViXuLy", Form::Text),
        may("GhiChu", Form::Text),
        may("KenhThucHien", Form::Text),
        may("NgayNopHoSo", Form::Moment),
        may("NgayTuChoi", Form::Moment),
        may("NgayYeuCauBoSung", Form::Moment),
        may("DinhDanhCHS", Form::Identity),
        may("TaiLieuNop", Form::Lists),
        may("DanhSachLePhi", Form::Lists),
        may("DanhSachTepDinhKemKhac", Form::Lists),
        may("DanhSachHoSoBoSung", Form::Lists),
        may("DanhSachGiayToKetQua", Form::Lists),
    ],
    status: STATUS,
    received: Some("NgayTiepNhan"),
    time: None,
};

const PROGRESS: Table = Table {
    columns: &[
        must("MaHoSo", Form::Number),
        must("NguoiXuLy", Form::Most(50)),
        may("ChucDanh", Form::Text),
        must("ThoiDiemXuLy", Form::Moment),
        may("PhongBanXuLy", Form::Text),
        may("NoiDungXuLy", Form::Text),
        must("TrangThai", Form::Status),
        may("NgayBatDau", Form::Moment),
        may("NgayKetThucTheoQuyDinh", Form::Moment),
    ],
    status: "TrangThai",
    received: None,
    time: Some("ThoiDiemXuLy"),
};

/// The dossier's status.
pub(super) const STATUS: &str = "TrangThaiHoSo";
/// Steps of one call at most.
const MOST_STEPS: usize = 10;

/// The header that every call carries.
fn agency(request: &Request, lobby: &Lobby<'_>) -> Result<(), String> {
    let given = request.header("dstcode").unwrap_or_default();
    let fits = if lobby.settings.dstcode.is_empty() { tidy(given) } else { given == lobby.settings.dstcode };
    if fits { Ok(()) } else { Err("header dstcode is not there or another".to_owned()) }
}

/// Reads a login.
pub(super) fn login(request: &Request, lobby: &Lobby<'_>, breaches: &mut Breaches) -> Call {
    let read = || -> Result<bool, String> {
        agency(request, lobby)?;
        let (user, password) = super::visit::credentials(&request.body)?;
        Ok(user == lobby.settings.dvcqg_user && password == lobby.settings.dvcqg_password)
    };
    let ask = match read() {
        Ok(fits) => Ask::Enter(fits),
        Err(what) => refuse(breaches, Wrong("envelope", format!("login: {what}"), String::new())),
    };
    Call { operation: Operation::Token, entity: "", authorised: true, ask }
}

/// A breach: its rule, what it is and where, and the number of the dossier, which the answer names.
struct Wrong(&'static str, String, String);

fn refuse(breaches: &mut Breaches, Wrong(kind, what, number): Wrong) -> Ask {
    breaches.add(kind, || format!("dvcqg {what}"));
    Ask::Nothing(if number.is_empty() { what } else { format!("Hồ sơ {number}: {what}") })
}

/// Reads everything else.
pub(super) fn integration(request: &Request, lobby: &Lobby<'_>, breaches: &mut Breaches) -> Call {
    let mut call = Call { operation: Operation::Send, entity: "", authorised: true, ask: Ask::Nothing(String::new()) };
    let body = match agency(request, lobby).and_then(|()| Json::read(&request.body)) {
        Ok(body) => body,
        Err(what) => {
            call.ask = refuse(breaches, Wrong("envelope", what, String::new()));
            return call;
        }
    };
    call.authorised = lobby.tokens.lives(body.text_of("session"), lobby.now_ms);
    let service = body.text_of("service");
    let keys: &[&str] = match service {
        "DongBoHoSoMC" => {
            call.entity = DOSSIERS;
            &["session", "madonvi", "service", "isUpdating", "data"]
        }
        "CapNhatTienDoHoSoMC" => {
            call.entity = "tien-do";
            &["session", "madonvi", "service", "isUpdating", "data"]
        }
        "TraCuuHoSo" => {
            call.operation = Operation::Ask;
            &["session", "madonvi", "service", "mahoso"]
        }
        _ => {
            call.operation = Operation::List;
            &["session", "madonvi", "service"]
        }
    };
    call.ask = asked(service, &body, keys).unwrap_or_else(|wrong| refuse(breaches, wrong));
    call
}

fn asked(service: &str, body: &Json, keys: &[&str]) -> Result<Ask, Wrong> {
    let catalogue = catalogue::of(service);
    if catalogue.is_none() && !matches!(service, "DongBoHoSoMC" | "CapNhatTienDoHoSoMC" | "TraCuuHoSo") {
        return Err(Wrong("envelope", "a service that there is not".to_owned(), String::new()));
    }
    let wrong = |what: &str| Err(Wrong("envelope", format!("{service}: {what}"), String::new()));
    if body.has_other_than(keys) {
        return wrong("a key that the envelope does not have");
    }
    if !["session", "madonvi"].iter().all(|key| tidy(body.text_of(key))) {
        return wrong("session or madonvi is not there");
    }
    if let Some(rows) = catalogue {
        return Ok(Ask::Catalogue(rows));
    }
    if service == "TraCuuHoSo" {
        let number = body.text_of("mahoso");
        return if tidy(number) { Ok(Ask::LookUp(number.to_owned())) } else { wrong("mahoso is not there") };
    }
    let mode = match body.get("isUpdating").map(Json::text) {
        Some(Some("True")) => Mode::Update,
        Some(Some("False")) => Mode::Create,
        None if service == "CapNhatTienDoHoSoMC" => Mode::Update,
        _ => return wrong("isUpdating is not \"True\" or \"False\""),
    };
    let Some(Json::List(data)) = body.get("data") else { return wrong("data is not a list") };
    if data.is_empty() {
        return wrong("data is empty");
    }
    let steps = service == "CapNhatTienDoHoSoMC";
    if steps && data.len() > MOST_STEPS {
        return wrong("more than 10 steps");
    }
    let table = if steps { &PROGRESS } else { &DOSSIER };
    let mut entries = Vec::with_capacity(data.len());
    for (record, at) in data.iter().zip(1..) {
        if let Some(found) = table.judge(record).first() {
            let what = format!("{service} record {at}: {}: {}", found.0, found.1);
            let number = record.text_of("MaHoSo");
            return Err(Wrong("record", what, if tidy(number) { number.to_owned() } else { String::new() }));
        }
        entries.push(entry(table, record));
    }
    Ok(if steps { Ask::Steps(entries) } else { Ask::Dossiers(mode, entries) })
}
