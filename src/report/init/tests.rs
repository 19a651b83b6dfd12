use proptest::prelude::*;

use super::*;
use crate::config::{Config, Expect, Places, SshPlace, parse};
use crate::path::EnvironmentName;

fn environment(name: &str, source: SourceSpec) -> Environment {
    Environment {
        name: EnvironmentName::new(name).unwrap(),
        role: None,
        source,
        map: PathMap::default(),
        expect: Expect::default(),
    }
}

fn folder(path: &[u8]) -> SourceSpec {
    SourceSpec::Folder { path: OsStr::from_bytes(path).into() }
}

fn read(document: &Document) -> Config {
    let places = Places { folder: Path::new(""), home: Some(Path::new("/home/me")) };
    parse(&document.text, "driftline.toml", places).unwrap_or_else(|wrong| panic!("{wrong}\n{}", document.text))
}

fn proposal(environment: usize, here: &[u8], common: &[u8]) -> MapProposal {
    let path = |bytes: &[u8]| TreePath::new(bytes).unwrap();
    MapProposal {
        environment,
        here: path(here),
        common: path(common),
        others: vec![1],
        equal: 3,
        quiet: 1,
        unequal: Vec::new(),
        only_here: 0,
        only_there: 2,
    }
}

#[test]
fn everything_that_can_be_typed_can_be_written() {
    let place = |text: &str| SshPlace::parse(text).unwrap();
    let far = |text: &str| SourceSpec::Ssh { place: place(text), path: "/srv/my app".into(), rate: None, depth: None };
    let sources = [
        folder(b"a \"b\"\\\n\t"),
        SourceSpec::Git { repository: "../repo".into(), reference: "origin/main".to_owned() },
        SourceSpec::Archive { path: "a.tar.gz".into(), strip: 1 },
        SourceSpec::Snapshot { path: "a.ndjson.zst".into() },
        far("deploy@web"),
        far("ssh://deploy@web:2222"),
        far("ssh://[fe80::1]:22"),
        SourceSpec::Exec {
            command: ["docker", "exec", "-i", "it's \"web\""].map(str::to_owned).to_vec(),
            path: "/srv".into(),
            rate: std::num::NonZeroU64::new(4096),
            depth: std::num::NonZeroU32::new(50),
        },
    ];
    let names = ["a", "b.c", "1", "true", "e-f", "g_h", "2020-01-01", "inf"];
    let environments: Vec<Environment> =
        names.iter().zip(sources).map(|(name, source)| environment(name, source)).collect();
    let draft = Draft {
        environments: &environments,
        unread: &[],
        ssh_config: None,
        ignore: &[],
        rules: &[],
        maps: &[],
        shared: &[],
    };
    assert_eq!(read(&document(&draft)).environments, environments);
}

#[test]
fn what_toml_cannot_hold_stands_in_a_comment_and_is_said() {
    let environments = [environment("prod", folder(b"caf\xe9")), environment("debug", folder(b"~x"))];
    let maps = [proposal(1, b"caf\xe9", b"cafe"), proposal(1, b"x\n\x1b[31m", b"y\"")];
    let draft = Draft {
        environments: &environments,
        unread: &[None, Some("no\nway".to_owned())],
        ssh_config: None,
        ignore: &[],
        rules: &[],
        maps: &maps,
        shared: &[],
    };
    let document = document(&draft);
    insta::assert_snapshot!(document.text, @r#"
    # What driftline compares, and how. `driftline init` wrote it; everything in it may be changed.

    # The environment that the others are measured against. It is left open: without it the odd one out is shown and nobody
    # is called wrong, and what only one server has may be the fix that the others lack.
    # baseline = "prod"

    # What matters most, files or folders: it comes first in what is shown. Common names, as in all lists here.
    # focus = ["app/config/"]

    # What is left out, as in .gitignore.
    # Nothing was found that usually is: packages, caches, builds, logs.
    # ignore = ["node_modules/", "*.log"]

    # the place of prod is not UTF-8, and a configuration cannot hold it: `caf\xe9`
    # Reach it under another name, for instance through a link, and write that here.
    # [env.prod]

    # It could not be read, so nothing is proposed for it: no\nway
    [env.debug]
    path = "./~x"
    # role = "debug"
    # `caf\xe9` here looks like `cafe` in debug: 3 of 4 files are equal, 1 more but for line ends.
    # a map of debug is not UTF-8, and a configuration cannot hold it: `caf\xe9`

    [env.debug.map]  # common name = name here
    # `x\n\x1b[31m` here looks like `y"` in debug: 3 of 4 files are equal, 1 more but for line ends.
    "y\"" = "x\n\u001b[31m"
    "#);
    assert_eq!((document.environments, document.maps.len(), document.warnings.len()), (1, 1, 2));
    let config = read(&document);
    assert_eq!(config.environments[0].source, folder(b"./~x"));
    assert_eq!(config.environments[0].map.pairs()[0].here.as_bytes(), b"x\n\x1b[31m");
}

#[test]
fn the_template_is_a_configuration_once_it_is_filled_in() {
    let fill = |line: &'static str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
    let filled: Vec<&str> = TEMPLATE.lines().map(fill).collect();
    let config = read(&Document { text: filled.join("\n"), ..Document::default() });
    assert_eq!((config.environments.len(), config.ignore.len(), config.focus.len()), (5, 3, 1));
    assert_eq!(config.environments[0].map.pairs().len(), 1);
}

proptest! {
    #[test]
    fn hostile_names_load_as_what_they_are(
        path in "[^\0]{1,20}",
        rule in "[a-z\"\\\\#'* ]{0,8}[a-z]",
        here in "[^/\0]{2,12}",
        common in "[^/\0]{2,12}",
    ) {
        prop_assume!(here != ".." && common != "..");
        let environments = [environment("prod", folder(path.as_bytes())), environment("debug", folder(b"x"))];
        let maps = [proposal(0, here.as_bytes(), common.as_bytes())];
        prop_assume!(crate::config::check_ignore_rule(&rule).is_ok());
        let draft = Draft {
            environments: &environments,
            unread: &[Some(path.clone()), None],
            ssh_config: Some(Path::new(&path)),
            ignore: std::slice::from_ref(&rule),
            rules: &[],
            maps: &maps,
            shared: &[maps[0].here.clone()],
        };
        let config = read(&document(&draft));
        let written = if path.starts_with('~') { format!("./{path}") } else { path };
        prop_assert_eq!(&config.environments[0].source, &folder(written.as_bytes()));
        prop_assert_eq!(&config.ignore, &[rule]);
        prop_assert_eq!(&config.environments[0].map.pairs()[0].here, &maps[0].here);
        prop_assert_eq!(&config.environments[0].map.pairs()[0].common, &maps[0].common);
    }
}
