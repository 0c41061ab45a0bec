//! Certificates, keys and passwords in files: what they contain, and whether they have changed.
//!
//! | file | contains |
//! |---|---|
//! | `files` | [`FileContents`]: the contents of some files, compared with what is on disk later |
//! | `pem` | certificates and keys in PEM form, and the authorities to trust |
//! | `certificates` | what a certificate says: [`earliest_expiry`] |
//! | `server_certificate` | [`ServerCheck`]: why the certificate of a server is not accepted |
//! | `connection` | [`Credentials`]: what the files of a client profile contain |
//! | `watch` | [`CredentialWatch`]: reads them again when they change |

mod certificates;
mod connection;
mod files;
pub mod pem;
mod server_certificate;
mod watch;

pub use certificates::earliest_expiry;
pub use connection::{Credentials, Identity};
pub use files::FileContents;
pub use server_certificate::ServerCheck;
pub use watch::CredentialWatch;
