"""The result of a run: model and report as files, uploaded, and last the manifest that vouches for them."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from vectorizer_api.artifact import FileDigest
from vectorizer_api.names import MANIFEST_FILE, MODEL_FOLDER, REPORT_FILE, REPORT_FOLDER, REPORT_PAGE
from vectorizer_api.run import Metric, RunCost, RunDescription, RunManifest

from vectorizer_trainer.report import OwnTest, Report
from vectorizer_trainer.report.model_card import MODEL_CARD, model_card
from vectorizer_trainer.store import Store
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["all_metrics", "upload_files", "write_manifest", "write_result"]


def write_result(folder: Path, vectorizer: Vectorizer, report: Report, page: str) -> None:
    """Write model, model card, report.json and report.html below `folder`."""
    card = model_card(report, vectorizer.description)
    vectorizer.save(folder / MODEL_FOLDER, {MODEL_CARD: card.encode()})
    (folder / REPORT_FOLDER).mkdir(parents=True)
    (folder / REPORT_FILE).write_text(report.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
    (folder / REPORT_PAGE).write_text(page, encoding="utf-8")


def upload_files(folder: Path, output: Store) -> dict[str, FileDigest]:
    """Upload the files of a result; their digests by path."""
    files = {}
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        files[name] = _digest(path)
        output.upload(name, path)
    return files


def write_manifest(
    run: RunDescription, report: Report, files: Mapping[str, FileDigest], output: Store, cost: RunCost | None
) -> RunManifest:
    """Write what must be the last of all files: what has a manifest is whole."""
    manifest = RunManifest(
        run_uid=run.run_uid,
        attempt=run.attempt,
        outcome=report.outcome,
        content_type=run.content_type,
        dimension=report.dimension,
        base=report.provenance.base,
        metrics=all_metrics(report.metrics, report.own_test),
        dataset=report.dataset,
        seed=run.training.seed,
        trainer_version=version("vectorizer-operator"),
        cost=cost,
        files=dict(files),
    )
    output.put(MANIFEST_FILE, manifest.model_dump_json(by_alias=True, indent=1).encode())
    return manifest


def all_metrics(metrics: list[Metric], own_test: OwnTest | None) -> list[Metric]:
    """The metrics, and those on the account's own test set under names of their own."""
    apart = own_test.metrics if own_test is not None else []
    return [*metrics, *(metric.model_copy(update={"name": f"test {metric.name}"}) for metric in apart)]


def _files(folder: Path) -> list[Path]:
    return sorted(
        path for part in (MODEL_FOLDER, REPORT_FOLDER) for path in (folder / part).rglob("*") if path.is_file()
    )


def _digest(path: Path) -> FileDigest:
    with path.open("rb") as stream:
        return FileDigest(sha256=hashlib.file_digest(stream, "sha256").hexdigest(), size=path.stat().st_size)
