from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from vectorizer_dev.process_node import status
from vectorizer_dev.process_node.pod import Pod

SINCE, START, END = "2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", "2026-01-01T00:01:00Z"
POD = Pod.model_validate(
    {"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": {"containers": [{"name": "main"}]}}
)


def readiness(reported: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {one["type"]: (one["status"], one.get("reason")) for one in reported["conditions"]}


class TestStatus:
    def test_of_a_waiting_pod_is_pending_with_the_reason(self) -> None:
        reported = status.waiting(POD, SINCE, "ContainerCreating")
        assert reported["phase"] == "Pending"
        assert reported["containerStatuses"][0]["state"]["waiting"] == {"reason": "ContainerCreating"}
        assert readiness(reported)["Ready"] == ("False", "ContainersNotReady")

    def test_of_a_running_pod_is_ready(self) -> None:
        reported = status.running(POD, SINCE, START, 42)
        assert reported["phase"] == "Running"
        assert reported["containerStatuses"][0]["state"]["running"] == {"startedAt": START}
        assert reported["containerStatuses"][0]["containerID"] == "process://42"
        assert readiness(reported)["Ready"] == ("True", None)

    def test_of_a_failed_pod_holds_all_that_a_job_policy_reads(self) -> None:
        reported = status.finished(POD, SINCE, status.Ending(64, "Error", "no labels", START, END))
        assert reported["phase"] == "Failed"
        assert reported["containerStatuses"][0]["state"] == {
            "waiting": None,
            "running": None,
            "terminated": {
                "exitCode": 64,
                "reason": "Error",
                "message": "no labels",
                "startedAt": START,
                "finishedAt": END,
            },
        }
        assert readiness(reported)["ContainersReady"] == ("False", "PodFailed")

    def test_of_a_pod_that_ended_well_is_succeeded(self) -> None:
        reported = status.finished(POD, SINCE, status.Ending(0, "Completed", "", START, END))
        assert reported["phase"] == "Succeeded"
        assert "message" not in reported["containerStatuses"][0]["state"]["terminated"]


def test_timestamps_are_whole_seconds_of_utc() -> None:
    moment = datetime(2026, 1, 1, 2, 0, 0, 999_999, timezone(timedelta(hours=2)))
    assert status.timestamp(moment) == "2026-01-01T00:00:00Z"
    assert status.timestamp(moment.astimezone(UTC)) == "2026-01-01T00:00:00Z"
