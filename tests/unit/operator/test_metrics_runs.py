"""What is counted of fine-tunes: each thing once, whoever restarts in between and whatever is repeated."""

import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from vectorizer_api.conditions import Reason
from vectorizer_api.fine_tune import Attempts, FineTune, FineTuneStatus
from vectorizer_api.run import Failure, Progress, RunProgress, Stage
from vectorizer_operator import status
from vectorizer_operator.metrics import runs
from vectorizer_operator.status import Verdict

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCOUNT = "counted"
NOTHING = FineTuneStatus()
PREFIX = "vectorizer_"


def fine_tune(said: FineTuneStatus | None = None) -> FineTune:
    spec = {"contentType": "Sound", "customVectorizerName": "docs", "downloadFromBatchCloudFolder": True}
    metadata = {"name": "docs", "namespace": "ns", "creationTimestamp": START}
    body = {"kind": "VectorizerFineTune", "metadata": metadata, "spec": spec}
    return FineTune.model_validate(body).model_copy(update={"status": said})


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def started(at: float = 2, last: FineTuneStatus | None = None, **attempts: object) -> FineTuneStatus:
    tried = Attempts.model_validate({"current": 1, **attempts})
    return status.active(fine_tune(last), Verdict("False", Reason.JOB_CREATED), None, tried, after(at))


def running(stage: Stage, at: float, last: FineTuneStatus) -> FineTuneStatus:
    said = RunProgress(progress=Progress(stage=stage, percent=50, last_update_time=after(at)))
    tried = last.attempts or Attempts(current=1)
    return status.active(fine_tune(last), Verdict("True", Reason.JOB_RUNNING), said, tried, after(at))


def complete(at: float, last: FineTuneStatus, gpu_seconds: int | None = 120) -> FineTuneStatus:
    said = RunProgress(progress=Progress(stage=Stage.DONE, percent=100, last_update_time=after(at)))
    tried = last.attempts or Attempts(current=1)
    return status.complete(
        fine_tune(last), Reason.IMPROVED, "better", said, "docs", "report.json", tried, gpu_seconds, after(at)
    )


def failed(reason: Reason, at: float, last: FineTuneStatus, tried: Attempts | None) -> FineTuneStatus:
    why = Failure(exit_code=70, reason=reason, message="no")
    return status.failed(fine_tune(last), reason, why, None, tried, None, after(at))


def tell(*said: FineTuneStatus, of: FineTune | None = None) -> dict[str, float]:
    """Tell one status after the other; the answer is every series that grew, and by how much."""
    before = series()
    for last, new in itertools.pairwise(said):
        moment = new.last_phase_transition_time or START
        runs.told(of or fine_tune(), ACCOUNT, last, new, moment)
    return {name: grown for name, value in series().items() if (grown := value - before.get(name, 0.0))}


def series() -> dict[str, float]:
    samples = [sample for family in REGISTRY.collect() if family.name.startswith(PREFIX) for sample in family.samples]
    return {
        f"{sample.name.removeprefix(PREFIX)}{list(sample.labels.values())}": sample.value
        for sample in samples
        if not sample.name.endswith(("_bucket", "_info"))
    }


class TestEnd:
    def test_one_that_is_complete_is_counted_with_its_outcome_its_time_and_its_gpu_seconds(self) -> None:
        first = started()
        counted = tell(first, complete(3602, first))
        assert counted["fine_tunes_ended_total['Sound', 'Improved', 'Improved']"] == 1
        assert counted["account_fine_tunes_ended_total['counted', 'Improved']"] == 1
        assert counted["fine_tune_duration_seconds_sum['Sound', 'Improved']"] == 3600
        assert counted["attempts_ended_total['succeeded', 'Improved']"] == 1
        assert counted["gpu_seconds_total['counted']"] == 120

    def test_one_that_failed_is_counted_with_its_reason(self) -> None:
        first = started()
        counted = tell(first, failed(Reason.JOB_DELETED, 60, first, first.attempts))
        assert counted["fine_tunes_ended_total['Sound', 'Failed', 'JobDeleted']"] == 1
        assert counted["attempts_ended_total['failed', 'JobDeleted']"] == 1

    def test_one_that_was_refused_had_no_attempt_and_no_duration(self) -> None:
        counted = tell(NOTHING, status.refused(fine_tune(), Reason.NAME_TAKEN, "taken", START))
        assert counted == {
            "fine_tunes_ended_total['Sound', 'Refused', 'NameTaken']": 1,
            "account_fine_tunes_ended_total['counted', 'Refused']": 1,
        }

    def test_one_that_cannot_be_read_gives_no_label_of_its_own(self) -> None:
        unreadable = fine_tune().model_copy(update={"spec": {"contentType": "whatever people wrote"}})
        counted = tell(NOTHING, status.refused(unreadable, Reason.INVALID_SPEC, "?", START), of=unreadable)
        assert counted["fine_tunes_ended_total['Unknown', 'Refused', 'InvalidSpec']"] == 1

    def test_what_is_said_again_after_a_restart_is_not_counted_again(self) -> None:
        first = started()
        ended = complete(60, first)
        again = status.taken_over(fine_tune(ended), ended, "", after(90))
        assert tell(ended, again) == {}

    def test_the_outcome_of_an_earlier_object_is_not_counted_again(self) -> None:
        taken_over = status.taken_over(fine_tune(), complete(60, started()), "(Taken over.)", after(90))
        assert tell(NOTHING, taken_over) == {}

    def test_an_outcome_that_was_on_record_and_not_yet_said_is_counted_when_it_is(self) -> None:
        """The operator was killed between the two."""
        publishing = started()
        told = status.taken_over(fine_tune(publishing), complete(60, publishing), "", after(90))
        assert tell(publishing, told)["fine_tunes_ended_total['Sound', 'Improved', 'Improved']"] == 1

    def test_one_that_was_deleted_before_its_end_is_counted_with_what_it_used(self) -> None:
        before = series()
        runs.deleted("Sound", ACCOUNT, 30)
        runs.deleted("whatever people wrote", ACCOUNT, 0)
        grown = {name: value - before.get(name, 0) for name, value in series().items() if value != before.get(name)}
        assert grown == {
            "fine_tunes_ended_total['Sound', 'Deleted', 'Deleted']": 1,
            "fine_tunes_ended_total['Unknown', 'Deleted', 'Deleted']": 1,
            "account_fine_tunes_ended_total['counted', 'Deleted']": 2,
            "gpu_seconds_total['counted']": 30,
        }

    def test_every_reason_to_fail_is_there_from_the_start(self) -> None:
        """The page of conditions lists them; a first failure must be an increase, not a new series."""
        page = (Path(__file__).parents[3] / "docs" / "conditions.md").read_text(encoding="utf-8")
        section = page.partition("## Failed and Stalled\n")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (\w+) \|", section, re.MULTILINE)
        assert {row for row in rows if row != "reason"} == set(runs.FAILURES)


