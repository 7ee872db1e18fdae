"""`vectorizer train` in a process of its own: its report, its peak of memory, and its time."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from vectorizer_trainer.report import Report, parse_report

__all__ = ["Sample", "Trained", "train"]

_INTERVAL = 0.05
_REQUEST = {
    "custom_vectorizer_name_for_sampling": None,
    "starting_custom_vectorizer_name": None,
    "custom_vectorizer_name": "measured",
    "augmentation_conditions": None,
    "file_urls": None,
    "download_from_batch_cloud_folder": True,
}
_TRAIN = """
import sys
from itertools import islice
from vectorizer_trainer.libraries import prepare_libraries
prepare_libraries()
from vectorizer_trainer.tuning import deep
steps, whole = int(sys.argv.pop(1)), deep._batches
if steps:
    deep._batches = lambda *sizes: islice(whole(*sizes), steps)
from vectorizer_cli.__main__ import main
main()
"""


@dataclass(frozen=True)
class Sample:
    """What a process held at a moment."""

    time: float
    """Seconds since the epoch."""
    resident: int
    """Bytes."""


@dataclass(frozen=True)
class Trained:
    """What one run took, and what came out."""

    report: Report
    peak: int
    """Bytes, of the whole process, as the kernel counted them: pages of files included."""
    seconds: float
    """Of the whole command, imports and writing the result included."""
    processor_seconds: float
    """The same on all processors together."""
    samples: list[Sample]


def train(content: str, folder: Path, steps: int = 0) -> Trained:
    """Trains on folder/data and writes folder/out.

    Args:
        content: the type of the files.
        folder: where `data` lies.
        steps: of the blocks' training at most; 0: as many as the recipe says.

    Raises:
        SystemExit: where the training ended with an error, which it has printed.

    """
    request = folder / "request.json"
    request.write_text(json.dumps({"content_type": content, **_REQUEST}))
    asked = ["train", "--request", request, "--data", folder / "data", "--out", folder / "out"]
    began, clock = time.monotonic(), time.time()
    process = subprocess.Popen([sys.executable, "-c", _TRAIN, str(steps), *map(str, asked)])
    samples: list[Sample] = []
    threading.Thread(target=_watch, args=(process.pid, samples), daemon=True).start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise SystemExit(f"the training ended with status {os.waitstatus_to_exitcode(status)} after {seconds:.0f} s")
    report = parse_report((folder / "out" / "report" / "report.json").read_bytes())
    assert report.provenance.started.timestamp() >= clock
    return Trained(report, usage.ru_maxrss * 1024, seconds, usage.ru_utime + usage.ru_stime, samples)


def _watch(pid: int, samples: list[Sample]) -> None:
    """Looks twenty times a second, until the process ends."""
    page = os.sysconf("SC_PAGE_SIZE")
    while True:
        try:
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return
        samples.append(Sample(time.time(), resident * page))
        time.sleep(_INTERVAL)
