"""A published vectorizer as a folder of this machine."""

from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from vectorizer_trainer.wording import bytes_in_words, counted, quoted

from vectorizer_cli.new_folder import new_folder
from vectorizer_cli.published import Published

__all__ = ["download_vectorizer"]


def download_vectorizer(published: Published, out: Path, console: Console) -> None:
    """Bring all files, each checked by its digest; raises BadInput or StorageError, and leaves nothing then."""
    files, total = published.manifest.files, sum(file.size for file in published.manifest.files.values())
    with new_folder(out) as folder, Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Downloading", total=total)
        for key, path in published.paths():
            published.fetch(key, folder / path)
            bar.advance(task, files[key].size)
    name = quoted(published.vectorizer.spec.custom_vectorizer_name)
    console.print(
        f"{name} ({published.manifest.outcome}): {counted(len(files), 'file')}, {bytes_in_words(total)}, "
        f"verified, in {out}.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
