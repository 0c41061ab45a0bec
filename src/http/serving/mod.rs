//! Sockets and connections: listening, accepting, time limits, and closing connections when there are too many. In:
//! an address to listen on. Out: requests for `routes`, and their answers on the sockets.
//!
//! | file | contains |
//! |---|---|
//! | `listener` | opens the listening socket |
//! | `server` | accepts clients, keeps their connections, and closes them when it stops |
//! | `connection` | serves one connection with hyper, until it ends, is cut or passes a deadline |
//! | `handshake` | TLS, where the listener has it, before the first request |
//! | `connection_watch` | the state of one connection, and the deadlines that follow from it |
//! | `watched_socket` | what hyper reads and writes: reports reads to the watch, and hands over one request at a time |
//! | `transport`, `metered_socket` | below it: TLS or none; the socket, which reports writes to the watch |
//! | `connection_limit` | the limit of connections over all servers; cuts the longest silent one |
//! | `limits` | all limits and times, with their defaults |

pub(crate) mod connection;
pub(crate) mod connection_limit;
pub(crate) mod connection_watch;
pub(crate) mod handshake;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod metered_socket;
pub(crate) mod server;
pub(crate) mod transport;
pub(crate) mod watched_socket;
