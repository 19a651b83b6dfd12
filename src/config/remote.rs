//! Places on other machines, as people write them.

use std::num::NonZeroU64;
use std::path::PathBuf;

/// A place that the system's `ssh` reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshPlace {
    /// The login name; what the user's ssh configuration says when `None`.
    pub user: Option<String>,
    /// A host, or the name of one in the user's ssh configuration. Never begins with `-`.
    pub host: String,
    /// The port; what the configuration says when `None`.
    pub port: Option<u16>,
    /// The configuration that is handed to `ssh -F`; the user's own when `None`.
    pub config: Option<PathBuf>,
}

impl SshPlace {
    /// Reads `host`, `user@host` or `ssh://user@host:port`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = text.strip_prefix("ssh://");
        let rest = url.unwrap_or(text);
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let (host, port) = match host.strip_prefix('[') {
            Some(inside) => {
                let (host, after) = inside.split_once(']').ok_or("there is `[` and no `]`")?;
                (host, after.strip_prefix(':'))
            }
            None if url.is_some() => match host.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (host, None),
            },
            None => (host, None),
        };
        let port = match port {
            Some(port) => {
                Some(port.parse().ok().filter(|port| *port != 0).ok_or("the port is not one from 1 to 65535")?)
            }
            None => None,
        };
        check(host, ":%", "no host is named", "the host")?;
        if let Some(user) = user {
            check(user, "+", "nothing is before `@`", "the user")?;
        }
        Ok(Self { user: user.map(str::to_owned), host: host.to_owned(), port, config: None })
    }

    /// `user@host` or `host`.
    pub fn destination(&self) -> String {
        match &self.user {
            Some(user) => format!("{user}@{}", self.host),
            None => self.host.clone(),
        }
    }
}

/// Names end up on command lines, of `ssh` here and of what its configuration makes of them.
fn check(name: &str, also: &str, empty: &'static str, what: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err(empty);
    }
    let is_host = what == "the host";
    if name.starts_with('-') {
        return Err(if is_host { "a host does not begin with `-`" } else { "a user does not begin with `-`" });
    }
    let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c) || also.contains(c);
    if name.chars().all(is_plain) {
        Ok(())
    } else if is_host {
        Err("a host is made of letters, digits, `.`, `_` and `-`")
    } else {
        Err("a user is made of letters, digits, `.`, `_`, `+` and `-`")
    }
}

/// Reads bytes in a second: a number, with `K`, `M` or `G` behind it for so many times 1024.
pub(super) fn rate(text: &str) -> Option<NonZeroU64> {
    let text = text.trim();
    let (digits, shift) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 10),
        b'M' | b'm' => (&text[..text.len() - 1], 20),
        b'G' | b'g' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    let number: u64 = digits.trim().parse().ok()?;
    NonZeroU64::new(number.checked_mul(1 << shift)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_people_write_them() {
        let place = |user: Option<&str>, host: &str, port| {
            Ok(SshPlace { user: user.map(str::to_owned), host: host.to_owned(), port, config: None })
        };
        assert_eq!(SshPlace::parse("web-1"), place(None, "web-1", None));
        assert_eq!(SshPlace::parse("deploy@web-1.example"), place(Some("deploy"), "web-1.example", None));
        assert_eq!(SshPlace::parse("ssh://deploy@web:2222"), place(Some("deploy"), "web", Some(2222)));
        assert_eq!(SshPlace::parse("[fe80::1%eth0]:22"), place(None, "fe80::1%eth0", Some(22)));
    }

    #[test]
    fn what_ssh_or_a_shell_could_take_for_more_than_a_name_is_refused() {
        for text in
            ["", "-oProxyCommand=x", "a@-b", "-l@host", "@host", "a b", "a\nb", "$(x)", "a;b", "ssh://h:0", "ssh://h:x"]
        {
            assert!(SshPlace::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn rates_have_units() {
        assert_eq!(rate("500"), NonZeroU64::new(500));
        assert_eq!(rate("2 M"), NonZeroU64::new(2 << 20));
        assert_eq!(rate("64K"), NonZeroU64::new(65536));
        for text in ["", "0", "fast", "-1", "M", "99999999999999999999", "18446744073709551615K"] {
            assert_eq!(rate(text), None, "{text}");
        }
    }
}
