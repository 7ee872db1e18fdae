"""What is said: exclusive final conditions, times that move with the status alone, text for the columns."""

from datetime import UTC, datetime, timedelta

import pytest
from vectorizer_api.conditions import Reason
from vectorizer_api.fine_tune import Attempts, Display, FineTune, FineTuneStatus, Phase
from vectorizer_api.run import Dataset, Failure, Metric, Outcome, Progress, RunProgress, Stage
from vectorizer_operator import events, status
from vectorizer_operator.status import Verdict

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def fine_tune(said: FineTuneStatus | None = None) -> FineTune:
    spec = {"contentType": "Text", "customVectorizerName": "docs", "downloadFromBatchCloudFolder": True}
    body = {
        "kind": "VectorizerFineTune",
        "metadata": {"name": "docs", "namespace": "ns", "generation": 3},
        "spec": spec,
    }
    return FineTune.model_validate(body).model_copy(update={"status": said})


def told(stage: Stage = Stage.TUNING, **dataset: object) -> RunProgress:
    progress = Progress(stage=stage, percent=41.6, eta_seconds=130, last_update_time=NOW)
    return RunProgress(progress=progress, dataset=Dataset.model_validate(dataset) if dataset else None)


def running(said: RunProgress | None = None, at: datetime = NOW, after: FineTuneStatus | None = None) -> FineTuneStatus:
    return status.active(fine_tune(after), Verdict("True", Reason.JOB_RUNNING), said, Attempts(current=1), at)


def done(after: FineTuneStatus | None = None) -> FineTuneStatus:
    metrics = [Metric(name="NDCG@10", start=0.5781, tuned=0.6649, low=0.0, high=0.1)]
    said = told(Stage.DONE, selected=1).model_copy(update={"metrics": metrics})
    return status.complete(
        fine_tune(after), Reason.IMPROVED, "better", said, "docs", "report.json", Attempts(current=1), None, LATER
    )


def failure() -> FineTuneStatus:
    why = Failure(exit_code=64, reason="X", message="line 3 is no list", hint="mend it")
    return status.failed(fine_tune(running()), Reason.BAD_INPUT, why, None, None, None, LATER)


def by_type(said: FineTuneStatus) -> dict[str, tuple[str, str]]:
    return {item.type: (item.status, item.reason) for item in said.conditions}


ALL = [
    status.waiting(fine_tune(), Reason.WAITING_FOR_VECTORIZER, "wait", NOW),
    status.refused(fine_tune(), Reason.NAME_TAKEN, "taken", NOW),
    status.held(fine_tune(), Reason.QUOTA_EXCEEDED, "wait", NOW),
    status.backing_off(fine_tune(running()), "again", Attempts(current=1, failures=1), NOW),
    status.suspended(fine_tune(running()), Attempts(current=1), NOW),
    running(),
    done(running()),
    failure(),
]


@pytest.mark.parametrize("said", ALL, ids=lambda said: f"{said.phase}-{by_type(said)['Running'][1]}")
class TestAnyStatus:
    def test_has_each_condition_once_and_of_this_generation(self, said: FineTuneStatus) -> None:
        types = [item.type for item in said.conditions]
        assert len(types) == len(set(types))
        assert {item.observed_generation for item in said.conditions} == {3}

    def test_is_never_complete_and_failed(self, said: FineTuneStatus) -> None:
        assert not {"Complete", "Failed"} <= set(by_type(said))

    def test_is_ready_only_when_complete_and_stalled_only_with_failed(self, said: FineTuneStatus) -> None:
        conditions = by_type(said)
        assert (conditions["Ready"][0] == "True") == ("Complete" in conditions)
        assert ("Stalled" in conditions) == ("Failed" in conditions)

    def test_survives_the_api_server(self, said: FineTuneStatus) -> None:
        stored = said.model_dump(mode="json", by_alias=True, exclude_none=True)
        assert FineTuneStatus.model_validate(stored) == said

    def test_has_a_completion_time_exactly_when_it_is_final(self, said: FineTuneStatus) -> None:
        final = by_type(said).keys() & {"Complete", "Failed"}
        assert (said.completion_time is not None) == bool(final)


def test_times_of_conditions_move_only_with_their_status() -> None:
    first = running()
    second = running(told(), LATER, first)
    times = {item.type: item.last_transition_time for item in second.conditions}
    assert times["Running"] == NOW
    ended = done(second)
    times = {item.type: item.last_transition_time for item in ended.conditions}
    assert times["Accepted"] == NOW
    assert times["Running"] == times["Complete"] == LATER


def test_the_start_is_when_it_was_accepted() -> None:
    waited = status.waiting(fine_tune(), Reason.NAME_RESERVED, "wait", NOW)
    assert waited.start_time is None
    assert running(at=LATER, after=waited).start_time == LATER


@pytest.mark.parametrize(
    ("stage", "phase"),
    [
        (Stage.STARTING, Phase.PREPARING),
        (Stage.SAMPLING, Phase.PREPARING),
        (Stage.DOWNLOADING, Phase.PREPARING),
        (Stage.AUGMENTING, Phase.PREPARING),
        (Stage.ADAPTING, Phase.TRAINING),
        (Stage.TUNING, Phase.TRAINING),
        (Stage.EVALUATING, Phase.EVALUATING),
    ],
)
def test_the_phase_of_a_running_one_is_its_stage_in_short(stage: Stage, phase: Phase) -> None:
    assert running(told(stage)).phase is phase


def test_every_stage_has_a_phase() -> None:
    assert all(running(told(stage)).phase for stage in Stage)


