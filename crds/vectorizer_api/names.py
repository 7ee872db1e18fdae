"""Every name that is derived from another one: objects, children of a run, buckets and places in them.

A name is a pure function of what it belongs to, so that a restarted operator finds what it made before.
"""

import hashlib
import re

ACCOUNT_LABEL = "vectorizers.dev/account"
MAX_RUNS_LABEL = "vectorizers.dev/max-runs"
"""On an account's namespace: how many of its runs may be under way at once; the platform's default where absent."""
MAX_UNFINISHED_LABEL = "vectorizers.dev/max-unfinished"
"""On an account's namespace: how many fine-tunes that have not ended it may have."""
RERUN_LABEL = "vectorizers.dev/rerun"
FINE_TUNE_LABEL = "vectorizers.dev/fine-tune"
RUN_UID_LABEL = "vectorizers.dev/run-uid"
ATTEMPT_LABEL = "vectorizers.dev/attempt"
MANAGED_BY = "vectorizer-operator"
RUN_SERVICE_ACCOUNT = "vectorizer-run"
"""The service account of every run, in each account's namespace; it has no rights."""

LABELS_FILE = "example_to_labels.json"
"""The file in the batch folder that says which labels each file carries."""
GROUPS_FILE = "example_to_group.json"
"""The file beside it, where there is one, that says which files belong together."""
TEST_LABELS_FILE = "test_to_labels.json"
"""The file beside it, where there is one, that names the account's own test set and its labels."""
URLS_FILE = "file_urls.json"
"""The file beside it, where there is one, that lists URLs of further files."""
FETCH_REPORT_FILE = "fetch-report.json"
"""What became of each URL."""
STAGED_FILES_FOLDER = "files/"
"""Where below the staging prefix the files from URLs are."""
MANIFEST_FILE = "manifest.json"
PROGRESS_FILE = "progress.json"
LOG_FILE = "log.txt"
DESCRIPTION_FILE = "vectorizer.json"
REPORT_FILE = "report/report.json"
REPORT_PAGE = "report/report.html"
"""The report for people, beside the one for programs."""
MODEL_FOLDER = "model/"
REPORT_FOLDER = "report/"

ACCOUNT_LENGTH = 40
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NOT_DNS = re.compile(r"[^a-z0-9]+")


def is_dns_label(text: str) -> bool:
    """Whether `text` is an RFC 1123 label: at most 63 of a–z, 0–9 and inner hyphens."""
    return _DNS_LABEL.fullmatch(text) is not None


def is_account(text: str) -> bool:
    """Whether `text` may be an account id: a DNS label that leaves room for the buckets' prefix and suffix."""
    return is_dns_label(text) and len(text) <= ACCOUNT_LENGTH


def _digest8(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def vectorizer_object_name(name: str) -> str:
    """The metadata.name of the CustomVectorizer that people call `name`.

    The name itself where it is a DNS label, else its slug (`v` where nothing is left of it) and 8 hex digits of its
    SHA-256, so that `My model`, `my-model` and `日本語` are three objects.
    """
    if is_dns_label(name):
        return name
    slug = _NOT_DNS.sub("-", name.lower()).strip("-") or "v"
    return f"{slug[:40].rstrip('-')}-{_digest8(name)}"


def attempt_name(fine_tune: str, uid: str, attempt: int) -> str:
    """The name shared by the Job, Secret and ConfigMap of one attempt to train: `<name>-<8 hex of the UID>-t<n>`."""
    return f"{_children(fine_tune, uid)}-t{attempt}"


def fetch_name(fine_tune: str, uid: str, attempt: int) -> str:
    """The same of the download that an attempt may begin with: `<name>-<8 hex of the UID>-f<n>`."""
    return f"{_children(fine_tune, uid)}-f{attempt}"


def _children(fine_tune: str, uid: str) -> str:
    return f"{fine_tune[:40].rstrip('-.').replace('.', '-')}-{uid.replace('-', '')[:8]}"


def batch_bucket(account: str, prefix: str = "") -> str:
    """The bucket that the account's people upload to."""
    return f"{prefix}{account}-batch"


def models_bucket(account: str, prefix: str = "") -> str:
    """The bucket with the account's requests, runs and published vectorizers."""
    return f"{prefix}{account}-models"


def folder_prefix(folder: str) -> str:
    """The key prefix of a batch folder: empty for the whole bucket, else with a closing slash."""
    return f"{folder.rstrip('/')}/" if folder else ""


def run_prefix(run_uid: str) -> str:
    """Where everything lies that one run writes."""
    return f"runs/{run_uid}/"


def attempt_prefix(run_uid: str, attempt: int) -> str:
    """Where one attempt writes its progress, log, model, report and manifest."""
    return f"{run_prefix(run_uid)}attempt-{attempt}/"


def staged_prefix(run_uid: str) -> str:
    """Where the fetch Job of a run puts the files from URLs, and says how far it is."""
    return f"{run_prefix(run_uid)}staged/"


def checkpoints_prefix(run_uid: str) -> str:
    """Where the attempts of a run share their checkpoints."""
    return f"{run_prefix(run_uid)}checkpoints/"


def published_prefix(object_name: str, run_uid: str) -> str:
    """Where the operator copies a finished model to, out of the reach of every run."""
    return f"vectorizers/{object_name}/{run_uid}/"


def record_key(fine_tune: str) -> str:
    """The operator's record of what was asked for under this object name and how it ended."""
    return f"requests/{fine_tune}.json"
