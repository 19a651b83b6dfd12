//! The table of environments.

use super::Sheet;
use crate::report::escape;
use crate::report::layout::{count, fit, pad, pad_start, width};
use crate::report::model::{EnvironmentReport, GitReport};
use crate::report::style::Look;
use crate::report::wording::percent;

/// The widest that a column of foreign text becomes.
const WIDEST: usize = 34;
/// Less of it says nothing.
const NARROWEST_GIT: usize = 8;

impl Sheet<'_> {
    /// A line for each environment below a head; when there are more than `most`, the ones that drift most.
    pub(super) fn environments(&self, most: usize) -> Vec<String> {
        let all = &self.report.environments;
        let mut shown: Vec<&EnvironmentReport> = all.iter().collect();
        if all.len() > most {
            shown.sort_by_key(|environment| std::cmp::Reverse((!environment.complete, environment.drift)));
            shown.truncate(most.saturating_sub(1));
        }
        let rows =
            |git: usize| -> Vec<Vec<String>> { shown.iter().map(|environment| cells(environment, git)).collect() };
        let columns = self.table(&rows(WIDEST));
        let git = columns.iter().find(|column| column.cell == GIT).map_or(0, |column| column.width);
        let rows = rows(git);
        let line = |cell: &dyn Fn(usize, &Column) -> String| -> String {
            columns.iter().map(|column| column.fit(&cell(column.cell, column))).collect::<String>()
        };
        let head = line(&|_, column| column.head.to_owned());
        let mut lines = vec![self.styles.paint(Look::Dim, head.trim_end()).to_string()];
        for (environment, row) in shown.iter().zip(&rows) {
            lines.push(columns.iter().map(|column| self.cell(environment, column, &row[column.cell])).collect());
        }
        if shown.len() < all.len() {
            let more = format!("  and {} more; all of them: --format json", all.len() - shown.len());
            lines.push(self.styles.paint(Look::Dim, fit(&more, self.columns)).to_string());
        }
        lines
    }

    /// Which columns there is room for, and how wide they are: with short heads, and then without those that say least, when it is narrow.
    fn table(&self, rows: &[Vec<String>]) -> Vec<Column> {
        let needed = |cell: usize| rows.iter().map(|row| width(&row[cell])).max().unwrap_or(0);
        let room = |taken: usize| self.columns.saturating_sub(taken);
        let mut layout = Vec::new();
        for (is_short, left_out) in LAYOUTS {
            layout = HEADS
                .iter()
                .enumerate()
                .filter(|(cell, _)| !left_out.contains(cell))
                .map(|(cell, &(head, short, is_number))| {
                    let head = if *is_short { short } else { head };
                    Column { cell, head, is_number, gap: 2, width: needed(cell).max(width(head)) }
                })
                .collect();
            for column in &mut layout {
                match column.cell {
                    LABEL => column.width = needed(LABEL),
                    NAME => (column.gap, column.width) = (1, needed(NAME).min(WIDEST / 2).min(self.columns / 4)),
                    GIT => column.width = column.width.min(WIDEST),
                    DRIFT if !is_short => column.gap = 4,
                    _ => {}
                }
            }
            let taken: usize = layout.iter().map(|column| column.gap + column.width).sum();
            if let Some(git) = layout.iter_mut().find(|column| column.cell == GIT) {
                git.width = room(taken - git.width).min(git.width);
                if git.width >= NARROWEST_GIT.min(needed(GIT)) {
                    return layout;
                }
            } else if taken <= self.columns {
                return layout;
            }
        }
        layout
    }

    fn cell(&self, environment: &EnvironmentReport, column: &Column, text: &str) -> String {
        let cell = column.fit(text);
        match column.cell {
            LABEL => self.styles.paint(Look::Heading, cell).to_string(),
            READ if !environment.complete => {
                let (gap, words) = cell.split_at(column.gap);
                format!("{gap}{}", self.styles.paint(Look::Unreadable, words.trim_end()))
            }
            _ => cell,
        }
    }
}

/// A column of the table of environments.
struct Column {
    /// Which of [`cells`].
    cell: usize,
    head: &'static str,
    is_number: bool,
    /// Blanks before it.
    gap: usize,
    width: usize,
}

impl Column {
    fn fit(&self, text: &str) -> String {
        let text = fit(text, self.width);
        let text = if self.is_number { pad_start(&text, self.width) } else { pad(&text, self.width) };
        format!("{}{text}", " ".repeat(self.gap))
    }
}

const LABEL: usize = 0;
const NAME: usize = 1;
const GIT: usize = 2;
const DRIFT: usize = 3;
const ONLY_HERE: usize = 4;
const ARTIFACTS: usize = 6;
const READ: usize = 7;

