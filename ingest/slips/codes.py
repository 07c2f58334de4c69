"""What a rule about slips is: a row of a table.

A row: severity, what was expected (English, Chinese), what was found (English, Chinese), and an example: where it
stands, broken and kept. It stands in a place of a note (`head`, `news`, `talk`), is a whole question (`question`) or a
key of a concept page's head (`concept`), or is shown by `ingest.rules` (`file`). A rule that no text alone can show has
no place, and says so (English, Chinese).
"""

E, W = "error", "warning"
Row = tuple[str, str, str, str, str, str, str, str]
