"""Both ends of the wire between head office's hub and a store's edge, so that a message's shape stands once."""
