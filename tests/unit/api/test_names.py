"""Names derived from names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectorizer_api.names import attempt_name, is_account, is_dns_label, published_prefix, vectorizer_object_name

UID = "0a1b2c3d-0000-4000-8000-000000000000"


class TestVectorizerObjectName:
    @pytest.mark.parametrize("name", ["abc", "my-model", "v2", "123"])
    def test_a_dns_label_is_its_own_object_name(self, name: str) -> None:
        assert vectorizer_object_name(name) == name

    @pytest.mark.parametrize(
        ("name", "slug"), [("My model", "my-model"), ("日本語", "v"), ("-x-", "x"), ("Ärger.v2", "rger-v2")]
    )
    def test_any_other_name_becomes_its_slug_and_eight_digits_of_its_digest(self, name: str, slug: str) -> None:
        head, _, digest = vectorizer_object_name(name).rpartition("-")
        assert head == slug
        assert len(digest) == 8

    def test_names_with_the_same_slug_stay_apart(self) -> None:
        names = {vectorizer_object_name(name) for name in ("my-model", "My model", "My  model", "my model")}
        assert len(names) == 4

    @given(st.text(min_size=3, max_size=30))
    def test_it_is_a_dns_label_for_every_name(self, name: str) -> None:
        assert is_dns_label(vectorizer_object_name(name))


class TestAttemptName:
    @given(st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?", fullmatch=True), st.integers(1, 999))
    def test_it_is_a_dns_label_short_enough_for_a_pods_suffix(self, fine_tune: str, attempt: int) -> None:
        name = attempt_name(fine_tune, UID, attempt)
        assert is_dns_label(name)
        assert len(name) <= 57

    def test_two_objects_of_one_name_never_share_their_children(self) -> None:
        assert attempt_name("a", UID, 1) != attempt_name("a", UID.replace("0a", "1a"), 1)


class TestAccount:
    @pytest.mark.parametrize("account", ["acme", "team-7", "a" * 40])
    def test_a_dns_label_of_at_most_forty_characters_is_an_account(self, account: str) -> None:
        assert is_account(account)

    @pytest.mark.parametrize("account", ["", "Acme", "a.b", "-a", "a-", "a" * 41, "a/b", "a*"])
    def test_anything_else_is_not(self, account: str) -> None:
        assert not is_account(account)


def test_a_published_vectorizer_lies_outside_every_runs_prefix() -> None:
    assert not published_prefix("name", UID).startswith("runs/")
