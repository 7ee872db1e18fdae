"""The development cluster, its process node, the demo and its data sets: for laptops and tests, never shipped."""
