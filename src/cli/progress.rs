//! How far the reading is: by files and bytes, a line for each environment, on a terminal only.

use std::sync::Once;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::collect::Watch;
use crate::path::EnvironmentName;

/// A run that ends sooner is not worth a flicker.
const PATIENCE: Duration = Duration::from_millis(400);

/// A line for each environment.
#[derive(Debug)]
pub(crate) struct Progress {
    lines: MultiProgress,
    bars: Vec<ProgressBar>,
    began: Instant,
    /// Shows the lines, once.
    show: Once,
    is_seen: bool,
}

impl Progress {
    /// Shows progress on stderr, or nothing at all where it would not be seen.
    pub(crate) fn new(environments: &[EnvironmentName], shown: bool) -> Self {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let widest = environments.iter().map(|name| name.as_str().len()).max().unwrap_or(0);
        let bars = environments.iter().map(|name| {
            let bar = lines.add(ProgressBar::new_spinner());
            bar.set_style(style(LISTING));
            bar.set_prefix(format!("{name:widest$}"));
            bar
        });
        let bars = bars.collect();
        Self { lines, bars, began: Instant::now(), show: Once::new(), is_seen: shown }
    }

    /// The line of an environment, where it is seen: from the moment on when the run is not short any more.
    fn bar(&self, environment: usize) -> Option<&ProgressBar> {
        if self.is_seen && self.began.elapsed() > PATIENCE {
            self.show.call_once(|| self.lines.set_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        }
        self.bars.get(environment).filter(|_| self.is_seen)
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
        if let Some(bar) = self.bar(environment) {
            bar.inc(entries);
        }
    }

    fn listing_ended(&self, environment: usize) {
        if let Some(bar) = self.bar(environment) {
            bar.tick();
        }
    }

    fn expects(&self, environment: usize, files: u64, bytes: u64) {
        let Some(bar) = self.bar(environment) else { return };
        if bar.length().is_none() {
            bar.set_position(0);
            bar.set_length(0);
            bar.set_style(style(READING));
        }
        bar.inc_length(bytes);
        bar.set_message(format!("{files} files"));
    }

    fn read(&self, environment: usize, _files: u64, bytes: u64) {
        if let Some(bar) = self.bar(environment) {
            bar.inc(bytes);
        }
    }

    fn is_seen(&self) -> bool {
        self.is_seen
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
