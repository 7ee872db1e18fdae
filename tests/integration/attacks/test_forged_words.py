"""What a run says of itself is anybody's who has its credentials: whatever it says, the run comes to its end."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from vectorizer_api.names import MANIFEST_FILE, PROGRESS_FILE
from vectorizer_api.run import RunManifest
from vectorizer_dev.tenant import Body, RunningOperator, Tenant

DIMENSION = 384
PATIENCE = 120.0
BESIDE_EACH_OTHER = 8
HUGE = 10**30
LONG = "x" * 900_000
NOW = "2026-01-01T00:00:00Z"
TERMINAL = "\x1b]0;owned\x07\x1b[2J\u202e\u0085"

Forge = Callable[[Body], None]


def progress() -> Body:
    return {
        "progress": {"stage": "Tuning", "percent": 30, "lastUpdateTime": NOW, "etaSeconds": 60},
        "dataset": {"files": 120, "examples": 120, "labels": 5, "selected": 120},
        "checkpoint": {"step": 1, "time": NOW},
        "metrics": [{"name": "NDCG@10", "start": 0.5, "tuned": 0.6, "low": 0.1, "high": 0.2}],
    }


def said(**fields: object) -> Forge:
    """Say other things in `part__field`."""

    def forge(body: Body) -> None:
        for place, value in fields.items():
            part, _, field = place.partition("__")
            body[part][field] = value

    return forge


def metrics(found: object) -> Forge:
    return lambda body: body.update(metrics=found)


def metric(**fields: object) -> Body:
    return {"name": "NDCG@10", "start": 0.5, "tuned": 0.6, "low": 0.1, "high": 0.2, **fields}


FORGED: dict[str, Forge] = {
    "an epoch of thirty digits": said(progress__epoch=HUGE),
    "steps of thirty digits": said(progress__step=HUGE, progress__steps=HUGE),
    "an end in a trillion years": said(progress__etaSeconds=10**18),
    "an end in the past": said(progress__etaSeconds=-(10**18)),
    "an endless end": said(progress__etaSeconds=HUGE),
    "an absurd speed": said(progress__examplesPerSecond=1e308),
    "a time of no zone": said(progress__lastUpdateTime="2026-01-01T00:00:00"),
    "the first of times": said(progress__lastUpdateTime="0001-01-01T00:00:00+14:00"),
    "the last of times": said(progress__lastUpdateTime="9999-12-31T23:59:59-14:00"),
    "more files than a number holds": said(dataset__files=HUGE, dataset__rejected=HUGE),
    "fewer files than none": said(dataset__files=-HUGE),
    "a data set of a long name": said(dataset__digest=LONG),
    "a file of a long name": said(dataset__rejectedFiles=[{"name": LONG, "reason": "r"}]),
    "long warnings": said(dataset__warnings=["w" * 18_000] * 50),
    "a checkpoint of thirty digits": said(checkpoint__step=HUGE),
    "a checkpoint of no zone": said(checkpoint__time="2026-01-01T00:00:00"),
    "a metric of a long name": metrics([metric(name=LONG)]),
    "ten thousand metrics": metrics([metric()] * 10_000),
    "metrics beyond numbers": metrics([metric(start=1e308, tuned=-1e308, low=-1e308, high=1e308)]),
    "what steers a terminal": said(
        dataset__warnings=[TERMINAL], dataset__rejectedFiles=[{"name": TERMINAL, "reason": "r"}]
    ),
    "a zero byte": said(dataset__warnings=["\0"]),
    "lists for numbers": said(progress__percent=[1], dataset__files={}),
}
"""What progress.json can say that is JSON of its shape, or nearly."""

RAW: dict[str, bytes] = {
    "no JSON": b"{",
    "nested a million times": b"[" * 10**6,
    "an unknown field nested deeply": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "half a character": b'{"progress": {"stage": "Tuning", "percent": 1, "lastUpdateTime": "' + NOW.encode() + b'"}, '
    b'"dataset": {"warnings": ["\\ud800"]}}',
    "no number": b'{"progress": {"stage": "Tuning", "percent": NaN, "lastUpdateTime": "' + NOW.encode() + b'"}}',
    "two megabytes": b'{"x": "' + b"x" * 2 * 1024**2 + b'"}',
    "nothing": b"",
}


@dataclass(frozen=True)
class Ended:
    """Each run's end by what it said."""

    ends: Mapping[str, Future[Body]]


