"""Where a reader goes on: to ask, to answer, to say what is wrong, at the right file and line.

Where the repository is on GitHub or Gitee, its forms; else a mail, where the site names an address; else nothing, and
the page says how it is done with a file. Forms of GitHub are those of `.github/ISSUE_TEMPLATE/`, filled in by the ids
of their fields.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

MAKERS = {"github.com": "github", "gitee.com": "gitee"}


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways from a site to those who make it.

    Attributes:
        repository: Its address, or "".
        branch: The branch that people edit.
        contact: A mail address, or "".
    """

    repository: str = ""
    branch: str = "main"
    contact: str = ""

    @property
    def host(self) -> str:
        """`github`, `gitee`, or "" where neither holds the repository."""
        return MAKERS.get(urlsplit(self.repository).netloc, "")

    @property
    def github(self) -> str:
        """The repository as `OWNER/NAME`, or "" where it is not on GitHub."""
        return urlsplit(self.repository).path.strip("/") if self.host == "github" else ""

    def edit(self, path: str) -> str:
        """The editor on a file, which makes the pull request; "" where there is none."""
        return f"{self.repository}/edit/{quote(self.branch)}/{quote(path)}" if self.host else ""

    def look(self, path: str, line: int) -> str:
        """A file at a line."""
        return f"{self.repository}/blob/{quote(self.branch)}/{quote(path)}#L{line}" if self.host else ""

    def ask(self) -> str:
        """Where to ask a question."""
        return self._form("question.yml", "问题：", {}, [("问题", ""), ("背景", ""), ("提问者", "")])

    def answer(self, title: str, path: str, line: int) -> str:
        """Where to answer a question that stands in a file."""
        place = f"{path}:{line}"
        return self._form(
            "answer.yml", f"回答：{title}", {"place": place}, [("问题在哪里", place), ("回答", ""), ("参考", "")]
        )

    def correct(self, title: str, path: str, line: int) -> str:
        """Where to say what is wrong on a page."""
        place = f"{path}:{line}"
        said = [("哪里", place), ("哪一句不对", ""), ("应该是什么，依据是什么", "")]
        return self._form("mistake.yml", f"不对：{title}", {"place": place}, said)

    def _form(self, template: str, title: str, fields: dict[str, str], said: list[tuple[str, str]]) -> str:
        body = "\n\n".join(f"### {name}\n\n{value}".strip() for name, value in said)
        if self.host == "github":
            issue = {"template": template, "title": title, **fields}
            return f"{self.repository}/issues/new?{urlencode(issue, quote_via=quote)}"
        if self.host == "gitee":
            issue = {"issue[title]": title, "issue[description]": body}
            return f"{self.repository}/issues/new?{urlencode(issue, quote_via=quote)}"
        if self.contact:
            return (
                f"mailto:{quote(self.contact, safe='@')}?{urlencode({'subject': title, 'body': body}, quote_via=quote)}"
            )
        return ""
