//! A program as Burrow's API sees it, and requests to the API as texts.

use crate::burrow::{BurrowApi, BurrowBody, BurrowMethod, BurrowRequest, BurrowResponse};
use crate::config::Config;
use crate::evaluate::EvaluatorRules;
use crate::model::{Level, LogLevelControl, Timestamp};
use crate::storage::Storage;

/// What the program has around the API.
pub(crate) struct Program {
    pub(crate) config: Config,
    pub(crate) storage: Storage,
    pub(crate) level: LogLevelControl,
    setting: Setting,
}

/// What the answers depend on beside the state of the program.
pub(crate) struct Setting {
    pub(crate) rules: EvaluatorRules,
    pub(crate) host: &'static str,
    pub(crate) now: Timestamp,
    /// Lays out a body for a golden file.
    pub(crate) layout: fn(&BurrowBody) -> String,
}

impl Program {
    pub(crate) fn new(config: Config, storage: Storage, setting: Setting) -> Self {
        Self { config, storage, level: LogLevelControl::in_memory(Level::Info), setting }
    }

    /// Answers a request of the form `METHOD PATH BODY`, of which the body may be absent.
    pub(crate) fn answer(&self, admin: bool, request: &str) -> BurrowResponse {
        let Self { config, storage, level, setting } = self;
        let mut words = request.splitn(3, ' ');
        let verb = match words.next() {
            Some("GET") => BurrowMethod::Read,
            Some("DELETE") => BurrowMethod::Delete,
            Some("POST") => BurrowMethod::Post,
            _ => BurrowMethod::Other,
        };
        let (path, body) = (words.next().unwrap(), words.next().unwrap_or_default().as_bytes());
        let api = BurrowApi { config, storage, rules: &setting.rules, level, host: setting.host };
        api.answer(&BurrowRequest { verb, path, body, admin, now: setting.now })
    }

    /// Answers requests one after the other, and returns each with its answer.
    pub(crate) fn talk<T: AsRef<str>>(&self, admin: bool, requests: &[T]) -> String {
        requests.iter().map(|request| self.exchange(admin, request.as_ref())).collect()
    }

    fn exchange(&self, admin: bool, request: &str) -> String {
        let answer = self.answer(admin, request);
        let allow = answer.allow.map(|allow| format!("Allow: {allow}\n")).unwrap_or_default();
        let body = (self.setting.layout)(&answer.body);
        assert!(!body.contains("hush"), "a secret: {body}");
        format!("{request}\n{}\n{allow}{body}\n\n", answer.status)
    }
}
