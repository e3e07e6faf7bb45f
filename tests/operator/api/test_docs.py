"""The field reference: up to date, complete, and every link in it leads somewhere."""

import re
from pathlib import Path
from typing import Any

from warmpool_operator.api import docs
from warmpool_operator.api.pool import PoolSpec
from warmpool_operator.api.status import PoolStatus

PAGE = Path(__file__).parents[3] / "docs/reference.md"


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == docs.render(), "run: python -m warmpool_operator.api.docs > docs/reference.md"


def test_every_field_has_a_row_with_a_meaning() -> None:
    rows = {line.split("`")[1]: line for line in docs.render().splitlines() if line.startswith("| `")}

    def fields(schema: dict[str, Any]) -> set[str]:
        models = [schema, *schema["$defs"].values()]
        return {name for model in models for name in model.get("properties", {})}

    wanted = fields(PoolSpec.model_json_schema()) | fields(PoolStatus.model_json_schema())
    assert wanted == rows.keys()
    assert all(re.search(r"\| [^|]*\w[^|]* \|$", row) for row in rows.values())


def test_links_lead_to_headings() -> None:
    page = docs.render()
    headings = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w-]", "", heading.lower()) for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors


def test_tables_hold_together() -> None:
    widths = [
        [line.replace("\\|", "").count("|") for line in block.splitlines()]
        for block in docs.render().split("\n\n")
        if block.startswith("| ")
    ]
    assert widths
    assert all(len(set(columns)) == 1 for columns in widths)
