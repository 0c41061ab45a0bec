//! Classes of failures.

/// The class of a failure: the label `reason` of `warrener_refresh_errors_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The server did not answer in time.
    TimedOut,
    /// No connection could be made, or it broke.
    Connection,
    /// A host name has no address.
    Resolve,
    /// TLS failed for a reason other than a certificate.
    Tls,
    /// The server's certificate is not trusted.
    Certificate,
    /// The server asks for a client certificate, or does not accept the one it got.
    ClientCertificate,
    /// The server does not know the user, or not with this password.
    Authentication,
    /// The server does not offer the SASL mechanism.
    Mechanism,
    /// The port expects another protocol: TLS, SASL, or neither.
    Protocol,
    /// The user lacks a right.
    Authorization,
    /// A partition has no leader at the moment.
    Leader,
    /// Anything else.
    Other,
}

impl FailureReason {
    /// All reasons.
    pub const ALL: [Self; 12] = [
        Self::TimedOut,
        Self::Connection,
        Self::Resolve,
        Self::Tls,
        Self::Certificate,
        Self::ClientCertificate,
        Self::Authentication,
        Self::Mechanism,
        Self::Protocol,
        Self::Authorization,
        Self::Leader,
        Self::Other,
    ];

    /// The label's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Connection => "connection",
            Self::Resolve => "resolve",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::ClientCertificate => "client_certificate",
            Self::Authentication => "authentication",
            Self::Mechanism => "mechanism",
            Self::Protocol => "protocol",
            Self::Authorization => "authorization",
            Self::Leader => "leader",
            Self::Other => "other",
        }
    }
}
