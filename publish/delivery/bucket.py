"""A folder of a bucket in an S3-compatible store: the only module that talks to one.

- Credentials come from the usual environment and files of the AWS tools, never from the URL.
- Only requests that every such store knows: plain puts with Content-MD5, single deletes, no preconditions.
- What the store or the network says comes out as `TargetError`, with what to do. Requests are repeated by botocore's
  standard mode; what fails nevertheless ends the delivery.

Called by `publish.delivery.s3`. boto3 is the extra `s3`: it is imported when a bucket is first opened.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from cluster.blobs import damaged
from publish.delivery import bucket_errors as told
from publish.delivery.mirror import Headers, etag_of

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

ENCODINGS = ("br",)
STYLES = ("path", "virtual")
# A store without such a thing holds none of it.
_NOT_KNOWN = ("NotImplemented", "MethodNotAllowed", "501", "405")


@dataclass(frozen=True, slots=True)
class BucketLimits:
    """How the store is asked: tries of a request, seconds, requests at the same time, bytes of a part and a state.

    From `resumed_files` on, asking what a cut delivery has written is cheaper than writing it again.
    """

    attempts: int = 5
    connect_seconds: int = 10
    read_seconds: int = 60
    threads: int = 16
    part_bytes: int = 8 * 1024 * 1024
    state_bytes: int = 64 * 1024 * 1024
    resumed_files: int = 1000


LIMITS = BucketLimits()


@dataclass(frozen=True, slots=True)
class Address:
    """`s3://bucket/prefix[?endpoint=…&region=…&encoding=br&style=path|virtual]`; `url` is as it was written."""

    url: str
    bucket: str
    prefix: str
    endpoint: str | None = None
    region: str | None = None
    encoding: str | None = None
    style: Literal["path", "virtual"] | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Reads a target's URL. Raises: TargetError saying which part is wrong."""
        parts = urlsplit(url)
        options: dict[str, Any] = dict(parse_qsl(parts.query, keep_blank_values=True))
        if "@" in parts.netloc or "@" in urlsplit(options.get("endpoint", "")).netloc:
            raise told.credentials_in_url(parts.netloc.rpartition("@")[2] + parts.path)
        prefix = unquote(parts.path).strip("/")
        is_crooked = bool(prefix) and any(name in ("", ".", "..") for name in prefix.split("/"))
        if parts.scheme != "s3" or not parts.netloc or parts.fragment or is_crooked:
            raise told.bad_url(url)
        if unknown := options.keys() - {"endpoint", "region", "encoding", "style"}:
            raise told.bad_option(url, min(unknown))
        for name, allowed in (("encoding", ENCODINGS), ("style", STYLES)):
            if options.get(name, allowed[0]) not in allowed:
                raise told.bad_option(url, name)
        if "endpoint" in options and not _is_endpoint(options["endpoint"]):
            raise told.bad_option(url, "endpoint")
        return cls(url, parts.netloc, prefix, **options)

    def key(self, path: str) -> str:
        """The object's key of a path of the mirror."""
        return f"{self.prefix}/{path}" if self.prefix else path


@dataclass(frozen=True, slots=True)
class Present:
    """An object that is there: its ETag without quotes, and its size in bytes."""

    etag: str
    size: int


