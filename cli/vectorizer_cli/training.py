"""A fine-tuning on this machine: the trainer's own run, with folders in place of object storage."""

import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.names import DESCRIPTION_FILE, MODEL_FOLDER, REPORT_FOLDER
from vectorizer_api.request import Request, RequestError, parse_request
from vectorizer_api.run import Limits, RunDescription, RunManifest, TrainingSettings, VectorizerSource
from vectorizer_trainer.errors import BadInput, InvalidVectorizer, RunError
from vectorizer_trainer.progress import ProgressTracker
from vectorizer_trainer.run import run_fine_tuning
from vectorizer_trainer.store import open_store
from vectorizer_trainer.wording import quoted
from vectorizer_trainer.workplace import Workplace

from vectorizer_cli.fetching import stage_urls, urls_of
from vectorizer_cli.new_folder import check_out, new_folder
from vectorizer_cli.past_runs import past_runs
from vectorizer_cli.progress_bar import HERE, ProgressBar
from vectorizer_cli.summary import print_summary
from vectorizer_cli.url_rules import read_rules

_RUN_UID = "local"
"""A run on this machine is no object of a cluster that would have a UID."""

_log = logging.getLogger(__name__)

_FOLDER = "download_from_batch_cloud_folder"
_START, _SAMPLING = "starting_custom_vectorizer_name", "custom_vectorizer_name_for_sampling"


@dataclass(frozen=True)
class LocalTraining:
    """What `vectorizer train` was asked for."""

    request: Path
    data: Path | None
    out: Path
    vectorizers: Path | None
    seed: int
    max_examples: int
    url_rules: Path | None = None


@dataclass(frozen=True)
class NamedVectorizer:
    """A vectorizer folder, and the name that it was asked for by."""

    name: str
    folder: Path

    @property
    def source(self) -> VectorizerSource:
        """As a run is told of it."""
        return VectorizerSource(name=self.name, location=self.folder.resolve().as_uri())

    @property
    def base(self) -> str:
        """The name of the base that it descends from; its own where it is one."""
        description = _description(self.folder)
        return description.base.name if description.base else description.name


def train_locally(asked: LocalTraining, console: Console) -> RunManifest:
    """Fine-tune and write the vectorizer folder; `out` appears whole or not at all. Raises RunError."""
    request = _read_request(asked.request)
    data = _folder_used(asked.data, request, console)
    urls = urls_of(request, data)
    rules = read_rules(asked.url_rules)
    check_out(asked.out)
    with tempfile.TemporaryDirectory(prefix="vectorizer-train-") as scratch:
        place = Workplace(open_store, Path(scratch))
        with _logged(place.log, asked.out):
            if data is not None and not urls:
                _check_files(data, asked.max_examples, Path(scratch))
            run, past = _describe(asked, request, data, Path(scratch), console), past_runs()
            console.print(_opening(run), highlight=False, markup=False, soft_wrap=True)
            with ProgressBar(console, HERE) as bar:
                tracker = ProgressTracker([bar], past=past.like(run.content_type, run.base.name))
                if urls:
                    staged = stage_urls(urls, request.content_type, rules, Path(scratch) / "staged", tracker)
                    run = run.model_copy(update={"staged": staged})
                manifest = run_fine_tuning(run, place, tracker)
        _publish(Path(scratch) / "output", asked.out)
    if manifest.cost is not None:
        past.add(manifest.cost)
    print_summary(manifest, asked.out, console)
    return manifest


