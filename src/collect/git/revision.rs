//! From what a person types to a commit.

use git2::{ObjectType, Oid};

use super::fault::GitFault;
use super::repo::Repo;

/// Finds the commit that `text` names: a branch, a tag, a remote-tracking branch, a full name, the (unambiguous) beginning of an
/// object's name, each followed by any number of `^`, `^N`, `~N`, `^{commit}`, `^{}`. `None` when it names none.
///
/// Names that depend on records of this machine (`@{1}`) or search messages (`:/`) are not understood.
pub(super) fn find(repo: &Repo, text: &str) -> Result<Option<Oid>, GitFault> {
    let end = text.find(['^', '~']).unwrap_or(text.len());
    let (name, mut steps) = text.split_at(end);
    let Some(id) = base(repo, name)? else { return Ok(None) };
    let mut id = repo.objects.peel_tag(id)?;
    while let Some(sign) = steps.chars().next() {
        steps = &steps[1..];
        if let Some(kind) = steps.strip_prefix('{').filter(|_| sign == '^') {
            let Some((kind, rest)) = kind.split_once('}') else { return Ok(None) };
            if !matches!(kind, "" | "commit" | "object") {
                return Ok(None);
            }
            steps = rest;
            continue;
        }
        let digits = steps.find(|c: char| !c.is_ascii_digit()).unwrap_or(steps.len());
        let (number, rest) = steps.split_at(digits);
        let Ok(number) = (if number.is_empty() { Ok(1) } else { number.parse::<usize>() }) else { return Ok(None) };
        steps = rest;
        let (generations, parent) = match sign {
            '~' => (number, 1),
            _ if number == 0 => (0, 1),
            _ => (1, number),
        };
        for _ in 0..generations {
            if repo.objects.kind(id)? != ObjectType::Commit {
                return Ok(None);
            }
            match repo.objects.commit(id)?.parents.get(parent - 1) {
                Some(next) => id = *next,
                None => return Ok(None),
            }
        }
    }
    Ok((repo.objects.kind(id)? == ObjectType::Commit).then_some(id))
}

/// Names of branches and tags that may have been meant, at most five: those that share a part with `text`, else the first ones.
pub(super) fn near(repo: &Repo, text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for prefix in ["refs/heads/", "refs/remotes/", "refs/tags/"] {
        let found = repo.refs.below(prefix).unwrap_or_default();
        names.extend(found.keys().map(|name| String::from_utf8_lossy(&name[prefix.len()..]).into_owned()));
    }
    let wanted = text.to_lowercase();
    let last = wanted.rsplit('/').next().unwrap_or_default();
    let alike = |name: &&String| {
        let name = name.to_lowercase();
        !last.is_empty() && (name.contains(last) || name.rsplit('/').next().is_some_and(|part| wanted.contains(part)))
    };
    let mut near: Vec<String> = names.iter().filter(alike).cloned().collect();
    if near.is_empty() {
        near = names;
    }
    near.truncate(5);
    near
}

fn base(repo: &Repo, name: &str) -> Result<Option<Oid>, GitFault> {
    let name = if name == "@" { "HEAD" } else { name };
    if name.len() == 40
        && let Some(id) = repo.objects.complete(name)
    {
        return Ok(Some(id));
    }
    // The order in which git looks.
    for form in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
        if let Some(id) = repo.refs.resolve(format!("{form}{name}").as_bytes())? {
            return Ok(Some(id));
        }
    }
    if let Some(id) = repo.refs.resolve(format!("refs/remotes/{name}/HEAD").as_bytes())? {
        return Ok(Some(id));
    }
    // What `git describe` prints ends with the beginning of a name.
    let digits = name.rsplit_once("-g").map_or(name, |(_, digits)| digits);
    let is_short = (4..40).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Ok(if is_short { repo.objects.complete(digits) } else { None })
}
