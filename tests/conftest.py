"""What all tests share.

Hypothesis tries the same examples each time, so that what passed here passes in CI. Slow tests come first: one that
came last would let the other process wait for it.
"""

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


@pytest.hookimpl(trylast=True)  # after pytest-randomly has shuffled them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
