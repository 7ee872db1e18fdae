"""What the operator computes for one event as its memory grows, without any server.

PYTHONPATH=bench python -m scale.events

One account has so many fine-tunes that wait for their turn, each with a Job. The times are of the processor, so that
they hardly depend on what else the machine does; the last column is how many fine-tunes are looked at again.
"""

import time
from collections.abc import Callable

from vectorizer_api.names import FINE_TUNE_LABEL
from vectorizer_operator.known import Key, Known
from vectorizer_operator.kube import FINE_TUNES, JOBS, Object
from vectorizer_operator.settings import Settings
from vectorizer_operator.watch import Watch

SIZES = (100, 1_000, 5_000)
ROUNDS = 20
_SETTINGS = Settings.from_environment(
    {
        "VECTORIZER_S3_ENDPOINT": "none:1",
        "VECTORIZER_S3_ACCESS_KEY": "none",
        "VECTORIZER_S3_SECRET_KEY": "none",
        "VECTORIZER_TRAINER_IMAGE": "none",
    }
)


def main() -> None:
    """Print a line for each size."""
    heads = ("a status", "an end", "Jobs of one", "keys of a kind", "looked at")
    print(f"{'µs of CPU':>12}" + "".join(f"{head:>16}" for head in heads))
    for size in SIZES:
        print(f"{size:>12,}" + "".join(f"{figure:>16.0f}" for figure in _measure(size)))


def _measure(size: int) -> tuple[float, ...]:
    keys, known = list[Key](), Known()
    watch = Watch(known, keys.append, _SETTINGS)
    for index in range(size):
        watch.event(FINE_TUNES, "ADDED", _fine_tune(index, 1, "Running"))
        watch.event(JOBS, "ADDED", _job(index))
    versions = iter(range(10, 10 + 10 * ROUNDS))
    status = _microseconds(lambda: watch.event(FINE_TUNES, "MODIFIED", _fine_tune(0, next(versions), "Running")))
    keys.clear()
    end = _microseconds(lambda: watch.event(FINE_TUNES, "MODIFIED", _fine_tune(0, next(versions), "Complete")))
    looked_at = len(keys) / ROUNDS
    jobs = _microseconds(lambda: known.jobs_of("account", "run-00000"))
    return status, end, jobs, _microseconds(lambda: known.keys(JOBS)), looked_at


def _microseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(ROUNDS):
        work()
    return 1e6 * (time.process_time() - began) / ROUNDS


def _fine_tune(index: int, version: int, type_: str) -> Object:
    name = f"run-{index:05}"
    metadata = {
        "name": name,
        "namespace": "account",
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
        "creationTimestamp": "2026-11-22T12:00:00Z",
    }
    waits = {"type": "Running", "status": "False", "reason": "QuotaExceeded"}
    said = waits if type_ == "Running" else {"type": type_, "status": "True"}
    spec = {"contentType": "Text", "customVectorizerName": name, "downloadFromBatchCloudFolder": True}
    return {"metadata": metadata, "spec": spec, "status": {"conditions": [said]}}


def _job(index: int) -> Object:
    labels = {FINE_TUNE_LABEL: f"run-{index:05}"}
    metadata = {"name": f"job-{index:05}", "namespace": "account", "resourceVersion": "1", "labels": labels}
    return {"metadata": metadata, "spec": {}}


if __name__ == "__main__":
    main()
