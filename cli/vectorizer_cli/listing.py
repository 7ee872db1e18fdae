"""What an account has, a line each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text
from vectorizer_api.conditions import ConditionType
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune
from vectorizer_trainer.wording import bytes_in_words

from vectorizer_cli.sentences import visible

__all__ = ["age", "print_list"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def print_list(
    fine_tunes: Sequence[Mapping[str, Any]] | None,
    vectorizers: Sequence[Mapping[str, Any]] | None,
    namespace: str,
    now: datetime,
    console: Console,
) -> None:
    """A table of each kind that was asked for (None: it was not), or a sentence where there is nothing."""
    if not fine_tunes and not vectorizers:
        console.print(f"Nothing in the namespace {namespace}.", markup=False)
    if fine_tunes:
        console.print(_table_of_fine_tunes([FineTune.model_validate(body) for body in fine_tunes], now))
    if fine_tunes and vectorizers:
        console.print()
    if vectorizers:
        console.print(_table_of_vectorizers([CustomVectorizer.model_validate(body) for body in vectorizers], now))


def _table_of_fine_tunes(found: Sequence[FineTune], now: datetime) -> Table:
    """A row for each: what it makes, and where it stands."""
    table = _table("FINE-TUNE", "VECTORIZER", "TYPE", "PHASE", "PROGRESS", "LEFT", "SCORE", "AGE")
    for one in found:
        status = one.status
        shown = status.display if status else None
        table.add_row(
            *_plain(
                one.metadata.name,
                one.spec.custom_vectorizer_name,
                one.spec.content_type,
                (status.phase if status else None) or "",
                shown.progress if shown else "",
                shown.eta if shown else "",
                shown.score if shown else "",
                age(one.metadata.creation_timestamp, now),
            )
        )
    return table


def _table_of_vectorizers(found: Sequence[CustomVectorizer], now: datetime) -> Table:
    """A row for each: what it was tuned from, and whether it can be used."""
    table = _table("VECTORIZER", "TYPE", "READY", "OUTCOME", "SCORE", "TUNED FROM", "SIZE", "AGE")
    for one in found:
        status = one.status
        conditions = {each.type: each.status for each in status.conditions} if status else {}
        table.add_row(
            *_plain(
                one.spec.custom_vectorizer_name,
                one.spec.content_type,
                conditions.get(ConditionType.READY, "Unknown"),
                (status.outcome if status else None) or "",
                status.score if status else "",
                one.spec.source.starting_vectorizer_name or one.spec.base.name,
                bytes_in_words(one.spec.artifact.size_bytes),
                age(one.metadata.creation_timestamp, now),
            )
        )
    return table


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, in one unit as kubectl has it: `42s`, `5m`, `3h`, `9d`."""
    if since is None:
        return ""
    seconds = max(0, int((now - since.astimezone(UTC)).total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    return f"{seconds // _DAY}d"


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        # Names are long in one account and short in another; what people copy is never cut.
        table.add_column(column, overflow="fold")
    return table


def _plain(*cells: str) -> list[Text]:
    """Names come from people: nothing in them is markup, and nothing steers the terminal."""
    return [Text(visible(str(cell))) for cell in cells]
