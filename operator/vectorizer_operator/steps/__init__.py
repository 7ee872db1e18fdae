"""The steps of one fine-tuning, each from what was observed to what is to be done about it."""
