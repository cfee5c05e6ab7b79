//! Every exit code of the command line, with its sentence. The same everywhere.

use std::process::ExitCode;

/// How a command ended (`outwright help` prints this table).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Fine.
    Fine,
    /// The thing looked at is not fine.
    NotFine,
    /// Wrong use of the command line.
    WrongUse,
    /// There is nothing to look at.
    Nothing,
    /// The environment: store, provider or gateway out of reach; it could not be checked.
    Environment,
    /// Refused for safety.
    Refused,
    /// A bug of outwright.
    Bug,
}

impl Exit {
    const ALL: [Self; 7] = [
        Self::Fine,
        Self::NotFine,
        Self::WrongUse,
        Self::Nothing,
        Self::Environment,
        Self::Refused,
        Self::Bug,
    ];

    const fn number(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::NotFine => 1,
            Self::WrongUse => 2,
            Self::Nothing => 3,
            Self::Environment => 4,
            Self::Refused => 5,
            Self::Bug => 70,
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::NotFine => "the thing looked at is not fine",
            Self::WrongUse => "wrong use of the command line",
            Self::Nothing => "nothing to look at",
            Self::Environment => "store, provider or gateway out of reach: could not check",
            Self::Refused => "refused for safety",
            Self::Bug => "a bug of outwright",
        }
    }

    /// The table of exit codes, for the end of every help text.
    pub(crate) fn table() -> String {
        let mut text = String::from("Exit codes:\n");
        for exit in Self::ALL {
            text.push_str(&format!("  {:>2}  {}\n", exit.number(), exit.sentence()));
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_published_ones() {
        let numbers: Vec<u8> = Exit::ALL.iter().map(|exit| exit.number()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 70]);
    }
}
