"""Addresses that the end of a line has torn."""

import re

_ADDRESS = r"[\w\-./?=&%#~+:@!$*,;]"
OPEN_URL = re.compile(rf"https?://{_ADDRESS}*$", re.ASCII)  # at the end of the line above
URL_REST = re.compile(rf"{_ADDRESS}+", re.ASCII)  # at the beginning of the line below
