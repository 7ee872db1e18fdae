"""A vectorizer's report in a browser."""

import tempfile
import webbrowser
from pathlib import Path

from vectorizer_api.names import REPORT_PAGE
from vectorizer_trainer.errors import BadInput

from vectorizer_cli.published import Published

__all__ = ["open_in_browser", "write_report"]


def write_report(published: Published, out: Path | None) -> Path:
    """Bring the page to `out`, or to a temporary file that stays for the browser; raises BadInput, StorageError."""
    if out is None:
        name = published.vectorizer.metadata.name
        out = Path(tempfile.mkdtemp(prefix="vectorizer-report-")) / f"{name}.html"
    if out.is_dir():
        raise BadInput(f"--out {out} is a folder.", hint="Name a file, such as report.html.")
    if REPORT_PAGE not in published.manifest.files:
        raise BadInput("No report was published with it.", hint="Its metrics are in `vectorizer describe`.")
    try:
        published.fetch(REPORT_PAGE, out)
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}.", hint="Name another file by --out.") from None
    return out.resolve()


def open_in_browser(page: Path) -> None:
    """Ask for the user's browser; where there is none, the page is where it was printed to be."""
    webbrowser.open(page.as_uri())
