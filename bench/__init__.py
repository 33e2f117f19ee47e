"""Benchmarks and evaluations, one a file: each prints one table and, as the last line, one JSON object."""
