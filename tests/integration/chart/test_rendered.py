"""What the chart renders: what it must, nothing that the API server refuses, and no contradiction."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.helm import CHART, Helm, HelmError
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.platform import REPOSITORY, SYSTEM_NAMESPACE
from vectorizer_dev.tools import find_helm
from vectorizer_dev.upstream_crds import prometheus_operator_crds

GOLDEN = Path(__file__).with_name("golden")
LEAST = {"storage.endpoint": "minio:9000", "storage.existingSecret": "object-store"}
SERVER = "1.34.4"
Body = dict[str, Any]


@pytest.fixture(scope="module")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm without a cluster."""
    return Helm(find_helm(), tmp_path_factory.mktemp("helm"))


def template(helm: Helm, *more: str, version: str = SERVER, **changes: Any) -> list[Body]:
    given = [f"--set-json={name}={json.dumps(value)}" for name, value in {**LEAST, **changes}.items()]
    place = f"--namespace={SYSTEM_NAMESPACE}"
    text = helm("template", "vectorizer-operator", str(CHART), place, f"--kube-version={version}", *given, *more)
    return [body for body in yaml.safe_load_all(text) if body]


def named(bodies: list[Body], kind: str) -> Mapping[str, Body]:
    return {body["metadata"]["name"]: body for body in bodies if body["kind"] == kind}


def test_helm_has_nothing_to_object(helm: Helm) -> None:
    given = [f"--set={name}={value}" for name, value in LEAST.items()]
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHART), *given)


@pytest.mark.parametrize("values", sorted(GOLDEN.glob("*.values.yaml")), ids=lambda path: path.name)
def test_values_give_these_objects(helm: Helm, values: Path) -> None:
    place, version = f"--namespace={SYSTEM_NAMESPACE}", f"--kube-version={SERVER}"
    text = helm("template", "vectorizer-operator", str(CHART), place, version, f"--values={values}")
    golden = values.with_name(values.name.replace(".values.", ".rendered."))
    how = f"{values.name}: `helm template` with it gives something else than {golden.name}"
    assert list(yaml.safe_load_all(text)) == list(yaml.safe_load_all(golden.read_text())), how


@pytest.fixture(scope="module")
def proven() -> list[Body]:
    return list(yaml.safe_load_all((REPOSITORY / "operator" / "rbac.yaml").read_text()))


class TestRights:
    """operator/rbac.yaml is what the other tests prove; the chart gives the same."""

    @pytest.mark.parametrize("kind", ["ClusterRole", "Role"])
    def test_the_roles_are_those_that_are_proven(self, helm: Helm, proven: list[Body], kind: str) -> None:
        rendered = {name: body for name, body in named(template(helm), kind).items() if "uninstall" not in name}
        wanted = named(proven, kind)
        assert {name: body["rules"] for name, body in rendered.items()} == {
            name: body["rules"] for name, body in wanted.items()
        }
        for name, body in wanted.items():
            assert body["metadata"].get("labels", {}).items() <= rendered[name]["metadata"]["labels"].items()

    def test_with_a_list_of_namespaces_the_cluster_shows_its_namespaces_alone(self, helm: Helm) -> None:
        bodies = template(helm, namespaces=["a", "b"])
        bound = {body["roleRef"]["name"] for body in named(bodies, "ClusterRoleBinding").values()}
        assert bound == {"vectorizer-operator-namespaces", "vectorizer-operator-uninstall"}
        (rule,) = named(bodies, "ClusterRole")["vectorizer-operator-namespaces"]["rules"]
        assert (rule["resources"], rule["verbs"]) == (["namespaces"], ["get", "list", "watch"])
        places = [
            (body["metadata"]["namespace"], body["roleRef"]["name"])
            for body in bodies
            if body["kind"] == "RoleBinding" and body["roleRef"]["kind"] == "ClusterRole"
        ]
        roles = ("vectorizer-operator", "vectorizer-operator-account")
        assert sorted(places) == sorted((place, role) for place in ("a", "b") for role in roles)


EVERYTHING = {
    "replicaCount": 2,
    "metrics.serviceMonitor.enabled": True,
    "metrics.prometheusRule.enabled": True,
    "metrics.dashboard.enabled": True,
    "networkPolicy.egress": [{"ports": [{"port": 53, "protocol": "UDP"}]}],
    "networkPolicy.metricsFrom": [{"namespaceSelector": {}}],
    "namespaces": ["default"],
}


@pytest.fixture(scope="module")
def prometheus_kinds(kubectl: Kubectl) -> None:
    files = [f"--filename={path}" for path in prometheus_operator_crds()]
    kubectl("apply", "--server-side", *files)
    kubectl("wait", "--for=condition=Established", "--timeout=60s", *files)


@pytest.mark.parametrize("changes", [{}, EVERYTHING], ids=["least", "everything"])
def test_the_api_server_takes_every_object_strictly(
    helm: Helm, kubectl: Kubectl, system: str, prometheus_kinds: None, tmp_path: Path, changes: Body
) -> None:
    bodies = template(helm, **changes)
    file = tmp_path / "rendered.yaml"
    file.write_text(yaml.safe_dump_all(bodies))
    told = kubectl(
        *("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"),
        *(f"--filename={file}", "--output=name"),
    )
    assert len(told.split()) == len(bodies)


