//! Where AWS credentials come from. They are looked up for each token, because they rotate.

use std::error::Error as _;

use reqsign_aws_v4::{
    AssumeRoleCredentialProvider, AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider,
    EnvCredentialProvider, IMDSv2CredentialProvider, ProfileCredentialProvider, RequestSigner,
};
use reqsign_core::{Context, Error, ProvideCredential, ProvideCredentialDyn, Result, Signer};

use crate::config::AwsIamConfig;
use crate::token::error::{TokenError, printable};

/// The name of the session, which AWS' logs show.
const SESSION: &str = "warrener";

type Source = (&'static str, Box<dyn ProvideCredentialDyn<Credential = Credential>>);

/// Returns the credentials of the first source that has some, or those of the role that is assumed with them.
pub(super) async fn find(config: &AwsIamConfig, context: Context) -> std::result::Result<Credential, TokenError> {
    let found = first(sources(config), &context, config.profile.as_deref()).await?;
    let Some(role) = &config.role_arn else { return Ok(found) };
    let signer = Signer::new(context.clone(), Found(found), RequestSigner::new("sts", &config.region));
    let assume = AssumeRoleCredentialProvider::new(role.clone(), signer)
        .with_role_session_name(SESSION.to_owned())
        .with_region(config.region.clone())
        .with_regional_sts_endpoint();
    let problem = |why: String| TokenError::Aws(format!("the role {role} cannot be assumed: {why}"));
    match assume.provide_credential(&context).await {
        Ok(Some(credential)) => Ok(credential),
        Ok(None) => Err(problem("AWS STS gave no credentials".to_owned())),
        Err(error) => Err(problem(reason(&error))),
    }
}

/// The sources in turn, in the order of AWS' own libraries.
fn sources(config: &AwsIamConfig) -> Vec<Source> {
    if let Some(profile) = &config.profile {
        return vec![("profile", Box::new(ProfileCredentialProvider::new().with_profile(profile)))];
    }
    let web_identity = AssumeRoleWithWebIdentityCredentialProvider::new()
        .with_region(config.region.clone())
        .with_regional_sts_endpoint();
    vec![
        ("environment", Box::new(EnvCredentialProvider::new())),
        ("web identity", Box::new(web_identity)),
        ("profile", Box::new(ProfileCredentialProvider::new())),
        ("container", Box::new(ECSCredentialProvider::new())),
        ("instance", Box::new(IMDSv2CredentialProvider::new())),
    ]
}

async fn first(
    sources: Vec<Source>,
    context: &Context,
    profile: Option<&str>,
) -> std::result::Result<Credential, TokenError> {
    let mut problems = Vec::new();
    for (name, source) in sources {
        match source.provide_credential_dyn(context).await {
            Ok(Some(found)) if found.access_key_id.is_empty() || found.secret_access_key.is_empty() => {
                problems.push(format!("{name}: the access key or its secret is empty"));
            }
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(error) => problems.push(format!("{name}: {}", reason(&error))),
        }
    }
    if let Some(profile) = profile {
        problems
            .push(format!("expected an access key and its secret in profile {profile:?} of AWS' files, found none"));
    }
    let none = "no AWS credentials were found";
    Err(TokenError::Aws(if problems.is_empty() { none.to_owned() } else { format!("{none}: {}", problems.join("; ")) }))
}

/// Why a source failed. What a server answers that is no message of AWS is left out: it might be anything.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    let raw = ["STS request failed with", "IMDS access denied", "IMDS server error", "IMDS request failed"];
    let text = match text.split_once(':') {
        Some((head, _)) if raw.iter().any(|start| head.starts_with(start)) => head.to_owned(),
        Some(_) | None => text,
    };
    match error.source().and_then(|source| source.downcast_ref::<Error>()) {
        Some(source) => printable(&format!("{text}: {source}")),
        None => printable(&text),
    }
}

/// Credentials that were found.
#[derive(Debug)]
struct Found(Credential);

impl ProvideCredential for Found {
    type Credential = Credential;

