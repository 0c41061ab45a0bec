//! Reads the files of a client profile again when they change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::clock::later;
use crate::config::ClientProfile;
use crate::metrics::exporter_metrics::{CertificateExpiry, CertificateUse};
use crate::model::ModuleError;
use crate::task;

use super::{Credentials, FileContents, earliest_expiry};

/// Time between two looks at the files.
const LOOK: Duration = Duration::from_secs(10);
/// How long files have to stay as they are before they are used: a certificate and its key are two files.
const SETTLING: Duration = Duration::from_secs(1);

/// The newest credentials of a module that can be used. The module's clients share it.
#[derive(Debug)]
pub struct CredentialWatch {
    /// The path of the module's section, for the log.
    module: String,
    profile: ClientProfile,
    expiry: Option<Arc<CertificateExpiry>>,
    state: Mutex<WatchState>,
}

#[derive(Debug)]
struct WatchState {
    newest: Arc<Credentials>,
    /// `None` while a thread looks at the files.
    files: Option<FileContents>,
    /// When to look next. `None` if there is no file.
    next: Option<Instant>,
    /// Whether files had changed at the last look.
    changed: bool,
    /// Why the files cannot be used, if the log says so.
    problem: Option<String>,
}

impl CredentialWatch {
    /// Reads the files of the module `consumer.NAME` or `cluster.NAME` for the first time. `expiry` is told when their certificates expire.
    ///
    /// # Errors
    /// A file that cannot be read, or that has another content.
    pub fn new(
        module: &str,
        profile: &ClientProfile,
        expiry: Option<Arc<CertificateExpiry>>,
        now: Instant,
    ) -> Result<Self, ModuleError> {
        let paths = Credentials::paths(profile);
        let next = (!paths.is_empty()).then(|| later(now, LOOK));
        let files = FileContents::read(paths);
        let newest = Arc::new(Credentials::of(profile, &files)?);
        let state = WatchState { newest, files: Some(files), next, changed: false, problem: None };
        let watch = Self { module: module.to_owned(), profile: profile.clone(), expiry, state: Mutex::new(state) };
        watch.show_expiry(&watch.state().newest);
        Ok(watch)
    }

    /// The newest credentials that can be used. Looks at the files when that is due, on a thread of its own, because
    /// a file system may be slow. Never blocks.
    pub fn newest(self: &Arc<Self>, now: Instant) -> Arc<Credentials> {
        let mut state = self.state();
        let newest = Arc::clone(&state.newest);
        if state.next.is_some_and(|next| now >= next)
            && let Some(files) = state.files.take()
        {
            drop(state);
            let watch = Arc::clone(self);
            if let Err(refused) = task::start("credentials", move || watch.look(files, now)) {
                // Rather slow than never.
                refused.work_here();
            }
        }
        newest
    }

    /// Takes what is newest now, after a look at the files. Blocks for as long as the file system does.
    #[must_use]
    pub fn look_now(&self, now: Instant) -> Arc<Credentials> {
        let files = self.state().files.take();
        if let Some(files) = files {
            self.look(files, now);
        }
        Arc::clone(&self.state().newest)
    }

    fn look(&self, mut files: FileContents, now: Instant) {
        let changed = files.refresh();
        let read = (!changed && self.state().changed).then(|| Credentials::of(&self.profile, &files));
        let mut state = self.state();
        state.files = Some(files);
        state.changed = changed;
        state.next = Some(later(now, if changed { SETTLING } else { LOOK }));
        match read {
            Some(Ok(newer)) => {
                state.problem = None;
                if newer != *state.newest {
                    state.newest = Arc::new(newer);
                    let newest = Arc::clone(&state.newest);
                    drop(state);
                    self.show_expiry(&newest);
                    info!(
                        module = self.module,
                        "files of certificates, keys or passwords have changed and are read again"
                    );
                }
            }
            Some(Err(error)) => {
                drop(state);
                self.log_unusable(&error);
            }
            None => {}
        }
    }

    /// Logs why changed files cannot be used, each reason once until other files can be.
    pub fn log_unusable(&self, error: &ModuleError) {
        let problem = problem_text(error);
        if self.state().problem.replace(problem.clone()).as_ref() != Some(&problem) {
            let module = &self.module;
            warn!(module, error = problem, "a changed file cannot be used: what was read before stays in use");
        }
    }

    fn show_expiry(&self, credentials: &Credentials) {
        let Some(expiry) = &self.expiry else { return };
        let identity = credentials.identity.as_ref().map(|identity| identity.certificates.as_bytes());
        expiry.set(CertificateUse::Client, identity.and_then(earliest_expiry));
        let authorities = credentials.authorities.as_ref().map(String::as_bytes);
        expiry.set(CertificateUse::Authority, authorities.and_then(earliest_expiry));
    }

    fn state(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error with its cause.
fn problem_text(error: &ModuleError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::config::{PasswordSource, SaslConfig, SaslMechanism};

    pub(in crate::credentials) fn sasl(mechanism: SaslMechanism, password_file: PathBuf) -> SaslConfig {
        SaslConfig {
            name: "s".to_owned(),
            mechanism,
            username: "user".to_owned(),
            password: Some(PasswordSource::File(password_file)),
            kerberos: None,
            token: None,
        }
    }

    #[test]
    fn changed_files_are_used_once_they_are_whole_and_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "one").unwrap();
        let profile =
            ClientProfile { sasl: Some(sasl(SaslMechanism::Plain, path.clone())), ..ClientProfile::default() };
        let now = Instant::now();
        let watch = CredentialWatch::new("m", &profile, None, now).unwrap();
        let password = || watch.look_now(now).password.as_ref().map(|secret| secret.reveal().to_owned());
        let next = || watch.state().next.unwrap() - now;
        assert_eq!(password().as_deref(), Some("one"));
        assert_eq!(next(), LOOK);
        fs::write(&path, "two").unwrap();
        assert_eq!(password().as_deref(), Some("one"), "it may not be complete");
        assert_eq!(next(), SETTLING);
        assert_eq!(password().as_deref(), Some("two"));
        assert_eq!(next(), LOOK);
        fs::remove_file(&path).unwrap();
        for _ in 0..3 {
            assert_eq!(password().as_deref(), Some("two"));
        }
        assert!(watch.state().problem.as_ref().unwrap().ends_with("No such file or directory (os error 2)"));
        fs::write(&path, "three").unwrap();
        assert_eq!([password(), password()].map(Option::unwrap), ["two", "three"]);
        assert_eq!(watch.state().problem, None);
    }

    #[test]
    fn a_profile_without_files_is_never_looked_at() {
        let watch = Arc::new(CredentialWatch::new("m", &ClientProfile::default(), None, Instant::now()).unwrap());
        let much_later = Instant::now() + Duration::from_secs(3600);
        assert_eq!(*watch.newest(much_later), Credentials::default());
        assert!(watch.state().files.is_some());
    }
}
