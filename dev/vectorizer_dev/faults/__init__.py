"""One fine-tune lives through a fault, again and again: each fault must change nothing in how that life ends."""
