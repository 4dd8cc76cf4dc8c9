"""The page that says why there is no data."""
