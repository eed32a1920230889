//! Signatures by the Standard Webhooks scheme: `v1,` and base64 of HMAC-SHA-256 over `id.timestamp.body`, one for each
//! secret, so that a secret can be changed while both ends are at work.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::model::Timestamp;

/// Begins a secret that is written in base64.
const PREFIX: &str = "whsec_";
/// The shortest key, in bytes, as the scheme has it.
const SHORTEST: usize = 24;

/// Signs with one or several secrets, the newest first.
#[derive(Clone)]
pub struct Signer(Vec<Hmac<Sha256>>);

impl Signer {
    /// Reads the secrets: `whsec_…` is base64, any other text is the key itself. Says which one is none, never its text.
    pub fn new(secrets: &[SecretString]) -> Result<Self, String> {
        if secrets.is_empty() {
            return Err("chưa có khóa ký / there is no signing secret".to_owned());
        }
        let keyed = |(nth, secret): (usize, &SecretString)| {
            let wrong = |what: &str| format!("khóa ký thứ {}: {what}", nth + 1);
            let text = secret.expose_secret().trim();
            let key = match text.strip_prefix(PREFIX) {
                Some(coded) => STANDARD
                    .decode(coded)
                    .map_err(|_| wrong("sau whsec_ phải là base64 / what follows whsec_ must be base64"))?,
                None => text.as_bytes().to_vec(),
            };
            if key.len() < SHORTEST {
                return Err(wrong(&format!("ngắn hơn {SHORTEST} byte / shorter than {SHORTEST} bytes")));
            }
            Hmac::new_from_slice(&key).map_err(|_| wrong("độ dài không hợp lệ / its length cannot be used"))
        };
        Ok(Self(secrets.iter().enumerate().map(keyed).collect::<Result<_, _>>()?))
    }

    /// The value of `webhook-signature` for one attempt.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let signed = |keyed: &Hmac<Sha256>| {
            let mut hash = keyed.clone();
            hash.update(format!("{id}.{}.", seconds(at)).as_bytes());
            hash.update(body);
            format!("v1,{}", STANDARD.encode(hash.finalize().into_bytes()))
        };
        self.0.iter().map(signed).collect::<Vec<_>>().join(" ")
    }
}

/// The value of `webhook-timestamp`: whole seconds.
pub fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the scheme's own libraries are tested with.
    #[test]
    fn the_schemes_example() {
        let signer = Signer::new(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()]).expect("a secret");
        let header =
            signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp(1_614_265_330_000), br#"{"test": 2432232314}"#);
        assert_eq!(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_none_is_named_by_its_place_and_not_shown() {
        let good = "một khóa đủ dài cho mọi người";
        for (bad, what) in [("whsec_!!!Bimat", "base64"), ("Bimat", "24"), ("whsec_QmltYXQ=", "24")] {
            let told = Signer::new(&[good.into(), bad.into()]).err().expect("a mistake");
            assert!(told.contains("thứ 2") && told.contains(what) && !told.contains("Bimat"), "{told}");
        }
        assert!(Signer::new(&[]).is_err());
        assert_eq!(
            Signer::new(&[good.into(), good.into()]).expect("two").sign("a", Timestamp(0), b"").matches("v1,").count(),
            2
        );
    }
}
