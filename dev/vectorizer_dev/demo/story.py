"""One fine-tuning from an empty machine to the new neighbours, told as it happens."""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress
from rich.syntax import Syntax
from vectorizer_api.conditions import ConditionType
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import FineTune, FineTuneStatus, Phase
from vectorizer_api.names import MODEL_FOLDER, REPORT_FILE, REPORT_PAGE, batch_bucket, models_bucket, published_prefix
from vectorizer_cli.summary import print_verdict
from vectorizer_trainer.report import parse_report
from vectorizer_trainer.vectorizer import load_vectorizer

from vectorizer_dev.component import Components
from vectorizer_dev.demo.account import DemoAccount, create_account
from vectorizer_dev.demo.chapters import Chapters
from vectorizer_dev.demo.data_set import DataSet
from vectorizer_dev.demo.download import download_folder
from vectorizer_dev.demo.drawing import Drawing, Lines, Pictures, comparison
from vectorizer_dev.demo.following import follow
from vectorizer_dev.demo.neighbours import COUNTED, Gallery, label_agreement, nearest
from vectorizer_dev.demo.upload import FtpLogin, upload_folder
from vectorizer_dev.failures import FineTuneFailed
from vectorizer_dev.fine_tunes import FineTunes
from vectorizer_dev.platform import REPOSITORY, Platform
from vectorizer_dev.session import development_platform, ready_bases

ACCOUNT = "demo"
RESULTS = REPOSITORY / "build" / "demo"


@dataclass(frozen=True)
class Subject:
    """What a demo is about."""

    content: ContentType
    manifest: Path
    data_set: str
    """Module with `make(folder)`, which writes the folders `train` and `test`."""


EXAMPLES = REPOSITORY / "examples"
SUBJECTS = {
    kind: Subject(kind, EXAMPLES / f"{name.replace('_', '-')}.yaml", f"vectorizer_dev.datasets.{name}")
    for kind, name in ((kind, kind.value.lower()) for kind in ContentType)
}


def run_demo(content: ContentType, console: Console) -> None:
    """Tell the story, and leave vectorizer and report in `build/demo`; raises FineTuneFailed where the run fails."""
    subject = SUBJECTS[content]
    chapters = Chapters(console)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vectorizer-demo-")))
        data_set = DataSet(subject.data_set, folder / "data", stack.enter_context(Components(folder)))
        (folder / "cluster").mkdir()
        with chapters.chapter(f"Find the base for {content}, or make it once"):
            bases = ready_bases([content], console)
            console.print(f"   {bases[content]}", highlight=False)
        with chapters.chapter("Start a cluster: real API server, controllers, MinIO, operator"):
            platform = stack.enter_context(development_platform(folder / "cluster", bases, console))
        _Story(subject, platform, chapters, console).tell(bases[content], data_set)
    console.print(chapters.summary())


