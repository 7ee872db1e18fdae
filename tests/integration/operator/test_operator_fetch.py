"""Files from URLs: a Job of its own downloads them for real, before a training that the test plays."""

import json

from vectorizer_api.names import FETCH_REPORT_FILE, staged_prefix
from vectorizer_dev.downloads import Downloads
from vectorizer_dev.tenant import Body, Tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
NOWHERE = "https://10.0.0.7/c.txt?signature=secret"


def staged(tenant: Tenant, body: Body) -> list[str]:
    """The names of the files that were downloaded."""
    prefix = f"{staged_prefix(body['metadata']['uid'])}files/"
    return sorted(key.removeprefix(prefix) for key in tenant.keys(prefix))


def report(tenant: Tenant, body: Body) -> list[tuple[str, str]]:
    """URL and outcome of each."""
    key = f"{staged_prefix(body['metadata']['uid'])}{FETCH_REPORT_FILE}"
    with tenant.store.get_object(bucket_name=tenant.account.models_bucket, object_name=key) as answer:
        return [(row["url"], row["outcome"]) for row in json.loads(answer.read())]


def test_the_files_of_urls_are_staged_before_the_training_starts_and_beside_the_folders(
    tenant: Tenant, downloads: Downloads, name: str
) -> None:
    urls = [downloads.serve(f"/{name}/{file}.txt", file.encode()) for file in ("a", "b")]
    body = tenant.ask(name, fileUrls=[f"{urls[0]}?signature=secret", urls[1], NOWHERE])
    run = tenant.run_of(body)
    assert staged(tenant, body) == ["a.txt", "b.txt"]
    # Which addresses there are in the cluster is not told: a refused one is like one that does not answer.
    assert report(tenant, body) == [(urls[0], "fetched"), (urls[1], "fetched"), ("https://10.0.0.7/c.txt", "failed")]
    description = run.description
    assert description.staged is not None
    assert description.staged.endswith(staged_prefix(body["metadata"]["uid"]))
    assert description.batch is not None
    eventually(lambda: not [job for job in tenant.jobs(name) if job.endswith("-f1")])
    run.succeed(DIMENSION)
    tenant.until(name, "Complete", "True")


def test_the_status_tells_of_the_download(tenant: Tenant, downloads: Downloads, name: str) -> None:
    body = tenant.ask(name, fileUrls=[downloads.serve(f"/{name}/a.txt", b"a")], downloadFromBatchCloudFolder=False)
    eventually(lambda: tenant.status(name).get("attempts"))
    assert tenant.status(name)["attempts"]["current"] == 1
    assert tenant.run_of(body).description.batch is None
    progress = eventually(lambda: tenant.status(name).get("progress"))
    assert progress["stage"] == "Fetching"


def test_a_list_in_the_batch_folder_is_obeyed(tenant: Tenant, downloads: Downloads, name: str) -> None:
    url = downloads.serve(f"/{name}/listed.txt", b"listed")
    tenant.upload(f"{name}/file_urls.json", json.dumps([url]).encode())
    body = tenant.ask(name, batchFolder=name)
    tenant.run_of(body)
    assert staged(tenant, body) == ["listed.txt"]


def test_a_list_that_cannot_be_read_ends_the_run_before_it_trains(tenant: Tenant, name: str) -> None:
    tenant.upload(f"{name}/file_urls.json", b'["https://files.example/a.txt"')
    tenant.ask(name, batchFolder=name)
    assert "file_urls.json is not JSON" in tenant.until(name, "Failed", "True", "BadInput")["message"]
    assert not [job for job in tenant.jobs(name) if job.endswith("-t1")]


def test_an_attempt_after_the_first_downloads_nothing_again(tenant: Tenant, downloads: Downloads, name: str) -> None:
    body = tenant.ask(name, fileUrls=[downloads.serve(f"/{name}/once.txt", b"once")])
    tenant.run_of(body).end(75)
    tenant.run_of(body, attempt=2).succeed(DIMENSION)
    tenant.until(name, "Complete", "True")
    asked = [head for head in downloads.site.requests if f"/{name}/once.txt" in head]
    assert len(asked) == 1


def test_a_suspended_download_goes_on_when_it_may(tenant: Tenant, downloads: Downloads, name: str) -> None:
    body = tenant.ask(name, fileUrls=[downloads.serve(f"/{name}/a.txt", b"a")], suspend=True)
    tenant.until(name, "Suspended", "True")
    assert tenant.jobs(name) == []
    tenant.change(name, suspend=False)
    tenant.run_of(body)
    assert staged(tenant, body) == ["a.txt"]
