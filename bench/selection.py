"""Whether choosing among more files than are trained on is worse than chance, and what memory it takes.

python bench/selection.py quality [--content Image Text] [--seeds 5]
python bench/selection.py memory --files 10001 [--sampled]

Quality: some of a pool are chosen, a linear adapter is trained on them, and start and adapter are mixed as in a run of
few examples; measured on files of their own. Printed is each way of choosing minus a uniformly random choice of as many
of the same pool, in points, with the standard error over the seeds.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.content import ContentType
from vectorizer_api.run import Limits
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.cache import ItemCache
from vectorizer_trainer.download import Reader
from vectorizer_trainer.gathering import gather, open_pool, survey
from vectorizer_trainer.inventory import take_inventory
from vectorizer_trainer.metrics import scores
from vectorizer_trainer.sampling import choose_examples, random_order, spread_order
from vectorizer_trainer.store import FolderStore
from vectorizer_trainer.tuning import Silent
from vectorizer_trainer.tuning.adapter import train_adapter
from vectorizer_trainer.vectorizer import load_vectorizer

_DATA_SETS = {"Text": "vectorizer_dev.datasets.text", "Image": "vectorizer_dev.datasets.image"}
_READ, _TEST = 5000, 1000
_SHARE = 0.7
_METRICS = ("NDCG@10", "mAP@100", "kNN label-mAP")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Files:
    """Embedded files with their labels."""

    vectors: Floats
    targets: NDArray[np.bool_]

    def __getitem__(self, rows: NDArray[np.int64]) -> "Files":
        """Some of them."""
        return Files(self.vectors[rows], self.targets[rows])


@dataclass(frozen=True)
class Task:
    """Choose so many of so many."""

    name: str
    pool: Callable[[Files, int, np.random.Generator], Files]
    files: int
    chosen: int


def main() -> None:
    """Runs one of the two measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    quality = commands.add_parser("quality")
    quality.add_argument("--content", nargs="+", choices=sorted(_DATA_SETS), default=["Image", "Text"])
    quality.add_argument("--seeds", type=int, default=5)
    quality.set_defaults(run=_quality)
    memory = commands.add_parser("memory")
    memory.add_argument("--files", type=int, default=10_001)
    memory.add_argument("--sampled", action="store_true")
    memory.set_defaults(run=_memory)
    arguments = parser.parse_args()
    arguments.run(arguments)


def _plain(files: Files, count: int, random: np.random.Generator) -> Files:
    return files[random.permutation(len(files.vectors))[:count]]


