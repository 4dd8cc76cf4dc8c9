"""What adapters of shops' and tills' own systems have in common: how they ask, read, check and name."""
