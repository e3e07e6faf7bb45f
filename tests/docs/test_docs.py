"""The documentation says what the code does: links, examples, conditions, reasons, settings."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from markdown.extensions.toc import slugify

from hack.docs import settings as settings_page
from warmpool_operator.api import names
from warmpool_operator.api.names import Condition, Env, Reason
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.api.status import Terms
from warmpool_operator.capacity.types import Binding
from warmpool_operator.telemetry import names as telemetry_names
from warmpool_serving import config
from warmpool_serving.names import Metric

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(\s*)(```+)(\S*).*?\n(.*?)^\1\2\s*$", flags=re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")


def pages() -> list[Path]:
    """Every Markdown file of the repository, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split() if (path := ROOT / name).exists()]


def prose(path: Path) -> str:
    """The text of a page without its code."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", path.read_text()))


def anchors(path: Path) -> set[str]:
    """What a link into a page may point at."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text()), flags=re.MULTILINE)
    return {slugify(re.sub(r"[`*]", "", heading), "-") for heading in headings}


def constants(names_of: Mapping[str, object]) -> list[str]:
    """The texts among the upper-case names of a module or class."""
    return [value for name, value in names_of.items() if name.isupper() and isinstance(value, str)]


def values(holder: type) -> list[str]:
    """The constants of a class of names."""
    return constants(vars(holder))


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in (first or second for first, second in LINK.findall(prose(page))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def examples() -> Iterator[tuple[str, dict[str, object]]]:
    """Every pool that is written out in the documentation or lies beside it."""
    texts = [(path.relative_to(ROOT), FENCE.findall(path.read_text())) for path in pages()]
    blocks = [
        (str(name), block[3]) for name, found in texts for block in found if block[2] in {"yaml", "yml"}
    ]
    blocks += [(f"examples/{path.name}", path.read_text()) for path in (ROOT / "examples").glob("*.yaml")]
    for name, text in blocks:
        for document in yaml.safe_load_all(text):
            if isinstance(document, dict) and document.get("kind") == names.KIND and "spec" in document:
                yield name, document


@pytest.mark.parametrize(("page", "pool"), list(examples()))
def test_every_pool_that_is_shown_is_valid(page: str, pool: dict[str, object]) -> None:
    assert pool["apiVersion"] == names.API_VERSION, page
    PoolSpec.model_validate(pool["spec"])


def test_the_job_that_fills_a_volume_is_the_one_that_tests_run() -> None:
    """Readers of the page on the web see it; who applies it takes the file."""
    shown = [block[3] for block in FENCE.findall((DOCS / "models.md").read_text()) if "kind: Job" in block[3]]
    assert [text in (ROOT / "examples/minilm-volume.yaml").read_text() for text in shown] == [True]


@pytest.mark.parametrize("word", [*values(Condition), *values(Reason)])
def test_every_condition_and_reason_has_a_row_in_operations(word: str) -> None:
    text = (DOCS / "operations.md").read_text()
    assert re.search(rf"^(?:#+ |\| )`{word}`", text, flags=re.MULTILINE), f"docs/operations.md lacks {word}"


@pytest.mark.parametrize("binding", list(Binding))
def test_every_binding_term_is_explained(binding: Binding) -> None:
    assert f"| `{binding}` |" in (DOCS / "explain.md").read_text()


def test_every_term_of_a_decision_is_explained() -> None:
    page = (DOCS / "explain.md").read_text()
    wanted = {field.alias or name for name, field in Terms.model_fields.items()}
    assert {name for name in wanted if f"`{name}`" not in page} == set()


def test_settings_page_is_up_to_date() -> None:
    page = (DOCS / "settings.md").read_text()
    assert page == settings_page.render(), "run: python -m hack.docs.settings > docs/settings.md"


def test_every_setting_has_a_row() -> None:
    page = (DOCS / "settings.md").read_text()
    source = (ROOT / "operator/warmpool_operator/settings.py").read_text()
    wanted = {name for name, _, _ in config.setting_rows()} | set(
        re.findall(r"\"(WARMPOOL_[A-Z_]+)\"", source)
    )
    assert set(values(Env)) == settings_page.POOL_FIELDS.keys() <= wanted
    assert {name for name in wanted if f"| `{name}` |" not in page} == set()


def test_metrics_that_are_named_exist() -> None:
    told = set(re.findall(r"`((?:warmpool|leader)_[a-z0-9_]+)", (DOCS / "operations.md").read_text()))
    assert told
    assert told <= {*constants(vars(telemetry_names)), *values(Metric)}


def test_decisions_are_listed() -> None:
    page = (DOCS / "adr/index.md").read_text()
    records = sorted(path.name for path in (DOCS / "adr").glob("[0-9]*.md"))
    assert [name for name in records if f"({name})" not in page] == [], "add a row to docs/adr/index.md"


def test_no_page_speaks_of_a_machine() -> None:
    """Paths and host names of the place where a page was written mean nothing to its reader."""
    forbidden = re.compile(r"/work/|/root/|/home/\w+/|localhost:\d+/v2")
    told = {
        str(page.relative_to(ROOT)): found
        for page in pages()
        if (found := forbidden.findall(page.read_text()))
    }
    assert told == {}
