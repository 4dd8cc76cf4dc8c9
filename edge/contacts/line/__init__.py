"""The edge's line to head office: when to send what, how the broker answers, and why there is none."""
