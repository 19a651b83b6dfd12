//! Speaks to a mail server.

use std::error::Error as _;
use std::time::Duration;

use base64::Engine as _;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls as Way, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, SmtpTransport};
use lettre::{Message, Transport as _};

use super::retry::Trouble;
use super::secret::{Secret, without};
use crate::config::Tls;
use crate::report::escape;

/// More of what a server says is not shown.
const SAID: usize = 300;

/// A server, and the way to it.
#[derive(Debug)]
pub(super) struct Server<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) user: Option<&'a str>,
    pub(super) secret: Option<&'a Secret>,
    /// The authorities that are believed, as PEM; the usual ones when there are none.
    pub(super) ca: Option<&'a [u8]>,
}

impl Server<'_> {
    /// Hands a mail over, once. Each step of the conversation may take `left`.
    pub(super) fn send(&self, message: &Message, own_name: &str, left: Duration) -> Result<(), Trouble> {
        let way = match self.tls {
            Tls::None => Way::None,
            Tls::StartTls => Way::Required(self.parameters()?),
            Tls::Implicit => Way::Wrapper(self.parameters()?),
        };
        let mut builder = SmtpTransport::builder_dangerous(self.host).port(self.port).tls(way).timeout(Some(left));
        if is_host_name(own_name) {
            builder = builder.hello_name(ClientId::Domain(own_name.to_owned()));
        }
        if let (Some(user), Some(secret)) = (self.user, self.secret) {
            builder = builder.credentials(Credentials::new(user.to_owned(), secret.text().to_owned()));
        }
        builder.build().send(message).map(drop).map_err(|error| self.trouble(&error))
    }

    fn parameters(&self) -> Result<TlsParameters, Trouble> {
        let mut builder = TlsParameters::builder(self.host.to_owned());
        if let Some(pem) = self.ca {
            builder = builder.certificate_store(CertificateStore::None);
            // More than one may be in the file, and this takes them one by one.
            let certificates = pem_blocks(pem);
            if certificates.is_empty() {
                return Err(Trouble::lasting("there is no certificate in `ca_file`"));
            }
            for block in certificates {
                let certificate = Certificate::from_pem(&block).map_err(|error| self.trouble(&error))?;
                builder = builder.add_root_certificate(certificate);
            }
        }
        builder.build().map_err(|error| self.trouble(&error))
    }

    fn trouble(&self, error: &Error) -> Trouble {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !words.contains(&more) {
                words = format!("{words}: {more}");
            }
            cause = error.source();
        }
        let secret = self.secret.map(Secret::text).unwrap_or_default();
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let login = encode(&format!("\0{}\0{secret}", self.user.unwrap_or_default()));
        let encoded = encode(secret);
        let secrets = if secret.is_empty() { Vec::new() } else { vec![&*login, &*encoded, secret] };
        let words: String = without(&words, &secrets).chars().take(SAID).collect();
        let why = format!("{}:{}: {}", self.host, self.port, escape::text(words.as_bytes()));
        // What a server refuses for good, and what is wrong with its certificate, is the same in a second.
        let passes = !error.is_permanent() && !error.is_tls() && !error.is_client() && !is_certificate(&words);
        Trouble { why, passes, wait: None }
    }
}

/// Whether it is about a certificate, which comes as an error of the connection.
fn is_certificate(words: &str) -> bool {
    words.contains("certificate")
}

/// The certificates of a text, each with its lines around it.
fn pem_blocks(pem: &[u8]) -> Vec<Vec<u8>> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    let mut blocks = Vec::new();
    let mut rest = &*text;
    while let Some(start) = rest.find("-----BEGIN CERTIFICATE-----") {
        let Some(end) = rest[start..].find(END) else { break };
        let end = start + end + END.len();
        blocks.push(format!("{}\n", &rest[start..end]).into_bytes());
        rest = &rest[end..];
    }
    blocks
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}
