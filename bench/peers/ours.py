"""The trainer through its public commands: `vectorizer train`, and `vectorizer embed` for the scorer."""

import json
import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Stage
from vectorizer_trainer.report import Report, parse_report

from peers.catalogue import OURS
from peers.processes import Run, run
from peers.results import Point, Result
from peers.scoring import Scorer
from peers.tasks import Prepared

__all__ = ["train_ours"]

_COMMAND = str(Path(sys.executable).with_name("vectorizer"))


def train_ours(prepared: Prepared, scorer: Scorer, folder: Path, threads: int, cap: float) -> Result:
    """Trains and scores. Raises DidNotRunError."""
    load = os.getloadavg()[0]
    variables = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    request = folder / "request.json"
    request.write_text(json.dumps(_request(prepared.task.content)))
    out, seed = folder / "vectorizer", str(prepared.task.seed)
    command = [_COMMAND, "train", "--request", str(request), "--data", str(prepared.data)]
    trained = run([*command, "--out", str(out), "--seed", seed], variables, folder / "train.log", cap)
    vectors = {
        "test": _embedded(prepared.task.test.files, out, folder / "test.npz", variables, cap),
        "reference": _embedded(prepared.task.reference.files, out, folder / "reference.npz", variables, cap),
    }
    report = parse_report((out / "report" / "report.json").read_bytes())
    end = Point(
        training_seconds=trained.seconds - _reading_began(report, trained),
        cold_seconds=trained.seconds,
        examples=prepared.examples,
        quality=scorer.quality(vectors),
    )
    return Result(
        content=prepared.task.content,
        examples=prepared.examples,
        seed=prepared.task.seed,
        method=OURS,
        variant=f"{report.chosen} ({report.outcome})",
        tunes=True,
        points=(end,),
        chosen=0,
        chosen_score=0.0,
        peak=trained.peak,
        load=load,
    )


def _reading_began(report: Report, trained: Run) -> float:
    """Seconds from the start of the process to the first file that was read, libraries and model being loaded."""
    offset = report.provenance.started.timestamp() - trained.began_at
    before = takewhile(lambda stage: stage[0] != Stage.DOWNLOADING, report.provenance.stage_seconds.items())
    return offset + sum(seconds for _, seconds in before)


def _request(content: str) -> dict[str, object]:
    return {
        "content_type": content,
        "custom_vectorizer_name_for_sampling": None,
        "starting_custom_vectorizer_name": None,
        "custom_vectorizer_name": "compared",
        "augmentation_conditions": None,
        "file_urls": None,
        "download_from_batch_cloud_folder": True,
    }


def _embedded(
    files: Sequence[str], vectorizer: Path, out: Path, variables: dict[str, str], cap: float
) -> NDArray[np.float32]:
    """Unit vectors [n, d] of files of one folder, in their order."""
    folder = Path(files[0]).parent
    command = [_COMMAND, "embed", str(folder), "--vectorizer", str(vectorizer), "--out", str(out)]
    run(command, variables, out.with_suffix(".log"), cap)
    with np.load(out, allow_pickle=False) as arrays:
        rows = {name: row for row, name in enumerate(arrays["names"].tolist())}
        vectors: NDArray[np.float32] = arrays["vectors"][[rows[Path(file).name] for file in files]]
    return vectors
