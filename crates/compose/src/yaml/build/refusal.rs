//! What to say of a text that makes no tree.

use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::Span;
use crate::yaml::merge_key::NotMergeable;

pub(super) fn duplicate(key: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        Code::YamlDuplicateKey,
        format!("key `{key}` is there twice"),
    )
    .with_label(again, "again here")
    .with_label(first, "first here")
    .with_help("remove one of them, or join what they hold")
}

pub(super) fn second_document(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(
            Code::YamlDocuments,
            "the file holds more than one YAML document",
        )
        .with_label(span, "the second one starts here")
        .with_help("put each document into a file of its own"),
    )
}

pub(super) fn bad_key(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::YamlKey, "a key must be a text")
            .with_label(span, "not a text")
            .with_help("quote the key if it holds special characters"),
    )
}

pub(super) fn not_mergeable(NotMergeable(span, kind): NotMergeable) -> Box<Diagnostic> {
    let message = format!("`<<` takes a mapping or a list of mappings, not {kind}");
    Box::new(Diagnostic::new(Code::YamlMergeKey, message).with_label(span, ""))
}

pub(super) fn unexpected(span: Span) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Code::YamlSyntax, "not valid YAML").with_label(span, ""))
}
