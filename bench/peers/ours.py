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
from peers.results import Point, Quality, Result
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
        training_seconds=trained.seconds - _until(Stage.DOWNLOADING, report, trained),
        cold_seconds=trained.seconds,
        examples=prepared.examples,
        quality=scorer.quality(vectors),
    )
    early = _early(report, trained, prepared.examples)
    return Result(
        content=prepared.task.content,
        examples=prepared.examples,
        seed=prepared.task.seed,
        method=OURS,
        variant=f"{report.chosen} ({report.outcome})",
        tunes=True,
        points=(*early, end),
        chosen=len(early),
        chosen_score=0.0,
        peak=trained.peak,
        load=load,
    )


def _early(report: Report, trained: Run, examples: int) -> list[Point]:
    """The best linear adapter, in hand before the first block was trained; none where no block was.

    Its vectors of the test set were there too: they follow from the start's, which were computed with the others.
    """
    stages = report.provenance.stage_seconds
    told = report.own_test.adapters if report.own_test is not None else []
    measured = [adapter for adapter in told if adapter.values.keys() >= {"NDCG@10", "mAP@100", "kNN label-mAP"}]
    if Stage.TUNING not in stages or not measured:
        return []
    candidates = {candidate.name: candidate for candidate in report.candidates}
    best = max(measured, key=lambda adapter: candidates[adapter.name].score)
    ready = _until(Stage.TUNING, report, trained)
    quality = Quality(
        best.values["NDCG@10"],
        best.values["mAP@100"],
        best.values["kNN label-mAP"],
        candidates[best.name].retention,
    )
    return [Point(ready - _until(Stage.DOWNLOADING, report, trained), ready, examples, quality)]


def _until(stage: Stage, report: Report, trained: Run) -> float:
    """Seconds from the start of the process to a stage: with Downloading the first file of the data is read."""
    offset = report.provenance.started.timestamp() - trained.began_at
    before = takewhile(lambda timed: timed[0] != stage, report.provenance.stage_seconds.items())
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
