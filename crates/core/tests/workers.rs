//! The threads that share loops out.
#![cfg(feature = "threads")]

use adjoint_core::kernel::workers::{joined, run, with_threads};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread::{scope, sleep};
use std::time::Duration;

/// The number of threads is the process's: one test at a time.
static ONE: Mutex<()> = Mutex::new(());

/// Runs a loop, on this thread where no other is free; how often each task ran.
fn counts(count: usize) -> Vec<usize> {
    let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    let task = |i: usize| {
        calls[i].fetch_add(1, Ordering::Relaxed);
    };
    if !run(count, &task) {
        (0..count).for_each(task);
    }
    calls.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn each_task_runs_once() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    for threads in [1, 2, 3, 5, 70] {
        with_threads(threads, || {
            for count in [1, 2, 3, 4, 5, 31, 32, 33, 64, 65, 1000, 100_001] {
                assert!(counts(count).iter().all(|&n| n == 1), "{count} tasks on {threads} threads");
            }
        });
    }
}

/// More callers at once than jobs have places.
#[test]
fn many_threads_run_loops_at_once() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    with_threads(4, || {
        scope(|scope| {
            for k in 0..12 {
                scope.spawn(move || {
                    for round in 0..200 {
                        assert!(counts(k * 7 + round % 50).iter().all(|&n| n == 1));
                    }
                });
            }
        });
    });
}

#[test]
fn loops_within_tasks() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    with_threads(3, || {
        let sum = AtomicUsize::new(0);
        let task = |i: usize| {
            sum.fetch_add(counts(i + 1).len(), Ordering::Relaxed);
        };
        assert!(run(40, &task));
        assert_eq!(sum.into_inner(), 40 * 41 / 2);
    });
}

#[test]
fn workers_take_part() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    with_threads(2, || {
        let before = joined();
        let main = std::thread::current().id();
        let elsewhere = AtomicUsize::new(0);
        let task = |_: usize| {
            sleep(Duration::from_millis(2));
            elsewhere.fetch_add(usize::from(std::thread::current().id() != main), Ordering::Relaxed);
        };
        // A worker may wake late; not ten times.
        for _ in 0..10 {
            assert!(run(40, &task));
        }
        assert!(joined() > before && elsewhere.into_inner() > 0);
    });
}

/// A panic, on whichever thread, is that of the loop, once no task runs any more; later loops run.
#[test]
fn panics_reach_the_caller() {
    let _one = ONE.lock().unwrap_or_else(|e| e.into_inner());
    with_threads(3, || {
        for bad in [0, 17, 39] {
            let running = AtomicUsize::new(0);
            let task = |i: usize| {
                running.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_micros(300));
                running.fetch_sub(1, Ordering::SeqCst);
                assert!(i != bad, "task {i}");
            };
            let outcome = catch_unwind(AssertUnwindSafe(|| run(40, &task)));
            let panic = outcome.expect_err("a task failed");
            assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some(format!("task {bad}").as_str()));
            assert_eq!(running.load(Ordering::SeqCst), 0);
            assert!(counts(100).iter().all(|&n| n == 1));
        }
    });
}
