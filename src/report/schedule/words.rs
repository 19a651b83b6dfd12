//! Words as systemd and cron take them. None has a control character in it.

/// Characters that mean themselves everywhere.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._-=@:+,".contains(c)
}

/// A word in a unit file: quoted where it has to be, and without specifiers.
pub(super) fn unit_word(word: &str) -> String {
    let text = word.replace('%', "%%");
    if !word.is_empty() && word.chars().all(|c| is_plain(c) || c == '%') {
        return text;
    }
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// A command in a unit file. Where a `$` is in it, a colon says that there are no variables.
pub(super) fn unit_command(words: &[String]) -> String {
    let mut quoted: Vec<String> = words.iter().map(|word| unit_word(word)).collect();
    if let Some(first) = quoted.first_mut()
        && words.iter().any(|word| word.contains('$'))
    {
        let at = usize::from(first.starts_with('"'));
        first.insert(at, ':');
    }
    quoted.join(" ")
}

/// A word in a crontab, which a shell takes after cron has made line ends of each `%` without a backslash.
///
/// Some crons take that backslash away and some leave it to the shell, so it stands outside of quotes; some make one of two backslashes, so no two
/// of them stand side by side.
pub(super) fn cron_word(word: &str) -> String {
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut out = String::from("'");
    for c in word.chars() {
        match c {
            '\'' => out.push_str(r"'\''"),
            '%' => out.push_str(r"'\%'"),
            '\\' => out.push_str(r"\''"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}
