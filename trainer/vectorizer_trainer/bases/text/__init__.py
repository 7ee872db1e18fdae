"""The small base for texts, and the docstrings that its reference items and its data sets are made of."""
