"""What bfloat16 makes of a training step on this processor: its time, and how far its vectors are from float32's.

python bench/precision.py [--content Text ...] [--steps 5]

A step is forward and backward of as many items as a batch has with its anchors: reference items of the type's small
base. The vectors of such a step in one precision and in the other are told by their smallest cosine.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from unittest.mock import patch

import torch
from torch import Tensor
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import ensure_base, load_reference
from vectorizer_trainer.tuning.blocks import Blocks
from vectorizer_trainer.tuning.deep import LARGEST_PART
from vectorizer_trainer.tuning.precision import lower_precision
from vectorizer_trainer.vectorizer import load_vectorizer

Precision = Callable[[torch.device], AbstractContextManager[None]]


def main() -> None:
    """Prints a row for each content type."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", choices=[*ContentType], nargs="+", default=[*ContentType])
    parser.add_argument("--steps", type=int, default=5)
    arguments = parser.parse_args()
    print("| type | float32, CPU s a step | as trained | ratio | smallest cosine |\n| --- | --- | --- | --- | --- |")
    for content in arguments.content:
        whole, before = _step(ContentType(content), lambda _: nullcontext(), arguments.steps)
        lower, after = _step(ContentType(content), lower_precision, arguments.steps)
        nearest = (before * after).sum(1).min().item()
        print(f"| {content} | {whole:.3f} | {lower:.3f} | {lower / whole:.2f} | {nearest:.5f} |", flush=True)


def _step(content: ContentType, precision: Precision, steps: int) -> tuple[float, Tensor]:
    """Processor seconds of the middle one of some steps, and the vectors [n, d] of their items."""
    base = ensure_base(content)
    reference, blocks = load_reference(base), Blocks(load_vectorizer(base))
    items = [reference[index] for index in range(LARGEST_PART)]
    took = []
    for _ in range(steps + 1):
        began = time.process_time()
        with patch("vectorizer_trainer.tuning.blocks.lower_precision", precision):
            vectors = blocks.encode(items)
        vectors.square().sum().backward()  # type: ignore[no-untyped-call]
        took.append(time.process_time() - began)
    return median(took[1:]), vectors.detach()


if __name__ == "__main__":
    main()
