//! The order of what a worker does: requests that come together are read together, and then sent.
//!
//! A worker that sends one before it reads the next is interrupted at each by the instance that it
//! wakes, and the instance, given one at a time, sleeps again in between. Where they share
//! processors, that takes a tenth of all time from everybody, and some requests wait for twice as
//! long as others.

use std::task::Poll;

/// Lets whoever is ready on this worker go first, once.
pub(super) async fn after_others() {
    let mut has_waited = false;
    std::future::poll_fn(|cx| {
        if has_waited {
            return Poll::Ready(());
        }
        has_waited = true;
        // To the end of the queue. `yield_now` would look for events before that, which costs a
        // call of the system where there is only one request.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn all_that_came_is_read_before_any_of_it_is_sent() {
        let done = Rc::new(RefCell::new(Vec::new()));
        let all = LocalSet::new();
        for request in ["a", "b", "c"] {
            let done = Rc::clone(&done);
            all.spawn_local(async move {
                done.borrow_mut().push(("read", request));
                after_others().await;
                done.borrow_mut().push(("sent", request));
            });
        }
        all.await;
        let order = ["read", "sent"].map(|what| ["a", "b", "c"].map(|request| (what, request)));
        assert_eq!(*done.borrow(), order.concat());
    }
}
