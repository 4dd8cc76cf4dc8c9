"""Stock truth: what each place has of a product, how old that word is, and how a screen says it."""
