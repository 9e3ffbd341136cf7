"""Measurements with real input: `python -m benchmarks`, `python -m benchmarks.replay` (docs/benchmarks.md)."""
