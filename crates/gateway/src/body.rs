use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::connections::Running;

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    /// One of ours.
    Page(Option<Bytes>),
    /// The protected service's as it streams in; the request runs until it is complete or
    /// given up.
    Upstream(Incoming, #[expect(dead_code, reason = "counts until dropped")] Running),
}

impl AnswerBody {
    /// A page of ours. It keeps no connection busy: whoever does not fetch it may go.
    pub(crate) fn page(page: String) -> Self {
        Self::Page((!page.is_empty()).then(|| page.into()))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Page(page) => Poll::Ready(page.take().map(|page| Ok(Frame::data(page)))),
            Self::Upstream(body, _) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Page(page) => page.is_none(),
            Self::Upstream(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Page(page) => {
                SizeHint::with_exact(page.as_ref().map_or(0, |page| page.len() as u64))
            }
            Self::Upstream(body, _) => body.size_hint(),
        }
    }
}

/// The body of a request on its way to the protected service.
#[derive(Debug)]
pub(crate) struct Upload {
    body: Incoming,
    /// Grows with every piece, so that a long upload is told from a silent one.
    pieces: Option<Arc<AtomicU64>>,
}

impl Upload {
    /// The body and, when it is not empty, the count of pieces that went through.
    pub(crate) fn new(body: Incoming) -> (Self, Option<Arc<AtomicU64>>) {
        let pieces = (!body.is_end_stream()).then(Arc::default);
        (Self { body, pieces: pieces.clone() }, pieces)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Ready(_), Some(pieces)) = (&frame, &self.pieces) {
            pieces.fetch_add(1, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
