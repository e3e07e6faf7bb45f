"""Quantities of memory, as Kubernetes writes them."""

import pytest

from warmpool_operator.capacity.quantity import bytes_of, mebibytes


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("17", 17),
        ("2500m", 2),
        ("3k", 3_000),
        ("1500M", 1_500_000_000),
        ("2G", 2_000_000_000),
        ("1T", 10**12),
        ("1P", 10**15),
        ("1E", 10**18),
        ("1.5Ki", 1536),
        ("128Mi", 2**27),
        ("1Gi", 2**30),
        ("1Ti", 2**40),
        ("1Pi", 2**50),
        ("1Ei", 2**60),
        ("1e3", 1000),
        ("2.5e6", 2_500_000),
        (".5Ki", 512),
        (None, None),
        ("", None),
        ("x", None),
        ("1Zi", None),
    ],
)
def test_quantities(quantity: str | None, number: int | None) -> None:
    assert bytes_of(quantity) == number


def test_suggestions_are_round() -> None:
    assert [mebibytes(number) for number in (1, 16 << 20, (16 << 20) + 1)] == ["16Mi", "16Mi", "32Mi"]
    assert mebibytes(803 << 20) == "816Mi"
