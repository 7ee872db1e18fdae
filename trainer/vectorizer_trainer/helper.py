"""A process of a training that another one leads: it opens the same start, and helps with gradients until it is let go.

It writes nothing but its own log and, where it fails, why: progress, checkpoints, log.txt and the result are the
leader's.
"""

import logging

from vectorizer_api.run import RunDescription

from vectorizer_trainer.processes import join, rank
from vectorizer_trainer.workplace import Workplace

__all__ = ["help_leader"]

_log = logging.getLogger(__name__)


def help_leader(run: RunDescription, place: Workplace) -> None:
    """Meet the leader, and compute what it asks for; raises PeerLost where the leader is gone."""
    from vectorizer_trainer.starting_point import open_starting_point
    from vectorizer_trainer.tuning.blocks import Blocks
    from vectorizer_trainer.tuning.deep import LARGEST_PART
    from vectorizer_trainer.tuning.shared_gradient import help_with_gradients

    processes = join()
    blocks = Blocks(open_starting_point(run, place, None).start)
    _log.info("process %d helps with gradients", rank())
    help_with_gradients(blocks, LARGEST_PART, processes)
    _log.info("process %d was let go", rank())
