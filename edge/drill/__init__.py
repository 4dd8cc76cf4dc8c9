"""The fault drill: a store, a broker and a hub on loopback, broken in every way while people scan, and the books.

``tentou drill`` is for the machine that is to stand in a store, before it does: what it proves, it proves there.
"""
