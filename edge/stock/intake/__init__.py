"""What makes a channel of stock out of a shop's or a till's own system: calls within budgets, pushes, polls,
comparisons."""
