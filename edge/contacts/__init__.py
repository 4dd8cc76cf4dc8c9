"""The ledger of contacts: the event, the outbox that keeps it, the uplink that sends it, the inbox that receives it."""
