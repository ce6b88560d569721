//! What is wrong only as long as the code is there that runs now.

use super::Context;
use crate::change::Change;

/// Whether a change is harmless once the code that runs now is gone, and whether the code that the
/// migrations are for does well until then.
pub(super) fn can_wait(context: &Context<'_>) -> bool {
    if !context.is_django() {
        return false;
    }
    match context.change {
        // The new code must not name it any more. Nor does it give the column a value then: a row
        // can be written without one, or every INSERT fails until the column is gone.
        Change::DropColumn { table, column } => {
            let columns = context.next.get(table);
            let is_forgotten = columns.is_none_or(|columns| !columns.contains(column));
            let state = context.schema.column(table, column);
            let is_optional = columns.is_none()
                || state.is_some_and(|state| state.is_required == Some(false) || state.has_default);
            is_forgotten && is_optional
        }
        Change::DropTable { table } => !context.next.contains_key(table),
        Change::DropDefault { .. } => true,
        _ => false,
    }
}
