"""Golden tests: a request on one side, the whole manifests that follow from it on the other."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from vectorizer_api.fine_tune import FineTune
from vectorizer_operator import jobs
from vectorizer_operator.assignments import to_fetch, to_train
from vectorizer_operator.credentials import Minted
from vectorizer_operator.jobs import AttemptPlan
from vectorizer_operator.kube import Object
from vectorizer_operator.profiles import Profile
from vectorizer_operator.records import Granted
from vectorizer_operator.settings import Settings

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = Settings.from_environment(
    {
        "VECTORIZER_S3_ENDPOINT": "minio.example:9000",
        "VECTORIZER_S3_RUN_ENDPOINT": "minio.inside:9000",
        "VECTORIZER_S3_ACCESS_KEY": "operator",
        "VECTORIZER_S3_SECRET_KEY": "never shown",
        "VECTORIZER_TRAINER_IMAGE": "registry.example/trainer@sha256:0",
        "VECTORIZER_BUCKET_PREFIX": "prod-",
    }
)


RUNS = ["text", "queued", "image-on-gpu", "two-nodes", "mig-slice", "fetch"]


def plan(name: str) -> AttemptPlan:
    given = yaml.safe_load((GOLDEN / f"{name}.input.yaml").read_text())
    fine_tune, granted = FineTune.model_validate(given["fineTune"]), Granted.model_validate(given["granted"])
    profile, attempt = Profile.model_validate(given["profile"]), given["attempt"]
    if given["purpose"] == "train":
        assignment = to_train(fine_tune, granted, profile, attempt, given["seconds"], SETTINGS)
    else:
        assignment = to_fetch(fine_tune, granted, profile, attempt, SETTINGS)
    return AttemptPlan(fine_tune, granted, attempt, assignment, SETTINGS)


def manifests(name: str) -> list[Object]:
    of = plan(name)
    minted = Minted("key", "secret", "token")
    made = [jobs.job(of), jobs.secret(of, "job-uid", minted), jobs.config_map(of, "job-uid")]
    return [*made, jobs.service(of, "job-uid")] if of.spans_nodes else made


@pytest.mark.parametrize("name", RUNS)
def test_the_manifests_of_a_run_are_these(name: str) -> None:
    assert list(yaml.safe_load_all((GOLDEN / f"{name}.output.yaml").read_text())) == manifests(name)


@pytest.mark.parametrize("name", RUNS)
class TestEveryRun:
    def pod(self, name: str) -> Any:
        return jobs.job(plan(name))["spec"]["template"]["spec"]

    def test_is_created_suspended_and_never_repeated_by_the_job_controller(self, name: str) -> None:
        spec = jobs.job(plan(name))["spec"]
        assert spec["suspend"] is True
        assert spec["backoffLimit"] == 0
        assert spec["podReplacementPolicy"] == "Failed"
        assert self.pod(name)["restartPolicy"] == "Never"

    def test_its_time_counts_on_the_node_and_its_wait_for_one_has_a_time_of_its_own(self, name: str) -> None:
        of = plan(name)
        seconds = of.assignment.seconds
        assert self.pod(name)["activeDeadlineSeconds"] == seconds
        waiting = of.granted.pre_running_deadline_seconds
        assert jobs.job(of)["spec"]["activeDeadlineSeconds"] == waiting + seconds

    def test_keeps_to_the_restricted_pod_security_standard(self, name: str) -> None:
        pod = self.pod(name)
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }

    def test_gets_no_token_of_the_kubernetes_api(self, name: str) -> None:
        pod = self.pod(name)
        assert pod["automountServiceAccountToken"] is False
        assert pod["serviceAccountName"] == "vectorizer-run"

    def test_writes_to_a_volume_of_bounded_size_alone(self, name: str) -> None:
        writable = [
            mount["name"] for mount in self.pod(name)["containers"][0]["volumeMounts"] if "readOnly" not in mount
        ]
        volumes = {volume["name"]: volume for volume in self.pod(name)["volumes"]}
        assert set(writable) <= {"work", "shared-memory"}
        assert all(volumes[name]["emptyDir"]["sizeLimit"] for name in writable)

    def test_has_no_secret_in_its_job_or_description(self, name: str) -> None:
        job, _, config_map, *_ = manifests(name)
        assert "never shown" not in str(job) + str(config_map)
        assert "token" not in str(config_map)

    def test_belongs_to_its_fine_tune_and_all_else_to_it(self, name: str) -> None:
        job, *children = manifests(name)
        assert jobs.owner_uid(job) == plan(name).fine_tune.metadata.uid
        assert {jobs.owner_uid(child) for child in children} == {"job-uid"}


def test_a_download_may_touch_the_staging_prefix_and_the_list_of_urls_alone() -> None:
    grant = plan("fetch").assignment.grant
    assert grant.own == "runs/5d2a7c1e-1111-4222-8333-444455556666/staged/"
    assert list(grant.files) == ["prod-alice-batch/docs/2026/file_urls.json"]
    assert (list(grant.folders), list(grant.places)) == ([], [])


def test_a_training_reads_what_was_staged_where_files_were_downloaded() -> None:
    of = plan("fetch")
    training = to_train(of.fine_tune, of.granted, of.assignment.profile, 1, 60, SETTINGS)
    assert getattr(training.description, "staged") == f"s3://prod-alice-models/{of.assignment.grant.own}"  # noqa: B009
