use crate::units::Bytes;

/// What a server keeps besides its workers when nothing measures it: gunicorn's arbiter with the interpreter, which
/// loads no application of its own unless it preloads one.
pub const ASSUMED_BASE: Bytes = Bytes::mebibytes(30);

/// The memory that one instance of a web service needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceMemory {
    /// The highest memory of one worker process.
    pub per_worker: Bytes,
    /// Memory besides the workers: the arbiter, sidecars, the shell.
    pub base: Bytes,
}

impl InstanceMemory {
    /// Memory by the number of workers, from what was measured.
    ///
    /// `instance` is the peak of the whole instance while `workers` ran: what it holds beyond them is the base. A
    /// negative rest (workers share pages after a fork) counts as no base.
    #[must_use]
    pub fn measured(per_worker: Bytes, instance: Option<(Bytes, u32)>) -> Self {
        let base = instance.map_or(ASSUMED_BASE, |(memory, workers)| {
            Bytes(memory.0.saturating_sub(per_worker.0.saturating_mul(u64::from(workers))))
        });
        Self { per_worker, base }
    }

    /// The peak of an instance that runs so many workers.
    #[must_use]
    pub const fn of(self, workers: u32) -> Bytes {
        Bytes(self.per_worker.0.saturating_mul(workers as u64).saturating_add(self.base.0))
    }

    /// The most workers that stay within a limit; 0 when not even one does.
    #[must_use]
    pub fn most_workers(self, limit: Bytes) -> u32 {
        let room = limit.0.saturating_sub(self.base.0);
        u32::try_from(room.checked_div(self.per_worker.0).unwrap_or(u64::from(u32::MAX))).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::InstanceMemory;
    use crate::units::Bytes;
    use proptest::prelude::*;

    #[test]
    fn the_rest_of_an_instance_is_its_base() {
        let memory = InstanceMemory::measured(Bytes::mebibytes(171), Some((Bytes::mebibytes(240), 1)));
        assert_eq!(memory.base, Bytes::mebibytes(69));
        assert_eq!(memory.of(2), Bytes::mebibytes(411));
    }

    proptest! {
        #[test]
        fn the_most_workers_fit_and_one_more_does_not(per_worker in 1_u64..4_000, base in 0_u64..500, limit in 0_u64..100_000) {
            let memory = InstanceMemory { per_worker: Bytes::mebibytes(per_worker), base: Bytes::mebibytes(base) };
            let limit = Bytes::mebibytes(limit);
            let most = memory.most_workers(limit);
            prop_assert!(most == 0 || memory.of(most) <= limit);
            prop_assert!(memory.of(most + 1) > limit);
        }
    }
}
