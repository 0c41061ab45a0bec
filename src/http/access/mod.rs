//! Who may use a listener: TLS, certificates of clients, passwords, a rate limit. In: `tls` or `web-config-file` of an
//! `[httpserver.*]`. Out: what applies to a connection and to a request.
//!
//! | file | contains |
//! |---|---|
//! | `listener_access` | the protection of one listener, which is read again when its files change |
//! | `source_files` | reads those files, and notices changes |
//! | `findings` | mistakes and warnings |
//! | `web_config` | the web configuration of Prometheus' exporter-toolkit |
//! | `listener_tls` | TLS by rustls |
//! | `client_certificates` | which certificates of clients are accepted |
//! | `passwords`, `hashing_queue` | whether a password is right; the comparison with its hash |
//! | `rate_limit` | how many requests are answered |
//!
//! TLS is looked up once per connection, the rest once per request, so a change leaves connections open.

mod client_certificates;
pub(crate) mod findings;
mod hashing_queue;
pub(crate) mod listener_access;
mod listener_tls;
mod passwords;
mod rate_limit;
mod source_files;
mod web_config;

pub use findings::AccessReport;
pub use hashing_queue::HashingQueue;
pub use listener_access::{AccessError, ListenerAccess};