def _read_request(path: Path) -> Request:
    try:
        return parse_request(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"--request {path} cannot be read: {error.strerror}.", hint="Name the request's file.") from None
    except UnicodeDecodeError:
        raise BadInput(f"--request {path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except RequestError as error:
        raise BadInput(f"{path} breaks the specification:\n{error}", hint="Correct the request.") from None


def _folder_used(data: Path | None, request: Request, console: Console) -> Path | None:
    """The folder whose files are trained on; None where the request wants those of its URLs alone."""
    if not request.download_from_batch_cloud_folder:
        if data is not None:
            console.print(f"{_FOLDER} is false: the files in {data} are not used.", highlight=False, markup=False)
        return None
    if data is None:
        raise BadInput(f"{_FOLDER} is true, and there is no --data.", hint="Name the folder with the files.")
    if not data.is_dir():
        raise BadInput(f"--data {data} is not a folder.", hint="Name the folder with example_to_labels.json.")
    return data


def _check_files(data: Path, max_examples: int, scratch: Path) -> None:
    """What listing and labels alone make clear is refused before a base is opened, or made, which takes minutes."""
    from vectorizer_trainer.dataset import check_inventory
    from vectorizer_trainer.inventory import take_inventory

    limits = Limits()
    check_inventory(take_inventory(open_store(data.resolve().as_uri()), limits, scratch), limits, max_examples)


def _describe(
    asked: LocalTraining, request: Request, data: Path | None, scratch: Path, console: Console
) -> RunDescription:
    start = _looked_up(_START, request.starting_custom_vectorizer_name, request.content_type, asked.vectorizers)
    sampling = _looked_up(
        _SAMPLING, request.custom_vectorizer_name_for_sampling, request.content_type, asked.vectorizers
    )
    base = _base_of(start, request.content_type, asked.vectorizers, console)
    return RunDescription(
        run_uid=_RUN_UID,
        fine_tune=request.custom_vectorizer_name,
        attempt=1,
        content_type=request.content_type,
        custom_vectorizer_name=request.custom_vectorizer_name,
        batch=data.resolve().as_uri() if data is not None else None,
        output=(scratch / "output").as_uri(),
        base=base,
        start=start.source if start else base,
        sampling=sampling.source if sampling else None,
        augmentation=request.spec().augmentation_conditions,
        training=TrainingSettings(seed=asked.seed, max_examples=asked.max_examples),
    )


def _looked_up(
    field: str, name: str | None, content_type: ContentType, vectorizers: Path | None
) -> NamedVectorizer | None:
    return named_vectorizer(field, name, content_type, vectorizers) if name is not None else None


def named_vectorizer(field: str, name: str, content_type: ContentType, vectorizers: Path | None) -> NamedVectorizer:
    """The vectorizer that a field of the request names; refused here, under the name that the user gave it."""
    folder = find_vectorizer(field, name, vectorizers)
    own = _description(folder).content_type
    if own != content_type:
        raise BadInput(
            f"{field}: {quoted(name)} is for {own}, not for {content_type}.",
            hint="Name a vectorizer of the same content type, or none.",
        )
    return NamedVectorizer(name, folder)


def find_vectorizer(field: str, name: str, vectorizers: Path | None) -> Path:
    """The folder in `vectorizers` that is called `name`, or whose vectorizer is; `field` is where it was asked for."""
    if vectorizers is None:
        raise BadInput(
            f"{field}: there is no folder to look {quoted(name)} up in.",
            hint="Give --vectorizers FOLDER, whose folders are vectorizers.",
        )
    if not vectorizers.is_dir():
        raise BadInput(f"--vectorizers {vectorizers} is not a folder.", hint="Name the folder of your vectorizers.")
    folders = [folder for folder in sorted(vectorizers.iterdir()) if (folder / DESCRIPTION_FILE).is_file()]
    found = [folder for folder in folders if folder.name == name] or [
        folder for folder in folders if _own_name(folder) == name
    ]
    if not found:
        raise BadInput(
            f"{field}: no vectorizer is called {quoted(name)} in the folder {vectorizers.resolve()}.",
            hint=f"There: {_names(folders) or 'none'}.",
        )
    if len(found) > 1:
        raise BadInput(
            f"{field}: the vectorizers in the folders {_names(found)} are all called {quoted(name)}.",
            hint="Say which one by the name of its folder.",
        )
    return found[0]


def _names(folders: Sequence[Path]) -> str:
    return ", ".join(quoted(folder.name) for folder in folders)


def _own_name(folder: Path) -> str | None:
    try:
        return _description(folder).name
    except InvalidVectorizer:
        # Another one than the one that was asked for may be broken.
        return None


def _description(folder: Path) -> VectorizerDescription:
    from vectorizer_trainer.vectorizer import verified_description

    return verified_description(folder)[0]


def _base_of(
    start: NamedVectorizer | None, content_type: ContentType, vectorizers: Path | None, console: Console
) -> VectorizerSource:
    """The base that `start` descends from, or the default one of the content type."""
    from vectorizer_trainer.bases import bases_folder, ensure_base

    with console.status(f"Opening the base for {content_type}; a small one is made where there is none …"):
        default = ensure_base(content_type)
    descends_from = _description(start.folder).base if start else None
    name = descends_from.name if descends_from else default.name
    places = [default.parent, bases_folder(), *([vectorizers] if vectorizers else [])]
    for folder in (place / name for place in places):
        if (folder / DESCRIPTION_FILE).is_file():
            return NamedVectorizer(name, folder).source
    raise BadInput(
        f"{_START}: the base {quoted(name)} that it descends from is not in {bases_folder()}.",
        hint="Its reference items are needed to measure retention: copy the base there.",
    )


def _opening(run: RunDescription) -> str:
    from vectorizer_trainer.bases import production_base

    start = "" if run.start == run.base else f", starting from {quoted(run.start.name)}"
    production = production_base(run.content_type)
    small = "" if run.base.name == production else f" (a small one: {production} is not on this machine)"
    named = f"{quoted(run.custom_vectorizer_name)} ({run.content_type})"
    return f"Fine-tuning {named} on the base {run.base.name}{small}{start}."


@contextmanager
def _logged(log: Path, out: Path) -> Iterator[None]:
    """Log to a file, which is kept beside `out` where the trainer itself was at fault."""
    handler = logging.FileHandler(log, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    try:
        yield
    except RunError:
        raise
    except Exception as error:
        _log.exception("an error of the trainer's own")
        kept = out.with_name(f"{out.name}.log.txt")
        shutil.copyfile(log, kept)
        raise RunError(
            f"The trainer failed with an error of its own: {type(error).__name__}: {error}",
            hint=f"{kept} has the details; please report it.",
        ) from error
    finally:
        root.removeHandler(handler)
        handler.close()


def _publish(result: Path, out: Path) -> None:
    """Make `out` the vectorizer folder: model files at its top, the report in report/."""
    with new_folder(out) as folder:
        shutil.copytree(result / MODEL_FOLDER, folder, dirs_exist_ok=True)
        shutil.copytree(result / REPORT_FOLDER, folder / REPORT_FOLDER)
