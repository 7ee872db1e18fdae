"""Requests to the API server and to the object store: what was asked for, how it was answered, and after how long."""

from enum import StrEnum

from prometheus_client import Counter, Histogram

_NO_ANSWER = "none"
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_API_REQUESTS = Counter(
    "vectorizer_api_requests_total",
    "Requests to the API server, by verb, resource and HTTP status; the code is none where no answer came.",
    ["verb", "resource", "code"],
)
_API_SECONDS = Histogram(
    "vectorizer_api_request_duration_seconds",
    "Time that a request to the API server took, by verb.",
    ["verb"],
    buckets=_BUCKETS,
)
_STORAGE_REQUESTS = Counter(
    "vectorizer_storage_requests_total",
    "Requests to the object store and its STS, by S3 action and outcome.",
    ["operation", "outcome"],
)
_STORAGE_SECONDS = Histogram(
    "vectorizer_storage_request_duration_seconds",
    "Time that a request to the object store took, the transfer included, by S3 action.",
    ["operation"],
    buckets=_BUCKETS,
)


class Verb(StrEnum):
    """What is asked of the API server, in the words of its audit log."""

    GET = "get"
    LIST = "list"
    CREATE = "create"
    PATCH = "patch"
    DELETE = "delete"


class Operation(StrEnum):
    """What is asked of the object store: the actions of S3, and STS's one."""

    HEAD_BUCKET = "HeadBucket"
    HEAD_OBJECT = "HeadObject"
    GET_OBJECT = "GetObject"
    PUT_OBJECT = "PutObject"
    COPY_OBJECT = "CopyObject"
    LIST_OBJECTS = "ListObjects"
    DELETE_OBJECTS = "DeleteObjects"
    ASSUME_ROLE = "AssumeRole"


class Answer(StrEnum):
    """How the object store answered."""

    SUCCESS = "success"
    NOT_FOUND = "not_found"
    """There is no such object: often just what was to be found out."""
    REFUSED = "refused"
    """It answered that it will not, or with what is of no use."""
    UNREACHABLE = "unreachable"
    """No answer, or the store's own failure (5xx)."""


def asked_api(verb: Verb, resource: str, code: int | None, seconds: float) -> None:
    """Count a request to the API server; `code` is None where it did not answer."""
    _API_REQUESTS.labels(verb, resource, _NO_ANSWER if code is None else code).inc()
    _API_SECONDS.labels(verb).observe(seconds)


def asked_storage(operation: Operation, answer: Answer, seconds: float) -> None:
    """Count a request to the object store or its STS."""
    _STORAGE_REQUESTS.labels(operation, answer).inc()
    _STORAGE_SECONDS.labels(operation).observe(seconds)


for _verb in Verb:
    _API_SECONDS.labels(_verb)
for _operation in Operation:
    _STORAGE_SECONDS.labels(_operation)
    for _answer in Answer:
        _STORAGE_REQUESTS.labels(_operation, _answer)
