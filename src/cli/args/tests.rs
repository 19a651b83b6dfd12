use clap::CommandFactory as _;

use super::*;

#[test]
fn every_command_and_argument_has_a_help_text() {
    let mut command = Arguments::command();
    command.build();
    command.clone().debug_assert();
    let mut commands = vec![&command];
    while let Some(command) = commands.pop() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        commands.extend(command.get_subcommands());
    }
}

#[test]
fn every_command_in_the_documents_can_be_typed() {
    let documents = [
        ("README.md", include_str!("../../../README.md"), 35),
        ("docs/fleets.md", include_str!("../../../docs/fleets.md"), 1),
    ];
    for (document, text, fewest) in documents {
        let commands = commands(text);
        assert!(commands.len() >= fewest, "only {} commands are in {document}: {commands:#?}", commands.len());
        for command in commands {
            if let Err(error) = Arguments::command().try_get_matches_from(words(&command)) {
                let is_help = matches!(
                    error.kind(),
                    clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion
                );
                // A text may speak of a command without saying what it is given.
                let is_name = error.kind() == clap::error::ErrorKind::MissingRequiredArgument
                    && command.split_whitespace().count() == 2;
                assert!(is_help || is_name, "{document}: {command}\n{error}");
            }
        }
    }
}

/// What a reader may type: lines of blocks, in scripts of pipelines as well, and what stands between backticks.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut prose = String::new();
    for (at, block) in text.split("\n```").enumerate() {
        if at % 2 == 0 {
            prose.push_str(block);
            prose.push('\n');
            continue;
        }
        for line in block.lines() {
            let line = line.trim_start();
            let line = line.strip_prefix("- ").unwrap_or(line);
            let line = line.strip_prefix("run: ").unwrap_or(line);
            commands.push(line.split(" # ").next().unwrap_or_default().to_owned());
        }
    }
    let joined = prose.replace('\n', " ");
    commands.extend(joined.split('`').skip(1).step_by(2).map(str::to_owned));
    // The first screen of the demo is called as the example is.
    let is_one = |command: &String| command == "driftline" || command.starts_with("driftline ");
    let commands = commands.into_iter().filter_map(|command| {
        let command = command.strip_prefix("env -u SSH_AUTH_SOCK ").unwrap_or(&command).trim().to_owned();
        let plain: Vec<&str> = command.split_whitespace().collect();
        Some(plain.join(" ")).filter(is_one)
    });
    commands.collect()
}

/// Words as a shell parts them: quotes hold them together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().expect("there is one from the beginning").push(c),
        }
    }
    words
}
