//! Harness of the scenarios.
