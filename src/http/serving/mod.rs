//! Sockets and connections: listening, accepting, time limits, and closing connections when there are too many. In:
//! an address to listen on. Out: requests for `routes`, and their answers on the sockets.
//!
//! | file | contains |
//! |---|---|
//! | `listener` | opens the listening socket |
//! | `server` | accepts clients, keeps their connections, and closes them when it stops |
//! | `connection` | serves one connection with hyper, until it ends, is cut or passes a deadline |
//! | `connection_watch` | the state of one connection, and the deadlines that follow from it |
//! | `watched_socket` | the socket: reports reads and writes to the watch, and hands over one request at a time |
//! | `connection_limit` | the limit of connections over all servers; cuts the longest silent one |
//! | `limits` | all limits and times, with their defaults |

pub(crate) mod connection;
pub(crate) mod connection_limit;
pub(crate) mod connection_watch;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod server;
pub(crate) mod watched_socket;