class TestPhases:
    def test_each_phase_is_counted_when_it_is_over(self) -> None:
        first = started(at=2)
        preparing = running(Stage.DOWNLOADING, 32, first)
        still = running(Stage.BASELINE, 40, preparing)
        training = running(Stage.TUNING, 92, still)
        counted = tell(first, preparing, still, training, complete(692, training))
        assert counted["phase_duration_seconds_sum['Sound', 'Pending']"] == 30
        assert counted["phase_duration_seconds_sum['Sound', 'Preparing']"] == 60
        assert counted["phase_duration_seconds_sum['Sound', 'Training']"] == 600
        assert counted["phase_duration_seconds_count['Sound', 'Preparing']"] == 1

    def test_a_phase_that_began_under_an_older_operator_is_left_out(self) -> None:
        older = started().model_copy(update={"last_phase_transition_time": None})
        assert not [name for name in tell(older, running(Stage.TUNING, 60, older)) if name.startswith("phase")]


class TestFirstJob:
    def test_the_delay_is_counted_once_from_the_creation(self) -> None:
        first = started(at=2)
        counted = tell(NOTHING, first, running(Stage.TUNING, 60, first))
        assert counted["first_job_delay_seconds_sum['false']"] == 2
        assert counted["first_job_delay_seconds_count['false']"] == 1
        assert counted["attempts_started_total['Sound']"] == 1

    def test_one_that_had_to_wait_is_counted_apart(self) -> None:
        waiting = status.waiting(fine_tune(), Reason.PROFILE_MISSING, "none", START)
        counted = tell(NOTHING, waiting, started(at=600, last=waiting))
        assert counted["first_job_delay_seconds_sum['true']"] == 600
        assert "first_job_delay_seconds_count['false']" not in counted


class TestAttempts:
    def test_failures_and_preemptions_are_counted_apart_and_each_once(self) -> None:
        first = started()
        tried = Attempts(current=1, failures=1, last_reason=Reason.STORAGE_FAILED)
        back_off = status.backing_off(fine_tune(first), "again", tried, after(10))
        second = started(at=20, last=back_off, current=2, failures=1, last_reason=Reason.STORAGE_FAILED)
        evicted = Attempts(current=2, failures=1, preemptions=1, last_reason=Reason.PREEMPTED)
        moved = status.backing_off(fine_tune(second), "again", evicted, after(30))
        counted = tell(first, back_off, second, moved)
        assert counted["attempts_ended_total['failed', 'StorageFailed']"] == 1
        assert counted["attempts_ended_total['preempted', 'Preempted']"] == 1
        assert counted["attempts_started_total['Sound']"] == 1

    def test_the_last_failure_is_counted_once_beside_the_runs_end(self) -> None:
        first = started()
        tried = Attempts(current=1, failures=1, last_reason=Reason.TRAINER_ERROR)
        counted = tell(first, failed(Reason.TRAINER_ERROR, 60, first, tried))
        assert counted["attempts_ended_total['failed', 'TrainerError']"] == 1
        assert counted["fine_tunes_ended_total['Sound', 'Failed', 'TrainerError']"] == 1

    @pytest.mark.parametrize(("fails_first", "counted_as_suspended"), [(False, 1.0), (True, None)])
    def test_a_suspended_attempt_is_counted_unless_it_had_failed_before(
        self, fails_first: bool, counted_as_suspended: float | None
    ) -> None:
        last = started()
        if fails_first:
            tried = Attempts(current=1, failures=1, last_reason=Reason.STORAGE_FAILED)
            last = status.backing_off(fine_tune(last), "again", tried, after(10))
        counted = tell(last, status.suspended(fine_tune(last), last.attempts, after(20)))
        assert counted.get("attempts_ended_total['suspended', 'Suspended']") == counted_as_suspended
