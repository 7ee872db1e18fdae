"""Following a fine-tune: a cluster that is away for a moment is asked again, one that stays away is not waited for."""

import itertools
from collections.abc import Iterator

import pytest
from vectorizer_api.fine_tune import FineTune
from vectorizer_cli.following import has_ended, watched
from vectorizer_cli.tenant import ClusterUnreachable
from vectorizer_trainer.errors import BadInput


def fine_tune(uid: str = "1", **conditions: str) -> FineTune:
    listed = [
        {"type": kind, "status": status, "reason": "Because", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for kind, status in conditions.items()
    ]
    spec = {"contentType": "Text", "customVectorizerName": "docs", "downloadFromBatchCloudFolder": True}
    body = {"metadata": {"name": "docs", "uid": uid}, "spec": spec, "status": {"conditions": listed}}
    return FineTune.model_validate(body)


class Answers:
    """A tenant that gives these answers, one a look; the last one again and again."""

    def __init__(self, *answers: FineTune | Exception | None) -> None:
        self._answers: Iterator[FineTune | Exception | None] = itertools.chain(answers, itertools.repeat(answers[-1]))

    def fine_tune(self, _name: str) -> FineTune | None:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def looks(*answers: FineTune | Exception | None) -> list[FineTune]:
    return list(watched(Answers(*answers), fine_tune(), pause=lambda _: None))  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_ends_with_the_fine_tune(end: str) -> None:
    ended = fine_tune(**{end: "True"})
    assert looks(fine_tune(Running="True"), ended)[-1] == ended
    assert has_ended(ended)


def test_asks_again_where_the_cluster_is_away_for_a_moment() -> None:
    assert len(looks(ClusterUnreachable("away"), fine_tune(Complete="True"))) == 2


def test_gives_up_where_the_cluster_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", itertools.count(step=20.0).__next__)
    with pytest.raises(ClusterUnreachable):
        looks(ClusterUnreachable("away"))


@pytest.mark.parametrize("found", [None, fine_tune(uid="2")])
def test_one_that_was_deleted_or_made_anew_is_not_followed_on(found: FineTune | None) -> None:
    with pytest.raises(BadInput, match="was deleted"):
        looks(found)
