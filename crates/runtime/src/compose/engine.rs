//! Answers of the Engine API in our words.

use bollard::errors::Error as ApiError;

use crate::Error;

/// Says what was attempted. The engine's own message is the reason.
pub(super) fn failed(action: impl Into<String>) -> impl FnOnce(ApiError) -> Error {
    let action = action.into();
    |error| Error::Io {
        action,
        source: std::io::Error::other(reason(error)),
    }
}

/// Whether the engine said that there is no such thing.
pub(super) fn is_missing(error: &ApiError) -> bool {
    status(error) == Some(404)
}

/// Whether the engine said that it is so already.
pub(super) fn is_unchanged(error: &ApiError) -> bool {
    status(error) == Some(304)
}

/// Whether the engine said that somebody else has it, or is at it.
pub(super) fn is_conflict(error: &ApiError) -> bool {
    // 403: an endpoint of that name exists in the network already.
    matches!(status(error), Some(403 | 409))
}

fn status(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// The engine's own words.
pub(super) fn reason(error: ApiError) -> String {
    match error {
        ApiError::DockerResponseServerError { message, .. } => message,
        ApiError::DockerStreamError { error } => error,
        other => other.to_string(),
    }
}
