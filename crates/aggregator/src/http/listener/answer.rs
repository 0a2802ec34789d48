//! An answer on its way, which ends when its client leaves and marks its request's end.

use super::access_line::AccessLine;
use super::departure::ClientLeft;
use super::progress::Progress;
use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tracing::Span;

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
    /// That of its request.
    pub(super) span: Span,
    pub(super) line: Option<Box<AccessLine>>,
    pub(super) _under_way: UnderWay,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let _entered = this.span.enter();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            if let (Some(line), Some(Ok(frame))) = (&mut this.line, &frame) {
                line.bytes += frame.data_ref().map_or(0, Bytes::len);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
        }
        let left = this.departure.as_mut().poll(context);
        left.map(|left| Some(Err(left.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
