"""The small base for sounds, and the recordings of spoken words that it and its data sets are made of."""
