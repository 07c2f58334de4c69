"""Propose what the feeds brought: `papers.py start [COMMIT]`, then `papers.py finish FOLDER`.

`start` brings the working tree to what the proposal adds to: the default branch, with what an earlier run proposed and
nobody has merged or closed yet. `finish` commits the papers in FOLDER on top, pushes, and opens the pull request if it
is not open. The branch only ever moves forward: nothing is forced, so nobody's commit on it is lost. A branch of the
same name in a fork is a stranger's and counts for nothing.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from github import Refused, address, api, give, repository, say

BRANCH = "feeds/papers"
TITLE = "新论文"
BODY = """由 feeds.yml 从 talks/feeds.opml 取来，每天往同一个分支上加。请看一眼标题与链接再合并。

GitHub 不会为机器人的提交自动跑检查：关闭再重新打开这个合并请求，检查就会跑。"""
ME = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
WEEK = re.compile(r"(?:\d{4}-W\d{2}|undated)\.jsonl")


def start(since: str = "") -> None:
    """Bring the working tree to what the proposal adds to; give its `base`.

    Args:
        since: The default branch's commit from which the other job began, where this one checked out a newer one.
    """
    if since:
        git("merge-base", "--is-ancestor", since, "HEAD")
        git("checkout", "--quiet", "--detach", since)
    base, tip = git("rev-parse", "HEAD"), fetched()
    give("base", base)
    if not tip:
        return
    if is_done(tip, pulls()):  # merged or closed: begin anew, and still go forward from where the branch stands
        git("merge", "--quiet", "--strategy", "ours", "--message", f"Begin {BRANCH} anew", tip)
        return
    git("checkout", "--quiet", "--detach", tip)
    try:  # in what both sides changed, the papers and their record, the branch is the newer one
        git("merge", "--quiet", "--strategy-option", "ours", "--message", f"Bring {BRANCH} up to date", base)
    except subprocess.CalledProcessError:
        sys.exit(f"{BRANCH} cannot be brought up to date: merge the default branch into it, or delete it")


def finish(folder: Path) -> None:
    """Commit the papers in a folder, push, and see to the pull request."""
    tip = fetched()
    bring(folder, Path("talks"))
    git("add", "talks/papers", "talks/feeds.json")
    if not git("diff", "--cached", "--name-only", "--", "talks/papers") and (not tip or is_done(tip, pulls())):
        return print("nothing new")  # how the feeds did is not worth a pull request
    if git("diff", "--cached", "--name-only"):
        git("commit", "--quiet", "--message", "Add the papers that the feeds brought")
    if not tip or git("diff", "--name-only", tip, "HEAD", "--", "talks/papers", "talks/feeds.json"):
        git("push", "--quiet", "origin", f"HEAD:refs/heads/{BRANCH}")
    if not any(pull["state"] == "open" for pull in pulls()):
        ask()


def fetched() -> str:
    """The commit at which our own branch stands; "" where there is none."""
    if not git("ls-remote", "--heads", "origin", f"refs/heads/{BRANCH}"):
        return ""
    git("fetch", "--quiet", "origin", f"refs/heads/{BRANCH}")
    return git("rev-parse", "FETCH_HEAD")


def pulls() -> list[dict[str, Any]]:
    """The pull requests from our own branch, newest first."""
    owner = repository().split("/")[0]
    found = api(f"repos/{repository()}/pulls?head={owner}:{BRANCH}&state=all&per_page=100")
    return [pull for pull in found if ((pull["head"].get("repo") or {}).get("full_name")) == repository()]


def is_done(tip: str, pulls: list[dict[str, Any]]) -> bool:
    """Whether people have decided on all that the branch holds."""
    return any(pull["state"] == "closed" and pull["head"]["sha"] == tip for pull in pulls) and not any(
        pull["state"] == "open" for pull in pulls
    )


def bring(folder: Path, talks: Path) -> None:
    """Copy what the other job fetched: weeks of papers, those without a date, the record of the feeds, nothing else."""
    for path in sorted((folder / "papers").iterdir()):
        if WEEK.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            shutil.copyfile(path, talks / "papers" / path.name)
    shutil.copyfile(folder / "feeds.json", talks / "feeds.json")


def ask() -> None:
    """Open the pull request; where the repository does not allow that, say what a person can do."""
    request = {"title": TITLE, "body": BODY, "head": BRANCH, "base": os.environ["BASE"]}
    try:
        api(f"repos/{repository()}/pulls", "POST", request)
    except Refused as error:
        if "not permitted to create" not in str(error):
            raise
        by_hand = f"{address()}/compare/{request['base']}...{BRANCH}?expand=1"
        setting = f"{address()}/settings/actions"
        say(
            f"论文已经推到分支 {BRANCH}，但仓库不许 Actions 开合并请求。"
            f"可以手动开：{by_hand} ；以后要自动开，就在 {setting} 里勾上 "
            "Allow GitHub Actions to create and approve pull requests。",
            "warning",
        )


def git(*arguments: str) -> str:
    """One git command, as the bot; what it prints."""
    name, mail = ME
    command = ["git", "-c", f"user.name={name}", "-c", f"user.email={mail}", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    start(*sys.argv[2:]) if sys.argv[1] == "start" else finish(Path(sys.argv[2]))
