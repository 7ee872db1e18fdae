"""An account on a cluster, asked as kubectl would: with the rights of whoever asks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from kubernetes import client, config
from urllib3.exceptions import HTTPError
from vectorizer_api import GROUP, VERSION
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import ACCOUNT_LABEL, vectorizer_object_name
from vectorizer_api.run import ExitCode
from vectorizer_trainer.errors import BadInput, RunError

__all__ = ["FINE_TUNES", "VECTORIZERS", "ClusterUnreachable", "Refused", "Tenant"]

FINE_TUNES, VECTORIZERS = "vectorizerfinetunes", "customvectorizers"

_SECONDS = 15.0
"""That one request to the API server may take."""
_MANAGER = "vectorizer-plan"
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _TOO_MANY, _SERVER = 401, 403, 404, 409, 429, 500
_INSTALL = "Choose another cluster by `kubectl config use-context`, or have the chart installed."
_HINTS = {
    _UNAUTHORIZED: "Log in anew, as you do for kubectl.",
    _FORBIDDEN: "Ask for the role vectorizer-account-read-write in the account's namespace, or name yours by -n.",
}


class ClusterUnreachable(RunError):  # noqa: N818 - named after what people read
    """The API server does not answer, or not now; asking again may help."""

    exit_code = ExitCode.STORAGE
    default_hint = "Check that the cluster is up: `kubectl version` asks it too."


class Refused(BadInput):
    """The API server does not do what it is asked."""

    def __init__(self, error: client.ApiException) -> None:
        """Takes what the client raised."""
        try:
            said = json.loads(error.body or "{}")
        except ValueError:  # where the path itself is unknown, there is no object in the answer
            said = {}
        details = said.get("details") or {}
        causes = "; ".join(f"{one.get('field', '')}: {one.get('message', '')}" for one in details.get("causes") or [])
        self.status = int(error.status or 0)
        self.why = str(said.get("reason") or error.reason or "Refused")
        """Kubernetes' word for it, as `Forbidden`."""
        self.is_no_such_object = self.status == _NOT_FOUND and bool(details.get("name"))
        if self.status == _NOT_FOUND and not details:
            super().__init__(
                "The cluster does not know fine-tunes: the operator is not installed there.", hint=_INSTALL
            )
        else:
            message = causes or said.get("message") or error.reason
            super().__init__(f"The API server refuses it: {message}.", hint=_HINTS.get(self.status, "Correct it."))