    async fn provide_credential(&self, _: &Context) -> Result<Option<Credential>> {
        Ok(Some(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};

    use hyper::body::Bytes;
    use hyper::http::{Request, Response};
    use reqsign_core::{FileRead, HttpSend, StaticEnv};

    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/reader";
    const STS: &str = "<Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>hush</SecretAccessKey>\
                       <SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>";

    /// Answers of AWS by the beginning of method and URL, and what was asked.
    #[derive(Clone, Debug, Default)]
    struct Aws {
        answers: Vec<(&'static str, u16, String)>,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl HttpSend for Aws {
        async fn http_send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
            let body = String::from_utf8_lossy(request.body());
            let asked = format!("{} {} {body}", request.method(), request.uri());
            let answer = self.answers.iter().find(|(start, _, _)| asked.starts_with(start));
            self.asked.lock().unwrap().push(asked.clone());
            let (_, status, body) = answer.ok_or_else(|| Error::unexpected("nobody is there"))?;
            Ok(Response::builder().status(*status).body(Bytes::from(body.clone())).unwrap())
        }
    }

    #[derive(Debug)]
    struct WebToken;

    impl FileRead for WebToken {
        async fn file_read(&self, path: &str) -> Result<Vec<u8>> {
            if path == "/web-token" { Ok(b"a.web.token".to_vec()) } else { Err(Error::unexpected("no such file")) }
        }
    }

    async fn found(role: Option<&str>, envs: &[(&str, &str)], aws: &Aws) -> std::result::Result<String, String> {
        let config = AwsIamConfig { region: "eu-west-1".to_owned(), role_arn: role.map(str::to_owned), profile: None };
        let envs: HashMap<String, String> =
            envs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let env = StaticEnv { home_dir: None, envs };
        let context = Context::new().with_env(env).with_file_read(WebToken).with_http_send(aws.clone());
        find(&config, context).await.map(|found| found.access_key_id).map_err(|error| error.to_string())
    }

    fn answer(start: &'static str, status: u16, body: &str) -> (&'static str, u16, String) {
        (start, status, body.to_owned())
    }

    const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "hush")];
    const ASSUME: &str = "GET https://sts.eu-west-1.amazonaws.com/?Action=AssumeRole&";

    #[tokio::test]
    async fn a_role_is_assumed_at_the_regional_endpoint_of_sts() {
        let body = format!("<AssumeRoleResponse><AssumeRoleResult>{STS}</AssumeRoleResult></AssumeRoleResponse>");
        let aws = Aws { answers: vec![answer(ASSUME, 200, &body)], ..Aws::default() };
        assert_eq!(found(Some(ROLE), &KEYS, &aws).await, Ok("ASIAIOSFODNN7EXAMPLE".to_owned()));
        let asked = aws.asked.lock().unwrap().join("");
        assert!(asked.contains("RoleSessionName=warrener") && asked.contains("role%2Freader"), "{asked}");
    }

    #[tokio::test]
    async fn a_role_that_is_refused_says_why_and_shows_nothing_else() {
        let denied =
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no trust</Message></Error></ErrorResponse>";
        let aws = Aws { answers: vec![answer(ASSUME, 403, denied)], ..Aws::default() };
        let expected = format!("the role {ROLE} cannot be assumed: AccessDenied: no trust");
        assert_eq!(found(Some(ROLE), &KEYS, &aws).await, Err(expected));
        let aws = Aws { answers: vec![answer(ASSUME, 500, "hush")], ..Aws::default() };
        let refused = found(Some(ROLE), &KEYS, &aws).await.unwrap_err();
        assert!(refused.contains("STS request failed with 500") && !refused.contains("hush"), "{refused}");
    }

    #[tokio::test]
    async fn web_identity_and_the_instance_are_sources() {
        let body = format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>{STS}\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        );
        let web =
            Aws { answers: vec![answer("POST https://sts.eu-west-1.amazonaws.com/", 200, &body)], ..Aws::default() };
        let envs = [("AWS_ROLE_ARN", ROLE), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/web-token")];
        assert_eq!(found(None, &envs, &web).await, Ok("ASIAIOSFODNN7EXAMPLE".to_owned()));
        assert!(web.asked.lock().unwrap().join("").contains("WebIdentityToken=a.web.token"));
        let keys = "{\"Code\":\"Success\",\"AccessKeyId\":\"ASIAINSTANCE\",\"SecretAccessKey\":\"hush\",\
                    \"Token\":\"session\",\"Expiration\":\"2099-01-01T00:00:00Z\"}";
        let instance = Aws {
            answers: vec![
                answer("PUT http://169.254.169.254/latest/api/token", 200, "metadata-token"),
                answer("GET http://169.254.169.254/latest/meta-data/iam/security-credentials/reader", 200, keys),
                answer("GET http://169.254.169.254/latest/meta-data/iam/security-credentials/", 200, "reader"),
            ],
            ..Aws::default()
        };
        assert_eq!(found(None, &[], &instance).await, Ok("ASIAINSTANCE".to_owned()));
    }

    #[tokio::test]
    async fn without_credentials_every_source_that_failed_is_named() {
        let none = found(None, &[], &Aws::default()).await.unwrap_err();
        assert!(none.starts_with("no AWS credentials were found: instance: "), "{none}");
        let off = found(None, &[("AWS_EC2_METADATA_DISABLED", "true")], &Aws::default()).await;
        assert_eq!(off, Err("no AWS credentials were found".to_owned()));
    }
}
