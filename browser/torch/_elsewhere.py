"""Names that torch has and this one has not. Written by `python -m tests.browser.torch_api.test_missing`."""

NAMES: dict[str, str] = {}
