"""A peer in its own environment: each of its ways to train, and the best of them."""

import os
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from peers.catalogue import Peer
from peers.contract import read_checkpoints
from peers.environments import ensure_environment
from peers.processes import DidNotRunError, PastCapError, run
from peers.results import Point, Result
from peers.scoring import Scorer, Vectors, read_vectors
from peers.tasks import Prepared

__all__ = ["start_vectors", "train_theirs"]

_LOADED = 900.0
"""Seconds that loading a peer's libraries may take where the disk's cache is cold."""


def train_theirs(
    prepared: Prepared, scorer: Scorer, peer: Peer, variant: str, folder: Path, threads: int, cap: float
) -> Result:
    """Trains one way and scores each checkpoint, also of a training that its cap has ended. Raises DidNotRunError."""
    load, told = os.getloadavg()[0], variant
    try:
        peak = _run(prepared, peer, variant, folder, threads, cap)
    except PastCapError as error:
        peak, told = error.peak, f"{variant}, ended after {cap:,.0f} s"
    checkpoints = read_checkpoints(folder)
    if not checkpoints:
        raise DidNotRunError("wrote no checkpoint")
    measured = [read_vectors(folder / checkpoint.vectors) for checkpoint in checkpoints]
    points = [
        Point(checkpoint.training_seconds, checkpoint.cold_seconds, checkpoint.examples, scorer.quality(vectors))
        for checkpoint, vectors in zip(checkpoints, measured, strict=True)
    ]
    choosing = [scorer.choosing_score(vectors) for vectors in measured]
    chosen = int(np.argmax(choosing))
    task = prepared.task
    return Result(
        content=task.content,
        examples=prepared.examples,
        seed=task.seed,
        method=peer.name,
        variant=told,
        tunes=peer.tunes,
        points=tuple(points),
        chosen=chosen,
        chosen_score=choosing[chosen],
        peak=peak,
        load=load,
    )


def start_vectors(prepared: Prepared, untouched: Peer, folder: Path, threads: int, cap: float) -> Vectors:
    """The base's vectors of each measured part, as its peers' library computes them. Raises DidNotRunError."""
    _run(prepared, untouched, untouched.variants[0], folder, threads, cap)
    found: dict[str, NDArray[np.float32]] = read_vectors(folder / read_checkpoints(folder)[-1].vectors)
    return found


def _run(prepared: Prepared, peer: Peer, variant: str, folder: Path, threads: int, cap: float) -> int:
    """Bytes at the peak."""
    try:
        environment = ensure_environment(peer.environment)
    except subprocess.CalledProcessError as error:
        raise DidNotRunError(f"its environment could not be made: {error}") from error
    python, module = str(environment.python), f"peers.methods.{peer.module}"
    variables = environment.variables(threads)
    # Both sides find their libraries in the disk's cache: whose turn comes first is to decide nothing.
    run([python, "-c", f"import {module}"], variables, folder / "import.log", _LOADED)
    task = str(Path(prepared.reference).parent)
    return run([python, "-m", module, task, str(folder), variant, "{began}"], variables, folder / "log.txt", cap).peak
