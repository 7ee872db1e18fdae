"""`vectorizer account`: what the platform does once for each account."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from kubernetes import client, config
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.minioadmin import MinioAdmin
from vectorizer_api.names import (
    ACCOUNT_LABEL,
    ACCOUNT_LENGTH,
    LOG_FILE,
    RUN_SERVICE_ACCOUNT,
    batch_bucket,
    is_account,
    models_bucket,
)

RUN_DAYS = 30
"""Days that a run's working files are kept; what was published stays."""
OPERATOR = "vectorizer-operator"
REGION = "us-east-1"
CONFLICT = 409

app = typer.Typer(name="account", help="Make accounts: namespace, buckets and FTP user.", no_args_is_help=True)


@dataclass(frozen=True)
class OperatorIdentity:
    """Who the operator is in the cluster: as the chart names it in a release `vectorizer-operator`."""

    service_account: str = "vectorizer-system/vectorizer-operator"
    """namespace/name."""
    role: str = "vectorizer-operator-account"
    """The ClusterRole of what it may do in an account."""


USUAL = OperatorIdentity()


class AccountError(Exception):
    """The account cannot be made; the message says why."""


@dataclass(frozen=True)
class Account:
    """A made account, and its people's user of the object store."""

    name: str
    namespace: str
    batch_bucket: str
    models_bucket: str
    upload_user: str
    upload_password: str | None = field(repr=False)
    """Only where the user was made just now: nobody can read it later."""


def create_account(
    name: str,
    *,
    api: client.ApiClient,
    store: Minio,
    admin: MinioAdmin,
    namespace: str = "",
    bucket_prefix: str = "",
    operator: OperatorIdentity = USUAL,
) -> Account:
    """Make an account, or what is missing of it: repeating it changes nothing that is there.

    Args:
        name: The account id: a DNS label of at most 40 characters.
        api: The platform's Kubernetes client.
        store: The platform's S3 client.
        admin: The object store's administrative interface.
        namespace: The account's namespace; by default its name.
        bucket_prefix: What the operator is told to put before the buckets' names.
        operator: Who gets the operator's rights in the account.

    Raises:
        AccountError: where the name is no account id, or belongs to another namespace.

    """
    if not is_account(name):
        raise AccountError(f"{name!r} is no account id: a DNS label of at most {ACCOUNT_LENGTH} characters is")
    place = namespace or name
    _namespace(client.CoreV1Api(api), place, name)
    _run_service_account(client.CoreV1Api(api), place)
    _operator_rights(client.RbacAuthorizationV1Api(api), place, operator)
    batch, models = batch_bucket(name, bucket_prefix), models_bucket(name, bucket_prefix)
    for bucket in (batch, models):
        _bucket(store, bucket)
    store.set_bucket_lifecycle(bucket_name=models, config=_expiring_runs())
    user = f"{bucket_prefix}{name}-upload"
    return Account(name, place, batch, models, user, _upload_user(admin, user, _policy(batch, models)))


