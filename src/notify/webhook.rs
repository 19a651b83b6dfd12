//! Posts to a webhook.

use std::fmt::Display;
use std::io::{ErrorKind, Read as _};
use std::time::Duration;

use serde::Serialize;
use ureq::Agent;
use ureq::http::Uri;
use ureq::http::uri::PathAndQuery;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::Parcel;
use super::retry::Trouble;
use super::secret::Secret;
use crate::config::is_loopback;
use crate::report::escape;
use crate::report::notice::NoticeData;

/// More of an answer is not looked at.
const SAID: u64 = 200;

/// What is posted: chats take the text, programs the rest.
#[derive(Serialize)]
struct Body<'a> {
    text: &'a str,
    driftline: &'a NoticeData,
}

/// A webhook, and what it gets.
pub(super) struct Webhook {
    uri: Uri,
    body: Vec<u8>,
    roots: RootCerts,
}

impl Webhook {
    /// Judges the address. No part of it but the host is in any error.
    pub(super) fn new(parcel: &Parcel, plain: bool, ca: Option<&[u8]>) -> Result<Self, String> {
        let address = parcel.secret.as_ref().map(Secret::text).unwrap_or_default();
        let uri: Uri = address.parse().map_err(|_| "what was found as its address is no address".to_owned())?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or("what was found as its address names no host: it begins with https://")?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if plain || is_loopback(host) => {}
            Some("http") => {
                return Err(format!(
                    "the address at {host} has no TLS, so others could read it; use https, or say `tls = \"none\"`"
                ));
            }
            _ => return Err("what was found as its address does not begin with https://".to_owned()),
        }
        let roots = match ca {
            None => RootCerts::WebPki,
            Some(pem) => {
                let items = parse_pem(pem).collect::<Result<Vec<_>, _>>();
                let items = items.map_err(|_| "what is in `ca_file` is no PEM".to_owned())?;
                let certificates = items.into_iter().filter_map(|item| match item {
                    PemItem::Certificate(certificate) => Some(certificate),
                    _ => None,
                });
                let certificates: Vec<_> = certificates.collect();
                if certificates.is_empty() {
                    return Err("there is no certificate in `ca_file`".to_owned());
                }
                RootCerts::new_with_certs(&certificates)
            }
        };
        let body = Body { text: &parcel.notice.chat, driftline: &parcel.notice.data };
        let body = serde_json::to_vec(&body).map_err(|error| error.to_string())?;
        Ok(Self { uri, body, roots })
    }

    fn host(&self) -> String {
        escape::name(self.uri.host().unwrap_or_default().as_bytes()).into_owned()
    }

    /// Posts once, within `left`.
    pub(super) fn post(&self, left: Duration) -> Result<(), Trouble> {
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(left))
            // An answer of another place would tell it the address of this one.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("driftline/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(self.roots.clone()).build())
            .build()
            .into();
        let request = agent.post(&self.uri).header("content-type", "application/json");
        let host = self.host();
        let mut response = request.send(&self.body[..]).map_err(|error| self.trouble(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        if status.is_redirection() {
            let why = format!("{host} answered {}: it wants to be asked elsewhere, which is not done", status.as_u16());
            return Err(Trouble::lasting(why));
        }
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut said = String::new();
        // What cannot be read of it is not needed.
        let _ = response.body_mut().as_reader().take(SAID).read_to_string(&mut said);
        let said = self.harmless(said.trim()).map(|said| format!(" ({said})")).unwrap_or_default();
        let why = format!("{host} answered {}{said}", status.as_u16());
        let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
        Err(Trouble { why, passes, wait: wait.map(Duration::from_secs) })
    }

    /// What an answer says, if it is plain words and nothing of the address is in them: `invalid_token`.
    fn harmless<'s>(&self, said: &'s str) -> Option<&'s str> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._,-".contains(c);
        let parts = self.uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
        let parts =
            parts.split(['/', '?', '&', '=', '.', '-', '_']).chain(self.uri.authority()?.as_str().split(['@', ':']));
        let mut parts = parts.filter(|part| part.len() > 3);
        let is_short = !said.is_empty() && said.len() <= 100;
        (is_short && said.chars().all(is_plain) && !parts.any(|part| said.contains(part))).then_some(said)
    }

    /// Errors of the library may quote the address; these are its words without that.
    fn trouble(&self, error: &ureq::Error) -> Trouble {
        let host = self.host();
        let lasting = |words: String| Trouble::lasting(format!("{host}: {words}"));
        let passing = |words: String| Trouble::passing(format!("{host}: {words}"));
        match error {
            ureq::Error::HostNotFound => passing("the host is not known".to_owned()),
            ureq::Error::Timeout(_) => passing("there was no answer in time".to_owned()),
            // A handshake that fails: names of hosts and reasons, no address.
            ureq::Error::Io(error) if error.kind() == ErrorKind::InvalidData => lasting(in_words(error)),
            ureq::Error::Io(error) => passing(error.kind().to_string()),
            ureq::Error::ConnectionFailed => passing("the connection failed".to_owned()),
            ureq::Error::Protocol(_) => passing("the answer is no HTTP".to_owned()),
            ureq::Error::ConnectProxyFailed(_) => passing("the proxy did not connect".to_owned()),
            ureq::Error::InvalidProxyUrl => lasting("the address of the proxy is none".to_owned()),
            ureq::Error::Rustls(error) => lasting(in_words(error)),
            ureq::Error::Tls(words) => lasting((*words).to_owned()),
            _ => lasting("the request could not be made".to_owned()),
        }
    }
}

fn in_words(error: &impl Display) -> String {
    escape::text(error.to_string().as_bytes()).into_owned()
}
