"""Both images, built from the Containerfiles of this repository."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from vectorizer_dev.images.engine import Engine, ImageError
from vectorizer_dev.images.package_index import write

REPOSITORY = Path(__file__).parent.parent.parent.parent
BILL = "/opt/venv/bill-of-materials.cdx.json"


@dataclass(frozen=True)
class Recipe:
    """One image of the product."""

    name: str
    containerfile: str
    """Below the repository."""
    most_bytes: int | None = None
    """What it may add to its base."""


OPERATOR = Recipe("vectorizer-operator", "operator/Containerfile", most_bytes=150_000_000)
TRAINER = Recipe("vectorizer-trainer", "trainer/Containerfile")
RECIPES = (OPERATOR, TRAINER)


@dataclass(frozen=True)
class Image:
    """A built image."""

    reference: str
    base_bytes: int
    whole_bytes: int

    @property
    def added_bytes(self) -> int:
        """What it adds to its base."""
        return self.whole_bytes - self.base_bytes


def reference(recipe: Recipe) -> str:
    """The name and tag of a recipe's image in the store of this machine."""
    return f"localhost/{recipe.name}:{version('vectorizer-operator')}"


def build(engine: Engine, recipe: Recipe, base: str, report: Callable[[str], None]) -> Image:
    """Build one image on a base; raises ImageError where that fails, or where it has become too large."""
    report(f"Building {recipe.name} ...")
    with tempfile.TemporaryDirectory(prefix="vectorizer-images-") as folder:
        engine("build", *_options(recipe, base), *write(Path(folder), os.environ), str(REPOSITORY))
    built = Image(reference(recipe), engine.inspect(base)["Size"], engine.inspect(reference(recipe))["Size"])
    if recipe.most_bytes and built.added_bytes > recipe.most_bytes:
        raise ImageError(
            f"{recipe.name} adds {built.added_bytes / 1e6:.0f} MB to its base, "
            f"where {recipe.most_bytes / 1e6:.0f} MB are what it may"
        )
    return built


def _options(recipe: Recipe, base: str) -> Sequence[str]:
    arguments = {"BASE_IMAGE": base, "VERSION": version("vectorizer-operator"), "REVISION": _revision()}
    return [
        # Neither runs as a daemon nor asks the kernel for more than a machine in a machine has to give.
        *("--isolation=chroot", "--network=host", "--layers"),
        *(f"--build-arg={name}={value}" for name, value in arguments.items()),
        *(f"--tag={reference(recipe)}", f"--file={REPOSITORY / recipe.containerfile}"),
    ]


def _revision() -> str:
    """The commit that is built, `unknown` outside of a Git checkout."""
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def keep_bill(engine: Engine, image: Image, folder: Path) -> int:
    """Copy an image's bill of materials out of it; the answer is how many parts it lists."""
    written = engine.run(image.reference, ["cat", BILL])
    if written.returncode:
        raise ImageError(f"{image.reference} has no bill of materials: {written.stderr}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{Path(image.reference).name.replace(':', '-')}.cdx.json").write_text(written.stdout)
    return len(json.loads(written.stdout)["components"])
