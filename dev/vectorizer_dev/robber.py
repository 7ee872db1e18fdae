"""Whoever got hold of credentials of the object store: every call of S3, STS and administration, as no client makes it.

Paths go out as they are (a client would take `..` out of them before the server could refuse it).
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.credentials.providers import StaticProvider
from minio.datatypes import PostPolicy
from minio.error import MinioAdminException
from minio.minioadmin import MinioAdmin
from minio.signer import presign_v4, sign_v4_s3, sign_v4_sts

from vectorizer_dev.object_store import REGION

ALLOWED = ""
"""The answer to a call that was carried out."""
DENIED = "AccessDenied"
_CODE = re.compile(r"<Code>(\w+)</Code>")
_SECONDS = 30.0
_ERROR = 300


@dataclass(frozen=True)
class Robber:
    """Calls the object store; each answer is the code of the error, or ALLOWED."""

    endpoint: str
    credentials: Credentials

    @classmethod
    def of(cls, client: Minio, endpoint: str) -> "Robber":
        """Who has stolen what this client signs with."""
        provider = client._provider  # noqa: SLF001 - the client has no other way to show it
        assert provider is not None  # noqa: S101 - no client here is anonymous
        return cls(endpoint, provider.retrieve())

    def s3(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> str:
        """A signed call of S3; the path begins with the bucket."""
        now, digest = datetime.now(UTC), sha256(body).hexdigest()
        url = urlsplit(f"http://{self.endpoint}/{quote(path, safe='/~')}?{_query(query)}")
        sent: Any = {
            "Host": self.endpoint,
            "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
            "X-Amz-Content-Sha256": digest,
            "Content-MD5": base64.b64encode(md5(body, usedforsecurity=False).digest()).decode(),
            **_token(self.credentials),
            **(headers or {}),
        }
        signed: Any = sign_v4_s3(
            method=method,
            url=url,
            region=REGION,
            headers=sent,
            credentials=self.credentials,
            content_sha256=digest,
            date=now,
        )
        return self._send(method, f"{url.path}?{url.query}", signed, body)

    def presigned(self, method: str, path: str, seconds: int, ago: float = 0.0) -> str:
        """A call by a URL that was signed so many seconds ago, and was to live for some."""
        token = self.credentials.session_token
        query = urlencode({"X-Amz-Security-Token": token}) if token else ""
        url = presign_v4(
            method=method,
            url=urlsplit(f"http://{self.endpoint}/{quote(path, safe='/~')}?{query}"),
            region=REGION,
            credentials=self.credentials,
            date=datetime.now(UTC) - timedelta(seconds=ago),
            expires=seconds,
        )
        return self._send(method, f"{url.path}?{url.query}", {"Host": self.endpoint}, b"")

    def post_form(self, bucket: str, key: str) -> str:
        """An upload as a browser's form makes it, by a policy that the caller has signed."""
        policy = PostPolicy(bucket, datetime.now(UTC) + timedelta(minutes=5))
        policy.add_equals_condition("key", key)
        token = self.credentials.session_token
        fields = policy.form_data(self.credentials, REGION)
        form = {**fields, "key": key, **({"x-amz-security-token": token} if token else {}), "file": ("x", b"x")}
        body, kind = urllib3.encode_multipart_formdata(form)
        return self._send("POST", f"/{bucket}", {"Host": self.endpoint, "Content-Type": kind}, body)

    def assume_role(self, policy: Mapping[str, object] | None = None, seconds: int = 3600) -> "Robber":
        """With credentials of the same rights, or of those that the policy leaves; raises ValueError where denied."""
        asked = {"Action": "AssumeRole", "Version": "2011-06-15", "DurationSeconds": str(seconds)}
        body = urlencode({**asked, **({"Policy": json.dumps(policy)} if policy else {})}).encode()
        now, digest = datetime.now(UTC), sha256(body).hexdigest()
        sent: Any = {
            "Host": self.endpoint,
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
            **_token(self.credentials),
        }
        signed: Any = sign_v4_sts(
            method="POST",
            url=urlsplit(f"http://{self.endpoint}/"),
            region=REGION,
            headers=sent,
            credentials=self.credentials,
            content_sha256=digest,
            date=now,
        )
        status, said = self._exchange("POST", "/", signed, body)
        if status >= _ERROR:
            raise ValueError(f"{status}: {said}")
        fields = (
            re.findall(rf"<{name}>([^<]+)<", said)[0] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        )
        return Robber(self.endpoint, Credentials(*fields))

    def admin(self, call: Callable[[MinioAdmin], object]) -> str:
        """A call of MinIO's administration."""
        stolen = self.credentials
        provider = StaticProvider(stolen.access_key, stolen.secret_key, stolen.session_token)
        try:
            call(MinioAdmin(endpoint=self.endpoint, credentials=provider, region=REGION, secure=False))
        except MinioAdminException as error:
            found = re.search(r'"Code"\s*:\s*"(\w+)"', str(error)) or _CODE.search(str(error))
            return found[1] if found else str(error)
        return ALLOWED

    @property
    def expires(self) -> datetime:
        """When the session token says that it ends."""
        claims = (self.credentials.session_token or "").split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return datetime.fromtimestamp(int(told["exp"]), UTC)

    def _send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
        status, said = self._exchange(method, target, headers, body)
        # A bulk call is answered with 200 and an error for each object.
        if (found := _CODE.search(said)) is not None:
            return found[1]
        if status < _ERROR:
            return ALLOWED
        # HEAD has no body to name the error in.
        return DENIED if status == HTTPStatus.FORBIDDEN else str(status)

    def _exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        connection = HTTPConnection(self.endpoint, timeout=_SECONDS)
        try:
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()


def _token(credentials: Credentials) -> Mapping[str, str]:
    return {"X-Amz-Security-Token": credentials.session_token} if credentials.session_token else {}


def _query(query: Mapping[str, str] | None) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='~')}" for name, value in (query or {}).items())
