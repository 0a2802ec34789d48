//! A thread that builds merged blocks in the time that nothing else on the machine wants.
//!
//! At a low priority alone it would have a core while someone waits for an acknowledgement. In the idle class it is held
//! up for as long as others work, so it must hold nothing meanwhile that they wait for: it gets bytes and gives bytes.

use super::merge::{Sources, Unmerged};
use crate::blocks::storage::Change;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;

/// What merging some blocks changes, or why they cannot be merged.
pub(super) type Built = Result<Change, Unmerged>;

/// The thread, which ends when this is dropped.
pub(super) struct IdleThread(SyncSender<Work>);

struct Work {
    /// Gone when whoever asked has given up.
    sources: Weak<Sources>,
    done: SyncSender<Built>,
}

impl IdleThread {
    /// Starts it, if a thread can be had.
    pub(super) fn start() -> Option<Self> {
        // One that was given up may be at work yet.
        let (sender, work) = sync_channel(1);
        let named = thread::Builder::new().name("store-build".to_owned());
        let started = named.spawn(move || {
            enter_idle_class();
            run(&work);
        });
        started.ok().map(|_| Self(sender))
    }

    /// Has blocks built, unless the last ones are not begun yet. Whoever lets go of the sources has given up.
    pub(super) fn build(&self, sources: &Arc<Sources>) -> Option<Receiver<Built>> {
        let (done, built) = sync_channel(1);
        let sources = Arc::downgrade(sources);
        self.0.try_send(Work { sources, done }).ok()?;
        Some(built)
    }
}

fn run(work: &Receiver<Work>) {
    for Work { sources, done } in work {
        let Some(sources) = sources.upgrade() else {
            continue;
        };
        // A panic is logged as such; whoever asked finds that nothing came.
        let built = panic::catch_unwind(AssertUnwindSafe(|| sources.merged()));
        drop(built.map(|built| done.send(built)));
    }
}

/// Without leave to, it is a thread like others.
#[cfg(target_os = "linux")]
fn enter_idle_class() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
        set_thread_priority_and_policy, thread_native_id,
    };
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let entered = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
    if let Err(error) = entered {
        tracing::debug!(%error, "blocks are built at the priority of all else");
    }
}

#[cfg(not(target_os = "linux"))]
fn enter_idle_class() {}

/// One where nobody works.
#[cfg(test)]
pub(super) fn held_up() -> (IdleThread, Receiver<impl Sized>) {
    let (sender, work) = sync_channel::<Work>(1);
    (IdleThread(sender), work)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Arc<Sources> {
        Arc::new(Sources::default())
    }

    #[test]
    fn what_it_builds_is_given_to_whoever_asked() {
        let thread = IdleThread::start().unwrap();
        for _ in 0..3 {
            let sources = nothing();
            let built = thread.build(&sources).unwrap().recv().unwrap();
            assert!(matches!(built, Err(Unmerged::Store(_))), "{built:?}");
        }
    }

    #[test]
    fn what_was_given_up_before_it_was_begun_is_not_built() {
        let (sender, work) = sync_channel(1);
        let given_up = IdleThread(sender).build(&nothing()).unwrap();
        run(&work);
        assert!(given_up.recv().is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_gives_way_to_all_others() {
        use thread_priority::{
            NormalThreadSchedulePolicy, ThreadSchedulePolicy, thread_schedule_policy,
        };
        let policy = thread::spawn(|| {
            enter_idle_class();
            thread_schedule_policy().unwrap()
        });
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        assert_eq!(policy.join().unwrap(), idle);
    }
}
