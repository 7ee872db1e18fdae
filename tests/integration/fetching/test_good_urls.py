"""Files that a user may fetch are fetched, as they are."""

import ipaddress
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchOutcome
from vectorizer_dev.site import Site, answer, file

TEXT = b"Something to read.\n"


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def test_a_file_is_staged_under_the_name_in_its_url(fetching: Any, site: Site) -> None:
    site.answers["/folder/a%20text.txt"] = file(TEXT)
    fetched = fetching.fetch(site.url("/folder/a%20text.txt"))
    assert [(row.outcome, row.reason) for row in fetched.results] == [(FetchOutcome.FETCHED, "")]
    assert fetching.files() == {"a text.txt": TEXT}


def test_the_server_is_asked_for_the_host_the_query_and_no_compression(fetching: Any, site: Site) -> None:
    site.answers["/a.txt"] = file(TEXT)
    fetching.fetch(site.url("/a.txt?sig=1&x=ä#part"))
    head = site.requests[0]
    assert head.startswith("GET /a.txt?sig=1&x=%C3%A4 HTTP/1.1\r\n")
    assert f"\r\nHost: files.test:{site.port}\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert "Cookie" not in head
    assert "Authorization" not in head


def test_the_server_is_told_in_tls_which_host_is_meant(fetching: Any, site: Site) -> None:
    meant: list[str] = []
    assert site.tls is not None
    site.tls.sni_callback = lambda _connection, name, _context: meant.append(name)
    site.answers["/a.txt"] = file(TEXT)
    fetching.fetch(site.url("/a.txt"))
    assert meant == ["files.test"]


def test_a_body_in_chunks_is_put_together(fetching: Any, site: Site) -> None:
    site.answers["/a.txt"] = answer(headers=["Transfer-Encoding: chunked"], body=chunked(b"one ", b"two"))
    fetching.fetch(site.url("/a.txt"))
    assert fetching.files() == {"a.txt": b"one two"}


def test_a_body_that_ends_with_the_connection_is_whole_where_tls_says_so(fetching: Any, site: Site) -> None:
    site.answers["/a.txt"] = answer(body=TEXT)
    fetching.fetch(site.url("/a.txt"))
    assert fetching.files() == {"a.txt": TEXT}


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_three_redirects_are_followed_and_the_name_is_that_of_the_url(fetching: Any, site: Site, code: int) -> None:
    site.answers["/a.txt"] = answer(f"{code} Elsewhere", ["Location: /2", "Content-Length: 0"])
    site.answers["/2"] = answer(f"{code} Elsewhere", [f"Location: {site.url('/3', 'other.test')}"])
    site.answers["/3"] = answer(f"{code} Elsewhere", ["Location: ünd/4?sig=2".encode().decode("latin-1")])
    site.answers["/%C3%BCnd/4"] = file(TEXT)
    fetched = fetching.fetch(site.url("/a.txt"))
    assert fetched.results[0].reason == ""
    assert fetching.files() == {"a.txt": TEXT}
    assert fetching.names.asked == ["files.test", "files.test", "other.test", "other.test"]


def test_an_address_can_be_the_host_where_the_certificate_is_for_it(fetching: Any, site: Site) -> None:
    site.answers["/a.txt"] = file(TEXT)
    fetching.fetch(site.url("/a.txt", "127.0.0.2"))
    assert fetching.files() == {"a.txt": TEXT}
    assert fetching.names.asked == []


def test_a_name_in_unicode_is_asked_for_in_ascii(fetching: Any, site: Site) -> None:
    site.answers["/a.txt"] = file(TEXT)
    fetching.fetch(site.url("/a.txt", "DÜNEN.test"))
    assert fetching.files() == {"a.txt": TEXT}
    assert fetching.names.asked == ["xn--dnen-0ra.test"]


def test_http_is_spoken_where_the_platform_allows_it(fetching: Any, open_site: Callable[..., Site]) -> None:
    plain = open_site(plain=True)
    plain.answers["/a.txt"] = file(TEXT)
    rules = fetching.rules.model_copy(update={"schemes": ("https", "http"), "ports": (plain.port,)})
    replace(fetching, rules=rules).fetch(plain.url("/a.txt").replace("https", "http"))
    assert fetching.files() == {"a.txt": TEXT}