class _Story:
    def __init__(self, subject: Subject, platform: Platform, chapters: Chapters, console: Console) -> None:
        self._subject = subject
        self._platform = platform
        self._chapters = chapters
        self._console = console
        self._fine_tune = FineTune.model_validate(yaml.safe_load(subject.manifest.read_text()))
        self._results = RESULTS / subject.content.value.lower()

    def tell(self, base: Path, data_set: DataSet) -> None:
        """Go from the account to the neighbours."""
        with self._chapters.chapter(f"Create the account: vectorizer account create {ACCOUNT}"):
            account = create_account(self._platform, ACCOUNT)
            self._console.print(Padding(account.printed.rstrip(), (0, 3)), highlight=False, style="dim")
        with (
            self._chapters.chapter("Make a data set of what is installed, begun beside the cluster"),
            self._console.status("Making it ..."),
        ):
            files = data_set.wait()
        with self._chapters.chapter("Upload it by FTP"):
            self._upload(account, files / "train")
        with self._chapters.chapter(f"kubectl apply -f {self._subject.manifest.relative_to(REPOSITORY)}"):
            self._apply()
        with self._chapters.chapter("Fine-tune"):
            status = self._follow()
        with self._chapters.chapter("Look at the result"):
            vectorizer = self._download(account, status)
            self._show_neighbours((base, vectorizer), files / "test")
        self._conclude()

    def _upload(self, account: DemoAccount, folder: Path) -> None:
        bucket, target = batch_bucket(ACCOUNT), self._fine_tune.spec.batch_folder
        total = sum(path.is_file() for path in folder.rglob("*"))
        store = self._platform.cluster.object_store
        ftp = FtpLogin(store.ftp_host, store.ftp_port, account.user.access_key, account.user.secret_key)
        with Progress(console=self._console, transient=True) as bar:
            task = bar.add_task("  uploading", total=total)
            upload_folder(ftp, bucket, folder, target, lambda: bar.advance(task))
        address = f"ftp://{ftp.user}@{ftp.host}:{ftp.port}/{bucket}/{target}"
        self._console.print(f"   {total:,} files to {address}", highlight=False)

    def _apply(self) -> None:
        cluster = self._platform.cluster
        self._console.print(Syntax(self._subject.manifest.read_text(), "yaml", background_color="default"))
        command = [
            str(cluster.tools.kubectl),
            "apply",
            "--namespace",
            ACCOUNT,
            "--filename",
            str(self._subject.manifest),
        ]
        environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        self._console.print(f"   {answer.stdout.strip()}", highlight=False)

    def _follow(self) -> FineTuneStatus:
        with FineTunes(self._platform.cluster.kubeconfig) as fine_tunes:
            status = follow(lambda: fine_tunes.status(ACCOUNT, self._fine_tune.metadata.name), self._console)
        if status.phase != Phase.SUCCEEDED:
            raise FineTuneFailed(next(item.message for item in status.conditions if item.type == ConditionType.FAILED))
        return status

    def _download(self, account: DemoAccount, status: FineTuneStatus) -> Path:
        """Fetch what was published, as the account's own user."""
        shutil.rmtree(self._results, ignore_errors=True)
        with FineTunes(self._platform.cluster.kubeconfig) as fine_tunes:
            published = fine_tunes.vectorizer(ACCOUNT, status.vectorizer or "")
        prefix = published_prefix(published.metadata.name, published.spec.artifact.run_uid)
        people = self._platform.cluster.object_store.client(account.user)
        download_folder(people, models_bucket(ACCOUNT), prefix, self._results)
        return self._results / MODEL_FOLDER

    def _show_neighbours(self, vectorizers: tuple[Path, Path], test: Path) -> None:
        gallery = Gallery.sample(test)
        with self._console.status(f"Embedding {len(gallery.paths)} unseen files, before and after ..."):
            before, after = (load_vectorizer(folder).encode(gallery.paths) for folder in vectorizers)
        self._console.print(comparison(gallery, before, after, self._drawing()))
        agreement = [label_agreement(nearest(vectors, COUNTED), gallery.labels) for vectors in (before, after)]
        self._console.print(
            f"   The {COUNTED} nearest of {len(gallery.paths)} unseen files share "
            f"{agreement[0]:.1%} of their labels before, [bold]{agreement[1]:.1%}[/] after.",
            highlight=False,
        )

    def _drawing(self) -> Drawing:
        in_colour = self._console.color_system is not None
        is_image = self._subject.content is ContentType.IMAGE
        return Pictures(self._console.width) if is_image and in_colour else Lines()

    def _conclude(self) -> None:
        self._console.print("\nOn held-out files of the account's own data:")
        report = parse_report((self._results / REPORT_FILE).read_bytes())
        print_verdict(report, self._results / MODEL_FOLDER, self._console)
        self._console.print(f"Report: {self._results / REPORT_PAGE}", highlight=False, soft_wrap=True)
        self._console.print(f"Vectorizer: {self._results / MODEL_FOLDER}\n", highlight=False, soft_wrap=True)