class TestHardening:
    def test_every_pod_runs_under_the_restricted_standard_with_a_read_only_root(
        self, helm: Helm, core: client.CoreV1Api, kubectl: Kubectl, tmp_path: Path
    ) -> None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name="restricted", labels=labels)))
        workloads = [body for body in template(helm) if body["kind"] in {"Deployment", "Job"}]
        assert len(workloads) == 2
        for body in workloads:
            spec = body["spec"]["template"]["spec"]
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "p", "namespace": "restricted"},
                "spec": {**spec, "serviceAccountName": "default"},
            }
            (tmp_path / "pod.yaml").write_text(yaml.safe_dump(pod))
            kubectl("create", "--dry-run=server", f"--filename={tmp_path / 'pod.yaml'}")
            assert spec["securityContext"]["runAsUser"] == 65532
            assert [each["securityContext"]["readOnlyRootFilesystem"] for each in spec["containers"]] == [True]

    def test_no_service_account_hands_out_its_token_unasked(self, helm: Helm) -> None:
        accounts = named(template(helm), "ServiceAccount").values()
        assert [body["automountServiceAccountToken"] for body in accounts] == [False, False]


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"storage.endpoint": ""}, "storage.endpoint is missing: host:port"),
            ({"storage.endpoint": "https://minio:9000"}, 'and not "https://minio:9000"; storage.secure says'),
            (
                {"storage.endpoint": "minio:s3"},
                'storage.endpoint is host:port, without a scheme or a path, and not "minio:s3"',
            ),
            ({"storage.run.endpoint": "minio 9000"}, "storage.run.endpoint is host:port"),
            ({"storage.existingSecret": ""}, "storage.existingSecret is missing: the Secret in the namespace"),
            ({"storage.run.secure": True}, "storage.run.endpoint speaks, and that is not given"),
            ({"profiles.default": "large"}, 'profiles.default is "large", and profiles.profiles offers: default'),
            ({"metrics.prometheusRule.enabled": True}, "needs metrics.serviceMonitor.enabled"),
            ({"serviceAccount.create": False}, "serviceAccount.name is needed where serviceAccount.create is false"),
            ({"podLabels": {"app.kubernetes.io/name": "x"}}, "is the chart's own label"),
            ({"settings": {"VECTORIZER_WORKRES": 2}}, "'VECTORIZER_WORKRES' not allowed"),
            ({"settings": {"VECTORIZER_WORKERS": 0}}, "/settings/VECTORIZER_WORKERS"),
            ({"settings": {"VECTORIZER_LEASE": "a/b"}}, "'VECTORIZER_LEASE' not allowed"),
            ({"profiles.profiles": {"default": {"gpus": 1}}}, "'gpus' not allowed"),
            ({"limits": {"maxImagePixel": 1}}, "'maxImagePixel' not allowed"),
            ({"limits": {"maxObjects": 0}}, "/limits/maxObjects"),
            ({"profiles.profiles.default.resources.limits.memory": "4GB"}, "/limits/memory': '4GB' does not match"),
            ({"bases": {"Picture": "x"}}, "invalid propertyName 'Picture'"),
            ({"replicas": 2}, "'replicas' not allowed"),
            ({"image.digest": "latest"}, "/image/digest"),
            ({"image.repository": "registry:5000/operator:1.0"}, "/image/repository"),
            ({"trainer.image.tag": "1.0@sha256"}, "/trainer/image/tag"),
            ({"storage": None}, "missing property 'storage'"),
            ({"profiles.profiles": None}, "missing property 'profiles'"),
            ({"namespaces": ["A"]}, "/namespaces/0"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_what_is_wrong_is_named(self, helm: Helm, changes: Body, sentence: str) -> None:
        with pytest.raises(HelmError) as refused:
            template(helm, **changes)
        assert sentence in str(refused.value)

    def test_an_older_cluster_is_told_which_it_must_be(self, helm: Helm) -> None:
        with pytest.raises(HelmError, match=r"requires kubeVersion: >=1\.31\.0-0 .* Kubernetes v1\.30\.9"):
            template(helm, version="1.30.9")


def test_every_setting_reaches_the_operator(helm: Helm) -> None:
    """What the Deployment sets and what `settings` may set are together all that the operator reads."""
    from vectorizer_operator.settings import PREFIX, Settings

    schema = json.loads((CHART / "values.schema.json").read_text())
    free = set(schema["properties"]["settings"]["properties"])
    changes: Body = {
        "storage.run.endpoint": "minio:9001",
        "storage.run.secure": False,
        "bases": {"Text": "t"},
        "limits": {"maxObjects": 2_000_000},
        "urlRules": {"deniedNetworks": ["10.0.0.0/8"]},
        "fetchLimits": {"maxUrls": 3},
    }
    (deployment,) = named(template(helm, **changes), "Deployment").values()
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    set_here = {variable["name"] for variable in container["env"]}
    assert set_here.isdisjoint(free)
    assert set_here | free == {PREFIX + name.upper() for name in Settings.model_fields}
    plain = {variable["name"]: variable.get("value", "secret") for variable in container["env"]}
    settings = Settings.from_environment(plain)
    assert (settings.limits.max_objects, settings.s3_run_secure) == (2_000_000, False)


def test_a_large_number_stays_a_number(helm: Helm) -> None:
    (deployment,) = named(
        template(helm, settings={"VECTORIZER_MAX_ARTIFACT_BYTES": 2_000_000_000}), "Deployment"
    ).values()
    variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "VECTORIZER_MAX_ARTIFACT_BYTES", "value": "2000000000"} in variables


def test_the_cluster_of_the_tests_is_the_one_that_is_rendered_for(cluster: DevelopmentCluster) -> None:
    version = subprocess.run([cluster.tools.kube_apiserver, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.split()[-1] == f"v{SERVER}"
