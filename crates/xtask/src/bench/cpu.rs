//! Processor time from `/proc`: of a process with its children, and of the whole machine per core.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Length of a tick of `/proc/stat`; Linux shows 100 per second to programs on every common machine.
const TICK: Duration = Duration::from_millis(10);

/// Time on a processor of a process, all its threads and all its children, from the scheduler.
pub(crate) fn spent(pid: u32) -> Duration {
    family(pid).into_iter().map(of_process).sum()
}

fn of_process(pid: u32) -> Duration {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Duration::ZERO };
    let of_task = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.flatten().filter_map(of_task).sum())
}

/// A process and everything below it.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let parents = parents();
    let mut family = vec![pid];
    let mut at = 0;
    while let Some(&parent) = family.get(at) {
        family.extend(parents.iter().filter(|(_, p)| **p == parent).map(|(child, _)| *child));
        at += 1;
    }
    family
}

fn parents() -> BTreeMap<u32, u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeMap::new() };
    let pair = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        // The fields behind the name, which may hold anything: state, then parent.
        let parent = stat_field(&entry.path(), 1)?.parse().ok()?;
        Some((pid, parent))
    };
    entries.flatten().filter_map(pair).collect()
}

/// Whether a process has a session of its own.
pub(crate) fn leads_a_session(pid: u32) -> bool {
    // The fields behind the name: state, parent, group, session.
    let session = stat_field(Path::new(&format!("/proc/{pid}")), 3);
    session.is_some_and(|s| s == pid.to_string())
}

/// A field of `/proc/PID/stat` by its place behind the name.
fn stat_field(process: &Path, place: usize) -> Option<String> {
    let text = fs::read_to_string(process.join("stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    fields.split_whitespace().nth(place).map(str::to_owned)
}

/// Time of this program itself and of the children that it has seen end (wrk).
pub(crate) fn own() -> Duration {
    let ticks = |place| {
        let text = stat_field(Path::new("/proc/self"), place);
        text.and_then(|t| t.parse::<u32>().ok()).unwrap_or(0)
    };
    // proc_pid_stat(5): utime, stime, cutime, cstime are fields 14 to 17, counted from 1.
    TICK * (ticks(11) + ticks(12) + ticks(13) + ticks(14))
}

/// How busy each core was between two looks.
pub(crate) struct Cores {
    busy: Vec<Duration>,
    at: Instant,
}

impl Cores {
    /// Looks now.
    pub(crate) fn look() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        let busy = text.lines().filter_map(busy_of).collect();
        Self { busy, at: Instant::now() }
    }

    /// The share of each core that was busy since then, and the time that passed.
    pub(crate) fn since(&self) -> (Vec<Duration>, Duration) {
        let now = Self::look();
        let busy = now.busy.iter().zip(&self.busy).map(|(n, o)| n.saturating_sub(*o)).collect();
        (busy, now.at.duration_since(self.at))
    }
}

/// Busy time in a line such as `cpu0 user nice system idle iowait irq softirq steal ...`.
fn busy_of(line: &str) -> Option<Duration> {
    let mut words = line.split_whitespace();
    let name = words.next()?.strip_prefix("cpu")?;
    if name.is_empty() {
        return None;
    }
    let ticks: Vec<u32> = words.filter_map(|w| w.parse().ok()).collect();
    let idle = |place: usize| place == 3 || place == 4;
    // Guest time (places 8 and 9) is already counted in user and nice.
    let busy = ticks.iter().enumerate().take(8).filter(|(place, _)| !idle(*place));
    Some(TICK * busy.map(|(_, t)| *t).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_are_not_busy_and_the_sum_line_is_skipped() {
        let line = "cpu0 10 1 5 1000 50 2 3 4 7 0";
        assert_eq!(busy_of(line), Some(TICK * 25));
        assert_eq!(busy_of("cpu  10 1 5 1000 50 2 3 4 7 0"), None);
        assert_eq!(busy_of("intr 1 2"), None);
    }

    #[test]
    fn a_process_is_in_its_own_family() {
        assert!(family(std::process::id()).contains(&std::process::id()));
    }
}
