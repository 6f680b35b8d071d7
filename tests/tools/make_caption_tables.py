"""The tables of the caption bar, `themes/gov/static/accessible-captions.json`: traditional characters and pinyin.

Run once by a developer when a source has a new version, with the three sources installed beside this program:
`pip install pypinyin opencc-python-reimplemented jieba`, then `python -m tests.tools.make_caption_tables`.

- pypinyin (MIT) gives each character's first reading, and words in which one is read otherwise. Its data is Unihan's.
- OpenCC (Apache-2.0) gives traditional characters, and words in which the usual one would be wrong.
- jieba (MIT) tells which words are common; rare ones are left out.

A word is kept only where the table made so far would give it wrongly, so shorter words make longer ones needless.
"""

from __future__ import annotations

import argparse
import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import brotli

REPOSITORY = Path(__file__).parents[2]
OUT = REPOSITORY / "themes" / "gov" / "static" / "accessible-captions.json"
# Occurrences in jieba's corpus from which on a word is common enough.
LEAST_FREQUENT = 20
LONGEST_WORD = 6
# The quality and the limit under which the theme's files are weighed.
BROTLI_QUALITY = 5
MOST_BYTES = 60_000
# Characters mostly met alone, as particles, where a count over words would choose the wrong reading.
PARTICLES = {
    "的": "de", "了": "le", "着": "zhe", "得": "de", "地": "dì", "都": "dōu", "还": "hái", "和": "hé", "为": "wèi", "与": "yǔ",
    "中": "zhōng", "上": "shàng", "不": "bù", "一": "yī", "没": "méi", "将": "jiāng", "只": "zhǐ", "会": "huì", "要": "yào",
    "大": "dà", "看": "kàn", "好": "hǎo",
}  # fmt: skip
# OpenCC writes them in words where readers in Hong Kong and Taiwan expect the plain character: 審核, not 審覈.
ARCHAIC = frozenset("覈檯侷讚薰註")

Convert = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """What each character becomes, and the words in which it becomes something else."""

    characters: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]]


def source(package: str, file: str) -> Path:
    """A data file of an installed package, which is not imported.

    Raises:
        SystemExit: the package is missing.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is missing. {(__doc__ or '').splitlines()[3]}")
    return Path(spec.origin).parent / file


def common_characters() -> list[str]:
    """The 6,763 characters of GB 2312."""
    codes = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    return [text for code in codes if (text := code.decode("gb2312", "ignore"))]


def common_words() -> dict[str, int]:
    """jieba's words of two to six characters with their frequencies."""
    rows = (line.split() for line in source("jieba", "dict.txt").read_text("utf-8").splitlines())
    return {
        word: int(count) for word, count, *_ in rows if 2 <= len(word) <= LONGEST_WORD and int(count) >= LEAST_FREQUENT
    }


def convert(table: Table, text: str) -> tuple[str, ...]:
    """What the caption bar makes of a text, a piece for each character: the longest known word first."""
    pieces: list[str] = []
    while len(pieces) < len(text):
        start = len(pieces)
        word = next((w for n in range(LONGEST_WORD, 1, -1) if (w := text[start : start + n]) in table.words), "")
        pieces += table.words[word] if word else (table.characters.get(text[start], text[start]),)
    return tuple(pieces)


def make_table(characters: Mapping[str, str], wanted: Mapping[str, tuple[str, ...]]) -> Table:
    """The words of `wanted` that the table would give wrongly without them, the shorter ones first."""
    words: dict[str, tuple[str, ...]] = {}
    table = Table(characters, words)
    for word in sorted(wanted, key=lambda word: (len(word), word)):
        if convert(table, word) != wanted[word]:
            words[word] = wanted[word]
    return table


def traditional() -> Table:
    """Simplified to traditional by OpenCC's standard."""
    known = set(common_characters())
    rows = dict(_pairs(source("opencc", "dictionary/STCharacters.txt")))
    characters = {one: other for one, other in rows.items() if one in known and one != other}
    frequent = common_words()
    words = {
        word: tuple(other)
        for word, other in _pairs(source("opencc", "dictionary/STPhrases.txt"))
        if word in frequent and len(word) == len(other) and not ARCHAIC & set(other)
    }
    return make_table(characters, words)


def _pairs(file: Path) -> Iterator[tuple[str, str]]:
    """Lines of OpenCC: a word, a tab, what it becomes; of several choices the first."""
    for line in file.read_text("utf-8").splitlines():
        one, _, others = line.partition("\t")
        if others:
            yield one, others.split()[0]


def pinyin() -> Table:
    """Each character's most usual reading, with tone marks."""
    phrases = json.loads(source("pypinyin", "phrases_dict.json").read_text("utf-8"))
    frequent = common_words()
    words = {
        word: tuple(one[0] for one in phrases[word]) for word in frequent if len(phrases.get(word, ())) == len(word)
    }
    return make_table(_usual_readings(words, frequent), words)


def _usual_readings(words: Mapping[str, tuple[str, ...]], frequent: Mapping[str, int]) -> dict[str, str]:
    """The reading that a character has most often in common words; pypinyin's first where it stands in none."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for word, readings in words.items():
        for one, reading in zip(word, readings, strict=True):
            counts[one][reading] += frequent[word]
    first = json.loads(source("pypinyin", "pinyin_dict.json").read_text("utf-8"))
    usual = {one: first[str(ord(one))].split(",")[0] for one in common_characters() if str(ord(one)) in first}
    usual |= {one: max(counts[one], key=lambda reading: counts[one][reading]) for one in usual if one in counts}
    return usual | PARTICLES


def written(table: Table, by_reading: bool) -> dict[str, str]:
    """A table as the script reads it.

    Characters stand after what they become (`háng行航|…`), or before it in pairs (`万萬与與`). Of a word's characters
    only those are written that become something else than usual, after their place: `银行1háng`.
    """
    return {
        "characters": _grouped(table.characters)
        if by_reading
        else "".join(map("".join, sorted(table.characters.items()))),
        "words": "|".join(word + _differences(table, word) for word in sorted(table.words)),
    }


def _grouped(characters: Mapping[str, str]) -> str:
    groups: dict[str, list[str]] = {}
    for one, reading in characters.items():
        groups.setdefault(reading, []).append(one)
    return "|".join(reading + "".join(groups[reading]) for reading in sorted(groups, key=_plain))


def _plain(reading: str) -> tuple[str, str]:
    """Readings of one syllable beside each other, which compresses better."""
    return unicodedata.normalize("NFD", reading).encode("ascii", "ignore").decode(), reading


def _differences(table: Table, word: str) -> str:
    usual = [table.characters.get(one, one) for one in word]
    pairs: Iterable[tuple[str, str]] = zip(usual, table.words[word], strict=True)
    return "".join(f"{place}{other}" for place, (one, other) in enumerate(pairs) if one != other)


def main() -> None:
    """Writes the tables and says how heavy they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    tables = {"traditional": traditional(), "pinyin": pinyin()}
    text = json.dumps(
        {name: written(table, by_reading=name == "pinyin") for name, table in tables.items()},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    weight = len(brotli.compress(text.encode(), quality=BROTLI_QUALITY))
    for name, table in tables.items():
        print(f"{name}: {len(table.characters)} characters, {len(table.words)} words")
    print(f"{weight} bytes compressed")
    if weight > MOST_BYTES:
        raise SystemExit(f"More than {MOST_BYTES} bytes: raise LEAST_FREQUENT.")
    out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
