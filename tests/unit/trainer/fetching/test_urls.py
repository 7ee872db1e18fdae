"""What a URL may look like, and what its file is called."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectorizer_api.fetch import UrlRules
from vectorizer_trainer.fetching.outcomes import Refused
from vectorizer_trainer.fetching.urls import Target, file_name, read_url, redirected, without_query, without_secrets

RULES = UrlRules()
NUMBER = "its host is a number; write an address as four numbers from 0 to 255"
INVISIBLE = "it holds a backslash, white space or an invisible character"
NO_NAME = "its host is not a name that can exist"
LOCAL = "its host is a name of a local network"
NO_PORT = "its port is not 443"
NO_SCHEME = "its scheme is not https"
USER = "it holds a user name or password"
NO_HOST = "it names no host"
NO_URL = "it is not a URL such as https://host/path/file.jpg"


def refusal(url: str, **rules: Any) -> str:
    with pytest.raises(Refused) as caught:
        read_url(url, UrlRules(**rules))
    return str(caught.value)


class TestGood:
    @pytest.mark.parametrize(
        ("url", "target"),
        [
            ("https://example.com/a.jpg", Target("https", "example.com", 443, "/a.jpg")),
            ("HTTPS://EXAMPLE.com:443/a.jpg", Target("https", "example.com", 443, "/a.jpg")),
            ("https://example.com./a.jpg", Target("https", "example.com", 443, "/a.jpg")),
            ("https://my_bucket.s3.example.com/a", Target("https", "my_bucket.s3.example.com", 443, "/a")),
            ("https://example.com/a?X-Amz=1%2F2&b=/?#part", Target("https", "example.com", 443, "/a?X-Amz=1%2F2&b=/?")),
            ("https://example.com/日本.jpg", Target("https", "example.com", 443, "/%E6%97%A5%E6%9C%AC.jpg")),
            ("https://bücher.example/a", Target("https", "xn--bcher-kva.example", 443, "/a")),
            ("https://faß.example/a", Target("https", "xn--fa-hia.example", 443, "/a")),
            ("https://8.8.8.8/a", Target("https", ip_address("8.8.8.8"), 443, "/a")),
            ("https://[2606:2800::1]/a", Target("https", ip_address("2606:2800::1"), 443, "/a")),
        ],
    )
    def test_is_taken_apart(self, url: str, target: Target) -> None:
        assert read_url(url, RULES) == target

    def test_may_have_another_port_or_scheme_where_the_platform_allows_it(self) -> None:
        rules = UrlRules(schemes=("https", "http"), ports=(443, 80, 8443))
        assert read_url("http://example.com/a", rules).port == 80
        assert read_url("https://example.com:8443/a", rules).host_header == "example.com:8443"

    def test_may_have_a_local_name_where_the_platform_allows_a_network(self) -> None:
        rules = UrlRules(allowed_networks=(ip_network("10.0.0.0/8"),))
        assert read_url("https://files.corp/a", rules).host == "files.corp"

    def test_shows_neither_path_nor_query_when_it_is_printed(self) -> None:
        assert repr(read_url("https://example.com/a?sig=1", RULES)) == "Target(https://example.com)"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/a", NO_SCHEME),
        ("ftp://example.com/a", NO_SCHEME),
        ("file:///etc/passwd", NO_SCHEME),
        ("gopher://example.com/_x", NO_SCHEME),
        ("data:text/plain,x", NO_SCHEME),
        ("javascript:alert(1)", NO_SCHEME),
        ("//example.com/a", NO_SCHEME),
        ("example.com/a", NO_SCHEME),
        ("", NO_SCHEME),
        ("https:///a", NO_HOST),
        ("https:/example.com/a", NO_HOST),
        ("https:example.com/a", NO_HOST),
        ("https://", NO_HOST),
        ("https://?a", NO_HOST),
        ("https://:443/a", NO_HOST),
        ("https://example.com:/a", NO_HOST),
        ("https://example.com:443:443/a", NO_HOST),
        ("https://example.com:4４3/a", NO_HOST),
        ("https://example.com:22/a", NO_PORT),
        ("https://example.com:0/a", NO_PORT),
        ("https://example.com:65979/a", NO_PORT),
        ("https://me@example.com/a", USER),
        ("https://me:secret@example.com/a", USER),
        ("https://example.com@127.0.0.1/a", USER),
        ("https://@example.com/a", USER),
        ("https://example.com%40127.0.0.1/a", NO_HOST),
        ("https://example.com\\@127.0.0.1/a", INVISIBLE),
        ("https://example.com\\.evil/a", INVISIBLE),
        ("https://exam\nple.com/a", INVISIBLE),
        ("https://example.com/\ta", INVISIBLE),
        (" https://example.com/a", INVISIBLE),
        ("https://example.com/a\r\nHost: x", INVISIBLE),
        ("https://example.com/a\0", INVISIBLE),
        ("https://exam\u200bple.com/a", INVISIBLE),
        ("https://example.com/a\u202egpj.exe", INVISIBLE),
        ("https://example.com/\ud800", INVISIBLE),
        ("https://2130706433/a", NUMBER),
        ("https://0x7f000001/a", NUMBER),
        ("https://0X7F.1/a", NUMBER),
        ("https://017700000001/a", NUMBER),
        ("https://0177.0.0.1/a", NUMBER),
        ("https://127.1/a", NUMBER),
        ("https://127.0.0.1./a", NUMBER),
        ("https://127.000.000.001/a", NUMBER),
        ("https://1.2.3.4.5/a", NUMBER),
        ("https://256.0.0.1/a", NUMBER),
        ("https://0xa9.0xfe.0xa9.0xfe/a", NUMBER),
        ("https://０x7f.1/a", NUMBER),
        ("https://１２７.０.０.１/a", NUMBER),
        ("https://①②⑦.⓪.⓪.①/a", NUMBER),
        ("https://127。0。0。1/a", NUMBER),
        ("https://%31%32%37.0.0.1/a", NO_HOST),
        ("https://[::1/a", NO_URL),
        ("https://[fe80::1%25eth0]/a", None),
        ("https://[v1.x]/a", None),
        ("https://[127.0.0.1]/a", None),
        ("https://localhost/a", LOCAL),
        ("https://LOCALHOST./a", LOCAL),
        ("https://ⓛocalhost/a", LOCAL),
        ("https://a.localhost/a", LOCAL),
        ("https://metadata.google.internal/a", LOCAL),
        ("https://kubernetes/a", LOCAL),
        ("https://minio.storage.svc/a", LOCAL),
        ("https://kubernetes.default.svc.cluster.local/a", LOCAL),
        ("https://printer.local/a", LOCAL),
        ("https://router.home.arpa/a", LOCAL),
        ("https://1.0.0.127.in-addr.arpa/a", LOCAL),
        ("https://example..com/a", NO_NAME),
        ("https://-example.com/a", NO_NAME),
        ("https://exa mple.com/a", INVISIBLE),
        ("https://exa!mple.com/a", NO_NAME),
        ("https://" + "a" * 64 + ".com/a", NO_NAME),
        ("https://" + "a." * 127 + "com/a", NO_NAME),
        ("https://℀.example.com/a", NO_URL),
        ("https://example.com／a.evil.com/a", NO_URL),
        ("https://example.com/" + "a" * 2048, "it is longer than 2,048 characters"),
    ],
)
def test_a_url_is_refused_with_the_reason(url: str, reason: str | None) -> None:
    assert reason in {None, refusal(url)}


@given(st.text() | st.text("htps:/[]@%.0x17#?\\ⓛ。１-_", max_size=40).map("https://".__add__))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    try:
        target = read_url(text, RULES)
    except Refused:
        return
    assert target.port == 443
    assert f"{target.host}{target.path}".isascii()
    assert not set(target.path) & set("\r\n\t \\#")


class TestFileName:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("https://example.com/a/b.jpg", "b.jpg"),
            ("https://example.com/b.jpg?x=/c.jpg#/d.jpg", "b.jpg"),
            ("https://example.com/my%20cat%231.jpg", "my cat#1.jpg"),
            ("https://example.com/u%CC%88.jpg", "ü.jpg"),
            ("https://example.com/example_to_labels.json", "example_to_labels.json"),
        ],
    )
    def test_is_the_decoded_last_segment(self, url: str, name: str) -> None:
        assert file_name(url) == name

    @pytest.mark.parametrize(
        ("path", "reason"),
        [
            ("", "its path does not end with a file name"),
            ("/", "its path does not end with a file name"),
            ("/folder/", "its path does not end with a file name"),
            ("?a=/b.jpg", "its path does not end with a file name"),
            ("/a%2Fb.jpg", "its file name holds a slash"),
            ("/..%2f..%2fetc%2fpasswd", "its file name holds a slash"),
            ("/a%5Cb.jpg", "its file name holds a slash"),
            ("/%2e%2e", "its file name cannot be used: the name has an empty, `.` or `..` segment"),
            ("/.", "its file name cannot be used: the name has an empty, `.` or `..` segment"),
            ("/a%00.jpg", "its file name cannot be used: the name holds a control character"),
            ("/a%0a.jpg", "its file name cannot be used: the name holds a control character"),
            ("/%ff.jpg", "its file name is not UTF-8"),
            ("/.ssh", "its file name starts with a dot"),
            ("/" + "a" * 256, "its file name is longer than 255 bytes"),
            ("/file_urls.json", "a list of URLs is read from the folder, not from a URL"),
        ],
    )
    def test_is_refused_where_it_leads_elsewhere_or_means_something_else(self, path: str, reason: str) -> None:
        with pytest.raises(Refused) as caught:
            file_name(f"https://example.com{path}")
        assert str(caught.value) == reason


class TestShown:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("https://example.com/a?sig=1", "https://example.com/a"),
            ("https://example.com/a#sig=1?x", "https://example.com/a"),
            ("https://me:pw@example.com/a?x", "https://me:pw@example.com/a"),
            ("?sig=1", ""),
            ("\ud800?x", "\\ud800"),
        ],
    )
    def test_without_its_query(self, url: str, shown: str) -> None:
        assert without_query(url) == shown

    @pytest.mark.parametrize(
        "url",
        ["https://me:pw@example.com/a?x", "https:me:pw@example.com/a", "https:\\\\me:pw@example.com/a", "me:pw@e/"],
    )
    def test_to_others_without_a_password(self, url: str) -> None:
        assert "pw" not in without_secrets(url)
        assert "example.com/a" in without_secrets(url) or url == "me:pw@e/"

    def test_to_others_with_an_at_sign_in_its_path(self) -> None:
        assert without_secrets("https://example.com/a@b?x") == "https://example.com/a@b"


def test_a_redirect_is_relative_to_its_url() -> None:
    assert redirected("https://example.com/a/b?x=1", "../c?y=2") == "https://example.com/c?y=2"
