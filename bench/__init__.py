"""Benchmarks: a made-up cluster of any size, other generators with the same pages, measurement, report."""
