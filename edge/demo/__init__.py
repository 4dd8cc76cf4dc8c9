"""A whole chain on one laptop: broker, head office, a store's edge, and the world around them."""
