//! Around an address: counts each request once, with the time up to the head of its answer.

use super::{End, OfAddress};
use crate::http::methods;
use axum::extract::Request;
use axum::response::Response;
use logs::clock::Clock;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower_layer::Layer;
use tower_service::Service;

/// Counts what it is put around.
#[derive(Clone)]
pub(in crate::http) struct Meter {
    pub(in crate::http) counts: Arc<OfAddress>,
    pub(in crate::http) clock: Arc<dyn Clock>,
}

/// An address whose requests are counted.
#[derive(Clone)]
pub(in crate::http) struct Metered<S> {
    meter: Meter,
    address: S,
}

impl<S> Layer<S> for Meter {
    type Service = Metered<S>;

    fn layer(&self, address: S) -> Metered<S> {
        let meter = self.clone();
        Metered { meter, address }
    }
}

impl<S> Service<Request> for Metered<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.address.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let under_way = UnderWay {
            meter: self.meter.clone(),
            method: methods::place_of(request.method()),
            began: self.meter.clock.elapsed(),
            end: End::Left,
        };
        Answering {
            answering: self.address.call(request),
            under_way: Some(under_way),
        }
    }
}

pin_project! {
    /// The answer to a request, which is counted once it is there, or when nobody waits for it any more.
    pub(in crate::http) struct Answering<F> {
        #[pin]
        answering: F,
        under_way: Option<UnderWay>,
    }
}

impl<F, E> Future for Answering<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answered = ready!(this.answering.poll(context));
        if let (Ok(answer), Some(mut under_way)) = (&answered, this.under_way.take()) {
            under_way.end = End::Answered(answer.status());
        }
        Poll::Ready(answered)
    }
}

/// A request that is not answered yet; it is counted when this is dropped.
struct UnderWay {
    meter: Meter,
    method: usize,
    began: Duration,
    end: End,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let Meter { counts, clock } = &self.meter;
        let took = clock.elapsed().saturating_sub(self.began);
        counts.count(self.method, self.end, took);
    }
}
