"""What servers must not be able to do, each in a case of its own; none leaves a file, a secret or a thread behind."""

import gzip
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchLimits, FetchOutcome
from vectorizer_dev import certificates
from vectorizer_dev.certificates import CertificateAuthority
from vectorizer_dev.site import Answer, Site, answer, file

SECRET = "sig=TOPSECRET"
TEXT = b"Something to read.\n"


def stream(parts: Iterable[bytes], pause: float = 0.0) -> Answer:
    """Send part after part, for as long as somebody listens."""

    def send(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            if pause:
                time.sleep(pause)

    return send


def then(head: bytes, parts: Iterable[bytes], pause: float = 0.0) -> Answer:
    """A head, and then part after part."""

    def send(connection: socket.socket) -> None:
        connection.sendall(head)
        stream(parts, pause)(connection)

    return send


def forever(part: bytes) -> Iterable[bytes]:
    return itertools.repeat(part)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
NO_HTTP = "the connection broke, or what came over it was not HTTP"
TOO_LARGE = "it is larger than the 1.0 MiB that are allowed a file"
TOO_SLOW = "its server sent less than 1,000 bytes a second"
COMPRESSED = "its server compressed it although it was asked not to"
CONTRADICTION = "its server contradicts itself about its size"


def redirect(location: str) -> Answer:
    return answer("302 Found", [f"Location: {location}", "Content-Length: 0"])


BODIES: dict[str, tuple[Answer, str]] = {
    "endless": (then(OK + b"\r\n", forever(b"x" * 65536)), TOO_LARGE),
    "endless in chunks": (then(CHUNKED, forever(b"10000\r\n" + b"x" * 65536 + b"\r\n")), TOO_LARGE),
    "one chunk without end": (then(CHUNKED + b"FFFFFFFFFFFF\r\n", forever(b"x" * 65536)), TOO_LARGE),
    "a chunk's length without end": (then(CHUNKED, forever(b"0" * 65536)), NO_HTTP),
    "a chunk's length that is none": (answer(headers=["Transfer-Encoding: chunked"], body=b"zz\r\nabc\r\n"), NO_HTTP),
    "a negative chunk": (answer(headers=["Transfer-Encoding: chunked"], body=b"-5\r\nabc\r\n"), NO_HTTP),
    "chunks that break off": (answer(headers=["Transfer-Encoding: chunked"], body=b"ff\r\nabc"), NO_HTTP),
    "a promise of too much": (
        answer(headers=[f"Content-Length: {10**12}"]),
        "it has 931.3 GiB; at most 1.0 MiB are allowed a file",
    ),
    "a number of a million digits": (answer(headers=["Content-Length: " + "9" * 60_000]), CONTRADICTION),
    "a length that is not kept": (
        answer(headers=["Content-Length: 100"], body=TEXT),
        "the connection ended after 19 of 100 bytes",
    ),
    "a negative length": (answer(headers=["Content-Length: -1"], body=TEXT), CONTRADICTION),
    "a length in words": (answer(headers=["Content-Length: many"], body=TEXT), CONTRADICTION),
    "two lengths": (answer(headers=["Content-Length: 19", "Content-Length: 5"], body=TEXT), CONTRADICTION),
    "two lengths in one": (answer(headers=["Content-Length: 19, 5"], body=TEXT), CONTRADICTION),
    "a bomb in gzip": (answer(headers=["Content-Encoding: gzip"], body=gzip.compress(bytes(10**7))), COMPRESSED),
    "brotli": (answer(headers=["Content-Encoding: br"], body=TEXT), COMPRESSED),
    "gzip twice": (answer(headers=["Content-Encoding: gzip, gzip"], body=TEXT), COMPRESSED),
    "gzip hidden behind identity": (
        answer(headers=["Content-Encoding: identity", "Content-Encoding: gzip"], body=TEXT),
        COMPRESSED,
    ),
    "chunks that only some see": (
        answer(headers=["Transfer-Encoding: chunked "], body=b"13\r\n" + TEXT + b"\r\n0\r\n\r\n"),
        COMPRESSED,
    ),
    "gzip as a transfer": (answer(headers=["Transfer-Encoding: gzip, chunked"], body=TEXT), COMPRESSED),
    "a zip": (file(b"PK\x03\x04" + bytes(100)), "it is an archive; its files must be sent one by one"),
    "a gzip file": (file(gzip.compress(TEXT)), "it is an archive; its files must be sent one by one"),
    "a page to log in": (file(b"\n<!DOCTYPE html><form>"), "the server sent a web page in place of a file"),
    "another type": (file(b"\x89PNG\r\n\x1a\n\0\0\0"), "its first bytes are not those of a file of the type Text"),
    "nothing": (file(b""), "the file is empty"),
}

HEADS: dict[str, tuple[Answer, str]] = {
    "404": (answer("404 Not Found", ["Content-Length: 0"]), "its server answered 404"),
    "500 with a body without end": (then(b"HTTP/1.1 500 No\r\n\r\n", forever(b"x" * 65536)), "its server answered 500"),
    "a part": (answer("206 Partial Content", ["Content-Length: 19"], TEXT), "its server answered 206"),
    "a thousand headers": (answer(headers=[f"X-{number}: y" for number in range(1000)], body=TEXT), NO_HTTP),
    "a header without end": (then(OK + b"X: ", forever(b"x" * 65536)), NO_HTTP),
    "headers without end": (then(OK, forever(b"X: y\r\n" * 1000)), NO_HTTP),
    "a first line without end": (then(b"HTTP/1.1 200 ", forever(b"x" * 65536)), NO_HTTP),
    "no HTTP": (stream([b"SSH-2.0-OpenSSH_9.9\r\n"]), NO_HTTP),
    "HTTP/0.9": (stream([TEXT]), NO_HTTP),
    "a status of four digits": (answer("2000 OK", ["Content-Length: 19"], TEXT), NO_HTTP),
    "nothing at all": (stream([]), NO_HTTP),
}

DRIPS: dict[str, Answer] = {
    "a body": then(OK + b"Content-Length: 19\r\n\r\n", forever(b"x"), 0.05),
    "a body in chunks": then(CHUNKED, forever(b"1\r\nx\r\n"), 0.05),
    "a chunk's length": then(CHUNKED, forever(b"0"), 0.05),
    "a header": then(OK + b"X: ", forever(b"x"), 0.05),
    "headers": then(OK, forever(b"X: y\r\n"), 0.05),
    "continue, and continue": stream(forever(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.05),
    "the end of chunks": then(CHUNKED + b"13\r\n" + TEXT + b"\r\n0\r\n", forever(b"X: y\r\n"), 0.05),
}


@dataclass
class Fetch:
    """The one URL of a test, whose query is a secret."""

    fetching: Any
    log: pytest.LogCaptureFixture

    def reason(self, url: str, outcome: FetchOutcome = FetchOutcome.FAILED, **change: Any) -> str:
        content_type = change.pop("content_type", ContentType.TEXT)
        fetched = replace(self.fetching, **change).fetch(url, content_type=content_type)
        (row,) = fetched.results
        assert row.url == url.partition("?")[0]
        assert row.outcome == outcome, row
        assert "TOPSECRET" not in repr(fetched) + self.log.text
        assert self.fetching.files() == {}
        return str(row.reason)


@pytest.fixture
def fetch(fetching: Any, caplog: pytest.LogCaptureFixture) -> Fetch:
    caplog.set_level(logging.DEBUG)
    return Fetch(fetching, caplog)


@pytest.mark.parametrize("case", BODIES)
def test_no_body_is_kept_that_is(fetch: Fetch, site: Site, case: str) -> None:
    site.answers["/a.txt"], reason = BODIES[case]
    assert fetch.reason(site.url(f"/a.txt?{SECRET}")) == reason


def test_no_body_is_kept_that_somebody_on_the_way_may_have_cut_short(fetch: Fetch, site: Site) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n" + TEXT)
        # Without a word of TLS that this was the end.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    site.answers["/a.txt"] = hang_up
    assert fetch.reason(site.url(f"/a.txt?{SECRET}")) == NO_HTTP


@pytest.mark.parametrize("case", HEADS)
def test_no_answer_is_taken_that_is(fetch: Fetch, site: Site, case: str) -> None:
    site.answers["/a.txt"], reason = HEADS[case]
    assert fetch.reason(site.url(f"/a.txt?{SECRET}")) == reason


class TestSlowness:
    HASTY = FetchLimits(retry_pauses=(), patience_seconds=0.15, min_bytes_per_second=1000)

    @pytest.mark.parametrize("case", DRIPS)
    def test_a_server_is_given_up_that_lets_drip(self, fetch: Fetch, site: Site, case: str) -> None:
        site.answers["/a.txt"] = DRIPS[case]
        assert fetch.reason(site.url(f"/a.txt?{SECRET}"), fetch_limits=self.HASTY) == TOO_SLOW

    def test_a_server_is_given_up_that_never_shakes_hands(self, fetch: Fetch, site: Site) -> None:
        site.silent = True
        assert fetch.reason(site.url(f"/a.txt?{SECRET}"), fetch_limits=self.HASTY) == TOO_SLOW

    def test_a_steady_body_without_end_is_given_up_after_its_time(self, fetch: Fetch, site: Site) -> None:
        site.answers["/a.txt"] = then(OK + b"\r\n", forever(b"x" * 100), 0.01)
        limits = FetchLimits(retry_pauses=(), max_seconds=0.5, patience_seconds=10)
        assert fetch.reason(site.url("/a.txt"), fetch_limits=limits) == "it took longer than 0.5 s"

    def test_the_time_is_that_of_all_redirects_together(self, fetch: Fetch, site: Site) -> None:
        site.answers["/a.txt"] = then(b"HTTP/1.1 302 Found\r\n", [b"X: y\r\n", b"Location: /a.txt\r\n\r\n"], 0.3)
        limits = FetchLimits(retry_pauses=(), max_seconds=0.5, patience_seconds=10)
        assert fetch.reason(site.url("/a.txt"), fetch_limits=limits) == "it took longer than 0.5 s"


class TestFurtherTries:
    PATIENT = FetchLimits(retry_pauses=(0.05, 0.05))

    @pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
    def test_are_made_where_a_server_is_busy(self, fetching: Any, site: Site, code: int) -> None:
        def recover(connection: socket.socket) -> None:
            site.answers["/a.txt"] = file(TEXT)
            answer(f"{code} Busy", ["Content-Length: 0"])(connection)

        site.answers["/a.txt"] = recover
        replace(fetching, fetch_limits=self.PATIENT).fetch(site.url("/a.txt"))
        assert fetching.files() == {"a.txt": TEXT}

    def test_begin_the_file_anew_where_a_connection_broke(self, fetching: Any, site: Site) -> None:
        def recover(connection: socket.socket) -> None:
            site.answers["/a.txt"] = file(TEXT)
            answer(headers=["Content-Length: 100"], body=b"x" * 90)(connection)

        site.answers["/a.txt"] = recover
        replace(fetching, fetch_limits=self.PATIENT).fetch(site.url("/a.txt"))
        assert fetching.files() == {"a.txt": TEXT}

    def test_are_as_many_as_there_are_pauses(self, fetch: Fetch, site: Site) -> None:
        site.answers["/a.txt"] = answer("503 Busy", ["Content-Length: 0"])
        assert fetch.reason(site.url("/a.txt"), fetch_limits=self.PATIENT) == "its server answered 503"
        assert len(site.requests) == 3

    def test_are_not_made_where_they_would_end_alike(self, fetch: Fetch, site: Site) -> None:
        site.answers["/a.txt"] = answer("404 No", ["Content-Length: 0"])
        assert fetch.reason(site.url("/a.txt"), fetch_limits=self.PATIENT) == "its server answered 404"
        assert len(site.requests) == 1

    def test_have_the_time_of_one_together(self, fetch: Fetch, site: Site) -> None:
        site.answers["/a.txt"] = answer("503 Busy", ["Content-Length: 0"])
        limits = FetchLimits(retry_pauses=(60,), max_seconds=0.3)
        assert fetch.reason(site.url("/a.txt"), fetch_limits=limits) == "it took longer than 0.3 s"

    def test_are_checked_as_the_first_was(self, fetch: Fetch, site: Site) -> None:
        fetch.fetching.names.answers["files.test"] = [["127.0.0.2"], ["127.0.0.3"]]
        site.answers["/a.txt"] = answer("503 Busy", ["Content-Length: 0"])
        reason = fetch.reason(site.url("/a.txt"), fetch_limits=self.PATIENT)
        assert reason == "its host leads to an address that is not a public one"


class TestRedirects:
    @pytest.mark.parametrize(
        ("location", "reason"),
        [
            ("http://169.254.169.254/latest/meta-data/", "its scheme is not https"),
            ("file:///etc/passwd", "its scheme is not https"),
            ("gopher://files.test/x", "its scheme is not https"),
            ("https://metadata.test:{port}/", "its host leads to an address that is not a public one"),
            ("https://127.0.0.3:{port}/", "its host leads to an address that is not a public one"),
            ("https://forbidden.test:{port}/", "its host leads to an address that is not a public one"),
            ("https://private.test:{port}/", "its host leads to an address that is not a public one"),
            ("https://10.0.0.7/", "its host leads to an address that is not a public one"),
            ("//[::1]:{port}/", "its host leads to an address that is not a public one"),
            ("//[::ffff:127.0.0.2]:{port}/", "its host leads to an address that is not a public one"),
            ("https://2130706434:{port}/", "its host is a number; write an address as four numbers from 0 to 255"),
            ("https://0x7f.0.0.2:{port}/", "its host is a number; write an address as four numbers from 0 to 255"),
            ("https://me:secret@files.test:{port}/", "it holds a user name or password"),
            ("https://files.test:22/", "its port is not 443 or {port}"),
            ("https://files.test\\@127.0.0.3:{port}/", "it holds a backslash, white space or an invisible character"),
        ],
    )
    def test_lead_nowhere_where_a_url_may_not(self, fetch: Fetch, site: Site, location: str, reason: str) -> None:
        site.answers["/a.txt"] = redirect(f"{location}?{SECRET}".format(port=site.port))
        expected = f"where it redirects to, {reason}".format(port=site.port)
        assert fetch.reason(site.url(f"/a.txt?{SECRET}")) == expected
        assert len(site.requests) == 1

    def test_are_followed_three_times_at_most(self, fetch: Fetch, site: Site) -> None:
        site.answers["/a.txt"] = redirect("/a.txt")
        assert fetch.reason(site.url("/a.txt")) == "it redirects more than 3 times"
        assert len(site.requests) == 4

    @pytest.mark.parametrize("headers", [[], ["Location: "]])
    def test_must_say_where_to(self, fetch: Fetch, site: Site, headers: Sequence[str]) -> None:
        site.answers["/a.txt"] = answer("302 Found", [*headers, "Content-Length: 0"])
        assert fetch.reason(site.url("/a.txt")) == "its server redirects to nowhere"

    def test_to_what_is_not_utf_8_lead_nowhere(self, fetch: Fetch, site: Site) -> None:
        site.answers["/a.txt"] = redirect("/\xff.txt")
        assert fetch.reason(site.url("/a.txt")) == "its server redirects to what is not a URL"


class TestNames:
    def test_are_asked_for_once_so_that_a_second_answer_changes_nothing(self, fetching: Any, site: Site) -> None:
        fetching.names.answers["files.test"] = [["127.0.0.2"], ["10.0.0.7"]]
        site.answers["/a.txt"] = file(TEXT)
        fetching.fetch(site.url("/a.txt"))
        assert fetching.names.asked == ["files.test"]
        assert fetching.files() == {"a.txt": TEXT}

    def test_that_change_between_two_redirects_are_checked_anew(self, fetch: Fetch, site: Site) -> None:
        fetch.fetching.names.answers["files.test"] = [["127.0.0.2"], ["127.0.0.3"]]
        site.answers["/a.txt"] = redirect("/b.txt")
        reason = fetch.reason(site.url("/a.txt"))
        assert reason == "where it redirects to, its host leads to an address that is not a public one"

    @pytest.mark.parametrize("addresses", [["127.0.0.2", "10.0.0.7"], ["::ffff:127.0.0.2"], ["169.254.169.254"]])
    def test_that_lead_to_one_forbidden_address_are_refused(
        self, fetch: Fetch, site: Site, addresses: list[str]
    ) -> None:
        fetch.fetching.names.answers["files.test"] = [addresses]
        reason = fetch.reason(site.url(f"/a.txt?{SECRET}"), FetchOutcome.REFUSED)
        assert reason == "its host leads to an address that is not a public one"
        assert site.requests == []

    def test_of_a_server_that_must_not_be_reached_are_refused_before_any_connection(
        self, fetch: Fetch, site: Site, open_site: Callable[..., Site]
    ) -> None:
        hidden = open_site("127.0.0.3")
        rules = fetch.fetching.rules.model_copy(update={"ports": (hidden.port,)})
        reason = fetch.reason(hidden.url("/a.txt", "forbidden.test"), FetchOutcome.REFUSED, rules=rules)
        assert reason == "its host leads to an address that is not a public one"
        assert not hidden.was_reached

    def test_that_nobody_has_fail(self, fetch: Fetch, site: Site) -> None:
        assert "has no address" in fetch.reason(site.url(f"/a.txt?{SECRET}", "nobody.test"))


class TestCertificates:
    def test_for_another_name_are_not_trusted(self, fetch: Fetch, site: Site) -> None:
        reason = fetch.reason(site.url(f"/a.txt?{SECRET}", "stranger.test"))
        assert "certificate is not to be trusted: Hostname mismatch" in reason
        assert site.requests == []

    def test_of_an_unknown_authority_are_not_trusted(
        self, fetch: Fetch, open_site: Callable[..., Site], tmp_path: Path
    ) -> None:
        stranger = open_site(pair=CertificateAuthority(tmp_path).server("s", ["files.test"], []))
        rules = fetch.fetching.rules.model_copy(update={"ports": (stranger.port,)})
        assert "certificate is not to be trusted" in fetch.reason(stranger.url("/a.txt"), rules=rules)

    def test_that_have_expired_are_not_trusted(
        self,
        fetch: Fetch,
        open_site: Callable[..., Site],
        authority: CertificateAuthority,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(certificates, "LIFETIME", timedelta(seconds=-10))
        old = open_site(pair=authority.server("old", ["files.test"], []))
        rules = fetch.fetching.rules.model_copy(update={"ports": (old.port,)})
        assert "certificate has expired" in fetch.reason(old.url("/a.txt"), rules=rules)

    def test_are_asked_for_where_a_server_has_none(self, fetch: Fetch, open_site: Callable[..., Site]) -> None:
        plain = open_site(plain=True)
        plain.answers["/a.txt"] = file(TEXT)
        rules = fetch.fetching.rules.model_copy(update={"ports": (plain.port,)})
        limits = FetchLimits(connect_seconds=0.2)
        reason = fetch.reason(plain.url("/a.txt"), rules=rules, fetch_limits=limits)
        assert reason == "its server does not speak TLS as it must"
        assert plain.requests == []

    def test_of_the_system_are_not_enough_for_an_authority_of_ones_own(self, fetch: Fetch, site: Site) -> None:
        rules = fetch.fetching.rules.model_copy(update={"certificates": ""})
        assert "certificate is not to be trusted" in fetch.reason(site.url("/a.txt"), rules=rules)


class TestTotals:
    def test_all_files_together_are_bounded_and_the_rest_is_not_tried(self, fetching: Any, site: Site) -> None:
        site.answers |= {f"/{number}.txt": file(b"x" * 1000) for number in range(6)}
        limits = fetching.limits.model_copy(update={"max_total_bytes": 2500})
        one = fetching.fetch_limits.model_copy(update={"downloads": 1})
        urls = [site.url(f"/{number}.txt") for number in range(6)]
        fetched = replace(fetching, limits=limits, fetch_limits=one).fetch(*urls)
        assert [row.outcome for row in fetched.results] == ["fetched"] * 2 + ["failed"] * 4
        assert fetched.results[-1].reason == "all files together are larger than 2.4 KiB"
        assert fetched.is_over_total
        assert len(site.requests) == 3

    def test_what_an_earlier_run_brought_counts_and_nothing_beside_it(self, fetching: Any, site: Site) -> None:
        site.answers["/a.txt"] = file(b"x" * 1000)
        fetching.out.mkdir()
        (fetching.out / "b.txt").write_bytes(bytes(2000))
        limits = fetching.limits.model_copy(update={"max_total_bytes": 2500})
        hungry = replace(fetching, limits=limits)
        assert hungry.fetch(site.url("/b.txt"), site.url("/a.txt")).is_over_total
        assert not hungry.fetch(site.url("/a.txt")).is_over_total


def test_a_bad_url_keeps_nothing_from_the_good_ones(fetching: Any, site: Site) -> None:
    site.answers |= {"/a.txt": file(TEXT), "/b.txt": BODIES["endless"][0], "/c.txt": file(TEXT)}
    urls = [site.url("/a.txt"), "https://10.0.0.7/x.txt", site.url("/b.txt"), "https://", site.url("/c.txt")]
    fetched = fetching.fetch(*urls)
    assert [row.outcome for row in fetched.results] == ["fetched", "refused", "failed", "refused", "fetched"]
    assert set(fetching.files()) == {"a.txt", "c.txt"}


def test_no_thread_is_left_behind(fetching: Any, site: Site) -> None:
    site.answers["/a.txt"] = BODIES["endless"][0]
    fetching.fetch(*[site.url(f"/a.txt?{number}") for number in range(3)], site.url("/b.txt"))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fetch")]
