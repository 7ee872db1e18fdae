"""Whether an image works where it has to: as user 65532, with a read-only root, without network and capabilities."""

import json
import tempfile
from pathlib import Path

from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import bases_folder, ensure_base

from vectorizer_dev.datasets.text import make
from vectorizer_dev.images.building import OPERATOR, TRAINER, Image, Recipe
from vectorizer_dev.images.engine import Engine, ImageError

USER = "65532:65532"
_OWNER = 65532
_EXAMPLES = 40
_WORK = "/vectorizer/work"
_WORKPLACE = (f"--tmpfs={_WORK}:mode=1777", f"--env=HOME={_WORK}", f"--env=TMPDIR={_WORK}")
"""What the operator's Jobs give a run: one folder that can be written to."""
_WITHOUT_TORCH = """
import importlib.util, os, sys
import kopf, vectorizer_operator.__main__
assert importlib.util.find_spec("torch") is None, "torch is in the operator's image"
assert os.getuid() == 65532, os.getuid()
"""
_WITHOUT_KOPF = """
import importlib.util, os
import torch, torchvision, torchaudio, open_clip, sentence_transformers, vectorizer_trainer.__main__
assert importlib.util.find_spec("kopf") is None, "kopf is in the trainer's image"
assert os.getuid() == 65532, os.getuid()
"""


def try_image(engine: Engine, recipe: Recipe, image: Image) -> None:
    """Raise ImageError where the image does not do what it is for."""
    _check_labels(engine, recipe, image)
    _TRIALS[recipe.name](engine, image)


def _check_labels(engine: Engine, recipe: Recipe, image: Image) -> None:
    said = engine.inspect(image.reference)["Config"]
    labels = said.get("Labels") or {}
    if said.get("User") != USER:
        raise ImageError(f"{image.reference} runs as {said.get('User')!r}, not as {USER}")
    if labels.get("org.opencontainers.image.title") != recipe.name:
        raise ImageError(f"{image.reference} has the labels {labels}")


def _try_operator(engine: Engine, image: Image) -> None:
    _expect(engine, image, ["python", "-c", _WITHOUT_TORCH])
    # Without settings it names what it misses, and ends.
    told = engine.run(image.reference, ["python", "-m", "vectorizer_operator"])
    if told.returncode != 1 or "VECTORIZER_" not in told.stderr:
        raise ImageError(f"{image.reference} started without settings: {told.returncode}\n{told.stderr[-2000:]}")


def _try_trainer(engine: Engine, image: Image) -> None:
    _expect(engine, image, ["python", "-c", _WITHOUT_KOPF], _WORKPLACE)
    ensure_base(ContentType.TEXT)
    with tempfile.TemporaryDirectory(prefix="vectorizer-smoke-") as folder:
        _train(engine, image, Path(folder))


def _train(engine: Engine, image: Image, folder: Path) -> None:
    """Train for real, on a few texts."""
    make(folder, train=_EXAMPLES, test=1)
    asked = {"content_type": "Text", "custom_vectorizer_name": "smoke", "download_from_batch_cloud_folder": True}
    (folder / "request.json").write_text(json.dumps(asked))
    (folder / "out").mkdir()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    _give(folder / "out")
    mounts = (
        f"--volume={folder}:/data:ro",
        f"--volume={folder / 'out'}:{_WORK}",
        f"--volume={bases_folder()}:/cache/vectorizer-operator/bases:ro",
        *(f"--env={name}={_WORK}" for name in ("HOME", "TMPDIR")),
        *("--env=XDG_CACHE_HOME=/cache", "--env=OMP_NUM_THREADS=1"),
    )
    command = ["vectorizer", "train", "--request=/data/request.json", "--data=/data/train", f"--out={_WORK}/model"]
    _expect(engine, image, command, mounts)
    if not (folder / "out" / "model" / "vectorizer.json").exists():
        raise ImageError(f"{image.reference} trained and left no model")


def _give(folder: Path) -> None:
    import os

    os.chown(folder, _OWNER, _OWNER)


def _expect(engine: Engine, image: Image, command: list[str], options: tuple[str, ...] = ()) -> None:
    done = engine.run(image.reference, command, options)
    if done.returncode:
        raise ImageError(f"{image.reference}: {command[0]} ended with {done.returncode}:\n{done.stderr[-3000:]}")


_TRIALS = {OPERATOR.name: _try_operator, TRAINER.name: _try_trainer}