@app.callback()
def account() -> None:
    """Make accounts: namespace, buckets and FTP user."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="The account id: a DNS label of at most 40 characters.")],
    s3_endpoint: Annotated[str, typer.Option(envvar="VECTORIZER_S3_ENDPOINT", help="host:port of the object store.")],
    s3_access_key: Annotated[
        str, typer.Option(envvar="VECTORIZER_S3_ADMIN_ACCESS_KEY", help="The object store's administrator.")
    ],
    s3_secret_key: Annotated[str, typer.Option(envvar="VECTORIZER_S3_ADMIN_SECRET_KEY", prompt=True, hide_input=True)],
    s3_scheme: Annotated[str, typer.Option(envvar="VECTORIZER_S3_SCHEME", help="https or http.")] = "https",
    ftp: Annotated[str, typer.Option(envvar="VECTORIZER_FTP", help="host:port of FTP, to be shown.")] = "",
    namespace: Annotated[str, typer.Option(help="The account's namespace; by default its name.")] = "",
    bucket_prefix: Annotated[str, typer.Option(envvar="VECTORIZER_BUCKET_PREFIX", help="As the operator's.")] = "",
    operator: Annotated[
        str, typer.Option(help="namespace/name of the operator's service account, as the chart's notes tell.")
    ] = USUAL.service_account,
    operator_role: Annotated[str, typer.Option(help="ClusterRole of what it may do in accounts.")] = USUAL.role,
) -> None:
    """Make an account: its namespace, buckets, upload user, and the operator's rights in it."""
    secure = s3_scheme == "https"
    store = Minio(s3_endpoint, access_key=s3_access_key, secret_key=s3_secret_key, secure=secure, region=REGION)
    credentials = StaticProvider(s3_access_key, s3_secret_key)
    admin = MinioAdmin(endpoint=s3_endpoint, credentials=credentials, secure=secure, region=REGION)
    config.load_config()  # type: ignore[no-untyped-call]
    try:
        with client.ApiClient() as api:
            made = create_account(
                name,
                api=api,
                store=store,
                admin=admin,
                namespace=namespace,
                bucket_prefix=bucket_prefix,
                operator=OperatorIdentity(operator, operator_role),
            )
    except (AccountError, S3Error, MinioAdminException, client.ApiException) as error:
        typer.echo(f"account {name}: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(how_to_use(made, s3_endpoint, s3_scheme, ftp))


def how_to_use(made: Account, s3_endpoint: str, s3_scheme: str, ftp: str = "") -> str:
    """What the account's people need to know: where files go, and where results come from."""
    password = made.upload_password or "(as told when the account was made)"
    lines = [
        f"Account {made.name}, namespace {made.namespace}.",
        f"  user      {made.upload_user}",
        f"  password  {password}",
        f"  S3        {s3_scheme}://{s3_endpoint}, bucket {made.batch_bucket}",
    ]
    if ftp:
        lines.append(f"  FTP       ftp://{ftp}/{made.batch_bucket}/")
    if made.upload_password is not None:
        lines.append("The password is shown this once.")
    lines += [
        "Put the files and example_to_labels.json into a folder of that bucket, and name it as batchFolder:",
        f"  kubectl --namespace {made.namespace} apply --filename request.yaml",
        "The same user fetches what became of it, by any S3 client, with the object's name for NAME:",
        f"  aws s3 cp --recursive --endpoint-url {s3_scheme}://{s3_endpoint} \\",
        f"    s3://{made.models_bucket}/vectorizers/NAME/ NAME/",
    ]
    return "\n".join(lines)


def _namespace(core: client.CoreV1Api, place: str, account_name: str) -> None:
    claims = core.list_namespace(label_selector=f"{ACCOUNT_LABEL}={account_name}").items
    names = [item.metadata.name for item in claims if item.metadata is not None]
    if others := [claim for claim in names if claim != place]:
        raise AccountError(f"the namespace {others[0]} is the account {account_name} already")
    labels = {ACCOUNT_LABEL: account_name, "pod-security.kubernetes.io/enforce": "restricted"}
    body = client.V1Namespace(metadata=client.V1ObjectMeta(name=place, labels=labels))
    if _is_new(lambda: core.create_namespace(body)):
        return
    metadata = core.read_namespace(place).metadata
    present = (metadata.labels if metadata is not None and metadata.labels else {}).get(ACCOUNT_LABEL)
    if present not in (None, account_name):
        raise AccountError(f"the namespace {place} is the account {present} already")
    core.patch_namespace(place, {"metadata": {"labels": labels}})


def _run_service_account(core: client.CoreV1Api, place: str) -> None:
    body = client.V1ServiceAccount(
        metadata=client.V1ObjectMeta(name=RUN_SERVICE_ACCOUNT), automount_service_account_token=False
    )
    if not _is_new(lambda: core.create_namespaced_service_account(place, body)):
        core.patch_namespaced_service_account(RUN_SERVICE_ACCOUNT, place, {"automountServiceAccountToken": False})


def _operator_rights(rbac: client.RbacAuthorizationV1Api, place: str, operator: OperatorIdentity) -> None:
    group = "rbac.authorization.k8s.io"
    home, _, name = operator.service_account.partition("/")
    if not name:
        raise AccountError(f"--operator is namespace/name of a service account, not {operator.service_account!r}")
    body = client.V1RoleBinding(
        metadata=client.V1ObjectMeta(name=OPERATOR),
        role_ref=client.V1RoleRef(api_group=group, kind="ClusterRole", name=operator.role),
        subjects=[client.RbacV1Subject(kind="ServiceAccount", name=name, namespace=home)],
    )
    _is_new(lambda: rbac.create_namespaced_role_binding(place, body))


def _is_new(create_it: Callable[[], Any]) -> bool:
    try:
        create_it()
    except client.ApiException as error:
        if error.status != CONFLICT:
            raise
        return False
    return True


def _bucket(store: Minio, bucket: str) -> None:
    if not store.bucket_exists(bucket_name=bucket):
        store.make_bucket(bucket_name=bucket)


def _expiring_runs() -> LifecycleConfig:
    rule = Rule(ENABLED, rule_filter=Filter(prefix="runs/"), rule_id="runs", expiration=Expiration(days=RUN_DAYS))
    return LifecycleConfig([rule])


def _upload_user(admin: MinioAdmin, user: str, policy: dict[str, Any]) -> str | None:
    """Make the user that may do what the policy says; its password where it is new."""
    admin.policy_add(user, policy=policy)
    if _user_exists(admin, user):
        admin.policy_set(user, user=user)
        return None
    password = secrets.token_urlsafe(24)
    admin.user_add(user, password)
    admin.policy_set(user, user=user)
    return password


def _user_exists(admin: MinioAdmin, user: str) -> bool:
    users: dict[str, object] = json.loads(admin.user_list())
    return user in users


def _policy(batch: str, models: str) -> dict[str, Any]:
    """The account's people put their files into the one bucket and read results from the other; nothing else."""
    listing = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    results = ["vectorizers/*", "runs/*/attempt-*/report/*"]
    readable = [f"{models}/{place}" for place in [*results, f"runs/*/attempt-*/{LOG_FILE}"]]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(listing, [batch]),
            _allow([*objects, "s3:ListMultipartUploadParts"], [f"{batch}/*"]),
            _allow(["s3:ListBucket"], [models]) | {"Condition": {"StringLike": {"s3:prefix": results}}},
            _allow(["s3:GetObject"], readable),
        ],
    }


def _allow(actions: list[str], places: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{place}" for place in places]}
