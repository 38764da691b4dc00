"""Benchmarks: each prints its figures next to those of a reference measured in the same run."""
