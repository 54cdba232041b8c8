use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::connections::Running;

/// The body of an answer: one of ours, or the protected service's as it streams in.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    content: Content,
    /// The request runs until its answer is complete or given up.
    _running: Running,
}

#[derive(Debug)]
enum Content {
    Page(Option<Bytes>),
    Upstream(Incoming),
}

impl AnswerBody {
    pub(crate) fn page(page: String, running: Running) -> Self {
        let content = Content::Page((!page.is_empty()).then(|| page.into()));
        Self { content, _running: running }
    }

    pub(crate) fn upstream(body: Incoming, running: Running) -> Self {
        Self { content: Content::Upstream(body), _running: running }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match &mut self.content {
            Content::Page(page) => Poll::Ready(page.take().map(|page| Ok(Frame::data(page)))),
            Content::Upstream(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Page(page) => page.is_none(),
            Content::Upstream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Page(page) => {
                SizeHint::with_exact(page.as_ref().map_or(0, |page| page.len() as u64))
            }
            Content::Upstream(body) => body.size_hint(),
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
