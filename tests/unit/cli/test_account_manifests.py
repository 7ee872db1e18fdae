"""An account's objects follow from its terms: who reaches what, and what is refused before anything is made."""

import ipaddress
from typing import Any

import pytest
import yaml
from vectorizer_cli.accounts.manifests import manifests
from vectorizer_cli.accounts.storage import store_calls
from vectorizer_cli.accounts.telling import as_manifests
from vectorizer_cli.accounts.terms import AccountError, OperatorIdentity, People, StoreReach, Terms

IN_CLUSTER = StoreReach("minio.storage.svc:9000")


def objects(terms: Terms) -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["kind"], one["metadata"]["name"]): one for one in manifests(terms)}


def egress(terms: Terms, component: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = objects(terms)["NetworkPolicy", f"vectorizer-{component}"]["spec"]["egress"]
    return found


class TestReach:
    @pytest.mark.parametrize(
        "endpoint", ["minio.storage.svc:9000", "minio.storage:9000", "minio.storage.svc.cluster.local", "minio.storage"]
    )
    def test_a_service_of_the_cluster_is_reached_in_its_namespace(self, endpoint: str) -> None:
        (_, store, _) = egress(Terms("shop", StoreReach(endpoint)), "train")
        label = store["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        assert (label, "ports" in store) == ("storage", False)

    @pytest.mark.parametrize(
        ("endpoint", "cidr", "network"),
        [
            ("10.1.2.3:9000", "", "10.1.2.3/32"),
            ("[fd00::5]:9000", "", "fd00::5/128"),
            ("s3.example.org:9000", "10.1.0.0/16", "10.1.0.0/16"),
        ],
    )
    def test_another_store_is_reached_by_its_addresses_and_port(self, endpoint: str, cidr: str, network: str) -> None:
        (_, store, _) = egress(Terms("shop", StoreReach(endpoint, cidr)), "train")
        assert store["to"] == [{"ipBlock": {"cidr": network}}]
        assert store["ports"] == [{"protocol": "TCP", "port": 9000}]

    @pytest.mark.parametrize(("endpoint", "cidr"), [("s3.example.org:9000", ""), ("10.1.2.3:9000", "10.1.2.3/16")])
    def test_a_store_whose_addresses_are_not_known_is_refused(self, endpoint: str, cidr: str) -> None:
        with pytest.raises(AccountError) as refused:
            Terms("shop", StoreReach(endpoint, cidr)).check()
        assert "--s3-cidr" in f"{refused.value} {refused.value.hint}"


class TestDownloads:
    @pytest.mark.parametrize(
        "private",
        [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "127.0.0.1",
            "100.100.100.200",
            "fd00::1",
            "fe80::1",
            "::1",
        ],
    )
    def test_reach_no_private_address(self, private: str) -> None:
        address = ipaddress.ip_address(private)
        internet = egress(Terms("shop", IN_CLUSTER), "fetch")[2]
        for block in (one["ipBlock"] for one in internet["to"]):
            inside = address in ipaddress.ip_network(block["cidr"])
            assert not inside or any(address in ipaddress.ip_network(less) for less in block["except"])

    @pytest.mark.parametrize("public", ["93.184.216.34", "172.32.0.1", "2606:2800:220:1::1"])
    def test_reach_the_internet_by_http_and_https(self, public: str) -> None:
        address = ipaddress.ip_address(public)
        internet = egress(Terms("shop", IN_CLUSTER), "fetch")[2]
        blocks = [one["ipBlock"] for one in internet["to"] if address in ipaddress.ip_network(one["ipBlock"]["cidr"])]
        assert not any(address in ipaddress.ip_network(less) for block in blocks for less in block["except"])
        assert [port["port"] for port in internet["ports"]] == [80, 443]

    def test_take_no_connection(self) -> None:
        assert objects(Terms("shop", IN_CLUSTER))["NetworkPolicy", "vectorizer-fetch"]["spec"]["ingress"] == []


def test_a_training_does_not_reach_the_internet() -> None:
    reached = [peer for rule in egress(Terms("shop", IN_CLUSTER), "train") for peer in rule["to"]]
    assert not any("ipBlock" in peer for peer in reached)


def test_people_and_limits_stand_where_they_are_read() -> None:
    people = People(("ann",), ("shop-team",))
    made = objects(Terms("shop", IN_CLUSTER, people=people, max_runs=2, max_unfinished=5, max_objects=7))
    assert made["Namespace", "shop"]["metadata"]["labels"]["vectorizers.dev/max-runs"] == "2"
    assert made["Namespace", "shop"]["metadata"]["labels"]["vectorizers.dev/max-unfinished"] == "5"
    assert set(made["ResourceQuota", "vectorizer-account"]["spec"]["hard"].values()) == {"7"}
    binding = made["RoleBinding", "vectorizer-account"]
    assert [subject["name"] for subject in binding["subjects"]] == ["ann", "shop-team"]
    assert binding["roleRef"]["name"] == "vectorizer-account-read-write"


def test_without_people_and_limits_none_are_said() -> None:
    made = objects(Terms("shop", IN_CLUSTER))
    assert ("RoleBinding", "vectorizer-account") not in made
    assert ("ResourceQuota", "vectorizer-account") not in made
    assert not any("max" in label for label in made["Namespace", "shop"]["metadata"]["labels"])


def test_what_is_printed_is_the_same_objects_and_the_store_s_part_as_a_comment() -> None:
    terms = Terms("shop", IN_CLUSTER, storage_bytes=2**30)
    printed = as_manifests(terms)
    assert list(yaml.safe_load_all(printed)) == list(manifests(terms))
    assert all(f"#   {call}" in printed.splitlines() for call in store_calls(terms))
    assert "#   mc quota set store/shop-batch --size 1073741824B" in printed


@pytest.mark.parametrize("wrong", ["vectorizer-operator", "a/b/c", "/name", "system/"])
def test_an_operator_that_is_no_service_account_is_refused(wrong: str) -> None:
    with pytest.raises(AccountError, match="--operator"):
        Terms("shop", IN_CLUSTER, operator=OperatorIdentity(wrong)).check()
