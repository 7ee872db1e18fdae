"""`python -m vectorizer_dev tools | cluster | demo | images | faults`."""

import re
import signal
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from vectorizer_api.content import ContentType

from vectorizer_dev.failures import told
from vectorizer_dev.interruption import end_on_first_signal
from vectorizer_dev.tools import find_tools

app = typer.Typer(help="The development cluster of vectorizer-operator.", no_args_is_help=True, add_completion=False)
console = Console(highlight=False)

SERVED = list(ContentType)
"""What the cluster serves unless it is told otherwise."""


@app.command()
def tools() -> None:
    """Find or build etcd, kube-apiserver, kube-controller-manager, kubectl and MinIO."""
    with told(console):
        for name, path in vars(find_tools(console.print)).items():
            console.print(f"{name.replace('_', '-'):24} {path}", soft_wrap=True)


@app.command()
def cluster(
    content: Annotated[list[ContentType], typer.Option(help="A content type to serve; may be repeated.")] = SERVED,
) -> None:
    """Run the development cluster with the operator until Ctrl-C."""
    from vectorizer_dev.session import development_platform, how_to_use, ready_bases

    with (
        told(console),
        tempfile.TemporaryDirectory(prefix="vectorizer-cluster-") as folder,
        development_platform(Path(folder), ready_bases(content, console), console) as platform,
    ):
        console.print(how_to_use(platform))
        signal.pause()


@app.command()
def demo(
    content: Annotated[ContentType, typer.Option(help="What to fine-tune on.")] = ContentType.TEXT,
) -> None:
    """Fine-tune on real data from a manifest to the new neighbours, on a cluster of its own."""
    from vectorizer_dev.demo import run_demo

    with told(console):
        run_demo(content, console)


class ImageName(StrEnum):
    """An image of the product."""

    OPERATOR = "operator"
    TRAINER = "trainer"


ALL_IMAGES = list(ImageName)


@app.command()
def images(
    base_image: Annotated[
        str, typer.Option(help="What they are built on; by default one that debootstrap makes of Debian.")
    ] = "",
    only: Annotated[list[ImageName], typer.Option(help="Which; may be repeated.")] = ALL_IMAGES,
) -> None:
    """Build the operator's and the trainer's image, and run each as its Pods are run."""
    from vectorizer_dev.images.building import OPERATOR, TRAINER
    from vectorizer_dev.images.command import make_images

    recipes = {ImageName.OPERATOR: OPERATOR, ImageName.TRAINER: TRAINER}
    with told(console):
        make_images([recipes[name] for name in only], base_image, console)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise typer.BadParameter(f"{text!r} is no regular expression: {error}") from error
    return text


def _empty_folder(folder: Path | None) -> Path | None:
    if folder is None:
        return None
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise typer.BadParameter(f"{folder} is no empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@app.command()
def faults(
    lanes: Annotated[int, typer.Option(help="How many lives are lived at a time.", min=1)] = 6,
    only: Annotated[
        str, typer.Option(help="A regular expression that the plans' names must have in them.", callback=_pattern)
    ] = "",
    keep: Annotated[
        Path | None, typer.Option(help="An empty folder that keeps the logs.", callback=_empty_folder)
    ] = None,
) -> None:
    """Have one life lived through each fault, and compare how it ends."""
    from vectorizer_dev.faults.command import run_faults

    with told(console), tempfile.TemporaryDirectory(prefix="vectorizer-faults-") as folder:
        if not run_faults(keep or Path(folder), lanes, only, console):
            raise typer.Exit(1)


def main() -> None:
    """Run a command; Ctrl-C ends it in order."""
    end_on_first_signal()
    app()


if __name__ == "__main__":
    main()
