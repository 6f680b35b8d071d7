"""Sentences, titles and paragraphs without meaning but with the shape of a city's announcements.

A clause is an organ or a thing, what it does, and to what, now and then with a figure. One `Prose` speaks from one
item's own random numbers. Called by `bench.bodies` and `bench.corpus`.
"""

from __future__ import annotations

from random import Random

from bench.words import Voice

_CLAUSE_CHARACTERS = {"zh-Hans": 10.6, "en": 35.8}
_CLAUSES_IN_SENTENCE = (2, 2, 3, 3, 4)
_SENTENCES_IN_PARAGRAPH = (1, 2, 3, 3, 4, 5)


class Prose:
    """An endless speaker in one language."""

    def __init__(self, rng: Random, voice: Voice) -> None:
        self.rng = rng
        self.voice = voice

    def words(self, count: int) -> list[str]:
        """Some nouns."""
        return self.voice.nouns.draw(self.rng, count)

    def phrase(self) -> str:
        """A modifier and a noun."""
        voice = self.voice
        words = voice.gap.join([*voice.modifiers.draw(self.rng, 1), *voice.nouns.draw(self.rng, 1)])
        return words.capitalize() if voice.is_english else words

    def title(self) -> str:
        """A line of about twenty characters."""
        voice = self.voice
        organ, verb, noun = (table.draw(self.rng, 1)[0] for table in (voice.organs, voice.verbs, voice.nouns))
        if self.rng.random() < 0.5:
            return voice.gap.join([self.phrase(), verb, self.phrase().lower(), noun, self.figure()])
        words = voice.gap.join([organ, verb, self.phrase().lower(), noun, *self.words(1)])
        return words[0].upper() + words[1:]

    def figure(self) -> str:
        """A number with its unit, small ones often."""
        number = int(10 ** (self.rng.random() * 4.3))
        return f"{number:,}{self.rng.choice(self.voice.units)}"

    def sentences(self, characters: float) -> list[str]:
        """Sentences of about so many characters in all, at least one."""
        count = max(2, round(characters / _CLAUSE_CHARACTERS[self.voice.language]))
        clauses = self._clauses(count)
        sentences, at = [], 0
        while at < count:
            size = self.rng.choice(_CLAUSES_IN_SENTENCE)
            words = self.voice.comma.join(clauses[at : at + size])
            sentences.append(words[0].upper() + words[1:] + self.voice.stop)
            at += size
        return sentences

    def paragraphs(self, characters: float) -> list[str]:
        """Paragraphs of about so many characters in all, at least one."""
        sentences = self.sentences(characters)
        paragraphs, at = [], 0
        while at < len(sentences):
            size = self.rng.choice(_SENTENCES_IN_PARAGRAPH)
            paragraphs.append("".join(sentences[at : at + size]).rstrip())
            at += size
        return paragraphs

    def _clauses(self, count: int) -> list[str]:
        voice, rng = self.voice, self.rng
        gap = voice.gap
        organs = voice.organs.draw(rng, count)
        openings = voice.openings.draw(rng, count)
        rows = zip(
            voice.modifiers.draw(rng, count),
            voice.nouns.draw(rng, count),
            voice.verbs.draw(rng, count),
            voice.nouns.draw(rng, count),
            strict=True,
        )
        clauses = []
        for at, (modifier, noun, verb, thing) in enumerate(rows):
            dice = rng.random()
            if dice < 0.18:
                clauses.append(f"{organs[at]}{gap}{verb}{gap}{modifier}{gap}{thing}")
            elif dice < 0.24:
                clauses.append(f"{openings[at]}{voice.comma}{noun}{gap}{verb}{gap}{thing}")
            elif dice < 0.5:
                clauses.append(f"{noun}{gap}{verb}{gap}{thing}{gap}{self.figure()}")
            else:
                clauses.append(f"{modifier}{gap}{noun}{gap}{verb}{gap}{thing}")
        return clauses
