//! A commit as a mail, as `git am` takes it.

use base64::Engine as _;

/// What is said about a commit beside its diff.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// Its name, in hexadecimal.
    pub commit: &'a str,
    /// `Name <mail> seconds zone`, as the commit has it.
    pub author: &'a [u8],
    /// The whole message.
    pub message: &'a [u8],
}

/// The mail: head, message, diff.
pub fn mail(mail: Mail<'_>, diff: &[u8]) -> Vec<u8> {
    let (person, seconds, zone) = author(mail.author);
    let message = String::from_utf8_lossy(mail.message).replace('\r', "");
    let mut lines = message.trim_start_matches('\n').lines();
    let subject = lines.next().unwrap_or_default().trim();
    let mut text = format!("From {} Mon Sep 17 00:00:00 2001\n", mail.commit);
    text.push_str(&format!("From: {person}\nDate: {}\n", date(seconds, &zone)));
    text.push_str(&format!("Subject: [PATCH] {}\n", header(subject)));
    text.push_str("MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\n");
    for line in lines.skip_while(|line| line.trim().is_empty()) {
        // What git would take for the end of the message, or for another mail.
        let ends = ["---", "diff -", "Index: ", "From "].iter().any(|start| line.starts_with(start));
        text.push_str(if ends { " " } else { "" });
        text.push_str(line);
        text.push('\n');
    }
    text.push_str("---\n\n");
    [text.as_bytes(), diff].concat()
}

/// Name and address for a head, time and zone.
fn author(line: &[u8]) -> (String, i64, String) {
    let text = String::from_utf8_lossy(line);
    let (name, rest) = text.split_once('<').unwrap_or((&text, ""));
    let (address, time) = rest.split_once('>').unwrap_or((rest, ""));
    let mut time = time.split_whitespace();
    let seconds = time.next().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let is_zone = |zone: &&str| zone.len() == 5 && zone.is_ascii() && zone[1..].bytes().all(|b| b.is_ascii_digit());
    let zone = time.next().filter(is_zone).unwrap_or("+0000").to_owned();
    let plain: String = address.chars().filter(|c| c.is_ascii_graphic() && !"<>".contains(*c)).collect();
    let name = name.trim();
    let name = if name.is_empty() { "unknown" } else { name };
    (format!("{} <{plain}>", header(name)), seconds, zone)
}

fn date(seconds: i64, zone: &str) -> String {
    let hours: i32 = zone[1..3].parse().unwrap_or(0);
    let minutes: i32 = zone[3..].parse().unwrap_or(0);
    let offset = (hours * 3600 + minutes * 60) * if zone.starts_with('-') { -1 } else { 1 };
    let zone = jiff::tz::Offset::from_seconds(offset).unwrap_or(jiff::tz::Offset::UTC);
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    zone.to_datetime(moment).strftime("%a, %d %b %Y %H:%M:%S").to_string() + &format!(" {}", offset_words(zone))
}

fn offset_words(offset: jiff::tz::Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// A text for a head: plain where it is, else in pieces of base 64, as mails have it.
fn header(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"(),:;<>@[\\]=?".contains(c) || c == ' ';
    let is_subject = |c: char| c.is_ascii_graphic() || c == ' ';
    if text.chars().all(is_plain) || text.chars().all(is_subject) && !text.contains("=?") && !text.contains('<') {
        return text.to_owned();
    }
    let mut pieces: Vec<String> = vec![String::new()];
    for c in text.chars() {
        if let Some(last) = pieces.last_mut()
            && last.len() + c.len_utf8() <= 45
        {
            last.push(c);
        } else {
            pieces.push(c.to_string());
        }
    }
    let encode = |piece: &String| base64::engine::general_purpose::STANDARD.encode(piece);
    let words: Vec<String> = pieces.iter().map(|piece| format!("=?UTF-8?B?{}?=", encode(piece))).collect();
    words.join("\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_end_the_mail_or_begin_another() {
        let message = b"Fix it\n\nBecause:\n---\ndiff --git a/x b/x\nFrom me to you\nIndex: x\n";
        let commit = Mail { commit: "0123", author: b"A <a@b> 1700000000 -0130", message };
        let text = String::from_utf8(mail(commit, b"diff\n")).unwrap();
        insta::assert_snapshot!(text, @r"
        From 0123 Mon Sep 17 00:00:00 2001
        From: A <a@b>
        Date: Tue, 14 Nov 2023 20:43:20 -0130
        Subject: [PATCH] Fix it
        MIME-Version: 1.0
        Content-Type: text/plain; charset=UTF-8
        Content-Transfer-Encoding: 8bit

        Because:
         ---
         diff --git a/x b/x
         From me to you
         Index: x
        ---

        diff
        ");
    }

    #[test]
    fn no_author_panics() {
        for author in [&b""[..], b"<", b"<>", b"\xff\n <a\nb> x +9999", b"A <a> 99999999999999999 +\xc3\xa40"] {
            let text = mail(Mail { commit: "0", author, message: b"" }, b"");
            assert!(text.starts_with(b"From 0 "), "{text:?}");
        }
    }
}
