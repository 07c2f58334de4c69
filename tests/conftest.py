"""What all tests share: hypothesis tries the same examples each time, so that what passed here passes in CI."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
