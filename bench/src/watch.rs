//! A stopwatch.

use std::hint::black_box;
use std::time::Instant;

/// Runs of which the median counts.
const RUNS: usize = 9;

/// Microseconds of one call, as the median of nine runs of a ninth of the rounds each.
pub(crate) fn time<T>(rounds: usize, work: impl Fn() -> T) -> f64 {
    let each = (rounds / RUNS).max(1);
    let mut runs: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..each {
                black_box(work());
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(each).unwrap_or(1))
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    runs.get(RUNS / 2).copied().unwrap_or(0.0)
}

/// With two digits after the point.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
