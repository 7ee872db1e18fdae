"""Download what was published."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minio import Minio

DOWNLOADS_AT_A_TIME = 8


def download_folder(client: Minio, bucket: str, prefix: str, target: Path) -> None:
    """Fetch every object below `prefix` into the folder `target`.

    Raises minio.error.S3Error where the client may not read it.
    """
    found = client.list_objects(bucket_name=bucket, prefix=prefix, recursive=True)
    names = [item.object_name for item in found if item.object_name]

    def fetch(name: str) -> None:
        path = target / name.removeprefix(prefix)
        client.fget_object(bucket_name=bucket, object_name=name, file_path=str(path))

    with ThreadPoolExecutor(DOWNLOADS_AT_A_TIME) as downloads:
        list(downloads.map(fetch, names))
