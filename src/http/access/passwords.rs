//! `basic_auth_users` of a web configuration: who may ask.
//!
//! An answer must not tell whether a user exists. The password of an unknown user is therefore compared with the hash of
//! a known one, which is chosen by the name that was sent, so that it takes as long as that user's.
//!
//! A password that was right is remembered, so that it is compared once and not for each scrape. So is one that was
//! wrong, apart from those: no number of wrong ones makes a right one be forgotten.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use aws_lc_rs::rand::SystemRandom;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;

use crate::http::access::hashing_queue::{HashingError, HashingQueue};

/// Maximum number of remembered passwords, of right and of wrong ones each.
const MOST_REMEMBERED: usize = 100;

/// User names with their bcrypt hashes.
#[derive(Clone, Default)]
pub(crate) struct Users(Vec<(String, Arc<str>)>);

/// Without the hashes.
impl std::fmt::Debug for Users {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Users {
    /// The hashes have been checked.
    pub fn new(users: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(users.into_iter().map(|(name, hash)| (name, hash.into())).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn hash(&self, name: &[u8]) -> Option<Arc<str>> {
        self.0.iter().find(|(user, _)| user.as_bytes() == name).map(|(_, hash)| Arc::clone(hash))
    }
}

/// Compares passwords, and remembers them.
#[derive(Debug)]
pub(crate) struct PasswordCheck {
    queue: Arc<HashingQueue>,
    /// Made at random at the start: what is remembered means nothing elsewhere.
    key: Key,
    /// Those that were right.
    right: Arc<RememberedPasswords>,
    wrong: Arc<RememberedPasswords>,
}

/// What is to be done with a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The user is known, and the password is right.
    Admitted,
    /// It has no such user and password.
    Refused,
    /// There is no time for the comparison.
    Busy,
    /// There is no thread for the comparison.
    NoThread(std::io::Error),
}

impl PasswordCheck {
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(queue: Arc<HashingQueue>) -> Result<Self, aws_lc_rs::error::Unspecified> {
        let key = Key::generate(HMAC_SHA256, &SystemRandom::new())?;
        Ok(Self { queue, key, right: Arc::default(), wrong: Arc::default() })
    }

    /// Judges the header `Authorization` of a request.
    pub async fn judge(&self, users: &Users, header: Option<&HeaderValue>) -> Verdict {
        let Some(sent) = header.and_then(credentials) else { return Verdict::Refused };
        let Some((name, password)) = split_at_colon(&sent) else { return Verdict::Refused };
        let known = users.hash(name);
        let is_known = known.is_some();
        let Some(hash) = known.or_else(|| self.substitute(users, name)) else { return Verdict::Refused };
        let tag = self.tag(&[name, hash.as_bytes(), password]);
        if is_known && self.right.contains(&tag) {
            return Verdict::Admitted;
        }
        if self.wrong.contains(&tag) {
            return Verdict::Refused;
        }
        // Remembered also when the client has gone: it may wait for less time than a comparison takes, and come again.
        let [right, wrong] = [&self.right, &self.wrong].map(Arc::clone);
        let remember = move |is_right| if is_right && is_known { right.add(tag) } else { wrong.add(tag) };
        match self.queue.compare(hash, password.to_vec(), remember).await {
            Ok(true) if is_known => Verdict::Admitted,
            Ok(_) => Verdict::Refused,
            Err(HashingError::Busy) => Verdict::Busy,
            Err(HashingError::NoThread(error)) => Verdict::NoThread(error),
        }
    }

    /// The hash of a known user for the name of an unknown one, always the same one.
    fn substitute(&self, users: &Users, name: &[u8]) -> Option<Arc<str>> {
        let [first, second, ..] = self.tag(&[name]);
        let place = usize::from(u16::from_le_bytes([first, second])).checked_rem(users.0.len())?;
        users.0.get(place).map(|(_, hash)| Arc::clone(hash))
    }

    /// A keyed hash of these parts.
    fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }
}

type Tag = [u8; 32];

/// Keyed hashes of user, hash and password. The one that was not asked for longest makes room.
#[derive(Debug, Default)]
struct RememberedPasswords(Mutex<Vec<Tag>>);

impl RememberedPasswords {
    fn contains(&self, tag: &Tag) -> bool {
        let mut tags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = tags.iter().position(|held| held == tag) else { return false };
        let tag = tags.remove(place);
        tags.push(tag);
        true
    }

    fn add(&self, tag: Tag) {
        let mut tags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tags.contains(&tag) {
            return;
        }
        if tags.len() >= MOST_REMEMBERED {
            tags.remove(0);
        }
        tags.push(tag);
    }
}

/// User and password of the scheme Basic (RFC 7617), joined by a colon.
fn credentials(header: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, encoded) = header.as_bytes().split_at_checked(6)?;
    scheme.eq_ignore_ascii_case(b"basic ").then(|| STANDARD.decode(encoded.trim_ascii()).ok())?
}

