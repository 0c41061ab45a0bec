//! Gets the tokens of one section, as long as somebody uses them.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};

use super::checked_token::Token;
use super::error::TokenError;
use super::fetch::fetch;
use super::refresh_time::{pause, refresh_time};
use crate::clock;
use crate::config::{TokenConfig, TokenSource};
use crate::model::Timestamp;

/// The longest sleep before the wall clock is read again: it may be set, and goes on while a machine is suspended.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

const OF_TOKENS: &str = "the broker does not accept the token: compare its issuer, audience, signature and times with what the listener expects";
const OF_AWS: &str = "the broker does not accept the signed URL: check the AWS credentials, the region, and the right kafka-cluster:Connect";

/// The tokens of one section. Its clients ask it for news; it never calls them. Its task ends when it is dropped.
#[derive(Debug)]
pub struct TokenProvider {
    tokens: Arc<SharedTokens>,
    /// What to do when a broker does not accept a token.
    pub(crate) refusal_hint: &'static str,
    _stop: DropGuard,
}

/// What the task and the clients share.
#[derive(Debug, Default)]
struct SharedTokens {
    state: Mutex<TokenState>,
    /// Wakes the task at the first request.
    requested: Notify,
}

#[derive(Debug, Default)]
struct TokenState {
    /// Counts tokens and failures.
    version: u64,
    token: Option<(u64, Arc<Token>)>,
    /// Why the last attempt failed.
    failure: Option<(u64, Arc<str>)>,
}

/// What a client has not seen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenNews {
    /// A new token.
    Token(Arc<Token>),
    /// The last attempt failed, and there is no valid token.
    Failure(Arc<str>),
}

impl TokenProvider {
    /// Returns a provider, and the work of its task.
    pub(super) fn new(config: TokenConfig, parent: &CancellationToken) -> (Self, impl Future<Output = ()> + use<>) {
        let stop = parent.child_token();
        let tokens = Arc::<SharedTokens>::default();
        let refusal_hint = match config.source {
            TokenSource::Endpoint(_) | TokenSource::File(_) | TokenSource::Value(_) => OF_TOKENS,
            TokenSource::Aws(_) => OF_AWS,
        };
        let work = provide(Arc::clone(&tokens), config);
        let until = stop.clone();
        (Self { tokens, refusal_hint, _stop: stop.drop_guard() }, async move {
            until.run_until_cancelled(work).await.unwrap_or_default()
        })
    }

    /// Starts fetching tokens, if that has not happened yet.
    pub fn request(&self) {
        self.tokens.requested.notify_one();
    }

    /// Returns what is newer than version `seen`, with its version. Never blocks.
    pub(crate) fn news(&self, seen: u64, now: Timestamp) -> Option<(u64, TokenNews)> {
        let state = self.tokens.state();
        let news = match (&state.token, &state.failure) {
            (Some((version, token)), _) if token.expires > now => (*version, TokenNews::Token(Arc::clone(token))),
            (_, Some((version, why))) => (*version, TokenNews::Failure(Arc::clone(why))),
            (_, None) => return None,
        };
        (news.0 > seen).then_some(news)
    }
}

impl SharedTokens {
    fn state(&self) -> MutexGuard<'_, TokenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record_token(&self, token: Token) {
        let mut state = self.state();
        state.version = state.version.saturating_add(1);
        (state.token, state.failure) = (Some((state.version, Arc::new(token))), None);
    }

    fn record_failure(&self, why: Arc<str>) {
        let mut state = self.state();
        state.version = state.version.saturating_add(1);
        state.failure = Some((state.version, why));
    }
}

/// Waits for the first request, and then gets tokens without end.
async fn provide(tokens: Arc<SharedTokens>, config: TokenConfig) {
    tokens.requested.notified().await;
    let section = config.section.as_str();
    // The failures since the last token, and why the last one failed.
    let (mut failures, mut logged) = (0_u32, None);
    loop {
        let asked = clock::now();
        // A panic of a library, which has been logged, is a failure like any other.
        let outcome = AssertUnwindSafe(fetch(&config)).catch_unwind().await;
        match outcome.unwrap_or_else(|_| Err(TokenError::Settings("the attempt panicked".to_owned()))) {
            Ok(token) => {
                if logged.take().is_some() {
                    info!(section, "tokens are fetched again");
                }
                failures = 0;
                let next = refresh_time(asked, token.expires);
                debug!(section, expires = token.expires.0, next = next.0, "a token was fetched");
                tokens.record_token(token);
                sleep_until(next).await;
            }
            Err(error) => {
                if logged.as_ref() != Some(&error) {
                    warn!(section, cause = %error, "a token cannot be fetched");
                }
                tokens.record_failure(format!("no token for [{section}]: {error}").into());
                logged = Some(error);
                failures = failures.saturating_add(1);
                tokio::time::sleep(pause(failures)).await;
            }
        }
    }
}

/// Sleeps until the wall clock shows a time.
async fn sleep_until(time: Timestamp) {
    loop {
        let left = u64::try_from(time.0.saturating_sub(clock::now().0)).unwrap_or(0);
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn token(value: &str, expires: i64) -> Token {
        Token {
            value: Secret::new(value.to_owned()),
            expires: Timestamp(expires),
            principal: String::new(),
            extensions: Vec::new(),
        }
    }

    fn news(provider: &TokenProvider, seen: u64, now: i64) -> Option<(u64, String)> {
        let (version, news) = provider.news(seen, Timestamp(now))?;
        let text = match news {
            TokenNews::Token(token) => token.value.reveal().to_owned(),
            TokenNews::Failure(why) => format!("failure: {why}"),
        };
        Some((version, text))
    }

    #[test]
    fn a_client_gets_each_token_once_and_a_failure_when_no_token_is_left() {
        let source = TokenSource::Value(Secret::new(String::new()));
        let config = TokenConfig { section: String::new(), source, principal: None, extensions: Default::default() };
        let (provider, _work) = TokenProvider::new(config, &CancellationToken::new());
        let told = |version: u64, text: &str| Some((version, text.to_owned()));
        assert_eq!(news(&provider, 0, 10), None);
        provider.tokens.record_failure("a".into());
        assert_eq!(news(&provider, 0, 10), told(1, "failure: a"));
        assert_eq!(news(&provider, 1, 10), None);
        provider.tokens.record_token(token("first", 100));
        assert_eq!(news(&provider, 1, 10), told(2, "first"));
        assert_eq!(news(&provider, 2, 10), None);
        // While a token is valid, a failure to renew it concerns nobody.
        provider.tokens.record_failure("b".into());
        assert_eq!(news(&provider, 2, 99), None);
        assert_eq!(news(&provider, 0, 99), told(2, "first"));
        assert_eq!(news(&provider, 2, 100), told(3, "failure: b"));
        provider.tokens.record_token(token("second", 200));
        assert_eq!(news(&provider, 3, 100), told(4, "second"));
        assert_eq!(news(&provider, 2, 150), told(4, "second"));
        // It expired, and the next attempt has not ended.
        assert_eq!(news(&provider, 0, 200), None);
    }
}
