"""A run of pictures that starts from one custom vectorizer and chooses its examples with another, all of them real."""

from dataclasses import dataclass
from datetime import datetime

import pytest
import torch
import yaml
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import FineTuneStatus
from vectorizer_api.names import REPORT_FILE
from vectorizer_dev.datasets import image
from vectorizer_dev.platform import PROFILES, Platform, publish_bases
from vectorizer_dev.tenant import Body, Tenant, make_tenant
from vectorizer_trainer.bases import ensure_base, load_reference
from vectorizer_trainer.bases.contract import SmallBase
from vectorizer_trainer.bases.writing import write_base
from vectorizer_trainer.content.image import new_encoder
from vectorizer_trainer.report import Report, parse_report

EXAMPLES, MOST = 60, 40
PATIENCE = 240.0
FOLDER = "digits"
OTHER_BASE, OTHER_DIMENSION = "another-tower", 48
TOWER = {
    "model_name": "test_vit",
    "embed_dim": OTHER_DIMENSION,
    "image_size": 32,
    "pool": "avg",
    "proj": "linear",
    "proj_bias": True,
}
START, CHOOSER, RESULT = "start", "chooser", "result"


@pytest.fixture(scope="module")
def other_profile(platform: Platform, store: Minio, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A compute class with a base of pictures of another architecture, whose weights are random."""
    torch.manual_seed(0)
    preprocessing = {"mean": [0.5] * 3, "std": [0.5] * 3}
    made = SmallBase(
        encoder=new_encoder("open_clip.TimmModel", TOWER, preprocessing).eval(),
        architecture="open_clip.TimmModel",
        preprocessing=preprocessing,
        licence="Apache-2.0",
        reference=list(load_reference(ensure_base(ContentType.IMAGE))),
    )
    folder = tmp_path_factory.mktemp("bases") / OTHER_BASE
    write_base(folder, OTHER_BASE, ContentType.IMAGE, made)
    publish_bases(store, [folder])
    file = platform.cluster.folder / "profiles.yaml"
    offered = yaml.safe_load(file.read_text())
    usual = yaml.safe_load(yaml.safe_dump(PROFILES))["profiles"]["default"]
    offered["profiles"]["other"] = usual | {"bases": {ContentType.IMAGE.value: OTHER_BASE}}
    file.write_text(yaml.safe_dump(offered))
    return "other"


@dataclass(frozen=True)
class Story:
    """The account, and what was seen while the vectorizers were missing."""

    tenant: Tenant
    waited: Body
    """The condition Accepted of the run that names them."""
    jobs: list[str]
    """Its Jobs at that time."""

    def ended(self, name: str) -> FineTuneStatus:
        """The status of a fine-tune when it is over."""
        return FineTuneStatus.model_validate(self.tenant.ended(name, PATIENCE)["status"])

    def report(self) -> Report:
        """The report of the run that names the others."""
        key = f"vectorizers/{RESULT}/{self.tenant.fine_tune(RESULT)['metadata']['uid']}/{REPORT_FILE}"
        with self.tenant.store.get_object(bucket_name=self.tenant.account.models_bucket, object_name=key) as answer:
            return parse_report(answer.read())


@pytest.fixture(scope="module")
def story(
    other_profile: str,
    api: client.ApiClient,
    store: Minio,
    store_admin: MinioAdmin,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """The run is asked for first, and what it names when it says that it waits."""
    tenant, folder = make_tenant(api, store, store_admin), tmp_path_factory.mktemp(FOLDER)
    image.make(folder, train=EXAMPLES, test=1)
    for path in (folder / "train").iterdir():
        tenant.upload(f"{FOLDER}/{path.name}", path.read_bytes())
    usual: Body = {"contentType": "Image", "batchFolder": FOLDER, "profile": ""}
    named = {"startingCustomVectorizerName": START, "customVectorizerNameForSampling": CHOOSER}
    tenant.ask(RESULT, **usual, **named, training={"maxExamples": MOST})
    story = Story(tenant, tenant.until(RESULT, "Accepted", "Unknown", "WaitingForVectorizer"), tenant.jobs(RESULT))
    tenant.ask(START, **usual)
    tenant.ask(CHOOSER, **usual | {"profile": other_profile})
    return story


@pytest.mark.timeout(PATIENCE + 60)
def test_no_job_is_there_before_both_are_ready(story: Story, batch: client.BatchV1Api) -> None:
    assert story.waited["message"] == f"The starting vectorizer {START} is not there yet."
    assert story.jobs == []
    assert {story.ended(name).phase for name in (START, CHOOSER, RESULT)} == {"Succeeded"}
    (name,) = story.tenant.jobs(RESULT)
    created = batch.read_namespaced_job(name, story.tenant.namespace).metadata
    assert created is not None
    assert created.creation_timestamp is not None
    for named in (START, CHOOSER):
        conditions = story.tenant.vectorizer(named)["status"]["conditions"]
        ready = next(item["lastTransitionTime"] for item in conditions if item["type"] == "Ready")
        assert created.creation_timestamp >= datetime.fromisoformat(ready)


@pytest.mark.timeout(PATIENCE + 60)
def test_the_result_descends_from_the_one_and_its_examples_were_chosen_with_the_other(story: Story) -> None:
    dataset = story.ended(RESULT).dataset
    assert dataset is not None
    assert (dataset.examples, dataset.selected) == (EXAMPLES, MOST)
    start, chooser, result = (story.tenant.vectorizer(name)["spec"] for name in (START, CHOOSER, RESULT))
    assert result["source"]["startingVectorizerName"] == START
    assert (result["base"], result["dimension"]) == (start["base"], start["dimension"])
    assert (chooser["base"]["name"], chooser["dimension"]) == (OTHER_BASE, OTHER_DIMENSION)
    read = story.report().provenance
    assert read.sampling is not None
    assert (read.start.name, read.sampling.name) == (START, CHOOSER)