/// The heads of [`cells`], long and short, and which stand over numbers.
const HEADS: [(&str, &str, bool); 8] = [
    ("", "", false),
    ("", "", false),
    ("git", "git", false),
    ("drift", "drift", true),
    ("only here", "only", true),
    ("uncommitted", "unc.", true),
    ("artifacts", "art.", true),
    ("read", "read", false),
];

/// With short heads or not, and without which columns; the first that fits.
const LAYOUTS: &[(bool, &[usize])] =
    &[(false, &[]), (true, &[]), (true, &[GIT]), (true, &[GIT, ARTIFACTS]), (true, &[GIT, ARTIFACTS, ONLY_HERE])];

/// What the table says of an environment, with so many columns for its repository.
fn cells(environment: &EnvironmentReport, git: usize) -> Vec<String> {
    vec![
        environment.label.clone(),
        environment.name.clone(),
        git_and_nearest(environment, git),
        count(environment.drift),
        count(environment.only_here),
        environment.uncommitted.map_or_else(|| "-".to_owned(), count),
        count(environment.artifacts),
        read_words(environment),
    ]
}

/// How much of an environment was read.
fn read_words(environment: &EnvironmentReport) -> String {
    match (environment.complete, environment.unreadable) {
        (true, _) => "all".to_owned(),
        (false, _) if environment.entries == 0 => "nothing".to_owned(),
        (false, 0) => "not all".to_owned(),
        (false, paths) => format!("all but {}", count(paths)),
    }
}

/// The same, and which commit is near where that says more: `none, near fbc2da9 (97.6 %)`, or how near where there is little room.
fn git_and_nearest(environment: &EnvironmentReport, room: usize) -> String {
    let git = git_words(&environment.git);
    match &environment.nearest {
        None => git,
        Some(nearest) => {
            let likeness = &nearest.likeness;
            let share = percent(likeness.agree, likeness.paths);
            let all = format!("{git}, near {:.7} ({share})", likeness.commit.id);
            let short = format!("{git}, near {share}");
            [all, short].into_iter().find(|words| width(words) <= room).unwrap_or(git)
        }
    }
}

/// A repository in a few words: `main 4c1d2e9 = origin/main`.
pub(in crate::report) fn git_words(git: &GitReport) -> String {
    let words = match git {
        GitReport::None => "none".to_owned(),
        GitReport::NotKept => "not kept".to_owned(),
        GitReport::Unknown { .. } => "unknown".to_owned(),
        GitReport::Commit { reference, commit } => format!("{reference} {:.7}", commit.id),
        GitReport::Checkout(checkout) => {
            let branch = checkout.branch.as_deref().unwrap_or("detached");
            let mut words = match &checkout.commit {
                Some(commit) => format!("{branch} {:.7}", commit.id),
                None => format!("{branch}, no commit yet"),
            };
            if let Some(upstream) = &checkout.upstream {
                let remote = upstream.name.strip_suffix(&format!("/{branch}")).unwrap_or(&upstream.name);
                match (upstream.ahead, upstream.behind) {
                    (Some(0), Some(0)) => words.push_str(&format!(" = {remote}")),
                    (Some(ahead), Some(behind)) => {
                        words.push_str(&format!(" {remote}"));
                        for (sign, number) in [('+', ahead), ('-', behind)] {
                            if number > 0 {
                                words.push_str(&format!(" {sign}{number}"));
                            }
                        }
                    }
                    _ if upstream.is_gone => words.push_str(&format!(" ({remote} is gone)")),
                    _ => words.push_str(&format!(" {remote} ?")),
                }
            } else if let Some(unpushed) = checkout.unpushed.as_ref().filter(|unpushed| !unpushed.is_empty()) {
                words.push_str(&format!(" +{} unpushed", unpushed.len()));
            }
            if let Some(operation) = checkout.operation {
                words.push_str(&format!(", {operation} unfinished"));
            }
            words
        }
    };
    escape::name(words.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_read_in_full_in_part_or_not_at_all() {
        let words = |complete, entries, unreadable| {
            read_words(&EnvironmentReport {
                name: "prod".to_owned(),
                label: "P".to_owned(),
                origin: "/srv/prod".to_owned(),
                role: None,
                entries,
                drift: 0,
                only_here: 0,
                uncommitted: None,
                artifacts: 0,
                unreadable,
                complete,
                git: GitReport::None,
                nearest: None,
            })
        };
        assert_eq!(words(true, 0, 0), "all");
        assert_eq!(words(false, 0, 4), "nothing");
        // Paths that only other environments have are unknown below a folder that is one entry here.
        assert_eq!(words(false, 3, 5), "all but 5");
        assert_eq!(words(false, 3, 0), "not all");
    }
}
