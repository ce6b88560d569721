//! One operation: how it is called, what it answers, who carries it out.

use std::sync::Arc;

use axum::routing::MethodRouter;
use http::Method;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::shared::Shared;

/// Gives the schema of a type.
pub(super) type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One operation.
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// It needs no token.
    pub(super) is_open: bool,
    pub(super) query: Option<Describe>,
    pub(super) body: Body,
    /// The status when all goes well.
    pub(super) status: u16,
    pub(super) answer: Answer,
    pub(super) handler: MethodRouter<Arc<Shared>>,
}

/// What an operation answers when all goes well.
pub(super) enum Answer {
    /// A JSON document.
    Document(Describe),
    /// Something else, of this media type.
    Media(&'static str),
}

/// What an operation takes besides its path and query.
pub(super) enum Body {
    /// Nothing.
    None,
    /// A JSON document.
    Document(Describe),
    /// A JSON document that somebody else describes.
    Anything,
}

impl Operation {
    /// One that is called with GET, unless it takes something.
    pub(super) fn new(
        path: &'static str,
        id: &'static str,
        handler: MethodRouter<Arc<Shared>>,
    ) -> Self {
        Self {
            method: Method::GET,
            path,
            id,
            summary: "",
            is_open: false,
            query: None,
            body: Body::None,
            status: 200,
            answer: Answer::Media("text/plain"),
            handler,
        }
    }

    pub(super) fn summary(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    pub(super) fn open(self) -> Self {
        Self {
            is_open: true,
            ..self
        }
    }

    pub(super) fn query<T: JsonSchema>(self) -> Self {
        Self {
            query: Some(T::json_schema),
            ..self
        }
    }

    /// Called with POST and this document; answered with this status.
    pub(super) fn takes<T: JsonSchema>(self, status: u16) -> Self {
        Self {
            method: Method::POST,
            body: Body::Document(SchemaGenerator::subschema_for::<T>),
            status,
            ..self
        }
    }

    /// Called with POST and a document that others describe.
    pub(super) fn takes_anything(self, status: u16) -> Self {
        Self {
            method: Method::POST,
            body: Body::Anything,
            status,
            ..self
        }
    }

    pub(super) fn answers<T: JsonSchema>(self) -> Self {
        Self {
            answer: Answer::Document(SchemaGenerator::subschema_for::<T>),
            ..self
        }
    }

    pub(super) fn answers_media(self, media: &'static str) -> Self {
        Self {
            answer: Answer::Media(media),
            ..self
        }
    }

    /// The names in its path.
    pub(super) fn places(&self) -> impl Iterator<Item = &'static str> + use<> {
        let parts = self.path.split('/');
        parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}
