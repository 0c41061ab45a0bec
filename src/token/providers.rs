//! The providers of a run: one for each section that is used, shared by its clients.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::TokenProvider;
use crate::config::{ConnectionConfig, TokenConfig};

/// A provider that somebody may still use, with its settings.
type KnownProvider = (TokenConfig, Weak<TokenProvider>);

/// The token providers of a run. A provider and its task live as long as somebody uses it.
#[derive(Clone, Debug)]
pub struct TokenProviders {
    runtime: Handle,
    stop: CancellationToken,
    tasks: TaskTracker,
    providers: Arc<Mutex<Vec<KnownProvider>>>,
}

impl TokenProviders {
    /// Creates an owner without providers, whose tasks run in `runtime` and also stop when `parent` is cancelled.
    #[must_use]
    pub fn new(runtime: Handle, parent: &CancellationToken) -> Self {
        Self { runtime, stop: parent.child_token(), tasks: TaskTracker::new(), providers: Arc::default() }
    }

    /// The provider for the clients of a connection. `None` if they need no tokens. Nothing is fetched yet.
    #[must_use]
    pub fn provider(&self, connection: &ConnectionConfig) -> Option<Arc<TokenProvider>> {
        let config = connection.client.sasl.as_ref()?.token.as_ref()?;
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        providers.retain(|(_, provider)| provider.strong_count() > 0);
        let known = providers.iter().find(|(known, _)| known == config);
        if let Some(provider) = known.and_then(|(_, provider)| provider.upgrade()) {
            return Some(provider);
        }
        let (provider, work) = TokenProvider::new(config.clone(), &self.stop);
        let provider = Arc::new(provider);
        self.tasks.spawn_on(work, &self.runtime);
        providers.push((config.clone(), Arc::downgrade(&provider)));
        Some(provider)
    }

    /// The number of tasks that have not ended.
    #[cfg(test)]
    pub(crate) fn running(&self) -> usize {
        self.tasks.len()
    }

    /// Stops all tasks, and returns when they have ended.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
