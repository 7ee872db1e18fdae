"""`vectorizer account`: what the platform does once for each account, and once at its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from vectorizer_trainer.errors import StorageError

from vectorizer_cli.accounts.terms import AccountError, OperatorIdentity, People, StoreReach, Terms
from vectorizer_cli.options import BucketPrefix, S3Scheme
from vectorizer_cli.sentences import errors_as_sentences

if TYPE_CHECKING:
    from kubernetes import client
    from minio import Minio
    from minio.minioadmin import MinioAdmin

app = typer.Typer(name="account", help="Make and delete accounts: namespace, buckets, users.", no_args_is_help=True)

_REGION = "us-east-1"
_GIB = 1024**3
_USUAL = OperatorIdentity()
_HINT = "Check --s3-endpoint, --s3-scheme and the administrator's keys."

Name = Annotated[str, typer.Argument(help="The account id: a DNS label of at most 40 characters.")]
Endpoint = Annotated[str, typer.Option(envvar="VECTORIZER_S3_ENDPOINT", help="host:port of the object store.")]
AdminKey = Annotated[
    str, typer.Option(envvar="VECTORIZER_S3_ADMIN_ACCESS_KEY", help="The object store's administrator.")
]
AdminSecret = Annotated[str, typer.Option(envvar="VECTORIZER_S3_ADMIN_SECRET_KEY", help="The password.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="The account's namespace; by default its name.")]


@app.callback()
def account() -> None:
    """Make and delete accounts: namespace, buckets, users."""


@app.command()
def create(
    name: Name,
    s3_endpoint: Endpoint,
    s3_access_key: AdminKey = "",
    s3_secret_key: AdminSecret = "",
    s3_scheme: S3Scheme = "https",
    ftp: Annotated[str, typer.Option(envvar="VECTORIZER_FTP", help="host:port of FTP, to be shown.")] = "",
    namespace: Namespace = "",
    bucket_prefix: BucketPrefix = "",
    user: Annotated[list[str] | None, typer.Option(help="A user of the cluster who belongs to it; repeatable.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group of the cluster's users; repeatable.")] = None,
    max_runs: Annotated[
        int | None, typer.Option(min=0, help="Runs at once; by default as the platform has it.")
    ] = None,
    max_unfinished: Annotated[
        int | None, typer.Option(min=0, help="Fine-tunes that have not ended; by default as the platform has it.")
    ] = None,
    max_objects: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Fine-tunes, and as many vectorizers, that are kept, by a ResourceQuota; by default any number. On a "
            "cluster that has just got the CRDs it refuses all for some minutes, until it is counted.",
        ),
    ] = None,
    storage_gib: Annotated[int | None, typer.Option(min=1, help="Quota of the batch bucket; by default none.")] = None,
    run_s3_endpoint: Annotated[
        str, typer.Option(help="host:port of the store as runs reach it, where that is another one.")
    ] = "",
    s3_cidr: Annotated[
        str, typer.Option(help="Addresses of a store outside of the cluster: runs reach it and nothing else.")
    ] = "",
    operator: Annotated[
        str, typer.Option(help="namespace/name of the operator's service account, as the chart's notes tell.")
    ] = _USUAL.service_account,
    operator_role: Annotated[str, typer.Option(help="ClusterRole of what it may do in accounts.")] = _USUAL.role,
    *,
    print_: Annotated[
        bool, typer.Option("--print", help="Make nothing: print the manifests, and the store's part as calls of mc.")
    ] = False,
) -> None:
    """Make an account, or what is missing of it; repeating it changes nothing."""
    terms = Terms(
        name=name,
        reach=StoreReach(run_s3_endpoint or s3_endpoint, s3_cidr),
        namespace=namespace,
        bucket_prefix=bucket_prefix,
        operator=OperatorIdentity(operator, operator_role),
        people=People(tuple(user or ()), tuple(group or ())),
        max_runs=max_runs,
        max_unfinished=max_unfinished,
        max_objects=max_objects,
        storage_bytes=storage_gib * _GIB if storage_gib is not None else None,
    )
    with _errors_of(name):
        from vectorizer_cli.accounts.making import make_account
        from vectorizer_cli.accounts.telling import as_manifests, how_to_use

        if print_:
            typer.echo(as_manifests(terms), nl=False)
            return
        terms.check()
        store, admin = _administrator(s3_endpoint, s3_access_key, s3_secret_key, s3_scheme)
        with _cluster() as api:
            made = make_account(terms, api, store, admin)
        typer.echo(how_to_use(made, s3_endpoint, s3_scheme, ftp))


@app.command()
def delete(
    name: Name,
    s3_endpoint: Endpoint,
    s3_access_key: AdminKey = "",
    s3_secret_key: AdminSecret = "",
    s3_scheme: S3Scheme = "https",
    namespace: Namespace = "",
    bucket_prefix: BucketPrefix = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete an account with all that it has: its runs, its files, its published vectorizers.

    Nothing of it can be brought back. Asks for the account's name first; where it ends early, repeating it goes on.
    """
    terms = Terms(name, StoreReach(s3_endpoint), namespace, bucket_prefix)
    with _errors_of(name):
        from vectorizer_cli.accounts.deleting import delete_account, remains_of

        store, admin = _administrator(s3_endpoint, s3_access_key, s3_secret_key, s3_scheme)
        with _cluster() as api:
            remains = remains_of(terms, api, store, admin)
            lines = list(remains.told(terms))
            typer.echo("\n".join(lines) or f"There is nothing of the account {name}.")
            if dry_run or not lines:
                return
            if not yes and typer.prompt("Type the account's name to delete all of this", default="") != name:
                raise AccountError("Nothing was deleted.", hint="Type the account's name, or give --yes.")
            delete_account(terms, remains, api, store, admin, typer.echo)


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    """What ends a command early, of the platform's clients too, as a sentence and an exit code."""
    consequence = f"What was done of the account {name} stays; repeating the command goes on."
    with errors_as_sentences(Console(stderr=True), consequence):
        from kubernetes import client
        from minio.error import MinioAdminException, MinioException
        from urllib3.exceptions import HTTPError

        from vectorizer_cli.tenant import Refused

        try:
            yield
        except client.ApiException as error:
            raise Refused(error) from error
        except HTTPError as error:
            raise StorageError(f"Cluster or object store do not answer: {error}", hint=_HINT) from error
        except (MinioException, MinioAdminException) as error:
            raise AccountError(f"Account {name}: the object store refuses it: {error}", hint=_HINT) from error


def _administrator(endpoint: str, access_key: str, secret_key: str, scheme: str) -> "tuple[Minio, MinioAdmin]":
    from minio import Minio
    from minio.credentials.providers import StaticProvider
    from minio.minioadmin import MinioAdmin

    if not access_key or not secret_key:
        raise AccountError(
            "The object store's administrator is needed.",
            hint="Set VECTORIZER_S3_ADMIN_ACCESS_KEY and VECTORIZER_S3_ADMIN_SECRET_KEY, or give the options.",
        )
    secure = scheme == "https"
    store = Minio(endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=_REGION)
    credentials = StaticProvider(access_key, secret_key)
    return store, MinioAdmin(endpoint=endpoint, credentials=credentials, secure=secure, region=_REGION)


@contextmanager
def _cluster() -> "Iterator[client.ApiClient]":
    from kubernetes import client, config

    try:
        config.load_config()  # type: ignore[no-untyped-call]
    except config.ConfigException:
        raise AccountError("No cluster: kubectl's configuration names none.", hint="Set KUBECONFIG.") from None
    with client.ApiClient() as api:
        yield api
