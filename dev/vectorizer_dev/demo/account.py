"""Create the demo's account by the command that a platform engineer would use."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from vectorizer_dev.object_store import S3Account
from vectorizer_dev.platform import Platform, access


@dataclass(frozen=True)
class DemoAccount:
    """The account's user, and what the command said."""

    user: S3Account
    printed: str


def create_account(platform: Platform, name: str) -> DemoAccount:
    """Run `vectorizer account create` and read the account's user from its answer.

    Raises CalledProcessError where the command fails.
    """
    command = [sys.executable, "-m", "vectorizer_cli", "account", "create", name]
    environment = {**os.environ, **access(platform)}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return DemoAccount(S3Account(_said(answer, "user"), _said(answer, "password")), answer)


def _said(answer: str, what: str) -> str:
    found = re.search(rf"^ *{what} +(\S+)$", answer, re.MULTILINE)
    if found is None:
        raise ValueError(f"the answer of `vectorizer account create` holds no {what}")
    return found[1]
