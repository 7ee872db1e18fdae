"""What can go wrong, by whose doing."""


class UnreadableFile(Exception):  # noqa: N818 - it names a fact about a file, not a fault of the program
    """A file that cannot be used; its text is the reason, for people."""
