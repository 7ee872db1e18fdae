"""Create the demo's account by the command that a platform engineer would use."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from vectorizer_dev.demo.upload import FtpLogin
from vectorizer_dev.platform import Platform, access


@dataclass(frozen=True)
class DemoAccount:
    """The account, and what the command said."""

    ftp: FtpLogin
    printed: str


def create_account(platform: Platform, name: str) -> DemoAccount:
    """Run `vectorizer account create` and read the upload user from its answer.

    Raises CalledProcessError where the command fails.
    """
    command = [sys.executable, "-m", "vectorizer_cli", "account", "create", name]
    environment = {**os.environ, **access(platform)}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    store = platform.cluster.object_store
    return DemoAccount(
        FtpLogin(store.ftp_host, store.ftp_port, _said(answer, "user"), _said(answer, "password")), answer
    )


def _said(answer: str, what: str) -> str:
    found = re.search(rf"^ *{what} +(\S+)$", answer, re.MULTILINE)
    if found is None:
        raise ValueError(f"the answer of `vectorizer account create` holds no {what}")
    return found[1]
