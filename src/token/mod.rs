//! Tokens for clients that authenticate with OAUTHBEARER or AWS MSK IAM: fetched, checked, and fetched again before they
//! expire.
//!
//! | file | contains |
//! |---|---|
//! | `providers`, `provider` | [`TokenProviders`] of a run, and [`TokenProvider`], which gets the tokens of one section |
//! | `refresh_time` | when a token is fetched again, and the pauses after failures |
//! | `fetch` | one token from its source |
//! | `endpoint_request`, `endpoint_answer` | the request to a token endpoint, and its answer |
//! | `aws` | tokens of AWS MSK IAM |
//! | `http_client`, `tls`, `files` | bounded HTTP, its TLS, and files |
//! | `checked_token` | a token that librdkafka accepts |
//! | `error` | why there is no token |
//!
//! What servers and files say is checked before it is used, and no message contains a secret.

mod aws;
mod checked_token;
mod endpoint_answer;
mod endpoint_request;
mod error;
mod fetch;
mod files;
mod http_client;
mod provider;
mod providers;
mod refresh_time;
mod tls;

pub(crate) use checked_token::Token;
pub(crate) use provider::TokenNews;
pub use provider::TokenProvider;
pub use providers::TokenProviders;

/// The longest token, secret or assertion, in bytes.
const MOST_BYTES: usize = 65_536;