def _redundant(files: Files, count: int, random: np.random.Generator) -> Files:
    """Bursts: a fifth as many sources, some of them again and again with a little noise, as frames or logs are."""
    sources = random.permutation(len(files.vectors))[: count // 5]
    often = random.pareto(1.0, len(sources)) + 0.05
    taken = files[random.choice(sources, count, p=often / often.sum())]
    noise = 0.2 * random.standard_normal(taken.vectors.shape).astype(np.float32) / taken.vectors.shape[1] ** 0.5
    return Files(_unit(taken.vectors + noise), taken.targets)


def _rare(files: Files, count: int, random: np.random.Generator) -> Files:
    """Labels by a law of Zipf: some are in nearly every file, others in a handful."""
    labels = files.targets.shape[1]
    weight = (1 / (1 + random.permutation(labels))) ** 1.5
    wanted = (files.targets * weight).sum(1) / np.maximum(files.targets.sum(1), 1) + 1e-4
    return files[random.choice(len(files.vectors), count, replace=False, p=wanted / wanted.sum())]


_TASKS = [
    Task("plain", _plain, 1000, 300),
    Task("plain", _plain, 4000, 1000),
    Task("redundant", _redundant, 4000, 1000),
    Task("rare labels", _rare, 2000, 300),
]


def _quality(arguments: argparse.Namespace) -> None:
    for content in arguments.content:
        pool, test = _embedded(content)
        for task in _TASKS:
            _compare(content, task, pool, test, arguments.seeds)


def _embedded(content: str) -> tuple[Files, Files]:
    start = load_vectorizer(ensure_base(ContentType(content)))
    with tempfile.TemporaryDirectory() as folder:
        import_module(_DATA_SETS[content]).make(Path(folder), train=_READ, test=1)
        labels = json.loads((Path(folder) / "train" / "example_to_labels.json").read_text())
        names = sorted({label for carried in labels.values() for label in carried})
        vectors = start.encode([Path(folder) / "train" / name for name in labels])
    targets = np.array([[label in carried for label in names] for carried in labels.values()])
    order = np.random.default_rng(0).permutation(len(vectors))
    files = Files(vectors[order], targets[order])
    return files[np.arange(_TEST, len(vectors))], files[np.arange(_TEST)]


def _compare(content: str, task: Task, files: Files, test: Files, seeds: int) -> None:
    began = time.monotonic()
    rows: dict[str, list[list[float]]] = {}
    for seed in range(seeds):
        pool = task.pool(files, task.files, np.random.default_rng([seed, 1]))
        for way, chosen in _ways(pool, test, task.chosen, seed).items():
            rows.setdefault(way, []).append(_scores(pool[chosen], test, seed))
    uniform = 100 * np.array(rows.pop("uniform"))
    print(f"\n{content}, {task.name}, {task.chosen} of {task.files}, {time.monotonic() - began:.0f} s")
    print(f"{'':15s}", *(f"{name:>15s}" for name in _METRICS))
    print(f"{'uniform':15s}", *(f"{mean:15.1f}" for mean in uniform.mean(0)))
    for way, found in rows.items():
        difference = 100 * np.array(found) - uniform
        errors = (difference.std(0, ddof=1) / seeds**0.5).tolist()
        pairs = zip(difference.mean(0).tolist(), errors, strict=True)
        print(f"{way:15s}", *(f"{mean:+8.2f} ± {error:4.2f}" for mean, error in pairs), flush=True)


def _ways(pool: Files, test: Files, most: int, seed: int) -> dict[str, NDArray[np.int64]]:
    """By chance alone; by labels; and in an order that is spread over the vectors of the start or of a tuned one."""
    count = len(pool.vectors)
    knows = train_adapter(test.vectors, test.targets, seed, lambda *_: None).numpy()
    orders = {
        "by labels": random_order(count, seed),
        "spread": spread_order(pool.vectors, seed),
        "spread, tuned": spread_order(_unit(pool.vectors @ knows.T), seed),
    }
    chosen = {way: choose_examples(pool.targets, most, order) for way, order in orders.items()}
    return {"uniform": random_order(count, seed)[:most], **chosen}


def _scores(chosen: Files, test: Files, seed: int) -> list[float]:
    adapter = train_adapter(chosen.vectors, chosen.targets, seed, lambda *_: None).numpy()
    mixed = _unit((1 - _SHARE) * test.vectors + _SHARE * _unit(test.vectors @ adapter.T))
    found = scores(mixed, test.targets)
    return [found.ndcg_at_10, found.map_at_100, found.knn_label_map]


def _unit(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _memory(arguments: argparse.Namespace) -> None:
    """Peak memory of listing, choosing and reading composed digits with the small base of pictures."""
    start, began = load_vectorizer(ensure_base(ContentType.IMAGE)), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        import_module(_DATA_SETS["Image"]).make(folder, train=arguments.files, test=1)
        made = time.monotonic()
        store, before = FolderStore(folder / "train"), _peak()
        inventory = take_inventory(store, Limits(), folder)
        reader = Reader(store, start, Limits(), folder)
        wanted = inventory.wanted
        pool = survey(wanted, reader, 0, Silent()) if arguments.sampled else open_pool(wanted, 0)
        with ItemCache(folder / "items", 10_000) as items:
            gathered = gather(pool, [], 10_000, reader, items, Silent())
    print(
        f"{arguments.files} files{', sampled' if arguments.sampled else ''}: {len(gathered.files)} chosen, "
        f"{len(gathered.copies)} copies, peak {before:.0f} -> {_peak():.0f} MiB, "
        f"{made - began:.0f} s to make them, {time.monotonic() - made:.0f} s to choose and read"
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