@pytest.fixture(scope="module")
def ended(tenant: Tenant) -> Iterator[Ended]:
    """Runs that speak, then end well."""

    def play(number: int, word: bytes) -> Body:
        name = f"word-{number}"
        run = tenant.run_of(tenant.ask(name))
        run.run()
        tenant.until(name, "Running", "True", timeout=PATIENCE)
        run.put(PROGRESS_FILE, word)
        run.succeed(DIMENSION)
        return tenant.ended(name, PATIENCE)

    words = {what: spoken(forge) for what, forge in FORGED.items()} | RAW
    with ThreadPoolExecutor(BESIDE_EACH_OTHER) as actors:
        yield Ended({what: actors.submit(play, number, word) for number, (what, word) in enumerate(words.items())})


def spoken(forge: Forge) -> bytes:
    body = progress()
    forge(body)
    return json.dumps(body).encode()


@pytest.mark.parametrize("what", [*FORGED, *RAW])
def test_a_run_whose_progress_says_so_ends_as_any_other(ended: Ended, what: str) -> None:
    status = ended.ends[what].result()["status"]
    assert status["phase"] == "Succeeded"
    assert len(json.dumps(status)) < 300_000


def test_the_operator_was_surprised_by_none_of_it(ended: Ended, operator: RunningOperator) -> None:
    for end in ended.ends.values():
        end.exception()
    assert "Traceback" not in operator.log
    assert max(map(len, operator.log.splitlines())) < 10_000


FORGED_MANIFESTS: dict[str, Forge] = {
    "a data set of a long name": said(dataset__digest="f" * 65),
    "a data set of a megabyte's name": said(dataset__digest=LONG),
    "files of thirty digits": said(dataset__files=HUGE),
    "long warnings": said(dataset__warnings=["w" * 200_000] * 50),
    "a file of a long name": said(dataset__rejectedFiles=[{"name": LONG, "reason": LONG}]),
    "a seed of thirty digits": lambda body: body.update(seed=HUGE),
    "a trainer of a long name": lambda body: body.update(trainerVersion=LONG),
    "a hundred thousand metrics": metrics([metric()] * 100_000),
    "metrics of long names": metrics([metric(name=LONG)] * 10),
    "metrics beyond numbers": metrics([metric(start=1e308, tuned=-1e308, low=-1e308, high=1e308)]),
    "no metrics": metrics([]),
    "a zero byte": said(dataset__warnings=["\0"]),
    "what steers a terminal": said(dataset__warnings=[TERMINAL]),
    "a size of thirty digits": lambda body: body["files"]["model/weights.safetensors"].update(size=HUGE),
    "half as many attempts": lambda body: body.update(attempt=0),
    "fields that nobody knows": lambda body: body.update(status={"phase": "Succeeded"}, spec={"image": "miner"}),
}


@pytest.fixture(scope="module")
def judged(tenant: Tenant) -> Iterator[Ended]:
    """Runs whose manifest is forged in what stands in it, where every file is as it says."""

    def play(number: int, forge: Forge) -> Body:
        name = f"manifest-{number}"
        run = tenant.run_of(tenant.ask(name))
        files = run.files(DIMENSION)
        body = plain(run.manifest(files, DIMENSION))
        forge(body)
        for path, content in files.items():
            run.put(path, content)
        run.put(MANIFEST_FILE, json.dumps(body).encode())
        run.end(0)
        return tenant.ended(name, PATIENCE)

    with ThreadPoolExecutor(BESIDE_EACH_OTHER) as actors:
        numbered = enumerate(FORGED_MANIFESTS.items())
        yield Ended({what: actors.submit(play, number, forge) for number, (what, forge) in numbered})


def plain(manifest: RunManifest) -> Body:
    body: dict[str, Any] = json.loads(manifest.model_dump_json(by_alias=True, exclude_none=True))
    return body


@pytest.mark.parametrize("what", FORGED_MANIFESTS)
def test_a_run_whose_manifest_says_so_ends_and_is_told_plainly(judged: Ended, tenant: Tenant, what: str) -> None:
    body = judged.ends[what].result()
    status, name = body["status"], body["metadata"]["name"]
    assert len(json.dumps(status)) < 300_000
    if status["phase"] == "Failed":
        assert status["failure"]["reason"] == "ResultRefused"
        assert len(status["failure"]["message"]) < 1_000
        assert tenant.keys(f"vectorizers/{name}/") == []
    else:
        assert status["phase"] == "Succeeded"
        assert len(json.dumps(tenant.vectorizer(name))) < 300_000


def test_the_operator_was_surprised_by_no_manifest(judged: Ended, operator: RunningOperator) -> None:
    for end in judged.ends.values():
        end.exception()
    assert "Traceback" not in operator.log
    assert max(map(len, operator.log.splitlines())) < 10_000
