//! What went wrong before anything was sent, in words that say what to do.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use super::wire::{Cause, WireError};

/// The error of an exchange that broke off, classified. `connecting` says that no connection stood yet.
pub fn classify(error: &(dyn Error + 'static), connecting: bool, timed_out: bool) -> WireError {
    if let Some(tls) = find::<rustls::Error>(error)
        && let Some(why) = explain(tls, connecting)
    {
        return WireError::NotSent { cause: Cause::Tls, why };
    }
    let kind = find::<io::Error>(error).map(io::Error::kind);
    if connecting {
        let text = chain(error);
        let (cause, why) = match kind {
            _ if timed_out => (Cause::Connect, "không kết nối được trong thời hạn / no connection in time".into()),
            Some(io::ErrorKind::ConnectionRefused) => (
                Cause::Connect,
                "máy chủ từ chối kết nối: kiểm tra địa chỉ, cổng, tường lửa / connection refused".into(),
            ),
            _ if text.contains("dns error") => (
                Cause::Name,
                "không tìm thấy tên máy chủ: kiểm tra địa chỉ và DNS / the host's name is not known".into(),
            ),
            _ => (Cause::Connect, format!("không kết nối được / no connection: {text}")),
        };
        return WireError::NotSent { cause, why };
    }
    let why = match kind {
        _ if timed_out => "quá thời hạn, chưa rõ kết quả / no answer in time".into(),
        Some(kind) => format!("kết nối bị đứt, chưa rõ kết quả / the connection broke: {kind}"),
        None => "kết nối bị đứt, chưa rõ kết quả / the connection broke".into(),
    };
    WireError::Unknown { why }
}

/// Errors from reqwest and hyper speak of connections only, never of bodies or headers; the last one says most.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    let mut text = String::new();
    while let Some(source) = last.source() {
        last = source;
        text = format!("{text}: {last}");
    }
    text.trim_start_matches(": ").to_owned()
}

/// The first error of a kind in the chain, also where an `io::Error` wraps it (its `source` skips what it wraps).
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(wrapped) = wrapped
            && let Some(found) = find::<E>(wrapped)
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// `None` where the request may have been sent all the same.
fn explain(error: &rustls::Error, connecting: bool) -> Option<String> {
    use rustls::Error as Tls;
    let text = match error {
        Tls::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "chứng thư máy chủ đã hết hạn: báo cơ quan quản lý hệ thống / the server's certificate has expired".into()
        }
        Tls::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            "chứng thư máy chủ chưa có hiệu lực: kiểm tra đồng hồ máy này / the server's certificate is not valid yet"
                .into()
        }
        Tls::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "không biết nơi cấp chứng thư máy chủ: thêm tệp CA vào cấu hình / unknown issuer: configure its CA file"
                .into()
        }
        Tls::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            "chứng thư máy chủ cấp cho tên khác: kiểm tra địa chỉ / the server's certificate is for another name".into()
        }
        Tls::InvalidCertificate(CertificateError::BadSignature) => {
            "chữ ký trên chứng thư máy chủ không khớp CA đã cấu hình: CA có thể đã đổi khóa / \
             the issuer has another key than the configured CA"
                .into()
        }
        Tls::InvalidCertificate(CertificateError::Revoked) => {
            "chứng thư máy chủ đã bị thu hồi / the server's certificate is revoked".into()
        }
        Tls::InvalidCertificate(_) => "chứng thư máy chủ không hợp lệ / the server's certificate is not valid".into(),
        // The other end ended the handshake because of our certificate. With TLS 1.3 the request may be on its way
        // by then, but an end that refuses the handshake never reads it.
        Tls::AlertReceived(
            alert @ (AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::HandshakeFailure),
        ) => format!(
            "máy chủ không nhận chứng thư của cổng này ({alert:?}): kiểm tra chứng thư và khóa / \
             the server refused our certificate"
        ),
        other if connecting => format!("không bắt tay TLS được / the TLS handshake failed: {other}"),
        _ => return None,
    };
    Some(text)
}
