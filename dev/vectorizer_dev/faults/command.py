"""`python -m vectorizer_dev faults`: a line for each plan, and a last one that counts them."""

import re
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from rich.console import Console

from vectorizer_dev.faults.clock import clock_plans
from vectorizer_dev.faults.crashes import crash_plans
from vectorizer_dev.faults.life import Stuck
from vectorizer_dev.faults.restarts import restart_plans
from vectorizer_dev.faults.trial import Field, Plan, Unlike, Usual, Verdict, opened, tried, usual
from vectorizer_dev.faults.views import view_plans


def run_faults(folder: Path, lanes: int, only: str, console: Console) -> bool:
    """Try every plan whose name the regular expression finds; whether all of them were like the fault-free run.

    False also where there was nothing to try, or nothing to compare with.
    """
    began, verdicts = time.monotonic(), []
    with opened(folder, lanes, console.print) as field:
        try:
            wanted = usual(field.lanes)
        except (Unlike, Stuck) as error:
            console.print(f"Of the lives without faults: {error}", soft_wrap=True, markup=False)
            return False
        console.print(f"A life without faults: {len(wanted.writes)} writes, {lanes} times alike.")
        beside, alone = (_with(only, plans) for plans in _plans(field, wanted, console))
        if not beside and not alone:
            console.print(f"No plan has {only!r} in its name.", markup=False)
            return False
        console.print(f"{len(beside)} plans beside each other, {len(alone)} alone.")
        for verdict in chain(tried(beside, field.lanes, wanted), tried(alone, field.lanes[:1], wanted)):
            verdicts.append(verdict)
            console.print(_line(verdict), soft_wrap=True, markup=False)
    met = [verdict for verdict in verdicts if verdict.happened]
    good = sum(verdict.is_good for verdict in met)
    bad = [verdict for verdict in verdicts if verdict.faults]
    console.print(f"{len(verdicts) - len(met)} plans did not come to their fault; {time.monotonic() - began:.0f} s.")
    console.print(f"{len(met)} plans, {good} like the fault-free run")
    return not bad


def _plans(field: Field, wanted: Usual, console: Console) -> tuple[list[Plan], list[Plan]]:
    """What can be tried beside each other, the longest first, and what strikes every lane."""
    plane, clocks = field.cluster.control_plane, clock_plans()
    if not clocks:
        console.print("libfaketime is neither installed nor to be had: no clock is set wrong.")
    beside: list[Plan] = [*view_plans(), *clocks, *crash_plans(wanted.writes)]
    return beside, [*restart_plans(plane.api_server, field.cluster.object_store.component)]


def _with(pattern: str, plans: Sequence[Plan]) -> list[Plan]:
    return [plan for plan in plans if re.search(pattern, plan.name)]


def _line(verdict: Verdict) -> str:
    again = f"; again: {', '.join(verdict.repeated.elements())}" if verdict.repeated else ""
    if verdict.faults:
        told = f"DIFFERENT: {'; '.join(verdict.faults)}"
    else:
        told = "like the fault-free run" if verdict.happened else "did not come to its fault"
    return f"{verdict.seconds:6.1f} s  {verdict.plan}: {told}{again}"
