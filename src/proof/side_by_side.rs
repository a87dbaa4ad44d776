//! Many runs at a time: on every core, and several on each, since some of them wait.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream;

/// How many runs share a core.
const PER_CORE: usize = 8;

/// Does the work for every item, and gives the results in the order of the items.
pub(super) fn side_by_side<'a, T: Sync, R: Send>(
    items: &'a [T],
    work: impl Fn(&'a T) -> LocalBoxFuture<'a, R> + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(items.len().max(1));
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let worker = || {
        // Without a runtime nothing can be run; the other threads do what this one does not take.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return;
        };
        runtime.block_on(async {
            let indexes = std::iter::from_fn(|| {
                let index = next.fetch_add(1, Ordering::Relaxed);
                items.get(index).map(|item| (index, item))
            });
            let mut running = stream::iter(indexes)
                .map(|(index, item)| {
                    let work = work(item);
                    async move { (index, work.await) }
                })
                .buffer_unordered(PER_CORE);
            while let Some(result) = running.next().await {
                if let Ok(mut results) = results.lock() {
                    results.push(result);
                }
            }
        });
    };
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(worker);
        }
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..100).collect();
        let doubled = side_by_side(&items, |item| {
            async move {
                tokio::time::sleep(std::time::Duration::from_millis(item % 3)).await;
                item * 2
            }
            .boxed_local()
        });
        assert_eq!(doubled, (0..100).map(|item| item * 2).collect::<Vec<_>>());
        assert!(side_by_side(&[] as &[u64], |item| async move { *item }.boxed_local()).is_empty());
    }
}
