//! The three catalogues of dvcqg: small, and true as far as section 4 goes. A row is code, name, parent, valid from,
//! valid to.

/// Names of a row's values.
pub(super) const NAMES: [&str; 5] = ["Ma", "Ten", "MaCha", "HieuLucTu", "HieuLucDen"];

type Rows = &'static [&'static [&'static str]];

const AGENCIES: Rows = &[&["H20", "Tỉnh Đồng Tháp", "", "", ""]];

const FIELDS: Rows = &[&["BTXH", "Bảo trợ xã hội", "", "", ""]];

const PROCEDURES: Rows = &[
    &["1.001776", "Thực hiện, điều chỉnh, thôi hưởng trợ cấp xã hội hằng tháng", "BTXH", "", ""],
    &["1.001731", "Hỗ trợ chi phí mai táng cho đối tượng bảo trợ xã hội", "BTXH", "", ""],
    &["1.001739", "Nhận chăm sóc, nuôi dưỡng đối tượng cần bảo vệ khẩn cấp", "BTXH", "", ""],
    &["1.001699", "Xác định mức độ khuyết tật và cấp Giấy xác nhận khuyết tật", "BTXH", "", ""],
    &["1.014027", "Trợ cấp hưu trí xã hội", "BTXH", "", ""],
    &["1.014028", "Hỗ trợ chi phí mai táng đối với người hưởng trợ cấp hưu trí xã hội", "BTXH", "", ""],
];

/// The catalogue that a service gives.
pub(super) fn of(service: &str) -> Option<Rows> {
    match service {
        "LayDanhMucCoQuan" => Some(AGENCIES),
        "LayDanhMucLinhVuc" => Some(FIELDS),
        "LayThuTuc" => Some(PROCEDURES),
        _ => None,
    }
}
