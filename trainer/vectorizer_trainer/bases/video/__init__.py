"""The small base for videos, and the clips of moving digits that it and its data sets are made of."""
