//! Short names of environments.

/// Gives each name a label of one letter, or of as many as keep them apart: `prod`, `staging`, `debug` are `P`, `S`, `D`; `web-1` and
/// `web-2` are `W1` and `W2`; `main` and `mirror` are `Ma` and `Mi`.
///
/// Labels are unique when the names are, and the same names always get the same labels.
pub fn initials<S: AsRef<str>>(names: &[S]) -> Vec<String> {
    let initial = |name: &str| name.chars().next().map(|c| c.to_ascii_uppercase());
    names
        .iter()
        .map(|name| {
            let name = name.as_ref();
            let rivals: Vec<&str> =
                names.iter().map(AsRef::as_ref).filter(|other| initial(other) == initial(name)).collect();
            let Some(first) = initial(name) else { return String::new() };
            if rivals.len() == 1 {
                return first.to_string();
            }
            let styles: [Style; 3] = [number_at_end, first_that_differs, beginning];
            let apart = styles.iter().find_map(|style| {
                let mut labels: Vec<String> =
                    rivals.iter().map(|rival| style(rival, &rivals)).collect::<Option<_>>()?;
                labels.sort();
                labels.dedup();
                (labels.len() == rivals.len()).then(|| style(name, &rivals)).flatten()
            });
            apart.map_or_else(|| name.to_owned(), |rest| format!("{first}{rest}"))
        })
        .collect()
}

/// What follows the initial in a name's label, beside rivals with the same initial.
type Style = fn(&str, &[&str]) -> Option<String>;

fn number_at_end(name: &str, _: &[&str]) -> Option<String> {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    (digits > 0 && digits < name.len()).then(|| name[name.len() - digits..].to_owned())
}

/// The first place at which all rivals have different letters.
fn first_that_differs(name: &str, rivals: &[&str]) -> Option<String> {
    let at = (1..name.len()).find(|&at| {
        let mut letters: Vec<u8> = rivals.iter().filter_map(|rival| rival.as_bytes().get(at).copied()).collect();
        letters.sort_unstable();
        letters.dedup();
        letters.len() == rivals.len() && letters.iter().all(u8::is_ascii_alphanumeric)
    })?;
    name.get(at..=at).map(str::to_owned)
}

/// As much of the names as keeps all rivals apart.
fn beginning(name: &str, rivals: &[&str]) -> Option<String> {
    let longest = rivals.iter().map(|rival| rival.len()).max()?;
    let cut = |name: &str, length: usize| name.get(1..length.min(name.len())).unwrap_or_default().to_owned();
    let length = (2..=longest).find(|&length| {
        let mut cuts: Vec<String> = rivals.iter().map(|rival| cut(rival, length)).collect();
        cuts.sort();
        cuts.dedup();
        cuts.len() == rivals.len()
    })?;
    Some(cut(name, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_unique() {
        assert_eq!(initials(&["prod", "staging", "debug"]), ["P", "S", "D"]);
        assert_eq!(initials(&["web-1", "web-2", "db"]), ["W1", "W2", "D"]);
        assert_eq!(initials(&["main", "mirror", "prod"]), ["Ma", "Mi", "P"]);
        assert_eq!(initials(&["prod", "prod-eu", "prod-us"]), ["Prod", "Prod-e", "Prod-u"]);
        assert_eq!(initials(&["a", "A", "b"]), ["a", "A", "B"]);
    }
}
