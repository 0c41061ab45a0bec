//! Certificates of clients: the five types of the toolkit, and names.

use super::*;

/// Which of these clients are answered.
async fn answered(world: &World, clients: &[Option<&Identity>]) -> Vec<bool> {
    let server = world.start();
    let mut answers = Vec::new();
    for identity in clients {
        let client = identity.map_or_else(|| world.client(), |identity| world.client().with(identity));
        answers.push(client.get(&server, "/-/healthy", "").await.is_ok_and(|answer| status(&answer) == 200));
    }
    server.end().await;
    answers
}

/// A certificate that signs itself, as `openssl req -x509` makes it: one of an authority.
fn self_signed() -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = named("alone");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    Identity { certificate, key: key.serialize_pem() }
}

#[tokio::test]
async fn each_client_auth_type_accepts_what_go_accepts() {
    let alone = self_signed();
    let without_type = World::new(&with_tls(""));
    for (kind, with_authority, expected) in [
        // No certificate, one of another authority, one of the authority, one that is listed itself.
        ("NoClientCert", false, [true, true, true, true]),
        ("RequestClientCert", false, [true, true, true, true]),
        ("RequireAnyClientCert", false, [false, true, true, true]),
        ("RequireClientCert", false, [false, true, true, true]),
        ("VerifyClientCertIfGiven", true, [true, false, true, true]),
        // Those of the system count.
        ("VerifyClientCertIfGiven", false, [true, false, false, false]),
        ("RequireAndVerifyClientCert", true, [false, false, true, true]),
    ] {
        let authority = if with_authority { "  client_ca_file: clients.pem\n" } else { "" };
        let world = World::new("");
        world.write("web.yml", with_tls(&format!("  client_auth_type: {kind}\n{authority}")));
        world.write("clients.pem", format!("{}{}", world.authority.0.pem(), alone.certificate));
        let stranger = Authority::new("stranger").sign(named("prometheus"));
        let own = world.authority.sign(named("prometheus"));
        // The client offers whatever it has: rustls would look at the hints.
        let found = answered(&world, &[None, Some(&stranger), Some(&own), Some(&alone)]).await;
        assert_eq!(found, expected, "{kind}");
    }
    assert_eq!(answered(&without_type, &[None]).await, [true]);
}

#[tokio::test]
async fn a_certificate_that_has_expired_or_is_a_servers_is_not_accepted() {
    let world =
        World::new(&with_tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\n"));
    let mut expired = named("prometheus");
    expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
    expired.not_before = rcgen::date_time_ymd(2019, 1, 1);
    let mut of_server = named("prometheus");
    of_server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let signed = [world.authority.sign(expired.clone()), world.authority.sign(of_server.clone())];
    // The same, listed themselves.
    let listed = [expired, of_server].map(|params| {
        let key = KeyPair::generate().unwrap();
        Identity { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    });
    let all = format!("{}{}{}", world.authority.0.pem(), listed[0].certificate, listed[1].certificate);
    world.write("clients.pem", all);
    let clients = [Some(&signed[0]), Some(&signed[1]), Some(&listed[0]), Some(&listed[1])];
    assert_eq!(answered(&world, &clients).await, [false; 4]);
}

#[tokio::test]
async fn only_certificates_with_an_allowed_name_are_accepted() {
    let with_name = |world: &World, name: SanType| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = vec![SanType::DnsName("another".try_into().unwrap()), name];
        world.authority.sign(params)
    };
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    for kind in ["RequireAnyClientCert", "RequireAndVerifyClientCert\n  client_ca_file: ca.pem"] {
        let names = "[prometheus.example, 10.0.0.1, \"2001:db8::1\", ops@example.com, \"spiffe://a/prometheus\"]";
        let world = World::new(&with_tls(&format!("  client_auth_type: {kind}\n  client_allowed_sans: {names}\n")));
        for (name, expected) in [
            (dns("prometheus.example"), true),
            (dns("Prometheus.example"), false),
            (dns("a.prometheus.example"), false),
            (SanType::IpAddress([10, 0, 0, 1].into()), true),
            (SanType::IpAddress([10, 0, 0, 2].into()), false),
            (SanType::IpAddress("2001:db8::1".parse().unwrap()), true),
            (SanType::Rfc822Name("ops@example.com".try_into().unwrap()), true),
            (SanType::Rfc822Name("dev@example.com".try_into().unwrap()), false),
            (SanType::URI("spiffe://a/prometheus".try_into().unwrap()), true),
            (SanType::URI("spiffe://a/other".try_into().unwrap()), false),
        ] {
            let identity = with_name(&world, name.clone());
            assert_eq!(answered(&world, &[Some(&identity)]).await, [expected], "{kind} {name:?}");
        }
        // The common name is not one of them.
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "prometheus.example");
        assert_eq!(answered(&world, &[Some(&world.authority.sign(params)), None]).await, [false, false]);
    }
}

#[tokio::test]
async fn a_client_that_is_refused_is_told_why() {
    let world = World::new(&with_tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"));
    let server = world.start();
    for _ in 0..20 {
        let error = world.client().get(&server, "/-/healthy", "").await.unwrap_err();
        assert!(error.to_string().contains("CertificateRequired"), "{error}");
        let stranger = Authority::new("own").sign(named("prometheus"));
        let error = world.client().with(&stranger).get(&server, "/-/healthy", "").await.unwrap_err();
        assert!(error.to_string().contains("received fatal alert"), "{error}");
    }
    server.end().await;
}
