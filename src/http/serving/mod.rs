//! Sockets and connections: listening, accepting, time limits, and closing connections when there are too many.

pub(crate) mod connection;
pub(crate) mod crowd;
pub(crate) mod limits;
pub(crate) mod listen;
pub(crate) mod server;
pub(crate) mod watch;
pub(crate) mod wire;
