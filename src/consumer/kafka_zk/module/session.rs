//! The follower's interface to a session with an ensemble.

use std::fmt;

use crate::zktree::{NodeRead, NodeResponse};

/// A session. Requests and watches end with it.
pub trait Session {
    /// A watch on a node.
    type Watch;

    /// Requests a node by its path, which starts with `zktree::ROOT`. The node is watched from then on, unless it
    /// is missing or refused.
    fn read_node(
        &self,
        path: &str,
        want: NodeRead,
    ) -> impl Future<Output = Result<(NodeResponse, Option<Self::Watch>), SessionLost>>;

    /// Waits until a watch has fired, which happens once.
    fn wait_until_fired(watch: Self::Watch) -> impl Future<Output = ()>;

    /// Checks that the server answers.
    fn probe(&self) -> impl Future<Output = Result<(), SessionLost>>;

    /// Waits until the connection is lost, and the session with it.
    fn session_lost(&self) -> impl Future<Output = SessionLost>;

    /// Whether its server is cut off from the others, so that its data may be outdated.
    fn is_read_only(&self) -> bool;
}

/// Why no session could be opened, or why it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLost(pub String);

impl fmt::Display for SessionLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
