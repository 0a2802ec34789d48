//! An answer on its way, which ends when its client leaves and marks its request's end.

use super::departure::ClientLeft;
use super::progress::Progress;
use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Ends when the client has left.
pub(super) type Departure = Pin<Box<dyn Future<Output = ClientLeft> + Send>>;

/// A request that is under way, from its head to the end of its answer.
pub(super) struct UnderWay(Arc<Progress>);

impl UnderWay {
    pub(super) fn begin(progress: &Arc<Progress>) -> Self {
        progress.begin();
        Self(Arc::clone(progress))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The body of an answer.
pub(super) struct Answer {
    pub(super) body: Body,
    pub(super) departure: Departure,
    pub(super) _under_way: UnderWay,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
        }
        let left = self.departure.as_mut().poll(context);
        left.map(|left| Some(Err(left.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
