"""Which peers there are, how each is asked to train, and on what."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["OURS", "PEERS", "Peer", "peers_for"]

OURS = "vectorizer train"
"""The name of this trainer's rows."""


@dataclass(frozen=True)
class Peer:
    """A tool, or a plain way, that a user would pick instead."""

    name: str
    module: str
    """Of peers.methods."""
    environment: str
    """The name of its pins."""
    variants: Sequence[str]
    """Ways to train, the one first that was best in trials: a quick run has it alone. Otherwise all are tried, and the
    one that is best on the examples to choose on stands for the peer.
    """
    contents: frozenset[str]
    tunes: bool = True
    """Whether it tunes the encoder; those that do not are shown, and no target is set by them."""
    strongest: bool = False
    """Whether a quick run has it."""


_TEXT = frozenset({"Text"})

PEERS = (
    Peer("base, untouched", "untouched", "sentence-transformers", ["-"], _TEXT, tunes=False, strongest=True),
    Peer("logistic probe", "probe", "sentence-transformers", ["-"], _TEXT, tunes=False),
    Peer(
        "sentence-transformers 6.2",
        "sentence_transformers",
        "sentence-transformers",
        ["semi-hard triplet", "batch-hard triplet", "online contrastive"],
        _TEXT,
        strongest=True,
    ),
    Peer(
        "pytorch-metric-learning 2.9",
        "metric_learning",
        "pytorch-metric-learning",
        ["SupCon", "ProxyAnchor"],
        _TEXT,
        strongest=True,
    ),
    Peer("SetFit 1.2", "setfit", "setfit", ["-"], _TEXT),
)


def peers_for(content: str) -> list[Peer]:
    """Those that take a content type."""
    return [peer for peer in PEERS if content in peer.contents]