@dataclass(frozen=True)
class Tenant:
    """One account."""

    wanted_namespace: str = ""
    """Empty for the current one of kubectl."""
    context: str = ""
    """Empty for kubectl's current one."""

    @cached_property
    def namespace(self) -> str:
        """The account's namespace."""
        return self.wanted_namespace or self._usual_namespace()

    @cached_property
    def account(self) -> str:
        """The account of the namespace; its name where people may not look at the namespace itself."""
        try:
            with _answered():
                found = client.CoreV1Api(self.api).read_namespace(self.namespace, _request_timeout=_SECONDS)
        except RunError:
            return self.namespace
        labels = (found.metadata.labels if found.metadata else None) or {}
        return str(labels.get(ACCOUNT_LABEL, self.namespace))

    def fine_tune(self, name: str) -> FineTune | None:
        """The fine-tune of that name, where there is one. This and all that follows: BadInput where it is denied."""
        body = self.get(FINE_TUNES, name)
        return FineTune.model_validate(body) if body is not None else None

    def vectorizer(self, name: str) -> CustomVectorizer | None:
        """The vectorizer that people call `name`, or that the object of that name is."""
        body = self.get(VECTORIZERS, vectorizer_object_name(name))
        return CustomVectorizer.model_validate(body) if body is not None else None

    def fine_tunes(self) -> list[FineTune]:
        """All of them, by name."""
        return [FineTune.model_validate(body) for body in self.all_of(FINE_TUNES)]

    def vectorizers(self) -> list[CustomVectorizer]:
        """All of them, by name."""
        return [CustomVectorizer.model_validate(body) for body in self.all_of(VECTORIZERS)]

    def get(self, plural: str, name: str) -> dict[str, Any] | None:
        """An object as it is stored; None where there is none."""
        try:
            with _answered():
                found = self.objects.get_namespaced_custom_object(
                    GROUP, VERSION, self.namespace, plural, name, _request_timeout=_SECONDS
                )
        except Refused as refused:
            if refused.is_no_such_object:
                return None
            raise
        return cast("dict[str, Any]", found)

    def all_of(self, plural: str) -> list[dict[str, Any]]:
        """All objects of a kind, as they are stored."""
        with _answered():
            found = self.objects.list_namespaced_custom_object(
                GROUP, VERSION, self.namespace, plural, _request_timeout=_SECONDS
            )
        return sorted(cast("Any", found)["items"], key=lambda body: str(body["metadata"]["name"]))

    def delete(self, plural: str, name: str, uid: str) -> bool:
        """Ask for the deletion of the object that was looked at; False where it is another one or gone by now."""
        body = client.V1DeleteOptions(preconditions=client.V1Preconditions(uid=uid))
        try:
            with _answered():
                self.objects.delete_namespaced_custom_object(
                    GROUP, VERSION, self.namespace, plural, name, body=body, _request_timeout=_SECONDS
                )
        except Refused as refused:
            if refused.is_no_such_object or refused.status == _CONFLICT:
                return False
            raise
        return True

    def try_out(self, plural: str, body: dict[str, Any]) -> Refused | None:
        """Why the API server would refuse an object, by a dry run that stores nothing; None where it would not."""
        try:
            with _answered():
                self.objects.patch_namespaced_custom_object(
                    GROUP,
                    VERSION,
                    self.namespace,
                    plural,
                    body["metadata"]["name"],
                    body,
                    dry_run="All",
                    field_manager=_MANAGER,
                    force=True,
                    _content_type="application/apply-patch+yaml",
                    _request_timeout=_SECONDS,
                )
        except Refused as refused:
            return refused
        return None

    @property
    def is_there(self) -> bool:
        """Whether kubectl's configuration names a cluster."""
        return self._api is not None

    @property
    def api(self) -> client.ApiClient:
        """The client; raises BadInput where kubectl would not know a cluster either."""
        if self._api is None:
            raise BadInput(
                f"No cluster: kubectl's configuration names none{f' as {self.context}' if self.context else ''}.",
                hint="Set KUBECONFIG, or choose one by `kubectl config use-context`.",
            )
        return self._api

    @property
    def objects(self) -> client.CustomObjectsApi:
        """Custom objects; raises as api."""
        return client.CustomObjectsApi(self.api)

    @cached_property
    def _api(self) -> client.ApiClient | None:
        configuration = client.Configuration()
        # Who waits for an answer is told at once; the client would log each of its own tries.
        configuration.retries = False
        try:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                context=self.context or None, client_configuration=configuration
            )
        except config.ConfigException:
            if self.context:
                return None
            try:
                config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            except config.ConfigException:
                return None
        return client.ApiClient(configuration)

    def _usual_namespace(self) -> str:
        try:
            contexts, current = config.list_kube_config_contexts()  # type: ignore[no-untyped-call]
        except config.ConfigException:
            return "default"
        named = [one for one in contexts if one["name"] == self.context] if self.context else [current]
        return str((named[0]["context"].get("namespace") if named else None) or "default")


@contextmanager
def _answered() -> Iterator[None]:
    """Errors of the client as what people can act on."""
    try:
        yield
    except HTTPError as error:
        raise ClusterUnreachable(f"The cluster did not answer ({type(error).__name__}).") from error
    except client.ApiException as error:
        refused = Refused(error)
        if refused.status == _TOO_MANY or refused.status >= _SERVER:
            raise ClusterUnreachable(str(refused)) from error
        raise refused from error
