"""Propose changed files as a pull request: `propose.py KIND TITLE BODY PATH…`, run in a checkout of the default branch.

Each proposal has a branch of its own, KIND/RUN, which is pushed and never forced: what someone added to an earlier one
stays, and a branch of the same name in a fork is none of ours. Standard library, git and `gh` alone.
"""

import json
import os
import subprocess
import sys

AUTHOR = ("github-actions[bot]", "41898282+github-actions[bot]@users.noreply.github.com")
MOST = 10  # open proposals of a kind; each new one is told to all of them
SETTING = "Settings > Actions > General > Allow GitHub Actions to create and approve pull requests"


def output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def commit(title: str, paths: list[str]) -> bool:
    """Commit these files alone; false where none of them changed."""
    output("git", "add", "--", *paths)
    if not output("git", "diff", "--cached", "--name-only"):
        return False
    name, address = AUTHOR
    output("git", "-c", f"user.name={name}", "-c", f"user.email={address}", "commit", "--quiet", "--message", title)
    return True


def earlier(kind: str) -> list[int]:
    """The numbers of this repository's own proposals of the kind that are still open."""
    fields = "number,headRefName,isCrossRepository"
    listed = json.loads(output("gh", "pr", "list", "--state", "open", "--limit", "1000", "--json", fields))
    return [
        found["number"]
        for found in listed
        if found["headRefName"].startswith(f"{kind}/") and not found["isCrossRepository"]
    ]


def create(branch: str, title: str, body: str) -> str | None:
    """The address of the new pull request, or None where the repository does not let Actions create any."""
    command = ["gh", "pr", "create", "--base", os.environ["BASE"], "--head", branch, "--title", title, "--body", body]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and "not permitted to create" not in done.stderr:
        raise SystemExit(f"gh pr create: {done.stderr}")
    return None if done.returncode else done.stdout.strip()


def main(kind: str, title: str, body: str, *paths: str) -> None:
    if not commit(title, list(paths)):
        print("nothing new")
        return
    branch = f"{kind}/{os.environ['GITHUB_RUN_ID']}-{os.environ['GITHUB_RUN_ATTEMPT']}"
    if len(still_open := earlier(kind)) >= MOST:  # whoever edits an issue again and again would fill the list
        print(f"::warning::nothing was proposed: {MOST} proposals of {kind} are open; merge or close some")
        return
    output("gh", "auth", "setup-git")
    output("git", "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    address = create(branch, title, body)
    if address is None:
        output("git", "push", "--quiet", "origin", f":refs/heads/{branch}")  # as long as nobody else can have used it
        print(f"::warning::there is something new, but nothing was proposed: allow it in {SETTING}")
        return
    for number in still_open:
        output("gh", "pr", "comment", str(number), "--body", f"有更新的提议：{address}。这里没有要留的改动就可以关掉。")
    print(address)


if __name__ == "__main__":
    main(*sys.argv[1:])
