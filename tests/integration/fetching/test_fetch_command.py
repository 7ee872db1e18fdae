"""`vectorizer fetch` as a user calls it, and `vectorizer train` on files from URLs."""

import itertools
import json
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from vectorizer_cli.training import LocalTraining, train_locally
from vectorizer_dev.certificates import CertificateAuthority
from vectorizer_dev.site import Site, answer, file
from vectorizer_dev.waiting import eventually
from vectorizer_trainer.errors import BadInput

HOST = "127.0.0.2"
TEXT = b"Something to read.\n"
PICTURE = b"\x89PNG\r\n\x1a\n"
PROGRAM = [sys.executable, "-m", "vectorizer_cli"]


@pytest.fixture
def rules(tmp_path: Path, site: Site, authority: CertificateAuthority) -> Path:
    path = tmp_path / "rules.yaml"
    certificates = authority.certificate_file.read_text()
    path.write_text(
        yaml.safe_dump({"ports": [443, site.port], "allowedNetworks": [f"{HOST}/32"], "certificates": certificates})
    )
    return path


def vectorizer(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)


def fetching(folder: Path, urls: object, rules: Path) -> list[object]:
    (folder / "urls.json").write_text(json.dumps(urls))
    places = ["--urls", folder / "urls.json", "--out", folder / "out", "--report", folder / "report.json"]
    return ["fetch", *places, "--url-rules", rules]


def test_the_report_says_what_became_of_each_url_and_the_exit_code_is_0(
    tmp_path: Path, site: Site, rules: Path
) -> None:
    site.answers |= {"/a.txt": file(TEXT), "/b.txt": answer("403 No", ["Content-Length: 0"])}
    urls = [
        site.url("/a.txt?sig=TOPSECRET", HOST),
        site.url("/b.txt?sig=TOPSECRET", HOST),
        f"https://169.254.169.254:{site.port}/c.txt?sig=TOPSECRET",
        site.url("/other/a.txt?sig=TOPSECRET", HOST),
        "http://127.0.0.2/d.txt?sig=TOPSECRET",
    ]
    done = vectorizer(*fetching(tmp_path, {"file_urls": urls}, rules))
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "report.json").read_text()
    assert json.loads(written) == [
        {"url": site.url("/a.txt", HOST), "outcome": "fetched", "reason": ""},
        {"url": site.url("/b.txt", HOST), "outcome": "failed", "reason": "its server answered 403"},
        {
            "url": f"https://169.254.169.254:{site.port}/c.txt",
            "outcome": "refused",
            "reason": "its host leads to an address that is not a public one",
        },
        {
            "url": site.url("/other/a.txt", HOST),
            "outcome": "refused",
            "reason": "an earlier URL has the same file name",
        },
        {"url": "http://127.0.0.2/d.txt", "outcome": "refused", "reason": "its scheme is not https"},
    ]
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "out").iterdir()] == [("a.txt", TEXT)]
    assert "1 of 5 files are in" in done.stderr
    assert "3 refused, 1 failed" in done.stderr
    assert "TOPSECRET" not in written + done.stdout + done.stderr


def test_without_rules_of_the_platform_nothing_here_is_reached(tmp_path: Path, site: Site) -> None:
    nothing = tmp_path / "rules.yaml"
    nothing.touch()
    urls = [site.url("/a.txt", HOST), f"https://{HOST}/a.txt", "https://[::1]/a.txt"]
    done = vectorizer(*fetching(tmp_path, urls, nothing))
    assert done.returncode == 0, done.stderr
    assert {row["outcome"] for row in json.loads((tmp_path / "report.json").read_text())} == {"refused"}
    assert not site.was_reached


def test_a_list_that_is_none_ends_with_64_and_a_sentence(tmp_path: Path, rules: Path) -> None:
    done = vectorizer(*fetching(tmp_path, {"a": 1}, rules))
    assert done.returncode == 64
    assert "urls.json is not a list of URLs." in done.stderr
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "report.json").exists()


def test_a_report_that_cannot_be_written_ends_with_64_before_any_download(
    tmp_path: Path, site: Site, rules: Path
) -> None:
    arguments = fetching(tmp_path, [site.url("/a.txt", HOST)], rules)
    arguments[arguments.index("--report") + 1] = tmp_path / "absent" / "report.json"
    done = vectorizer(*arguments)
    assert done.returncode == 64
    assert "cannot be written" in done.stderr
    assert not site.was_reached


def test_ctrl_c_ends_at_once_keeps_what_is_whole_and_the_next_run_goes_on(
    tmp_path: Path, site: Site, rules: Path
) -> None:
    def never_ending(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1024)
        for _ in itertools.count():
            connection.sendall(b"x" * 1024)

    site.answers |= {"/a.txt": file(TEXT), "/b.txt": never_ending}
    arguments = fetching(tmp_path, [site.url("/a.txt", HOST), site.url("/b.txt", HOST)], rules)
    process = subprocess.Popen([*PROGRAM, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    out = tmp_path / "out"
    eventually(lambda: (out / "a.txt").exists() and len(site.requests) == 2, timeout=60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Interrupted. No report was written; repeat the command to go on." in said
    assert [path.name for path in out.iterdir()] == ["a.txt"]
    assert not (tmp_path / "report.json").exists()
    site.answers["/b.txt"] = file(TEXT)
    assert vectorizer(*arguments).returncode == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.txt", "b.txt"]
    assert len(site.requests) == 3


def test_training_reads_the_files_of_both_lists_beside_those_of_the_folder(
    tmp_path: Path, site: Site, rules: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    names = [f"{number}.png" for number in range(10)]
    (data / "example_to_labels.json").write_text(json.dumps({name: ["x"] for name in names}))
    (data / "0.png").write_bytes(PICTURE)
    site.answers |= {f"/{name}": file(PICTURE) for name in names[1:4]}
    urls = [site.url(f"/{name}?sig=TOPSECRET", HOST) for name in names[1:9]]
    (data / "file_urls.json").write_text(json.dumps(urls[2:]))
    asked = {"content_type": "Image", "custom_vectorizer_name": "from urls", "file_urls": urls[:2]}
    (tmp_path / "request.json").write_text(json.dumps(asked | {"download_from_batch_cloud_folder": True}))
    training = LocalTraining(tmp_path / "request.json", data, tmp_path / "out", None, 0, 10_000, rules)
    with pytest.raises(BadInput) as caught:
        train_locally(training, Console(file=StringIO()))
    # Four of ten are there; that the others are too few tells which were read, and why each is not.
    said = str(caught.value)
    assert said.startswith("6 of the 10 files named in example_to_labels.json cannot be used")
    assert "“4.png”: its URL brought no file: its server answered 404" in said
    assert "TOPSECRET" not in said


def test_training_on_urls_alone_says_what_became_of_the_labels(tmp_path: Path, site: Site, rules: Path) -> None:
    asked = {"content_type": "Image", "custom_vectorizer_name": "from urls"}
    urls = [site.url("/example_to_labels.json?sig=TOPSECRET", HOST)]
    (tmp_path / "request.json").write_text(
        json.dumps(asked | {"file_urls": urls, "download_from_batch_cloud_folder": False})
    )
    training = LocalTraining(tmp_path / "request.json", None, tmp_path / "out", None, 0, 10_000, rules)
    with pytest.raises(BadInput) as caught:
        train_locally(training, Console(file=StringIO()))
    assert str(caught.value) == "None of the URLs brought example_to_labels.json: its server answered 404."
