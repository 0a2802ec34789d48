//! Which batches were taken last: those of each tenant by themselves, since it stands in the ids of records, and one tenant
//! is not to tell by his how many another's batches are.

use record::id::Tenant;
use record::order::Taken;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// More than there are tokens. What is forgotten begins anew with the clock.
const MAX_TENANTS: usize = 4096;

/// The last ones.
#[derive(Debug, Default)]
pub(super) struct LastTaken(Mutex<HashMap<Option<Tenant>, Taken>>);

impl LastTaken {
    /// Does something with those of a tenant, or of all who are none.
    pub(super) fn with<T>(&self, tenant: Option<Tenant>, work: impl FnOnce(&mut Taken) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_TENANTS && !all.contains_key(&tenant) {
            all.clear();
        }
        work(all.entry(tenant).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;

    const NOW: Timestamp = Timestamp::from_nanos(1_700_000_000_000_000_000);

    /// Without a name, none.
    fn tenant(name: &str) -> Option<Tenant> {
        (!name.is_empty()).then(|| Tenant::new(name))
    }

    #[test]
    fn no_tenant_tells_by_its_own_batches_how_many_another_has_sent() {
        // A usual one, and one of long ago, which is counted.
        for greatest in [NOW, Timestamp::from_nanos(0)] {
            let taken = LastTaken::default();
            let next = |tenant| taken.with(tenant, |taken| taken.next(greatest, NOW));
            let first = next(tenant("shop"));
            for _ in 0..1_000 {
                next(tenant("bank"));
                next(tenant(""));
            }
            assert_eq!(first, next(tenant("other")));
            // Its own are told apart.
            assert_ne!(first, next(tenant("shop")));
        }
    }

    #[test]
    fn no_more_tenants_are_remembered_than_there_may_be_tokens() {
        let taken = LastTaken::default();
        for number in 0..2 * MAX_TENANTS {
            taken.with(tenant(&number.to_string()), |taken| taken.next(NOW, NOW));
            assert!(taken.0.lock().unwrap().len() <= MAX_TENANTS);
        }
    }
}
