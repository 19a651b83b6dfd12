//! A mail: headers that nothing can be put into, plain text, and perhaps the page of the report.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::Parcel;
use crate::config::Mail;

/// The mail in which somebody is told.
pub(super) fn message(parcel: &Parcel, mail: &Mail) -> Result<Message, String> {
    let mailbox = |address: &String| {
        let parsed = address.parse::<Address>().map_err(|_| format!("`{address}` is no address of mail"))?;
        Ok::<_, String>(Mailbox::new(None, parsed))
    };
    let from = mailbox(&mail.from)?;
    let id = format!("<driftline.{}@{}>", parcel.key, from.email.domain());
    let date = UNIX_EPOCH + Duration::from_secs(parcel.at.unsigned_abs());
    let mut builder = Message::builder()
        .from(from)
        .subject(&parcel.notice.subject)
        .date(date)
        .message_id(Some(id))
        .header(AutoSubmitted);
    for address in &mail.to {
        builder = builder.to(mailbox(address)?);
    }
    let text = SinglePart::plain(parcel.notice.body.clone());
    let message = match &parcel.page {
        Some(page) => {
            let kind = ContentType::parse("text/html; charset=utf-8").map_err(|error| error.to_string())?;
            let page = Attachment::new("report.html".to_owned()).body(page.to_vec(), kind);
            builder.multipart(MultiPart::mixed().singlepart(text).singlepart(page))
        }
        None => builder.singlepart(text),
    };
    message.map_err(|error| format!("the mail cannot be put together: {error}"))
}

/// Lets nobody's absence answer (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
