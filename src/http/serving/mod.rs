//! Sockets and connections: listening, accepting, time limits, and closing connections when there are too many.

pub(crate) mod connection;
pub(crate) mod connection_limit;
pub(crate) mod connection_watch;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod server;
pub(crate) mod watched_socket;
