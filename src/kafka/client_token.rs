//! The tokens of one client: what it has got, and what its provider has that is newer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::FailureCause;
use crate::model::Timestamp;
use crate::token::{TokenNews, TokenProvider};

/// The tokens of one client.
#[derive(Debug)]
pub(super) struct ClientToken {
    provider: Arc<TokenProvider>,
    /// The version of the provider's news that the client has got.
    seen: AtomicU64,
    has_token: AtomicBool,
}

impl ClientToken {
    pub(super) fn new(provider: Arc<TokenProvider>) -> Self {
        Self { provider, seen: AtomicU64::new(0), has_token: AtomicBool::new(false) }
    }

    /// The tokens of a new client of the same module, which has got none.
    pub(super) fn of_new_client(&self) -> Self {
        Self::new(Arc::clone(&self.provider))
    }

    /// Whether the client has got no token yet.
    pub(super) fn is_missing(&self) -> bool {
        !self.has_token.load(Ordering::Relaxed)
    }

    /// Records that the client has a token.
    pub(super) fn record_token(&self) {
        self.has_token.store(true, Ordering::Relaxed);
    }

    /// Makes the provider fetch tokens. The client gets each of them as soon as it is there, asked for or not.
    pub(super) fn request(&self) {
        self.provider.request();
    }

    /// Takes what the provider has that is newer. Never blocks.
    pub(super) fn take_news(&self, now: Timestamp) -> Option<TokenNews> {
        let (version, news) = self.provider.news(self.seen.load(Ordering::Relaxed), now)?;
        self.seen.store(version, Ordering::Relaxed);
        Some(news)
    }

    /// Adds to a broker's refusal what to do.
    pub(super) fn explain(&self, refusal: FailureCause) -> FailureCause {
        let text = format!("{}: {}", refusal.text, self.provider.refusal_hint);
        FailureCause { text, ..refusal }
    }
}
