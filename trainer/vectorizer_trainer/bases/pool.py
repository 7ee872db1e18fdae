"""What is made for bases and data sets, parted by what it is used for."""

from enum import IntEnum

__all__ = ["Pool"]


class Pool(IntEnum):
    """What something is made for; nothing is in two pools, be it a writer's sample, an utterance or a shape."""

    BASE = 0
    REFERENCE = 1
    TRAIN = 2
    TEST = 3
