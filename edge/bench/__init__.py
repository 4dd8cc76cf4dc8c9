"""Benchmarks: each runs a peer or the floor beside ours in the same run and prints the ratio."""
