//! The national side in a box, with named faults: for training, the demo and the tests.
