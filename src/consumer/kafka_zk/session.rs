//! A session with an ensemble, as far as the follower knows it.

use std::fmt;

use crate::zktree::{Answer, Want};

/// A session. Everything ends with it: what is asked, and what is watched.
pub trait Session {
    /// Something that is watched.
    type Watch;

    /// Asks about a node, by its path from `zktree::ROOT` on. What is answered is watched from then on, unless the
    /// node is missing or refused.
    fn ask(&self, path: &str, want: Want) -> impl Future<Output = Result<(Answer, Option<Self::Watch>), Lost>>;

    /// Waits until a watch has fired, once and for all.
    fn fired(watch: Self::Watch) -> impl Future<Output = ()>;

    /// Asks for a sign of life.
    fn probe(&self) -> impl Future<Output = Result<(), Lost>>;

    /// Waits until the connection is lost, and with it the session.
    fn lost(&self) -> impl Future<Output = Lost>;

    /// Whether its server is cut off from the others, so that what it says may be old.
    fn is_read_only(&self) -> bool;
}

/// Why there is no session, or none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost(pub String);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
