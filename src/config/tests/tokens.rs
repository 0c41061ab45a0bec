//! Sections of clients that authenticate with tokens.

use std::ffi::OsString;

use super::*;

/// The warnings, and the token settings of the profile `p`, whose section is `[sasl.s]` with these keys.
fn token(keys: &str) -> (Vec<String>, TokenConfig) {
    let rest =
        format!("client-profile = \"p\"\n[client-profile.p]\ntls = \"t\"\nsasl = \"s\"\n[tls.t]\n[sasl.s]\n{keys}\n");
    let LoadedConfig { config, warnings, unsupported } = with(&rest).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(lines(&unsupported), [""; 0]);
    let sasl = config.clusters[0].connection.client.sasl.clone().unwrap();
    (lines(&warnings), sasl.token.unwrap())
}

/// The mistakes of `[sasl.s]` with these keys, without its name.
fn mistakes(keys: &str) -> Vec<String> {
    let Err(mistakes) = with(&format!("[sasl.s]\n{keys}\n[tls.t]\n")) else { panic!("{keys} has no mistake") };
    mistakes.iter().map(|mistake| mistake.to_string().trim_start_matches("sasl.s").to_owned()).collect()
}

const OAUTH: &str = "mechanism = \"OAUTHBEARER\"\n";
const URL: &str = "mechanism = \"OAUTHBEARER\"\ntoken-url = \"https://id.example.com/token\"\n";

#[test]
fn a_mechanism_is_named_in_any_case_with_and_without_hyphens() {
    let mechanism = |name: &str| {
        let rest = format!(
            "client-profile = \"p\"\n[client-profile.p]\ntls = \"t\"\nsasl = \"s\"\n[tls.t]\n[sasl.s]\nmechanism = \"{name}\"\n\
             username = \"u\"\npassword = \"hush\"\ntoken-file = \"token\"\nregion = \"eu-west-1\"\n"
        );
        with(&rest).unwrap().config.clusters[0].connection.client.sasl.clone().unwrap().mechanism
    };
    for (names, expected) in [
        (&["PLAIN", "plain", "Plain"][..], SaslMechanism::Plain),
        (&["SCRAM-SHA-256", "scram-sha256", "scram_sha_256", "scramsha256"], SaslMechanism::ScramSha256),
        (&["SCRAM-SHA-512", "scram-sha512", "scram_sha_512", "SCRAM-SHA512"], SaslMechanism::ScramSha512),
        (&["OAUTHBEARER", "oauthbearer", "oauth-bearer", "OAuth_Bearer"], SaslMechanism::OauthBearer),
        (&["AWS_MSK_IAM", "aws_msk_iam", "aws-msk-iam", "AwsMskIam"], SaslMechanism::AwsMskIam),
        (&["GSSAPI", "gssapi"], SaslMechanism::Gssapi),
    ] {
        for name in names {
            assert_eq!(mechanism(name), expected, "{name}");
        }
    }
    let wrong = mistakes("mechanism = \"scram\"\nusername = \"u\"\npassword = \"hush\"");
    let expected = ".mechanism: expected \"PLAIN\", \"SCRAM-SHA-256\", \"SCRAM-SHA-512\", \"OAUTHBEARER\", \"AWS_MSK_IAM\" \
                    or \"GSSAPI\", found \"scram\"";
    assert_eq!(wrong, [expected]);
}

