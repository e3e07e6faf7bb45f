"""Options of the whole test suite."""

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("warmpool", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("warmpool")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the manifests under tests/golden anew instead of comparing them",
    )
