"""Options of the whole test suite."""

import hypothesis
import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, and nothing of the code.
settings.register_profile("warmpool", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("warmpool")

# A loaded machine is slow: 200 ms for one example would be a figure of wall time, which no test asserts.
hypothesis.settings.register_profile("warmpool", deadline=None)
hypothesis.settings.load_profile("warmpool")

# A time limit per example measures the machine, and the others on it, more than the code.
hypothesis.settings.register_profile("warmpool", deadline=None)
hypothesis.settings.load_profile("warmpool")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the manifests under tests/golden anew instead of comparing them",
    )