#[test]
fn every_source_of_tokens_is_read() {
    let source = |keys: &str| token(&format!("{OAUTH}{keys}")).1.source;
    assert_eq!(source("token-file = \"token\""), TokenSource::File("token".into()));
    assert_eq!(source("token = \"hush.hush.hush\""), TokenSource::Value(Secret::new("hush.hush.hush".to_owned())));
    let endpoint = |keys: &str| {
        let TokenSource::Endpoint(endpoint) = token(&format!("{URL}{keys}")).1.source else { panic!("{keys}") };
        *endpoint
    };
    let with_secret = TokenEndpoint {
        url: "https://id.example.com/token".to_owned(),
        client_id: Some("id".to_owned()),
        authentication: ClientAuthentication::Secret(Secret::new("hush".to_owned())),
        assertion_file: None,
        scope: Some("a b".to_owned()),
        tls: None,
    };
    assert_eq!(endpoint("client-id = \"id\"\nclient-secret = \"hush\"\nscope = \"a b\""), with_secret);
    let file = endpoint("client-id = \"id\"\nclient-secret-file = \"client-secret\"");
    assert_eq!(file.authentication, ClientAuthentication::SecretFile("client-secret".into()));
    let asserted = endpoint("client-assertion-file = \"assertion\"\ntoken-tls = \"t\"");
    assert_eq!(asserted.authentication, ClientAuthentication::AssertionFile("assertion".into()));
    assert_eq!(asserted.tls.map(|tls| tls.name), Some("t".to_owned()));
    let granted = endpoint("assertion-file = \"assertion\"");
    assert_eq!(
        (granted.authentication, granted.assertion_file),
        (ClientAuthentication::None, Some("assertion".into()))
    );
}

#[test]
fn principal_and_extensions_go_with_every_source() {
    let keys = "token-file = \"token\"\nprincipal = \"me\"\nextensions = { logicalCluster = \"lkc-1\" }";
    let (warnings, token) = token(&format!("{OAUTH}{keys}"));
    assert_eq!(warnings, [""; 0]);
    assert_eq!((token.section.as_str(), token.principal.as_deref()), ("sasl.s", Some("me")));
    assert_eq!(token.extensions.into_iter().collect::<Vec<_>>(), [("logicalCluster".to_owned(), "lkc-1".to_owned())]);
}

#[test]
fn there_is_one_source_and_what_belongs_to_it() {
    let none = ": expected token-url, token-file or token for OAUTHBEARER, found none of them";
    assert_eq!(mistakes(OAUTH), [none]);
    let another = "expected one of token-url, token-file and token, found another";
    let all = mistakes(&format!("{URL}assertion-file = \"assertion\"\ntoken-file = \"token\"\ntoken = \"hush\""));
    assert_eq!(all, [format!(".token: {another}"), format!(".token-file: {another}")]);
    let beside = "expected token-url beside it, found none: it is for the request to it";
    let keys = "token-file = \"token\"\nclient-id = \"id\"\nclient-secret = \"hush\"\nscope = \"s\"\ntoken-tls = \"t\"\n\
                assertion-file = \"assertion\"";
    let expected = ["assertion-file", "client-id", "client-secret", "scope", "token-tls"];
    assert_eq!(mistakes(&format!("{OAUTH}{keys}")), expected.map(|key| format!(".{key}: {beside}")));
}

#[test]
fn a_client_proves_who_it_is_in_one_way() {
    let none = ": expected client-secret, client-secret-file, client-assertion-file or assertion-file with token-url, \
                found none of them";
    assert_eq!(mistakes(URL), [none]);
    let another = "expected one of client-secret, client-secret-file and client-assertion-file, found another";
    let keys = "client-id = \"id\"\nclient-secret = \"hush\"\nclient-secret-file = \"client-secret\"\n\
                client-assertion-file = \"assertion\"";
    let expected = ["client-assertion-file", "client-secret-file"].map(|key| format!(".{key}: {another}"));
    assert_eq!(mistakes(&format!("{URL}{keys}")), expected);
    let no_id = ".client-id: expected a client id for the client's secret, found none";
    assert_eq!(mistakes(&format!("{URL}client-secret = \"hush\"")), [no_id]);
}

