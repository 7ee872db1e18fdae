"""The small base for point clouds, and the scans of household things that it and its data sets are made of."""
