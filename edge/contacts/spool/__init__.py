"""The edge's end of the ledger on the disk: what keeps contacts, and saves them from whatever happens to a file."""
