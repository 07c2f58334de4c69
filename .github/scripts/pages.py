"""Where GitHub Pages will show the site: gives `url`, empty where the repository has no Pages to deploy to.

Asks what actions/configure-pages asks, but a fork that has not switched Pages on is told how to, and stays green.
"""

import sys

from github import Refused, address, api, give, repository, say


def main() -> None:
    """Ask, and say what is missing."""
    settings = f"{address()}/settings/pages"
    try:
        site = api(f"repos/{repository()}/pages")
    except Refused as error:
        if "HTTP 404" not in str(error):
            sys.exit(str(error))
        say(f"GitHub Pages 没有开启，这次不发布。要发布：打开 {settings} ，Source 选 GitHub Actions，再运行一次。")
        return give("url", "")
    if site.get("build_type") != "workflow":
        say(f"GitHub Pages 的来源不是 GitHub Actions，这次不发布。要发布：打开 {settings} ，Source 选 GitHub Actions。")
        return give("url", "")
    give("url", site["html_url"].rstrip("/") + "/")


if __name__ == "__main__":
    main()
