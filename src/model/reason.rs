//! Classes of failures, as labels name them.

/// The class of a failure: the label `reason` of `warrener_refresh_errors_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No answer in time.
    TimedOut,
    /// No connection, or one that broke.
    Connection,
    /// A host name without an address.
    Resolve,
    /// TLS failed for another cause than a certificate.
    Tls,
    /// The server's certificate is not trusted.
    Certificate,
    /// The server asks for a client certificate, or does not accept the one it got.
    ClientCertificate,
    /// The server does not know the user, or not with this password.
    Authentication,
    /// The server does not offer the SASL mechanism.
    Mechanism,
    /// TLS, SASL or neither: the port speaks something else.
    Protocol,
    /// The user lacks a right.
    Authorization,
    /// A partition has no leader just now.
    Leader,
    /// Anything else.
    Other,
}

impl Reason {
    /// All of them.
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
