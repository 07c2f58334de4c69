"""Addresses that the end of a line has torn."""

import re

_ADDRESS = r"[\w\-./?=&%#~+:@!$*,;]"
LONGEST = 2_048  # letters of an address
ADDRESS = re.compile(rf"{_ADDRESS}*", re.ASCII)
URL_REST = re.compile(rf"{_ADDRESS}+", re.ASCII)  # at the beginning of the line below


def open_url(line: str) -> str:
    """The address at the end of a line, which may go on in the line below; "" if there is none."""
    run = ADDRESS.match(line[: -LONGEST - 1 : -1])  # from the end
    end = line[len(line) - run.end() :] if run else ""
    begun = re.search("https?://", end)
    return end[begun.start() :] if begun else ""
