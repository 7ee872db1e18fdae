"""Real data sets, made from what is installed, for tests, demo and quality checks."""
