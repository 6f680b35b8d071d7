"""What an S3-compatible store, or the way to it, answers, told as `TargetError` with what to do.

Called by `publish.delivery.bucket`. Knows botocore's errors by their names only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster.errors import TargetError

Words = tuple[str, str]

_NO_BUCKET: Words = (
    "there is no bucket '{bucket}'. Create it, or correct the name in the target's URL",
    "没有名为“{bucket}”的存储桶。请先创建它，或改正发布目标中的名称",
)
_DENIED: Words = (
    "access to bucket '{bucket}' is denied. Allow these credentials to list, get, put and delete objects there "
    "(docs/operations.md, “Mirror”)",
    "无权访问存储桶“{bucket}”。请授权该凭据在其中列出、读取、写入和删除对象（见 docs/operations.md“镜像”一节）",
)
_WRONG_KEY: Words = (
    "the store does not accept these credentials. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or the file ~/.aws/credentials",
    "存储服务不接受该凭据。请检查 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY，或 ~/.aws/credentials 文件",
)
_CLOCK: Words = (
    "this machine's clock differs too much from the store's. Set the clock, then publish again",
    "本机时钟与存储服务的时间相差过大。请校准时钟后重新发布",
)
_REGION: Words = (
    "the bucket lies in another region. Add ?region=REGION to the target's URL",
    "存储桶位于其他区域。请在发布目标的 URL 中加上 ?region=区域",
)
_BUSY: Words = (
    "the store is overloaded or out of order. Publish again later: what has arrived stays",
    "存储服务过载或发生故障。请稍后重新发布，已传输的内容会保留",
)
_CUT: Words = (
    "an object arrived damaged: the way to the store is unreliable. Publish again",
    "对象在传输中损坏：到存储服务的网络不可靠。请重新发布",
)
_FULL: Words = (
    "the store has no room left for this bucket. Make room, then publish again",
    "该存储桶的空间已用完。请先腾出空间，再重新发布",
)
# The codes of S3 and of stores that speak its language; a HEAD's answer has a bare number.
_CODES: Mapping[str, Words] = {
    "NoSuchBucket": _NO_BUCKET,
    "404": _NO_BUCKET,
    "InvalidBucketName": _NO_BUCKET,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "AccountProblem": _DENIED,
    "403": _DENIED,
    "InvalidAccessKeyId": _WRONG_KEY,
    "SignatureDoesNotMatch": _WRONG_KEY,
    "InvalidToken": _WRONG_KEY,
    "ExpiredToken": _WRONG_KEY,
    "TokenRefreshRequired": _WRONG_KEY,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "PermanentRedirect": _REGION,
    "TemporaryRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "SlowDown": _BUSY,
    "ServiceUnavailable": _BUSY,
    "InternalError": _BUSY,
    "RequestTimeout": _BUSY,
    "500": _BUSY,
    "502": _BUSY,
    "503": _BUSY,
    "504": _BUSY,
    "BadDigest": _CUT,
    "IncompleteBody": _CUT,
    "QuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
}

_NO_CREDENTIALS: Words = (
    "there are no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ~/.aws/credentials; "
    "never put them into the URL",
    "没有访问凭据。请设置 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY，或写入 ~/.aws/credentials；切勿写在 URL 中",
)
_UNREACHABLE: Words = (
    "the store cannot be reached. Check the endpoint in the target's URL, the network and the firewall, "
    "then publish again: what has arrived stays",
    "无法连接存储服务。请检查发布目标中的 endpoint、网络和防火墙，然后重新发布，已传输的内容会保留",
)
_TLS: Words = (
    "no secure connection to the store: its certificate is not trusted, or it does not speak TLS. "
    "Name its authority's file in AWS_CA_BUNDLE, or correct the endpoint in the target's URL",
    "无法与存储服务建立安全连接：证书不受信任，或对方不支持 TLS。"
    "请用 AWS_CA_BUNDLE 指定签发机构的证书文件，或改正发布目标中的 endpoint",
)
_NAMES: Mapping[str, Words] = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "CredentialRetrievalError": _NO_CREDENTIALS,
    "NoAuthTokenError": _NO_CREDENTIALS,
    "ProfileNotFound": _NO_CREDENTIALS,
    "SSLError": _TLS,
    "ParamValidationError": _NO_BUCKET,
    "InvalidRegionError": _REGION,
}
# Everything that is a fault of the network is one of these, or comes of one.
_NETWORK = ("HTTPClientError", "ConnectionError", "IncompleteReadError", "ResponseStreamingError")


def answered(url: str, bucket: str, error: Mapping[str, Any]) -> TargetError:
    """The error for an answer of the store that refuses a request."""
    code = str(error.get("Code", "?"))
    if code in _CODES:
        return _told(url, _CODES[code], bucket=bucket)
    message = str(error.get("Message", ""))
    return TargetError(
        f"{url}: the store refuses with {code}: {message}. Look the code up in its manual, then publish again.",
        f"{url}：存储服务拒绝请求（{code}：{message}）。请在其手册中查找该错误码，处理后重新发布。",
    )


def not_answered(url: str, error: Exception) -> TargetError:
    """The error for a request that never got an answer."""
    names = [kind.__name__ for kind in type(error).__mro__]
    for name in names:
        if name in _NAMES:
            return _told(url, _NAMES[name], bucket=url.removeprefix("s3://").partition("/")[0])
    if any(name in _NETWORK for name in names):
        return _told(url, _UNREACHABLE)
    return TargetError(
        f"{url}: {error} Check the target's URL and the settings of the AWS tools.",
        f"{url}：{error} 请检查发布目标的 URL 和 AWS 工具的配置。",
    )


def credentials_in_url(rest: str) -> TargetError:
    """The error for a secret in a URL; it is not repeated."""
    return TargetError(
        f"s3://{rest}: credentials do not belong in a URL, where they are shown. "
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and change this key: it may have been seen.",
        f"s3://{rest}：URL 会显示出来，不能写入凭据。"
        "请改用 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY，并更换该密钥：它可能已泄露。",
    )


def bad_url(url: str) -> TargetError:
    """The error for a URL that names no bucket."""
    return TargetError(
        f"{url}: not a mirror. Write it as s3://BUCKET/PREFIX?endpoint=https://STORE&region=REGION.",
        f"{url}：不是有效的镜像。请写成 s3://存储桶/前缀?endpoint=https://存储服务&region=区域。",
    )


def bad_option(url: str, name: str) -> TargetError:
    """The error for an unknown option, or one with a wrong value."""
    return TargetError(
        f"{url}: '{name}' is unknown or has a wrong value. "
        "There are endpoint=https://STORE, region=REGION, encoding=br and style=path or virtual.",
        f"{url}：“{name}”不可识别，或值有误。可用的有 endpoint=https://存储服务、region=区域、encoding=br、"
        "style=path 或 virtual。",
    )


def too_big(url: str, path: str) -> TargetError:
    """The error for a state object that cannot be one."""
    return TargetError(
        f"{url}: {path} is too big to be the state of a mirror. Look who writes there, delete it and publish again.",
        f"{url}：{path} 过大，不可能是镜像的状态文件。请查明是谁写入的，删除后重新发布。",
    )


def not_installed() -> TargetError:
    """The error for a missing extra."""
    return TargetError(
        "s3: targets need boto3. Install it: pip install 'zhanqun[s3]'.",
        "s3: 发布目标需要 boto3。请安装：pip install 'zhanqun[s3]'。",
    )


def _told(url: str, words: Words, **names: str) -> TargetError:
    english, chinese = (text.format(**names) for text in words)
    return TargetError(f"{url}: {english}.", f"{url}：{chinese}。")
