//! Any sequence of calls gives what a kernel with target pages gives: results,
//! table, protections and contents; and a failure of any host call leaves the
//! table as the host is.
//!
//! The short run takes the same sequences each time. `PAGESIM_LONG=1`: 100,000 steps
//! for each choice of page sizes, from a random seed on. `PAGESIM_SEED=n`: the run that
//! printed this seed; `random`: another one each time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use pagesim_core::space::{self, Placement, Reserve};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;
use support::rig::{config, Rig};
use support::steps::{step, Step};
use support::K;

/// Of one sequence.
const MOST_STEPS: usize = 100;

fn is_long() -> bool {
    std::env::var_os("PAGESIM_LONG").is_some_and(|value| value == "1")
}

fn seed() -> u64 {
    match std::env::var("PAGESIM_SEED") {
        Ok(seed) if seed != "random" => return seed.parse().expect("PAGESIM_SEED is a number"),
        Err(_) if !is_long() => return 1,
        _ => {}
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("a time after 1970").as_nanos() as u64
}

/// Takes the steps, up to the first injected failure; answers how many.
fn play(setup: &space::Config, steps: &[Step]) -> usize {
    let mut rig = Rig::new(*setup);
    rig.check();
    for (taken, step) in steps.iter().enumerate() {
        rig.take(step);
        rig.check();
        if rig.failed {
            return taken + 1;
        }
    }
    steps.len()
}

/// Runs all four kinds of window with page sizes in KiB.
fn run(target: usize, host: usize, real: usize) {
    let sizes = (target * K, host * K, real * K);
    let wanted = if is_long() { 25_000 } else { 300 };
    let seed = seed();
    listen();
    for placement in [Placement::TopDown, Placement::BottomUp] {
        for reserve in [Reserve::Soft, Reserve::Hard] {
            let setup = config(sizes, placement, reserve);
            if let Err(error) = run_steps(&setup, wanted, seed) {
                panic!("{placement:?} {reserve:?}: {error}");
            }
        }
    }
}

/// Runs sequences until so many steps were taken.
fn run_steps(setup: &space::Config, wanted: usize, seed: u64) -> Result<(), String> {
    let taken = Cell::new(0);
    let sequences = prop::collection::vec(step(), 1..MOST_STEPS);
    for round in 0.. {
        // A failure is found again by its seed; there is no file of them.
        let mut runner = TestRunner::new(Config {
            cases: 8,
            rng_seed: RngSeed::Fixed(seed.wrapping_add(round)),
            failure_persistence: None,
            max_shrink_iters: 1500,
            ..Config::default()
        });
        let outcome =
            runner.run(&sequences, |steps| judged(|| taken.set(taken.get() + play(setup, &steps))));
        outcome.map_err(|error| format!("{error}\nPAGESIM_SEED={}", seed.wrapping_add(round)))?;
        if taken.get() >= wanted {
            break;
        }
    }
    Ok(())
}

thread_local! {
    /// What the last panic of a play said.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
    static PLAYING: Cell<bool> = const { Cell::new(false) };
}

/// Plays; a failed assertion becomes a failed case, without a word until the
/// smallest one is found.
fn judged(play: impl FnOnce()) -> Result<(), TestCaseError> {
    PLAYING.set(true);
    let played = catch_unwind(AssertUnwindSafe(play));
    PLAYING.set(false);
    let said = || SAID.take().unwrap_or_default();
    played.map_err(|_| TestCaseError::fail(said()))
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let otherwise = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if PLAYING.get() {
                SAID.set(Some(info.to_string()));
            } else {
                otherwise(info);
            }
        }));
    });
}

#[test]
fn calls_on_64k_pages_over_4k_are_those_of_a_64k_kernel() {
    run(64, 4, 4);
}

#[test]
fn calls_on_16k_pages_over_4k_are_those_of_a_16k_kernel() {
    run(16, 4, 4);
}

#[test]
fn calls_on_4k_pages_over_4k_are_those_of_a_4k_kernel() {
    run(4, 4, 4);
}

#[test]
fn calls_on_64k_pages_over_16k_taken_for_4k_are_those_of_a_64k_kernel() {
    run(64, 16, 4);
}

#[test]
fn calls_on_4k_pages_over_16k_keep_contents_and_protections() {
    run(4, 16, 16);
}

#[test]
fn calls_on_4k_pages_over_64k_keep_contents_and_protections() {
    run(4, 64, 64);
}

#[test]
fn calls_on_4k_pages_over_4k_taken_for_16k_keep_contents_and_protections() {
    run(4, 16, 4);
}

#[test]
fn calls_on_16k_pages_over_64k_keep_contents_and_protections() {
    run(16, 64, 64);
}
