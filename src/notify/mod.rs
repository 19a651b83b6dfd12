//! Tells people about a report: the only room that reaches beyond what is compared.
//!
//! Takes what is to be said ([`crate::report::notice::Notice`]) and to whom ([`crate::config::Notify`]), and says whether it arrived. A webhook
//! is posted to, a mail server spoken to, or a command run that takes mail; each within its time limit, whatever the other side does. Secrets
//! come from environment variables and files, and are in no message of an error.

mod mail;
mod retry;
mod secret;
mod sendmail;
mod smtp;
mod webhook;

pub use secret::{Secret, SecretError, Variables, find};

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::config::{Channel, Notify};
use crate::report::notice::Notice;

/// What a try knows best is waited for so much longer than it may take.
const GRACE: Duration = Duration::from_millis(500);

/// Something for somebody.
#[derive(Debug)]
pub struct Parcel {
    /// Who is told.
    pub target: Notify,
    /// What it takes to reach them, if it takes anything.
    pub secret: Option<Secret>,
    /// What they are told.
    pub notice: Notice,
    /// The page of the report, where it goes with a mail.
    pub page: Option<Arc<[u8]>>,
    /// The date of a mail: seconds since 1970 in UTC.
    pub at: i64,
    /// What this machine is called.
    pub host: String,
    /// The same for the same news, so that what arrives twice can be told to be one.
    pub key: String,
}

/// Why something did not arrive, or is not known to have: no secret is in it, and nothing that drives a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undelivered(String);

/// Delivers all of it, side by side, and says of each whether it arrived.
///
/// Takes as long as the longest of the time limits at most, and then some for the system. What did not answer by then may have arrived.
pub fn deliver(parcels: Vec<Parcel>) -> Vec<Result<(), Undelivered>> {
    let begun: Vec<_> = parcels.into_iter().map(begin).collect();
    begun.into_iter().map(|(answer, limit, began)| await_answer(&answer, limit, began)).collect()
}

type Answer = mpsc::Receiver<Result<(), Undelivered>>;

/// Looking up a name and reading drop by drop have no time limit of their own, so this is left alone when its time is over, and ends with the
/// process.
fn begin(parcel: Parcel) -> (Answer, Duration, Instant) {
    let limit = parcel.target.timeout;
    let began = Instant::now();
    let (tell, answer) = mpsc::channel();
    thread::spawn(move || {
        // Nobody may be waiting any more.
        let _ = tell.send(one(&parcel, began + limit));
    });
    (answer, limit, began)
}

fn await_answer(answer: &Answer, limit: Duration, began: Instant) -> Result<(), Undelivered> {
    let left = (limit + GRACE).saturating_sub(began.elapsed());
    answer.recv_timeout(left).unwrap_or_else(|_| Err(Undelivered(retry::no_answer(limit))))
}

fn one(parcel: &Parcel, until: Instant) -> Result<(), Undelivered> {
    let limit = parcel.target.timeout;
    let ca = match parcel.target.ca_file.as_deref().map(authorities).transpose() {
        Ok(ca) => ca,
        Err(why) => return Err(Undelivered(why)),
    };
    let delivered = match &parcel.target.channel {
        Channel::Webhook { plain, .. } => webhook::Webhook::new(parcel, *plain, ca.as_deref())
            .and_then(|webhook| retry::until(until, limit, |left| webhook.post(left))),
        Channel::Smtp { mail, host, port, tls, login } => {
            let user = login.as_ref().map(|(user, _)| user.as_str());
            let server =
                smtp::Server { host, port: *port, tls: *tls, user, secret: parcel.secret.as_ref(), ca: ca.as_deref() };
            mail::message(parcel, mail)
                .and_then(|message| retry::until(until, limit, |left| server.send(&message, &parcel.host, left)))
        }
        Channel::Sendmail { mail, command } => {
            mail::message(parcel, mail).and_then(|message| sendmail::send(command, &message, limit, until))
        }
    };
    delivered.map_err(Undelivered)
}

/// The text of a file of authorities.
fn authorities(path: &Path) -> Result<Vec<u8>, String> {
    let shown = crate::report::escape::name(path.as_os_str().as_encoded_bytes()).into_owned();
    let read = || -> io::Result<Vec<u8>> {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        fs::read(path)
    };
    read().map_err(|error| format!("cannot read the authorities in `{shown}`: {}", error.kind()))
}
