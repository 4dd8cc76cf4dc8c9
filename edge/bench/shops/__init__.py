"""Real shops for tests and benchmarks, each in processes and an environment of its own."""
