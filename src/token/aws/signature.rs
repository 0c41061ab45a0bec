//! The signed URL that MSK takes as a token: AWS Signature Version 4 with query parameters.
//!
//! reqsign's own signer is for S3: it signs `UNSIGNED-PAYLOAD` where MSK expects the hash of an empty body.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqsign_aws_v4::{Credential, EMPTY_STRING_SHA256};
use reqsign_core::hash::{hex_hmac_sha256, hex_sha256, hmac_sha256};
use reqsign_core::time::Timestamp as AwsTime;

use crate::config::Secret;
use crate::model::Timestamp;
use crate::token::checked_token::RawToken;
use crate::token::endpoint_request::encode;
use crate::token::error::TokenError;

const SERVICE: &str = "kafka-cluster";
/// The longest that MSK allows, in seconds.
const LIFE: i64 = 900;

/// Makes a token that is valid for a quarter of an hour, but not longer than the credentials.
pub(super) fn token(region: &str, credential: &Credential, now: Timestamp) -> Result<RawToken, TokenError> {
    let broken = |_| TokenError::Aws("the clock shows a time that AWS has no form for".to_owned());
    let time = AwsTime::from_millisecond(now.0).map_err(broken)?;
    let url = signed_url(region, credential, time);
    let end = now.0.saturating_add(LIFE.saturating_mul(1000));
    let of_credential = credential.expires_in.map(|time| time.as_second().saturating_mul(1000));
    let expires = Timestamp(of_credential.map_or(end, |expires| expires.min(end)));
    if expires <= now {
        return Err(TokenError::Aws("the AWS credentials have expired: renew them, or compare the clocks".to_owned()));
    }
    Ok(RawToken { value: Secret::new(BASE64_URL_SAFE_NO_PAD.encode(url)), expires: Some(expires) })
}

/// `https://docs.aws.amazon.com/general/latest/gr/sigv4-create-canonical-request.html`
fn signed_url(region: &str, credential: &Credential, time: AwsTime) -> String {
    let host = format!("kafka.{region}.amazonaws.com");
    let (day, moment) = (time.format_date(), time.format_iso8601());
    let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
    let key = format!("{}/{scope}", credential.access_key_id);
    let life = LIFE.to_string();
    let mut fields = vec![
        ("Action", "kafka-cluster:Connect"),
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", &key),
        ("X-Amz-Date", &moment),
        ("X-Amz-Expires", &life),
    ];
    fields.extend(credential.session_token.as_deref().map(|token| ("X-Amz-Security-Token", token)));
    // By name, as they are signed.
    fields.push(("X-Amz-SignedHeaders", "host"));
    let query = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&");
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{EMPTY_STRING_SHA256}");
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex_sha256(request.as_bytes()));
    let secret = format!("AWS4{}", credential.secret_access_key);
    let key = [day.as_str(), region, SERVICE, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()));
    let signature = hex_hmac_sha256(&key, text.as_bytes());
    let agent = encode(concat!("warrener/", env!("CARGO_PKG_VERSION")));
    format!("https://{host}/?{query}&X-Amz-Signature={signature}&User-Agent={agent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(access: &str, secret: &str, session: Option<&str>) -> Credential {
        Credential {
            access_key_id: access.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: session.map(str::to_owned),
            expires_in: None,
        }
    }

    fn decoded(token: &str) -> String {
        String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap()
    }

    /// The fields of a URL, sorted.
    fn fields(url: &str) -> Vec<&str> {
        let mut fields: Vec<&str> = url.split_once('?').unwrap().1.split('&').collect();
        fields.sort_unstable();
        fields
    }

    #[test]
    fn a_token_is_that_of_amazons_own_library() {
        // Written by aws-msk-iam-auth, see tests/tokens/amazon.rs: access key, secret, session token, token.
        let lines = include_str!("../../../tests/fixtures/tokens/aws-msk-iam-auth.txt");
        assert_eq!(lines.lines().count(), 2);
        for line in lines.lines() {
            let [access, secret, session, token] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let credential = credential(access, secret, Some(session).filter(|session| *session != "-"));
            let theirs = decoded(token);
            let date = theirs.split("X-Amz-Date=").nth(1).unwrap().split('&').next().unwrap();
            let [year, month, day] = [&date[..4], &date[4..6], &date[6..8]];
            let [hour, minute, second] = [&date[9..11], &date[11..13], &date[13..15]];
            let time: AwsTime = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().unwrap();
            let ours = signed_url("eu-west-1", &credential, time);
            // Theirs has no slash there, those of AWS' libraries for other languages have one.
            let place = |url: &str| url.split_once('?').unwrap().0.trim_end_matches('/').to_owned();
            assert_eq!(place(&ours), place(&theirs));
            let without_agent = |url| -> Vec<String> {
                fields(url).into_iter().filter(|field| !field.starts_with("User-Agent=")).map(str::to_owned).collect()
            };
            assert_eq!(without_agent(&ours), without_agent(&theirs));
            assert!(ours.ends_with(concat!("&User-Agent=warrener%2F", env!("CARGO_PKG_VERSION"))));
        }
    }

    #[test]
    fn a_token_lives_a_quarter_of_an_hour_or_as_long_as_the_credentials() {
        let now = Timestamp(1_700_000_000_000);
        let expires = |of: Option<i64>| {
            let expires_in = of.map(|seconds| AwsTime::from_second(seconds).unwrap());
            let credential = Credential { expires_in, ..credential("a", "hush", None) };
            token("eu-west-1", &credential, now)
                .map(|raw| raw.expires.unwrap().0 / 1000)
                .map_err(|error| error.to_string())
        };
        assert_eq!(expires(None), Ok(1_700_000_900));
        assert_eq!(expires(Some(1_700_009_999)), Ok(1_700_000_900));
        assert_eq!(expires(Some(1_700_000_100)), Ok(1_700_000_100));
        let expired = "the AWS credentials have expired: renew them, or compare the clocks";
        assert_eq!(expires(Some(1_700_000_000)), Err(expired.to_owned()));
    }
}
