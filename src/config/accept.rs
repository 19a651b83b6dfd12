//! `[[accept]]`: findings that somebody accepted, as they were written and as they hold.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::raw::{Text, in_file_order, string, unknown_key, wrong_type};

const KEYS: &[&str] = &["id", "because", "until", "matter"];

/// The name of a finding has so many hexadecimal digits.
const DIGITS: usize = 10;

/// A finding that somebody accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    /// The finding; unique among acceptances.
    pub id: String,
    /// Why, in the user's words; not empty.
    pub because: String,
    /// The last day on which it holds, in UTC; `None` for no end.
    pub until: Option<Date>,
    /// What was accepted, as `driftline accept` wrote it: when something else is there, it holds no longer.
    pub matter: Option<String>,
}

/// Reads and judges all of it.
pub(super) fn read(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<Accept> {
    let Some(array) = value.get_ref().as_array() else {
        problems.push(wrong_type("accept", value, "a list of tables", "write `[[accept]]`, in double brackets"));
        return Vec::new();
    };
    let mut known: BTreeMap<String, Range<usize>> = BTreeMap::new();
    array.iter().filter_map(|value| accept(value, &mut known, problems)).collect()
}

fn accept(
    value: &Spanned<DeValue<'_>>,
    known: &mut BTreeMap<String, Range<usize>>,
    problems: &mut Vec<Problem>,
) -> Option<Accept> {
    let Some(table) = value.get_ref().as_table() else {
        let help = "write `[[accept]]` and below it `id = \"...\"`";
        problems.push(wrong_type("accept", value, "a list of tables", help));
        return None;
    };
    let before = problems.len();
    let (mut id, mut because, mut until, mut matter) = (None, None, None, None);
    for (key, value) in in_file_order(table) {
        match key.get_ref().as_ref() {
            "id" => id = string("id", value, problems),
            "because" => because = string("because", value, problems),
            "until" => until = day(value, problems),
            "matter" => matter = string("matter", value, problems),
            _ => problems.push(unknown_key(key, KEYS, &[], "in an acceptance")),
        }
    }
    let is_broken = problems.len() > before;
    let id = self::id(id, value, table, is_broken, problems)?;
    if let Some(first) = known.insert(id.get_ref().clone(), id.span()) {
        problems.push(
            Problem::new(id.span(), format!("`{}` is accepted twice", id.get_ref()), "here again")
                .related(first, "first here")
                .help("keep one of them"),
        );
    }
    let is_said = because.as_ref().is_some_and(|because| !because.get_ref().trim().is_empty());
    if !is_said && !is_broken {
        let span = because.as_ref().map_or_else(|| id.span(), Text::span);
        problems.push(
            Problem::new(span, format!("`{}` is accepted without a reason", id.get_ref()), "nobody will know why")
                .help("say why: `because = \"goes away with the new front end\"`"),
        );
    }
    let because = because?.into_inner();
    Some(Accept { id: id.into_inner(), because, until, matter: matter.map(Text::into_inner) })
}

fn id(
    id: Option<Text>,
    value: &Spanned<DeValue<'_>>,
    table: &DeTable<'_>,
    is_broken: bool,
    problems: &mut Vec<Problem>,
) -> Option<Text> {
    let Some(id) = id else {
        if !is_broken {
            // The span of a table of tables is its heading; an inline one is all of it.
            let span = table.iter().next().map_or_else(|| value.span(), |(key, _)| key.span());
            problems.push(
                Problem::new(span, "an acceptance without `id`", "of which finding?")
                    .help("write the name of a finding: `id = \"0123456789\"`"),
            );
        }
        return None;
    };
    let is_id =
        id.get_ref().len() == DIGITS && id.get_ref().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_id {
        problems.push(
            Problem::new(id.span(), format!("`{}` is no name of a finding", id.get_ref()), "this name")
                .help(format!("names of findings are {DIGITS} digits from 0 to 9 and a to f, as reports show them")),
        );
    }
    Some(id)
}

/// `2027-01-31`, in quotes or not.
fn day(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<Date> {
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        _ => {
            problems.push(wrong_type("until", value, "a day", "write `until = 2027-01-31`"));
            return None;
        }
    };
    let is_day = text.len() == 10;
    let day = text.parse::<Date>().ok().filter(|_| is_day);
    if day.is_none() {
        problems.push(
            Problem::new(value.span(), format!("`{text}` is no day"), "this is no day of a calendar")
                .help("write the last day on which it holds: `until = 2027-01-31`"),
        );
    }
    day
}
