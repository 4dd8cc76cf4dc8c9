"""Head office's end: what takes contacts in once each, keeps the books of every stream, and gives them out."""
