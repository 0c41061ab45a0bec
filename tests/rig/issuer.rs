//! Issues JSON Web Tokens, as an identity provider does. A broker checks them with its public key.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SigningKey};
use serde_json::{Value, json};

use super::records;

/// The audience that the brokers of the tests expect.
pub const AUDIENCE: &str = "kafka";

/// The issuer that they expect.
pub const ISSUER: &str = "https://id.rig";

/// A key, and who signs with it.
pub struct Issuer(KeyPair);

impl Issuer {
    pub fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    /// The public key as a JSON Web Key Set (RFC 7517).
    pub fn key_set(&self) -> String {
        // An uncompressed point: 4, x, y.
        let point = self.0.der_bytes();
        assert_eq!((point.len(), point[0]), (65, 4));
        let [x, y] = [&point[1..33], &point[33..]].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
        let key = json!({ "kty": "EC", "crv": "P-256", "kid": "rig", "use": "sig", "alg": "ES256", "x": x, "y": y });
        json!({ "keys": [key] }).to_string()
    }

    /// A token for Kafka that is valid for so many seconds.
    pub fn token(&self, seconds: i64) -> String {
        self.signed(&claims(seconds))
    }

    pub fn signed(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "rig" });
        let [header, claims] = [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = raw(&self.0.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What a good token claims.
pub fn claims(seconds: i64) -> Value {
    let now = records::now() / 1000;
    let (begin, end) = (now - 1, now + seconds);
    json!({ "iss": ISSUER, "sub": "warrener", "aud": AUDIENCE, "scope": "read", "iat": begin, "exp": end })
}

/// Two numbers in ASN.1 as 32 bytes each (RFC 7518, section 3.4).
fn raw(der: &[u8]) -> Vec<u8> {
    let mut rest = &der[2..];
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let digits = &number[number.len().saturating_sub(32)..];
        numbers.extend(std::iter::repeat_n(0, 32 - digits.len()));
        numbers.extend(digits);
        rest = &rest[2 + length..];
    }
    numbers
}
