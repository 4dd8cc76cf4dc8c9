"""Knowing a member: what a code says, whether it may be believed, and how much a screen may show for it."""