def test_the_next_address_is_tried_where_one_does_not_answer(fetching: Any, site: Site) -> None:
    site.answers["/a.txt"] = file(TEXT)
    fetching.names.answers["files.test"] = [["127.0.0.9", "127.0.0.2"]]
    network = ipaddress.ip_network("127.0.0.0/8")
    rules = fetching.rules.model_copy(update={"allowed_networks": (network,)})
    replace(fetching, rules=rules).fetch(site.url("/a.txt"))
    assert fetching.files() == {"a.txt": TEXT}


def test_no_proxy_or_password_of_the_environment_is_used(
    fetching: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    netrc = fetching.folder / ".netrc"
    netrc.write_text("machine files.test login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(fetching.folder))
    monkeypatch.setenv("NETRC", str(netrc))
    site.answers["/a.txt"] = file(TEXT)
    fetching.fetch(site.url("/a.txt"))
    assert fetching.files() == {"a.txt": TEXT}
    assert "Authorization" not in site.requests[0]


def test_another_run_downloads_only_what_is_not_there(fetching: Any, site: Site) -> None:
    site.answers |= {"/a.txt": file(TEXT), "/b.txt": answer("503 Busy", ["Content-Length: 0"])}
    urls = [site.url("/a.txt?sig=1"), site.url("/b.txt")]
    fetching.fetch(*urls)
    site.answers["/b.txt"] = file(TEXT)
    again = fetching.fetch(*urls)
    assert [(row.outcome, row.reason) for row in again.results] == [
        ("fetched", "it was there already"),
        ("fetched", ""),
    ]
    assert fetching.files() == {"a.txt": TEXT, "b.txt": TEXT}
    assert sorted(head.split()[1] for head in site.requests) == ["/a.txt?sig=1", "/b.txt", "/b.txt"]


def test_many_are_downloaded_at_once_and_told_in_their_order(fetching: Any, site: Site) -> None:
    together = threading.Barrier(4)

    def wait_for_others(name: str) -> Callable[[Any], None]:
        def send(connection: Any) -> None:
            together.wait(20)
            file(name.encode())(connection)

        return send

    site.answers |= {f"/{name}.txt": wait_for_others(name) for name in "abcd"}
    fetched = fetching.fetch(*(site.url(f"/{name}.txt") for name in "abcd"))
    assert [row.url[-5:] for row in fetched.results] == ["a.txt", "b.txt", "c.txt", "d.txt"]
    assert {row.outcome for row in fetched.results} == {FetchOutcome.FETCHED}
    assert fetching.files() == {f"{name}.txt": name.encode() for name in "abcd"}


def test_files_and_bytes_are_counted_as_they_come(fetching: Any, site: Site) -> None:
    site.answers |= {"/a.txt": file(TEXT), "/b.txt": file(TEXT * 2)}
    fetching.fetch(site.url("/a.txt"), "ftp://files.test/c.txt", site.url("/b.txt"))
    assert fetching.observed[0] == (1, 3, 0)
    assert fetching.observed[-1] == (3, 3, 3 * len(TEXT))


@pytest.mark.parametrize("content_type", [ContentType.TEXT, None])
def test_the_annotation_files_are_fetched_beside_files_of_any_content_type(
    fetching: Any, site: Site, content_type: ContentType | None
) -> None:
    site.answers["/example_to_labels.json"] = file(b'{"a.txt": ["x"]}')
    fetching.fetch(site.url("/example_to_labels.json"), content_type=content_type)
    assert list(fetching.files()) == ["example_to_labels.json"]


def test_without_a_content_type_any_file_is_kept(fetching: Any, site: Site) -> None:
    site.answers["/model.xyz1"] = file(b"\0\1\2")
    fetching.fetch(site.url("/model.xyz1"), content_type=None)
    assert fetching.files() == {"model.xyz1": b"\0\1\2"}
