//! How many files the process may have open: every connection is one, so that the bound on calls is worth no more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files of a call: the connection of its caller, and the one to its provider.
const PER_CALL: u64 = 2;
/// Files beside those of calls (chosen: listeners, runtimes, contracts, secrets, the log, connections of operators).
const BESIDE: u64 = 128;

/// Files that may be open at once; none: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Descriptors(Option<u64>);

impl Descriptors {
    /// As many as the machine lets the process have; the usual 1,024 are a matter of old programs.
    pub(super) fn raise() -> Self {
        let limit = getrlimit(Resource::Nofile);
        let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
        match setrlimit(Resource::Nofile, most) {
            Ok(()) => Self(limit.maximum),
            Err(_) => Self(limit.current),
        }
    }

    /// Says what they allow, where so many calls may be under way.
    pub(super) fn tell(self, calls: usize) {
        let Some(most) = self.0 else { return };
        eprintln!(
            "outwright: {most} files may be open, connections included; at most {calls} calls are under way"
        );
        if let Some(fewer) = self.fewer_calls_than(calls) {
            eprintln!(
                "warning: that is enough for {fewer} calls: beyond it connections wait until files are closed"
            );
            eprintln!(
                "help: raise the limit (`ulimit -Hn`, `LimitNOFILE=`), or write `bounds: {{ calls: {fewer} }}` in outwright.yaml"
            );
        }
    }

    /// The calls that they allow, where those are fewer than this.
    fn fewer_calls_than(self, calls: usize) -> Option<u64> {
        let allowed = self.0?.saturating_sub(BESIDE) / PER_CALL;
        (allowed < u64::try_from(calls).unwrap_or(u64::MAX)).then_some(allowed.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::Descriptors;

    ///
    #[test]
    fn two_files_a_call_and_some_beside_are_needed() {
        for (files, calls, fewer) in [
            (Some(1_024), 8_192, Some(448)),
            (Some(2 * 448 + 128), 448, None),
            (Some(2 * 448 + 127), 448, Some(447)),
            (Some(10), 1, Some(1)),
            (Some(u64::MAX), 1_000_000, None),
            (None, usize::MAX, None),
        ] {
            assert_eq!(Descriptors(files).fewer_calls_than(calls), fewer, "{files:?} {calls}");
        }
    }
}
