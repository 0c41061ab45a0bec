//! Tokens of AWS MSK IAM: URLs that are signed with AWS credentials.
//!
//! | file | contains |
//! |---|---|
//! | `credentials` | where credentials come from |
//! | `surroundings` | files, environment and HTTP for the library that finds them |
//! | `signature` | the signed URL |

mod credentials;
mod signature;
mod surroundings;

use super::checked_token::RawToken;
use super::error::TokenError;
use crate::config::AwsIamConfig;
use crate::model::Timestamp;

/// Makes a token with the credentials that there are now.
pub(super) async fn token(config: &AwsIamConfig, now: impl Fn() -> Timestamp) -> Result<RawToken, TokenError> {
    let credential = credentials::find(config, surroundings::context()).await?;
    signature::token(&config.region, &credential, now())
}
