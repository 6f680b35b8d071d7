"""The command line: one module per command; nobody imports it."""