def test_columns_are_short_text() -> None:
    assert running(told()).display == Display(progress="42%", eta="2m10s")
    assert done(running(told())).display == Display(progress="42%", score="57.8→66.5")


def test_without_improvement_the_column_shows_the_start_alone() -> None:
    metrics = [Metric(name="NDCG@10", start=0.399, tuned=0.626, low=-0.1, high=0.5)]
    said = told(Stage.DONE).model_copy(update={"metrics": metrics, "outcome": Outcome.NO_IMPROVEMENT})
    ended = status.complete(
        fine_tune(), Reason.NO_IMPROVEMENT, "none", said, "docs", "report.json", Attempts(current=1), None, LATER
    )
    assert ended.display == Display(progress="42%", score="39.9")
    assert ended.metrics == metrics


def test_bad_data_is_told_where_people_look_for_data() -> None:
    assert by_type(failure())["DatasetReady"] == ("False", "DatasetRefused")


def test_warnings_about_the_data_are_in_the_condition() -> None:
    said = running(told(examples=50, selected=48, labels=3, rejected=2, warnings=["Fewer than 100 examples."]))
    ready = next(item for item in said.conditions if item.type == "DatasetReady")
    assert ready.reason == "DatasetWarnings"
    assert "48 of 50 examples" in ready.message
    assert "Fewer than 100 examples." in ready.message
    assert "2 files were rejected" in ready.message


def test_what_was_taken_over_keeps_the_outcome_and_says_so() -> None:
    again = status.taken_over(fine_tune(), done(), "(Taken over.)", LATER)
    complete = next(item for item in again.conditions if item.type == "Complete")
    assert complete.message == "better (Taken over.)"
    assert again.metrics == done().metrics
    assert by_type(again) == by_type(done())


def test_one_whose_job_cannot_be_yet_is_accepted_and_was_not_started() -> None:
    said = status.held(fine_tune(), Reason.QUOTA_EXCEEDED, "The quota jobs is used up.", NOW)
    assert by_type(said)["Accepted"] == ("True", "Accepted")
    assert by_type(said)["Running"] == ("False", "QuotaExceeded")
    assert said.phase is Phase.WAITING
    assert said.attempts is None


class TestBetweenAttempts:
    """Backing off or suspended: what was found out of the data still holds."""

    WAITS = (
        status.backing_off(fine_tune(running(told(selected=48, examples=48))), "again", Attempts(current=2), LATER),
        status.suspended(fine_tune(running(told(selected=48, examples=48))), Attempts(current=2), LATER),
    )

    @pytest.mark.parametrize("said", WAITS, ids=["backing off", "suspended"])
    def test_the_data_stay_read_and_the_attempts_counted(self, said: FineTuneStatus) -> None:
        assert by_type(said)["DatasetReady"] == ("True", "DatasetRead")
        assert said.attempts == Attempts(current=2)
        assert said.completion_time is None

    def test_a_suspended_one_is_nothing_that_is_worked_on(self) -> None:
        said = by_type(self.WAITS[1])
        assert said["Suspended"] == ("True", "Suspended")
        assert said["Running"] == said["Reconciling"] == said["Ready"] == ("False", "Suspended")
        assert self.WAITS[1].phase is Phase.SUSPENDED

    def test_one_that_goes_on_is_suspended_no_more(self) -> None:
        assert "Suspended" not in by_type(running(after=self.WAITS[1]))


class TestStaleness:
    def test_progress_within_the_limit_is_none(self) -> None:
        assert status.staleness(told(), None, NOW + timedelta(seconds=599), 600).status == "False"

    def test_a_long_silence_is_told_with_the_stage(self) -> None:
        said = status.staleness(told(), None, NOW + timedelta(seconds=600), 600)
        assert (said.status, said.reason) == ("True", Reason.NO_PROGRESS)
        assert "in the stage Tuning for 10 minutes (last at 2026-11-22 12:00:00 UTC)" in said.message

    def test_one_that_never_spoke_is_silent_since_it_runs(self) -> None:
        assert status.staleness(None, NOW, NOW + timedelta(seconds=600), 600).status == "True"
        assert status.staleness(None, NOW, NOW + timedelta(seconds=5), 600).status == "False"

    def test_it_is_told_of_a_process_alone(self) -> None:
        stale = Verdict("True", Reason.NO_PROGRESS, "silent")
        one = fine_tune(running())
        said = status.active(one, Verdict("True", Reason.JOB_RUNNING), None, Attempts(current=1), LATER, stale)
        assert by_type(said)["ProgressStale"] == ("True", "NoProgress")
        assert "ProgressStale" not in by_type(done(said))


class TestEvents:
    def reasons(self, last: FineTuneStatus, new: FineTuneStatus) -> list[str]:
        return [item.reason for item in events.transitions(last, new)]

    def test_each_transition_is_told_once(self) -> None:
        first, second = running(), running(told(), LATER, running())
        assert self.reasons(FineTuneStatus(), first) == ["Accepted", "JobRunning"]
        assert self.reasons(first, second) == []
        assert self.reasons(second, done(second)) == ["Improved"]

    def test_each_failed_attempt_is_told(self) -> None:
        first = status.backing_off(fine_tune(running()), "one", Attempts(current=1), LATER)
        assert self.reasons(running(), first) == ["BackOff"]
        assert self.reasons(first, running(at=LATER, after=first)) == ["JobRunning"]

    def test_a_new_reason_to_wait_is_told(self) -> None:
        one = status.waiting(fine_tune(), Reason.PROFILE_MISSING, "a", NOW)
        two = status.waiting(fine_tune(one), Reason.NAME_RESERVED, "b", NOW)
        assert self.reasons(one, two) == ["NameReserved"]
