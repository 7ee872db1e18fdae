"""The trainer beside the tools that a user would pick instead: the same base, the same files, the same scorer."""
