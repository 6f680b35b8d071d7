"""Where one size is measured: a folder with the corpus in every generator's form, and what is derived from it.

`ours/data/content.git`, `ours/var`, `theme` (a copy that may be edited), `hugo/`, `pelican/`, `disk/`, `bin/` for
output of earlier builds.
Each form is made once for a state of the generator's code (`made.json`) and thrown away when that changed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import Corpus
from bench.forms import content, hugo, stock
from bench.forms.folder import write_folder
from cluster.aside import write_aside
from cluster.clock import parse_date
from cluster.gitstore import Commit, GitStore

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Stage:
    """The folder of one size."""

    folder: Path
    corpus: Corpus

    @property
    def data(self) -> Path:
        """The program's data folder."""
        return self.folder / "ours" / "data"

    @property
    def var(self) -> Path:
        """The program's derived folder."""
        return self.folder / "ours" / "var"

    @property
    def theme(self) -> Path:
        """The copy of the theme."""
        return self.folder / "theme"

    @property
    def repository(self) -> Path:
        """The content repository."""
        return self.data / "content.git"

    def project(self, peer: str) -> Path:
        """A peer's project folder; both ways of running Hugo share one."""
        return self.folder / peer.removesuffix("-apart")

    def prepare(self, peers: tuple[str, ...], tell: Callable[[str], None]) -> None:
        """Makes every form that is missing or of another state of the generator."""
        makers: dict[str, Callable[[Path], object]] = {
            "ours": lambda folder: content.write_repository(self.corpus, folder / "data" / "content.git"),
            "hugo": lambda folder: write_folder(folder, hugo.hugo_files(self.corpus)),
            "pelican": lambda folder: write_folder(folder, stock.stock_files(self.corpus)),
        }
        wanted = {"ours", *(peer.removesuffix("-apart") for peer in peers)}
        for name, make in makers.items():
            if name in wanted and not self._is_made(name):
                tell(f"writing {self.corpus.size:,} items for {name}")
                shutil.rmtree(self.folder / name, ignore_errors=True)
                make(self.folder / name)
                write_aside(self.folder / name / "made.json", self._made_of().encode())
        if not self.theme.is_dir():
            shutil.copytree(ROOT / "themes" / "gov", self.theme)

    def _is_made(self, name: str) -> bool:
        made = self.folder / name / "made.json"
        return made.is_file() and made.read_text("utf-8") == self._made_of()

    def _made_of(self) -> str:
        return json.dumps({"size": self.corpus.size, "seed": self.corpus.seed, "generator": generator_hash()})

    def put_away(self, folder: Path) -> None:
        """Moves a folder out of the way, until `throw_away`.

        ext4 gives a new file no place that was freed in the last minutes, and looks long for another: what is removed
        just before a measurement would be measured with it.
        """
        if folder.exists():
            self._bin.mkdir(exist_ok=True)
            folder.rename(self._bin / secrets.token_hex(8))

    def throw_away(self) -> None:
        """Removes what was put away."""
        shutil.rmtree(self._bin, ignore_errors=True)

    @property
    def _bin(self) -> Path:
        return self.folder / "bin"

    def restart(self) -> None:
        """Takes all edits back: the repository stands at the corpus again, and nothing is derived from it."""
        if not self.repository.is_dir():
            return
        with GitStore(self.repository) as store:
            head = store.head()
            if head is not None:
                store.advance("main", new=store.first_commit(head), old=head)
        (self.folder / "ours" / "edits").unlink(missing_ok=True)
        self.put_away(self.var)

    def next_number(self) -> int:
        """A number that no edit of this stage had yet; it survives a restart."""
        file = self.folder / "ours" / "edits"
        number = int(file.read_text("utf-8")) if file.is_file() else 1
        write_aside(file, str(number + 1).encode())
        return number

    def commit(self, changes: Mapping[str, bytes | None]) -> str:
        """Commits to the content repository."""
        commit = Commit(changes, "bench", "Bench", "bench@bench.localhost", parse_date("2026-11-20T08:00"))
        with GitStore(self.repository) as store:
            return store.commit(commit)


def generator_hash() -> str:
    """A hash of everything that the written files follow from."""
    bench = ROOT / "bench"
    parts = [*bench.glob("forms/*.py"), *(path for path in bench.glob("peers/**/*") if path.is_file())]
    parts += [bench / f"{name}.py" for name in ("bodies", "chrome", "corpus", "home", "prose", "tree", "words")]
    parts += (ROOT / "sites" / "types").glob("*.toml")
    digest = hashlib.sha256()
    for path in sorted(parts):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