fn split_at_colon(sent: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = sent.iter().position(|byte| *byte == b':')?;
    let (name, password) = sent.split_at_checked(colon)?;
    Some((name, password.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> PasswordCheck {
        PasswordCheck::new(HashingQueue::new()).unwrap()
    }

    fn users() -> Users {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        Users::new([("dave".to_owned(), hash("dave123")), ("prom".to_owned(), hash("p:w\u{e9}"))])
    }

    fn basic(text: impl AsRef<[u8]>) -> HeaderValue {
        format!("Basic {}", STANDARD.encode(text)).parse().unwrap()
    }

    #[tokio::test]
    async fn only_a_user_with_the_right_password_is_admitted() {
        let (check, users) = (check(), users());
        for (sent, admitted) in [
            ("dave:dave123", true),
            ("prom:p:w\u{e9}", true),
            ("dave:dave124", false),
            ("dave:", false),
            ("dave", false),
            (":dave123", false),
            ("Dave:dave123", false),
            ("prom:dave123", false),
            ("nobody:dave123", false),
            ("nobody:p:w\u{e9}", false),
            ("", false),
        ] {
            // The second time it is remembered.
            for _ in 0..2 {
                let verdict = check.judge(&users, Some(&basic(sent))).await;
                assert_eq!(matches!(verdict, Verdict::Admitted), admitted, "{sent}: {verdict:?}");
            }
        }
        assert!(matches!(check.judge(&users, None).await, Verdict::Refused));
    }

    #[tokio::test]
    async fn the_header_has_the_form_of_rfc_7617() {
        let (check, users) = (check(), users());
        let good = STANDARD.encode("dave:dave123");
        for (header, admitted) in [
            (format!("basic {good}"), true),
            (format!("BASIC  {good} "), true),
            (format!("Basic{good}"), false),
            (format!("Bearer {good}"), false),
            (good.trim_end_matches('=').to_owned(), false),
            (format!("Basic {}!", good), false),
            ("Basic".to_owned(), false),
            ("Basic ".to_owned(), false),
            (format!("Basic {}", "QUFB".repeat(4000)), false),
        ] {
            let header = HeaderValue::try_from(header).unwrap();
            let verdict = check.judge(&users, Some(&header)).await;
            assert_eq!(matches!(verdict, Verdict::Admitted), admitted, "{header:?}");
        }
    }

    #[tokio::test]
    async fn wrong_passwords_make_no_right_one_be_forgotten() {
        let (check, users) = (check(), users());
        assert!(matches!(check.judge(&users, Some(&basic("dave:dave123"))).await, Verdict::Admitted));
        for number in 0..150 {
            assert!(matches!(check.judge(&users, Some(&basic(format!("dave:{number}")))).await, Verdict::Refused));
        }
        let remembered = [&check.right, &check.wrong].map(|tags| tags.0.lock().unwrap().len());
        assert_eq!(remembered, [1, MOST_REMEMBERED]);
    }

    #[tokio::test]
    async fn a_changed_hash_makes_what_was_right_wrong() {
        let (check, users) = (check(), users());
        assert!(matches!(check.judge(&users, Some(&basic("dave:dave123"))).await, Verdict::Admitted));
        let changed = Users::new([("dave".to_owned(), bcrypt::hash("other", 4).unwrap())]);
        assert!(matches!(check.judge(&changed, Some(&basic("dave:dave123"))).await, Verdict::Refused));
        let removed = Users::new([("prom".to_owned(), bcrypt::hash("other", 4).unwrap())]);
        assert!(matches!(check.judge(&removed, Some(&basic("dave:dave123"))).await, Verdict::Refused));
    }

    #[tokio::test]
    async fn a_password_is_remembered_when_the_client_did_not_wait_for_the_comparison() {
        let (check, hash) = (check(), bcrypt::hash("slow", 8).unwrap());
        let users = Users::new([("dave".to_owned(), hash)]);
        let header = basic("dave:slow");
        let judged = tokio::time::timeout(std::time::Duration::from_millis(1), check.judge(&users, Some(&header)));
        assert!(judged.await.is_err(), "it was compared at once");
        while check.right.0.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(matches!(check.judge(&users, Some(&header)).await, Verdict::Admitted));
    }

    #[test]
    fn what_is_asked_for_again_stays() {
        let remembered = RememberedPasswords::default();
        let tag = |number: u8| [number; 32];
        for number in 0..100 {
            remembered.add(tag(number));
        }
        assert!(remembered.contains(&tag(0)));
        remembered.add(tag(100));
        assert_eq!([0, 1, 2, 100].map(|number| remembered.contains(&tag(number))), [true, false, true, true]);
    }

    #[test]
    fn an_unknown_user_is_always_compared_with_the_same_hash_and_all_of_them_are_used() {
        let (check, users) = (check(), users());
        let hashes = |name: &str| check.substitute(&users, name.as_bytes()).unwrap();
        assert_eq!(hashes("nobody"), hashes("nobody"));
        let used: std::collections::BTreeSet<_> = (0..64).map(|number| hashes(&number.to_string())).collect();
        assert_eq!(used.len(), 2);
        assert!(!format!("{check:?} {users:?}").contains("$2"), "a hash is shown");
    }
}
