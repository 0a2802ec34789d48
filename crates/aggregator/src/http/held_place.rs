//! An answer that keeps its query's place until it is sent, or dropped by a reader who leaves.

use crate::access::limits::Place;
use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

struct Held {
    body: Body,
    _place: Place,
}

/// The answer, which keeps this place.
pub(super) fn hold(answer: Response, place: Place) -> Response {
    answer.map(|body| {
        Body::new(Held {
            body,
            _place: place,
        })
    })
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
