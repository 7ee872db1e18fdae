"""Which account a namespace is: a label that only the platform can set, and that one live namespace holds."""

from dataclasses import dataclass

from vectorizer_api.conditions import Reason
from vectorizer_api.names import ACCOUNT_LABEL, batch_bucket, is_account, models_bucket

from vectorizer_operator.errors import Refused
from vectorizer_operator.kube import NAMESPACES, Object
from vectorizer_operator.services import Services


@dataclass(frozen=True)
class Account:
    """The account and its buckets."""

    name: str
    batch: str
    models: str


async def account_of(namespace: str, services: Services) -> Account:
    """The account that the namespace is.

    Raises:
        Refused: where it is none.

    """
    label = _label(services.known.get(NAMESPACES, "", namespace))
    if label is None:  # The watch of Namespaces may be behind the others, and a refusal is final: so ask.
        label = _label(await services.kube.get(NAMESPACES, None, namespace))
    if label is None or not is_account(label):
        raise Refused(
            Reason.NOT_AN_ACCOUNT,
            f"The namespace {namespace} is no account: the platform has to make it one "
            "(`vectorizer account create`). Then apply the request again under a new object name.",
        )
    prefix = services.settings.bucket_prefix
    return Account(label, batch_bucket(label, prefix), models_bucket(label, prefix))


async def refuse_second_claim(account: Account, namespace: str, services: Services) -> None:
    """Only the oldest live namespace with the label is the account.

    Raises:
        Refused: where an older namespace claims the same account.

    """
    found = services.kube.items(NAMESPACES, labels=f"{ACCOUNT_LABEL}={account.name}")
    claims = sorted([_age(item) async for item in found if "deletionTimestamp" not in item["metadata"]])
    if claims and claims[0][1] != namespace:
        raise Refused(
            Reason.ACCOUNT_TAKEN,
            f"The account {account.name} belongs to the older namespace {claims[0][1]}. The platform has to give "
            f"{namespace} another account, then apply the request again under a new object name.",
        )


def _age(namespace: Object) -> tuple[str, str]:
    return namespace["metadata"]["creationTimestamp"], namespace["metadata"]["name"]


def _label(namespace: Object | None) -> str | None:
    labels = (namespace or {"metadata": {}})["metadata"].get("labels") or {}
    return labels.get(ACCOUNT_LABEL)
