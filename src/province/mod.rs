//! Invents a province from a recipe and a seed: for the demo, the tests and the benchmarks.
