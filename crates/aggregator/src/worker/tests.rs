//! What a lane promises: bounds, bulkheads, skipped and lost jobs.

use super::*;
use crate::accounting::shares::Owner;
use async_trait::async_trait;
use logs::clock::SystemClock;
use tokio::sync::Notify;

/// Does what its jobs say.
#[derive(Default)]
struct Scripted {
    gate: Notify,
    begun: Notify,
}

enum Script {
    Answer(u32),
    OfAnother(u32),
    WaitForGate,
    Panic,
    Fail,
}

#[async_trait]
impl Handler for Scripted {
    type Job = Script;
    type Output = u32;
    type Error = &'static str;

    fn owner(job: &Script) -> Owner {
        match job {
            Script::WaitForGate => Some(Arc::from("one")),
            Script::OfAnother(_) => Some(Arc::from("another")),
            Script::Answer(_) | Script::Panic | Script::Fail => None,
        }
    }

    async fn run(&self, job: Script, _deadline: Duration) -> Result<u32, &'static str> {
        match job {
            Script::Answer(number) | Script::OfAnother(number) => Ok(number),
            Script::WaitForGate => {
                self.begun.notify_one();
                self.gate.notified().await;
                Ok(0)
            }
            Script::Panic => panic!("as the script says"),
            Script::Fail => Err("as the script says"),
        }
    }
}

const LATER: Duration = Duration::from_secs(60);

struct Bench {
    lane: Arc<Lane<Scripted>>,
    handler: Arc<Scripted>,
    dispatcher: JoinHandle<()>,
}

fn bench(capacity: usize, workers: usize) -> Bench {
    let handler = Arc::new(Scripted::default());
    let clock = Arc::new(SystemClock::start());
    let (lane, dispatcher) = Lane::start(capacity, workers, Arc::clone(&handler), clock);
    Bench {
        lane: Arc::new(lane),
        handler,
        dispatcher,
    }
}

impl Bench {
    /// A job that holds one worker until the gate opens; it has been begun when this returns.
    async fn hold_a_worker(&self) -> JoinHandle<Result<u32, JobError<&'static str>>> {
        let lane = Arc::clone(&self.lane);
        let held = tokio::spawn(async move { lane.submit(Script::WaitForGate, LATER).await });
        self.handler.begun.notified().await;
        held
    }

    async fn until(&self, reached: impl Fn(&LaneSnapshot) -> bool) {
        while !reached(&self.lane.snapshot()) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_job_gives_its_result_or_its_error() {
    let bench = bench(4, 2);
    assert_eq!(bench.lane.submit(Script::Answer(7), LATER).await, Ok(7));
    let failed = bench.lane.submit(Script::Fail, LATER).await;
    assert_eq!(failed, Err(JobError::Failed("as the script says")));
    let counts = bench.lane.snapshot();
    assert_eq!((counts.done, counts.failed), (1, 1));
}

#[tokio::test]
async fn a_full_lane_refuses_at_once_and_says_when_to_come_again() {
    let bench = bench(1, 1);
    let held = bench.hold_a_worker().await;
    let lane = Arc::clone(&bench.lane);
    let waiting = tokio::spawn(async move { lane.submit(Script::Answer(1), LATER).await });
    bench.until(|counts| counts.queued == 1).await;
    match bench.lane.submit(Script::Answer(2), LATER).await {
        Err(JobError::Full { retry_after }) => assert!(retry_after >= Duration::from_secs(1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.lane.snapshot().refused, 1);
    bench.handler.gate.notify_one();
    assert_eq!(held.await.unwrap(), Ok(0));
    assert_eq!(waiting.await.unwrap(), Ok(1));
}

#[tokio::test]
async fn a_job_whose_caller_has_left_is_skipped() {
    let bench = bench(4, 1);
    let held = bench.hold_a_worker().await;
    let lane = Arc::clone(&bench.lane);
    let leaving = tokio::spawn(async move { lane.submit(Script::Panic, LATER).await });
    bench.until(|counts| counts.queued == 1).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    bench.handler.gate.notify_one();
    assert_eq!(held.await.unwrap(), Ok(0));
    bench.until(|counts| counts.skipped == 1).await;
    assert_eq!(bench.lane.snapshot().panicked, 0);
}

#[tokio::test]
async fn a_panic_costs_its_own_job_and_no_worker() {
    let bench = bench(4, 1);
    for round in 1..=3 {
        let panicked = bench.lane.submit(Script::Panic, LATER).await;
        assert_eq!(panicked, Err(JobError::Panicked));
        assert_eq!(
            bench.lane.submit(Script::Answer(round), LATER).await,
            Ok(round)
        );
    }
    bench
        .until(|counts| counts.panicked == 3 && counts.busy == 0)
        .await;
}

#[tokio::test]
async fn a_job_that_waited_past_its_deadline_is_not_begun() {
    let bench = bench(4, 1);
    let expired = bench.lane.submit(Script::Panic, Duration::ZERO).await;
    assert_eq!(expired, Err(JobError::Expired));
    assert_eq!(bench.lane.snapshot().expired, 1);
}

#[tokio::test]
async fn one_lane_does_not_hold_up_another() {
    let (reads, writes) = (bench(1, 1), bench(1, 1));
    let held = reads.hold_a_worker().await;
    assert_eq!(writes.lane.submit(Script::Answer(1), LATER).await, Ok(1));
    reads.handler.gate.notify_one();
    assert_eq!(held.await.unwrap(), Ok(0));
}

#[tokio::test]
async fn closing_a_lane_finishes_what_was_taken() {
    let bench = bench(4, 1);
    let held = bench.hold_a_worker().await;
    let Bench {
        lane,
        handler,
        dispatcher,
    } = bench;
    drop(lane);
    handler.gate.notify_one();
    assert_eq!(held.await.unwrap(), Ok(0));
    dispatcher.await.unwrap();
}

#[tokio::test]
async fn one_owners_long_jobs_leave_a_worker_to_another() {
    let bench = bench(16, 4);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(bench.hold_a_worker().await);
    }
    let lane = Arc::clone(&bench.lane);
    let fourth = tokio::spawn(async move { lane.submit(Script::WaitForGate, LATER).await });
    bench.until(|counts| counts.queued == 1).await;
    for _ in 0..3 {
        let quick = bench.lane.submit(Script::OfAnother(7), LATER).await;
        assert_eq!(quick, Ok(7));
    }
    assert_eq!(
        (bench.lane.snapshot().busy, bench.lane.snapshot().queued),
        (3, 1)
    );
    for held in held {
        bench.handler.gate.notify_one();
        held.await.unwrap().unwrap();
    }
    bench.handler.gate.notify_one();
    assert_eq!(fourth.await.unwrap(), Ok(0));
}
