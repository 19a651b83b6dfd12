//! How far the reading is: by files and bytes, a line for each environment, on a terminal only.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::collect::Watch;
use crate::path::EnvironmentName;

/// A line for each environment.
#[derive(Debug)]
pub(crate) struct Progress {
    bars: Vec<ProgressBar>,
}

impl Progress {
    /// Shows progress on stderr, or nothing at all where it would not be seen.
    pub(crate) fn new(environments: &[EnvironmentName], shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let lines = MultiProgress::with_draw_target(target);
        let widest = environments.iter().map(|name| name.as_str().len()).max().unwrap_or(0);
        let bars = environments.iter().map(|name| {
            let bar = lines.add(ProgressBar::new_spinner());
            bar.set_style(style(LISTING));
            bar.set_prefix(format!("{name:widest$}"));
            bar
        });
        Self { bars: bars.collect() }
    }

    /// Takes the lines away.
    pub(crate) fn clear(&self) {
        self.bars.iter().for_each(ProgressBar::finish_and_clear);
    }
}

const LISTING: &str = "{prefix}  listing  {human_pos} entries";
const READING: &str = "{prefix}  reading  {bar:20}  {binary_bytes} of {binary_total_bytes}  {msg}";

fn style(template: &str) -> ProgressStyle {
    // Both templates are constants that the tests below parse.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Watch for Progress {
    fn listed(&self, environment: usize, entries: u64) {
        self.bars[environment].inc(entries);
    }

    fn listing_ended(&self, environment: usize) {
        self.bars[environment].tick();
    }

    fn expects(&self, environment: usize, files: u64, bytes: u64) {
        let bar = &self.bars[environment];
        if bar.length().is_none() {
            bar.set_position(0);
            bar.set_length(0);
            bar.set_style(style(READING));
        }
        bar.inc_length(bytes);
        bar.set_message(format!("{files} files"));
    }

    fn read(&self, environment: usize, _files: u64, bytes: u64) {
        self.bars[environment].inc(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_parse() {
        for template in [LISTING, READING] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