#[test]
fn a_url_without_encryption_is_told_unless_it_stays_on_this_machine() {
    let warnings = |url: &str| token(&format!("{OAUTH}token-url = \"{url}\"\nassertion-file = \"assertion\"")).0;
    for url in ["https://id.example.com", "http://localhost:8080/token", "http://127.0.0.1:1/", "http://[::1]/"] {
        assert_eq!(warnings(url), [""; 0], "{url}");
    }
    let expected = "sasl.s.token-url: secrets and tokens are sent without encryption: use https";
    assert_eq!(warnings("http://id.example.com/token"), [expected]);
}

#[test]
fn keys_of_another_mechanism_are_told() {
    let plain =
        "username = \"u\"\npassword = \"hush\"\ntoken-file = \"token\"\nextensions = { a = \"b\" }\nregion = \"here\"";
    let warnings = lines(&with(&format!("[sasl.s]\n{plain}\n")).unwrap().warnings);
    let oauth = "has no effect unless mechanism is \"OAUTHBEARER\"";
    let expected = [
        "sasl.s: has no effect: no client-profile names it".to_owned(),
        format!("sasl.s.extensions: {oauth}"),
        "sasl.s.region: has no effect unless mechanism is \"AWS_MSK_IAM\"".to_owned(),
        format!("sasl.s.token-file: {oauth}"),
    ];
    assert_eq!(warnings, expected);
    let (warnings, _) = token(&format!("{OAUTH}token-file = \"token\"\nusername = \"u\"\npassword = \"hush\""));
    let expected =
        ["password", "username"].map(|key| format!("sasl.s.{key}: has no effect with mechanism OAUTHBEARER"));
    assert_eq!(warnings, expected);
}

#[test]
fn amazons_settings_have_two_forms() {
    let expected = AwsIamConfig {
        region: "eu-west-1".to_owned(),
        role_arn: Some("arn:aws-cn:iam::123456789012:role/a/b".to_owned()),
        profile: Some("reader".to_owned()),
    };
    let keys = "region = \"eu-west-1\"\nrole-arn = \"arn:aws-cn:iam::123456789012:role/a/b\"\nprofile = \"reader\"\n";
    let (_, sasl) = token(&format!("mechanism = \"AWS_MSK_IAM\"\n{keys}"));
    assert_eq!(sasl.source, TokenSource::Aws(expected.clone()));
    let rest =
        format!("client-profile = \"p\"\n[client-profile.p]\ntls = \"t\"\niam = \"n\"\n[tls.t]\n[iam.n]\n{keys}");
    let sasl = with(&rest).unwrap().config.clusters[0].connection.client.sasl.clone().unwrap();
    assert!(sasl.is_of_iam_section());
    assert_eq!((sasl.mechanism, sasl.token.unwrap().source), (SaslMechanism::AwsMskIam, TokenSource::Aws(expected)));
}

#[test]
fn the_region_may_be_that_of_amazons_environment() {
    let region = |name: &'static str| {
        let env = move |asked: &str| (asked == name).then(|| OsString::from("us-east-2"));
        let world = SystemAccess { env: &env, ..WORLD };
        let text = "[cluster.local]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\nclient-profile = \"p\"\n\
                    [client-profile.p]\ntls = \"t\"\niam = \"n\"\n[tls.t]\n[iam.n]\n";
        let loaded = load(text, &REGISTRY, &Overrides::default(), &world).map_err(|mistakes| mistakes.to_string())?;
        let sasl = loaded.config.clusters[0].connection.client.sasl.clone().unwrap();
        let Some(TokenSource::Aws(aws)) = sasl.token.map(|token| token.source) else { panic!() };
        Ok(aws.region)
    };
    assert_eq!(region("AWS_REGION"), Ok("us-east-2".to_owned()));
    assert_eq!(region("AWS_DEFAULT_REGION"), Ok("us-east-2".to_owned()));
    let expected =
        "iam.n.region: expected the region of the cluster, such as \"eu-west-1\", here or in AWS_REGION, found none";
    assert_eq!(region("HOME"), Err(expected.to_owned()));
}
