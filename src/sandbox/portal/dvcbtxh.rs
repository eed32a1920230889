//! dvcbtxh: its two records, which are their own envelopes (sections 2 and 6).

use super::files::Mode;
use super::json::Json;
use super::table::{Form, Table, may, must};
use super::visit::{Lobby, credentials, entry, tidy};
use super::{Ask, Call, DOSSIERS, Door};
use crate::sandbox::breach::Breaches;
use crate::sandbox::faults::Operation;
use crate::sandbox::wire::Request;

/// The key in the body, which is no part of the record.
pub(super) const KEY: &str = "AcceptKey";
const FLAG: Form = Form::OneOf(&["0", "1"]);
const PROVINCE: Form = Form::Digits(2);
const DISTRICT: Form = Form::Digits(3);
const COMMUNE: Form = Form::Digits(5);

const DOSSIER: Table = Table {
    columns: &[
        must("LoaiDuLieu", Form::OneOf(&["100"])),
        must("MaCSDL", Form::OneOf(&["1"])),
        must("MaHoSo", Form::Number),
        must("MaTTHC", Form::Procedure),
        may("TenTTHC", Form::Text),
        may("MaLinhVuc", Form::Text),
        may("TenLinhVuc", Form::Text),
        may("KenhThucHien", Form::Text),
        may("NoiNopHoSo", Form::Text),
        may("HinhThucTra", Form::Text),
        may("LoaiDoiTuong", Form::Text),
        must("StatusId", Form::Status),
        may("SubmitedDate", Form::SlashEither),
        may("UrlDetail", Form::Text),
        may("DonViXuLy", Form::Text),
        may("NgayTiepNhan", Form::SlashMoment),
        must("HoVaTen", Form::Text),
        may("NgayThangNamSinh", Form::SlashDay),
        may("GioiTinhId", Form::OneOf(&["1034", "1035"])),
        may("DanTocId", Form::NoLeadingZero),
        may("CMND", Form::Text),
        may("CMND_NgayCap", Form::SlashEither),
        may("CMND_NoiCap", Form::Text),
        may("LoaiDinhDanh", Form::Text),
        may("SoDinhDanh", Form::Text),
        may("SoDienThoai", Form::Telephone),
        may("Email", Form::Text),
        must("MaTinh", PROVINCE),
        may("MaHuyen", DISTRICT),
        may("MaXa", COMMUNE),
        may("HKTT_MaTinh", PROVINCE),
        may("HKTT_MaHuyen", DISTRICT),
        may("HKTT_MaXa", COMMUNE),
        may("HKTT_MaThon", Form::Text),
        may("NOHT_MaTinh", PROVINCE),
        may("NOHT_MaHuyen", DISTRICT),
        may("NOHT_MaXa", COMMUNE),
        may("NOHT_MaThon", Form::Text),
        may("NOHT_ChiTiet", Form::Text),
        may("LoaiKetQua", Form::Text),
        may("SoQuyetDinh", Form::Text),
        may("CoQuanBanHanh", Form::Text),
        may("TrichYeu", Form::Text),
        may("NgayBanHanh", Form::SlashEither),
        may("HoSoCoThanhPhanSoHoa", FLAG),
        may("TaiKhoanDuocXacThucVoiVNeID", FLAG),
        may("DuocThanhToanTrucTuyen", FLAG),
        may("CertificateExtentData", Form::Extent),
    ],
    status: "StatusId",
    received: Some("NgayTiepNhan"),
    time: None,
};

const STEP: Table = Table {
    columns: &[
        must("MaHoSo", Form::Number),
        may("TaiKhoanXuLy", Form::Text),
        must("NguoiXuLy", Form::Text),
        may("ChucDanh", Form::Text),
        must("ThoiDiemXuLy", Form::SlashMoment),
        may("DonViXuLy", Form::Text),
        may("NoiDungXuLy", Form::Text),
        must("StatusId", Form::Status),
        may("NgayBatDau", Form::SlashEither),
        may("NgayKetThucTheoQuyDinh", Form::SlashEither),
    ],
    status: "StatusId",
    received: None,
    time: Some("ThoiDiemXuLy"),
};

/// The fields of a dossier.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    DOSSIER.columns.iter().map(|column| column.name)
}

/// Reads what came to a door.
pub(super) fn call(door: Door, request: &Request, lobby: &Lobby<'_>, breaches: &mut Breaches) -> Call {
    let (name, entity, table) = match door {
        Door::Step => ("XuLyHoSo", "buoc-xu-ly", &STEP),
        Door::Dossier => ("DongBoDVC", DOSSIERS, &DOSSIER),
        _ => return token(request, lobby, breaches),
    };
    let mut call = Call { operation: Operation::Send, entity, authorised: true, ask: Ask::Nothing(String::new()) };
    call.ask = record(request, table, lobby, &mut call.authorised).unwrap_or_else(|(kind, what)| {
        breaches.add(kind, || format!("dvcbtxh {name}: {what}"));
        Ask::Nothing(what)
    });
    call
}

fn record(
    request: &Request,
    table: &Table,
    lobby: &Lobby<'_>,
    authorised: &mut bool,
) -> Result<Ask, (&'static str, String)> {
    let mut body = Json::read(&request.body).map_err(|what| ("envelope", what))?;
    let Json::Object(pairs) = &mut body else {
        return Err(("envelope", "not an object".to_owned()));
    };
    let key = pairs.iter().position(|(name, _)| name == KEY).map(|at| pairs.remove(at).1);
    match key.as_ref().and_then(Json::text) {
        Some(key) if tidy(key) => *authorised = key == lobby.settings.accept_key,
        _ => return Err(("envelope", "AcceptKey is not there".to_owned())),
    }
    if let Some(found) = table.judge(&body).first() {
        return Err(("record", format!("{}: {}", found.0, found.1)));
    }
    let entry = entry(table, &body);
    Ok(if table.time.is_some() { Ask::Steps(vec![entry]) } else { Ask::Dossiers(Mode::Replace, vec![entry]) })
}

/// Reads a request for a token.
fn token(request: &Request, lobby: &Lobby<'_>, breaches: &mut Breaches) -> Call {
    let ask = match credentials(&request.body) {
        Ok((user, password)) => {
            Ask::Enter(user == lobby.settings.dvcbtxh_user && password == lobby.settings.dvcbtxh_password)
        }
        Err(what) => {
            breaches.add("envelope", || format!("dvcbtxh LayToken: {what}"));
            Ask::Nothing(what)
        }
    };
    Call { operation: Operation::Token, entity: "", authorised: true, ask }
}
