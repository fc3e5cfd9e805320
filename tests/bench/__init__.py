"""Measurements: `python -m tests.bench` prints tables of ratios with their targets. Nothing here asserts a time."""
