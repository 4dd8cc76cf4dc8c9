"""Templates, styles, scripts and words of the shopper's screens: data only."""
