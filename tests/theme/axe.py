"""axe-core in a page: the rules of WCAG 2.2 A and AA, and AAA contrast where it is promised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

SCRIPT = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
AAA_CONTRAST = "color-contrast-enhanced"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that something on the page breaks, or of which axe is not sure."""

    rule: str
    target: str
    summary: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.target}: {self.summary}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What axe says of one page: broken rules, and places it cannot judge."""

    violations: tuple[Finding, ...]
    unsure: tuple[Finding, ...]


def prepare(context: BrowserContext) -> None:
    """Has every page of the context carry axe; the page's own policy does not apply to it."""
    context.add_init_script(path=SCRIPT)


def judge(page: Page, *, is_enhanced: bool = False) -> Verdict:
    """Runs axe on the page as it is now."""
    result = page.evaluate(
        """([tags, rules]) => axe.run(document, {
            runOnly: { type: "tag", values: tags },
            rules: Object.fromEntries(rules.map(rule => [rule, { enabled: true }])),
            resultTypes: ["violations", "incomplete"],
        }).then(({ violations, incomplete }) => [violations, incomplete].map(list => list.flatMap(rule =>
            rule.nodes.map(node => [rule.id, node.target.join(" "), node.failureSummary || ""]))))""",
        [list(WCAG), [AAA_CONTRAST] if is_enhanced else []],
    )
    violations, unsure = (tuple(Finding(*(" ".join(one.split()) for one in row)) for row in rows) for rows in result)
    return Verdict(violations, unsure)
