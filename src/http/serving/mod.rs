//! Sockets and connections: listening, accepting, the time limits, and who is closed when there are too many.

pub(crate) mod connection;
pub(crate) mod crowd;
pub(crate) mod limits;
pub(crate) mod listen;
pub(crate) mod server;
pub(crate) mod watch;
pub(crate) mod wire;
