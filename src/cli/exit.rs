use std::process::ExitCode;

/// How palier ends: the one table of exit codes, printed by `palier help exit-codes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to change.
    Done,
    /// An error, bad input or usage.
    Error,
    /// A plan holds changes.
    Changes,
    /// A probe failed or a wait ran out.
    ProbeFailed,
    /// The policy forbids it.
    Forbidden,
    /// Another run holds the lock.
    Locked,
    /// A step failed and was rolled back.
    RolledBack,
    /// The rollback failed too.
    RollbackFailed,
    /// The world differs from what was assumed.
    Stale,
    /// `check` has findings of severity error.
    Findings,
    /// Interrupted.
    Interrupted,
}

/// Every exit with its number and its meaning.
pub(crate) const TABLE: &[(Exit, u8, &str)] = &[
    (Exit::Done, 0, "done, or nothing to change"),
    (Exit::Error, 1, "an error, bad input or usage"),
    (Exit::Changes, 2, "a plan holds changes (`plan --detailed-exitcode`, `generate --check`)"),
    (Exit::ProbeFailed, 3, "a probe failed or a wait ran out; nothing was undone"),
    (Exit::Forbidden, 4, "the policy forbids it (budget, one-way step, old waiver), or nothing fits"),
    (Exit::Locked, 5, "another run holds the lock"),
    (Exit::RolledBack, 6, "a step failed and was rolled back"),
    (Exit::RollbackFailed, 7, "the rollback failed too; a person must look"),
    (Exit::Stale, 8, "the world differs from what was assumed (stale plan, drift)"),
    (Exit::Findings, 9, "findings of severity error"),
    (Exit::Interrupted, 130, "interrupted; can be resumed"),
];

impl Exit {
    /// The process's exit code.
    pub(crate) fn code(self) -> ExitCode {
        let number = TABLE.iter().find(|(exit, _, _)| *exit == self).map_or(1, |(_, number, _)| *number);
        ExitCode::from(number)
    }
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn no_two_exits_share_a_number() {
        let mut numbers: Vec<u8> = TABLE.iter().map(|(_, number, _)| *number).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), TABLE.len());
    }
}
