//! A bar for whoever waits: only on a terminal, only after a second, never in the data.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use outwright_contract::{Loaded, Options, Source, load_telling, steps};

/// How long a check may take before somebody wonders (issue 4).
const PATIENCE: Duration = Duration::from_secs(1);

/// Loads, and shows how far it is where that takes long.
pub(crate) fn load(sources: &[Source], options: &Options) -> Loaded {
    let seen = std::io::stderr().is_terminal();
    let start = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    let loaded = load_telling(sources, options, &mut |done| {
        if bar.is_none() && seen && start.elapsed() > PATIENCE {
            bar = Some(shown(steps(sources)));
        }
        if let Some(bar) = &bar {
            bar.set_position(done as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    loaded
}

fn shown(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("checking {bar:40} {percent}%")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr())
        .with_style(style)
}