@dataclass(frozen=True)
class Bucket:
    """The objects below an address, by their paths there; every method raises `TargetError`."""

    address: Address
    limits: BucketLimits = field(default=LIMITS)

    @cached_property
    def _client(self) -> S3Client:
        return _connect(self.address, self.limits)

    def read(self, path: str) -> bytes | None:
        """A small object's bytes; None when it is not there."""
        with self._telling():
            try:
                answer = self._client.get_object(**self._names(path))
            except self._client.exceptions.NoSuchKey:
                return None
            # Not `with`: that gives the stream below, whose errors botocore does not turn into its own.
            with closing(answer["Body"]):
                if answer["ContentLength"] > self.limits.state_bytes:
                    raise told.too_big(self.address.url, path)
                return answer["Body"].read()

    def put(self, path: str, data: bytes, headers: Headers) -> None:
        """Writes an object as one."""
        with self._telling():
            self._client.put_object(**self._names(path), Body=data, ContentMD5=_md5(data), **_served(headers))

    def put_file(self, path: str, file: Path, headers: Headers) -> None:
        """Writes a file of any size, in parts; the object is there when all of them are."""
        with self._telling():
            names = self._names(path)
            upload = self._client.create_multipart_upload(**names, **_served(headers))["UploadId"]
            try:
                parts: list[Any] = []
                for number, data in enumerate(_parts_of(file, self.limits.part_bytes), 1):
                    answer = self._client.upload_part(
                        **names, UploadId=upload, PartNumber=number, Body=data, ContentMD5=_md5(data)
                    )
                    parts.append({"ETag": answer["ETag"], "PartNumber": number})
                self._client.complete_multipart_upload(**names, UploadId=upload, MultipartUpload={"Parts": parts})
            except BaseException:
                with _passing_over():
                    self._client.abort_multipart_upload(**names, UploadId=upload)
                raise

    def delete(self, path: str) -> None:
        """Takes an object away, whether or not it is there."""
        with self._telling():
            self._client.delete_object(**self._names(path))

    def list(self) -> Iterator[tuple[str, Present]]:
        """Every object, by path."""
        with self._telling():
            for page in self._client.get_paginator("list_objects_v2").paginate(**self._below()):
                for one in page.get("Contents", ()):
                    yield self._path(one["Key"]), Present(one["ETag"].strip('"'), one["Size"])

    def abandon_uploads(self) -> None:
        """Takes away the parts of uploads that were cut: they cost money, and hold what was in them."""
        with self._telling(), _unless_unknown():
            for page in self._client.get_paginator("list_multipart_uploads").paginate(**self._below()):
                for one in page.get("Uploads", ()):
                    self._client.abort_multipart_upload(
                        Bucket=self.address.bucket, Key=one["Key"], UploadId=one["UploadId"]
                    )

    def delete_older_versions(self) -> None:
        """Takes away what a bucket with versions keeps of objects that were replaced or deleted."""
        with self._telling(), _unless_unknown():
            if not self._client.get_bucket_versioning(Bucket=self.address.bucket).get("Status"):
                return
            markers: list[tuple[str, str]] = []
            for page in self._client.get_paginator("list_object_versions").paginate(**self._below()):
                for one in page.get("Versions", ()):
                    if not one["IsLatest"]:
                        self._delete_version(one["Key"], one["VersionId"])
                markers += [(one["Key"], one["VersionId"]) for one in page.get("DeleteMarkers", ())]
            # Last of all: a marker that goes first would bring an older version back.
            for key, version in markers:
                self._delete_version(key, version)

    def _delete_version(self, key: str, version: str) -> None:
        self._client.delete_object(Bucket=self.address.bucket, Key=key, VersionId=version)

    def _names(self, path: str) -> Any:
        return {"Bucket": self.address.bucket, "Key": self.address.key(path)}

    def _below(self) -> Any:
        return {"Bucket": self.address.bucket, "Prefix": self.address.key("")}

    def _path(self, key: str) -> str:
        return key.removeprefix(self.address.key(""))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turns what botocore raises into what a person can act on."""
        _require_boto3()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            raise told.answered(self.address.url, self.address.bucket, error.response.get("Error", {})) from error
        except BotoCoreError as error:
            raise told.not_answered(self.address.url, error) from error


def etag_of_file(file: Path, part_bytes: int, sha: str) -> str:
    """The ETag that a file written in such parts will have. Raises: FormatError when it is not the file `sha`."""
    digest = hashlib.sha256()
    parts: list[bytes] = []
    for data in _parts_of(file, part_bytes):
        digest.update(data)
        parts.append(hashlib.md5(data, usedforsecurity=False).digest())
    if digest.hexdigest() != sha:
        raise damaged(file)
    return etag_of(parts)


def _parts_of(file: Path, size: int) -> Iterator[bytes]:
    """The bytes of a file in parts, at least one."""
    with file.open("rb") as reader:
        data = reader.read(size)
        yield data
        while len(data) == size and (data := reader.read(size)):
            yield data


def _md5(data: bytes) -> str:
    """What the store checks the bytes with: a body that was cut is refused there."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _served(headers: Headers) -> Any:
    encoding = {"ContentEncoding": headers.encoding} if headers.encoding else {}
    return {"ContentType": headers.content_type, "CacheControl": headers.cache_control, **encoding}


def _is_endpoint(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query


@contextmanager
def _passing_over() -> Iterator[None]:
    """Lets what went wrong before be told, not what goes wrong while tidying up: a purge looks for leftovers again."""
    from botocore.exceptions import BotoCoreError, ClientError

    with suppress(BotoCoreError, ClientError):
        yield


@contextmanager
def _unless_unknown() -> Iterator[None]:
    """Passes over a request that the store has never heard of."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _NOT_KNOWN:
            raise


def _require_boto3() -> None:
    try:
        import boto3  # noqa: F401 - an extra, and heavy
    except ImportError as error:
        raise told.not_installed() from error


def _connect(address: Address, limits: BucketLimits) -> S3Client:
    """A client for one bucket; it may be used by several threads."""
    import boto3
    from botocore.config import Config

    # Stores of one's own seldom have a name for each bucket; the big ones want it.
    style: Literal["auto", "path", "virtual"] = address.style or ("path" if address.endpoint else "auto")
    config = Config(
        connect_timeout=limits.connect_seconds,
        read_timeout=limits.read_seconds,
        max_pool_connections=limits.threads,
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        s3={"addressing_style": style},
        # Checksums in trailers are refused by many compatible stores; Content-MD5 is known to all.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = boto3.session.Session()
    region = address.region or session.region_name or "us-east-1"
    client: S3Client = session.client("s3", region_name=region, endpoint_url=address.endpoint, config=config)
    return client
