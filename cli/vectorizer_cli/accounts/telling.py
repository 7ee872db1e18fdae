"""What an account's people need to know, and what an administrator may keep in Git."""

import yaml

from vectorizer_cli.accounts.making import Account
from vectorizer_cli.accounts.manifests import manifests
from vectorizer_cli.accounts.storage import store_calls
from vectorizer_cli.accounts.terms import Terms

__all__ = ["as_manifests", "how_to_use"]


def as_manifests(terms: Terms) -> str:
    """The account's objects as YAML for Git, and the store's part as a comment: a shell script that uses `mc`."""
    terms.check()
    script = "\n".join(f"#   {line}" for line in store_calls(terms))
    objects = yaml.safe_dump_all(manifests(terms), sort_keys=False, explicit_start=True)
    return f"# In the object store, by mc with the alias `store`, once; PASSWORD is its people's:\n{script}\n{objects}"


def how_to_use(made: Account, s3_endpoint: str, s3_scheme: str, ftp: str = "") -> str:
    """Where files go, and where results come from."""
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
        "What became of it, with the object's name for NAME and the user above in the environment:",
        f"  export VECTORIZER_S3_ENDPOINT={s3_endpoint} VECTORIZER_S3_SCHEME={s3_scheme}",
        f"  export VECTORIZER_S3_ACCESS_KEY={made.upload_user} VECTORIZER_S3_SECRET_KEY=…",
        f"  vectorizer progress NAME --namespace {made.namespace}",
        f"  vectorizer download NAME --namespace {made.namespace} --out NAME/",
        "or by any S3 client:",
        f"  aws s3 cp --recursive --endpoint-url {s3_scheme}://{s3_endpoint} \\",
        f"    s3://{made.models_bucket}/vectorizers/NAME/ NAME/",
    ]
    return "\n".join(lines)
