"""Upload a folder by FTP, as a user without any other tool would."""

import ftplib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

CONNECTIONS = 2
"""MinIO sets half a gigabyte aside for each file that arrives by FTP; more at a time gain nothing on two cores."""


@dataclass(frozen=True)
class FtpLogin:
    """An FTP server and a user of it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)


def upload_folder(login: FtpLogin, bucket: str, folder: Path, target: str, uploaded: Callable[[], None]) -> int:
    """Store every file below `folder` in the folder `target` of the bucket and return how many there were.

    `uploaded` is called after each file, from several threads. Raises ftplib.Error where the server refuses.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    shares = [files[first::CONNECTIONS] for first in range(CONNECTIONS)]
    with _connection(login, bucket) as ftp:
        for parent in sorted({path.parent for path in files}):
            ftp.mkd(_remote(folder, parent, target))
    upload = _Upload(login, bucket, folder, target, uploaded)
    with ThreadPoolExecutor(CONNECTIONS) as connections:
        try:
            list(connections.map(upload.store, shares))
        finally:
            # An interrupted upload ends after the files that are on their way.
            upload.stopped.set()
    return len(files)


def _connection(login: FtpLogin, bucket: str) -> ftplib.FTP:
    ftp = ftplib.FTP()  # noqa: S321 never leaves this machine
    ftp.connect(login.host, login.port)
    ftp.login(login.user, login.password)
    ftp.cwd(bucket)
    return ftp


@dataclass(frozen=True)
class _Upload:
    login: FtpLogin
    bucket: str
    folder: Path
    target: str
    uploaded: Callable[[], None]
    stopped: Event = field(default_factory=Event)

    def store(self, files: Sequence[Path]) -> None:
        with _connection(self.login, self.bucket) as ftp:
            for path in files:
                if self.stopped.is_set():
                    return
                with path.open("rb") as content:
                    ftp.storbinary(f"STOR {_remote(self.folder, path, self.target)}", content)
                self.uploaded()


def _remote(folder: Path, path: Path, target: str) -> str:
    return (Path(target) / path.relative_to(folder)).as_posix()
