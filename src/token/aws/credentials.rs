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
