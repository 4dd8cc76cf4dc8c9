"""Who answers for the cameras of tests: no start takes a camera without it."""

OPERATOR, ADDRESS = "株式会社アクメ", "東京都千代田区1-1 03-0000-0000"
WHOSE = {"notice": {"operator": OPERATOR, "address": ADDRESS}}
NOTICE = f'[notice]\noperator = "{OPERATOR}"\naddress = "{ADDRESS}"\n'
"""The same as TOML."""
