"""What a receiver says when it refuses: each rule has its code, and words that say what to do.

`code` is for programs and tests; who publishes reads the words in the receipt or on the screen.
"""

from __future__ import annotations

from pathlib import Path

from cluster.errors import FormatError, RefusedError, TargetError
from cluster.release import Release


def refused(error: FormatError, code: str) -> RefusedError:
    """Another error as a refusal."""
    return RefusedError(error.english, error.chinese, code)


def replayed(number: int, highest: int) -> RefusedError:
    """The error for a number below the highest one."""
    return RefusedError(
        f"Release {number} is older than release {highest}, which was taken already. Nothing was changed; "
        "to go back use `zhanqun rollback`.",
        f"第 {number} 号比已接收的第 {highest} 号更旧，未做任何改动；如需退回请用 `zhanqun rollback`。",
        "replayed",
    )


def number_taken(number: int) -> RefusedError:
    """The error for a number that stands for another record."""
    return RefusedError(
        f"Number {number} names another release here. Nothing was changed; restore data/publish.db, publish again.",
        f"编号 {number} 在此已属于另一发布版本，未做任何改动。请恢复 data/publish.db 后重新发布。",
        "number-taken",
    )


def root_differs(release: Release, root: str) -> RefusedError:
    """The error for files that are not those of the signed root."""
    return RefusedError(
        f"Release {release.number}: the files give root {root[:12]}…, its record says {release.root[:12]}…. "
        "Nothing was changed; publish again.",
        f"第 {release.number} 号：文件的根散列为 {root[:12]}…，记录中为 {release.root[:12]}…。"
        "未做任何改动；请重新发布。",
        "root-differs",
    )


def counts_differ(release: Release, files: int, size: int) -> RefusedError:
    """The error for a record whose counts are not those of its files."""
    return RefusedError(
        f"Release {release.number}: {files} files with {size} bytes, its record says {release.files} with "
        f"{release.bytes}. Nothing was changed; publish again.",
        f"第 {release.number} 号：实有 {files} 个文件、{size} 字节，记录中为 {release.files} 个、{release.bytes} 字节。"
        "未做任何改动；请重新发布。",
        "counts-differ",
    )


def not_kept(root: str) -> RefusedError:
    """The error for a tree that is not here."""
    return RefusedError(
        f"No release with root {root[:12]}… is kept here. Nothing was changed; publish again, by what is here now.",
        f"此处未保留根散列为 {root[:12]}… 的版本。未做任何改动；请按此处的现状重新发布。",
        "not-kept",
    )


def blob_lost(sha: str) -> RefusedError:
    """The error for a file that should be here and is not."""
    return RefusedError(
        f"The file with hash {sha[:12]}… is lost, in the web root and in the vault. The live site is as it was, and "
        "the file is asked for: publish again, the next delivery brings it. Then check the disk here.",
        f"散列为 {sha[:12]}… 的文件在网站目录和备份库中都已丢失。线上网站未变，已请求补发该文件："
        "请重新发布，下次投递会带来。之后请检查此处的磁盘。",
        "blob-lost",
    )


def listing_lost(id: str) -> RefusedError:
    """The error for a delta to a tree of which a part is lost."""
    return RefusedError(
        f"The directory listing {id[:12]}… is lost, in the web root and in the vault. The live site is as it was, and "
        "the whole tree is asked for: publish again. Then check the disk here.",
        f"目录清单 {id[:12]}… 在网站目录和备份库中都已丢失。线上网站未变，已请求完整内容：请重新发布。"
        "之后请检查此处的磁盘。",
        "listing-lost",
    )


def incomplete(count: int) -> RefusedError:
    """The error for a delivery that is finished too early."""
    return RefusedError(
        f"{count} files of this release did not come. What came is kept; send it again.",
        f"本次发布还有 {count} 个文件未到。已到的文件已保留；请重新发送。",
        "incomplete",
    )


def unwanted(sha: str) -> RefusedError:
    """The error for a blob that was not asked for."""
    return RefusedError(
        f"{sha[:12]}…: this file was not asked for. The live site is as it was; send again.",
        f"{sha[:12]}…：并未索取此文件。线上网站未变；请重新发送。",
        "unwanted",
    )


def damaged(sha: str) -> RefusedError:
    """The error for a blob whose bytes are not those of its hash."""
    return RefusedError(
        f"{sha[:12]}…: came damaged, its bytes are not those of its hash. The live site is as it was; send it again.",
        f"{sha[:12]}…：传输中损坏，内容与散列不符。线上网站未变；请重新发送。",
        "damaged",
    )


def mismatch(sha: str) -> RefusedError:
    """The error for compressed bytes that stand for another file."""
    return RefusedError(
        f"{sha[:12]}…: the compressed file does not unpack to the signed one. The live site is as it was; "
        "build with --full and publish again.",
        f"{sha[:12]}…：压缩文件解压后与签名的内容不符。线上网站未变；请用 --full 重新构建并发布。",
        "mismatch",
    )


def other_size(sha: str, size: int, expected: int) -> RefusedError:
    """The error for a blob of another size than the signed one."""
    return RefusedError(
        f"{sha[:12]}…: {size} bytes came instead of {expected}. The live site is as it was; send it again.",
        f"{sha[:12]}…：收到 {size} 字节，应为 {expected} 字节。线上网站未变；请重新发送。",
        "size",
    )


def too_big(name: str, limit: int) -> RefusedError:
    """The error for anything beyond its limit in bytes."""
    return RefusedError(
        f"{name}: bigger than the {limit} bytes that a receiver takes. Nothing was changed; make it smaller.",
        f"{name}：超过接收端允许的 {limit} 字节。未做任何改动；请减小体积。",
        "too-big",
    )


def too_many(what: str, limit: int) -> RefusedError:
    """The error for anything beyond its limit in number."""
    return RefusedError(
        f"{what}: more than the {limit} that a receiver takes. Nothing was changed; publish less at once.",
        f"{what}：超过接收端允许的 {limit} 个。未做任何改动；请减少一次发布的数量。",
        "too-many",
    )


def too_deep(line: int, limit: int) -> RefusedError:
    """The error for a path with too many folders."""
    return RefusedError(
        f"delta:{line}: a path with more than {limit} folders. Nothing was changed; move the file.",
        f"delta:{line}：路径超过 {limit} 层文件夹。未做任何改动；请移动该文件。",
        "path",
    )


def cut(error: OSError) -> TargetError:
    """The error for a connection that broke."""
    return TargetError(
        f"The transfer was cut ({error.strerror or error}). What came is kept; send it again.",
        f"传输中断（{error.strerror or error}）。已到的文件已保留；请重新发送。",
    )


def not_live(www: Path, root: str) -> TargetError:
    """The error for a purge of what is not live."""
    return TargetError(
        f"{www}: the release with root {root[:12]}… is not live here, so nothing was purged. Publish it first.",
        f"{www}：根散列为 {root[:12]}… 的版本未在此上线，未做清除。请先发布该版本。",
    )


def no_such_listing(id: str) -> TargetError:
    """The error for a listing that is asked for and not here."""
    return TargetError(
        f"The target does not keep the listing {id[:12]}…. Publish with --accept-removals to go on without it.",
        f"目标未保留目录清单 {id[:12]}…。请用 --accept-removals 发布以继续。",
    )
