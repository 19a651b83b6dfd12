//! `[notify.NAME]`: who is told about reports, as it was written and as it holds.

mod judge;
mod raw;

pub(super) use judge::validate;
pub(super) use raw::{RawNotify, read};

use std::path::PathBuf;
use std::time::Duration;

/// Somebody who is told about reports in which something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Its name; unique.
    pub name: String,
    /// The way to it.
    pub channel: Channel,
    /// Where people find the report, such as the address of a web server that has the folder of `--out`.
    pub link: Option<String>,
    /// For so long it is tried, all attempts together.
    pub timeout: Duration,
    /// The authorities that are believed instead of the usual ones, as PEM.
    pub ca_file: Option<PathBuf>,
}

/// The way to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// An address that JSON is posted to.
    Webhook {
        /// Where its address is, which is a secret.
        url: SecretPlace,
        /// It may be reached without TLS over a network.
        plain: bool,
    },
    /// Mail by way of a server.
    Smtp {
        /// The mail.
        mail: Mail,
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// How the way to it is protected.
        tls: Tls,
        /// A user and where the password is.
        login: Option<(String, SecretPlace)>,
    },
    /// Mail by way of a command that takes it on stdin.
    Sendmail {
        /// The mail.
        mail: Mail,
        /// The command and its arguments; never empty, and no shell has a part in it.
        command: Vec<String>,
    },
}

/// From whom and to whom a mail goes, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address that it is from.
    pub from: String,
    /// The addresses that it goes to; at least one.
    pub to: Vec<String>,
    /// The page of the report comes with it.
    pub attach: bool,
}

/// Where a secret is, which is never in the configuration itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// An environment variable.
    Variable(String),
    /// A file, which nobody else may read.
    File(PathBuf),
}

/// How the way to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Plain at first, then TLS, or nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    None,
}

impl Notify {
    /// What kind of way it is: `webhook` or `mail`.
    pub fn kind(&self) -> &'static str {
        match self.channel {
            Channel::Webhook { .. } => "webhook",
            Channel::Smtp { .. } | Channel::Sendmail { .. } => "mail",
        }
    }

    /// Where its secret is, if it has one.
    pub fn secret(&self) -> Option<&SecretPlace> {
        match &self.channel {
            Channel::Webhook { url, .. } => Some(url),
            Channel::Smtp { login, .. } => login.as_ref().map(|(_, password)| password),
            Channel::Sendmail { .. } => None,
        }
    }

    /// Whether the page of the report goes with it.
    pub fn is_with_page(&self) -> bool {
        match &self.channel {
            Channel::Webhook { .. } => false,
            Channel::Smtp { mail, .. } | Channel::Sendmail { mail, .. } => mail.attach,
        }
    }
}

/// Whether a host is this machine by its name alone.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
