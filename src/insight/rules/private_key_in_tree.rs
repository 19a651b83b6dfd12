use super::{Rule, at};
use crate::compare::Cell;
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};
use crate::snapshot::Content;

pub(super) const RULE: Rule = Rule {
    code: "private-key-in-tree",
    severity: Severity::Warning,
    finds: "A file that is called like a private key (`id_ed25519`, `server.key`, `client.p12`, `privkey.pem`), or like a copy of one, among the \
            files of the application.",
    matters: "What lies in an application's folder is deployed, backed up, packed and sometimes served with it. A key belongs where only the \
              program that needs it can read it.",
    example: "`deploy/id_rsa` came with a checkout onto every server.",
    wrong: "Only names are looked at: test keys, and files of other formats that are called so. A `.pem` counts only when its name says \
            that it is a key.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for row in inputs.comparison.rows().filter(|row| !row.is_folder) {
        let path = row.path(inputs.snapshots);
        if !is_key(path.file_name()) {
            continue;
        }
        let is_file = |environment: &usize| {
            matches!(row.content(inputs.snapshots, *environment), Some(Content::File(_) | Content::Unreadable { .. }))
        };
        let present = row.environments_where(|cell| cell != Cell::Absent).filter(is_file);
        let environments: Vec<usize> = present.collect();
        if environments.is_empty() {
            continue;
        }
        let mut names: Vec<&str> =
            environments.iter().map(|&environment| inputs.snapshots[environment].environment.as_str()).collect();
        names.sort_unstable();
        let matter = names.iter().fold(Matter::new(RULE.code), Matter::with);
        findings.push(at(&RULE, path, environments, matter, Evidence::PrivateKey));
    }
}

/// Whether a file is called like a private key. A copy has something at its end: `server.key.bak`.
fn is_key(name: &[u8]) -> bool {
    const COPIES: [&str; 6] = ["bak", "backup", "old", "orig", "original", "save"];
    let name = String::from_utf8_lossy(name).to_lowercase();
    let name = name.trim_end_matches('~');
    let name = COPIES.iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.')).unwrap_or(name);
    if ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"].contains(&name) {
        return true;
    }
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let says_key = || stem.split(['.', '-', '_']).any(|part| part.ends_with("key")) && !stem.contains("pub");
    match ending {
        "key" => !stem.contains("pub"),
        "p12" | "pfx" | "jks" | "keystore" | "ppk" => true,
        "pem" => says_key(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn keys_are_told_by_their_names() {
        for name in ["id_rsa", "server.key", "Server.KEY.bak", "privkey.pem", "tls-key.pem", "a.p12", "id_ed25519~"] {
            assert!(is_key(name.as_bytes()), "{name}");
        }
        for name in ["id_rsa.pub", "cert.pem", "pubkey.pem", "public.key", "monkey.py", "en.key.ts", "id_card.py"] {
            assert!(!is_key(name.as_bytes()), "{name}");
        }
    }
}
