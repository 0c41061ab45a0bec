//! Certificates, keys and passwords in files: what they contain, and whether they have changed.
//!
//! | file | contains |
//! |---|---|
//! | `files` | [`FileContents`]: the contents of some files, compared with what is on disk later |
//! | `certificates` | what a certificate says: [`earliest_expiry`] |
//! | `connection` | [`Credentials`]: what the files of a client profile contain |
//! | `watch` | [`CredentialWatch`]: reads them again when they change |

mod certificates;
mod connection;
mod files;
mod watch;

pub use certificates::earliest_expiry;
pub use connection::{Credentials, Identity};
pub use files::FileContents;
pub use watch::CredentialWatch;
