"""The small base for images, and the pictures of handwritten digits that it and its data sets are made of."""
