"""取り置き: a shopper's wish to have one kept, from the kiosk to the source that alone can grant it, and back.

The store's end is ``desk``, head office's ``office`` with its ``book``; ``keeper`` is the way from one to the other, or
to a system that the store asks itself. No person is named anywhere in it.
"""
