"""The demo: one fine-tuning on real data, from an empty machine to the new neighbours."""

from vectorizer_dev.demo.story import run_demo

__all__ = ["run_demo"]
