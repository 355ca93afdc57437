"""Check the links of the built pages: ``python docs/links.py docs/_build/html``.

Those within the pages have to lead somewhere. Those that leave them have to be addresses of the form ``https://host``,
or of a server that the reader starts, ``http://localhost:port``. Whether somebody answers at the others,
``python3 dev.py links`` asks, where there is a network.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINKS = {"a": "href", "img": "src", "link": "href", "script": "src"}
_NOT_FOLLOWED = {"genindex.html", "search.html", "py-modindex.html"}
"""Pages that Sphinx makes; what leads from them is of its making, too."""


class Page(HTMLParser):
    """What a page has: names to jump to, and links."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.names: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names, and where it leads."""
        for name, value in attrs:
            if name == "id" and value:
                self.names.add(value)
            elif value and name == _LINKS.get(tag):
                self.links.add(value)


def broken_links(folder: Path) -> Iterator[str]:
    """Yield the links that lead nowhere, or whose address is none, each with its page.

    Args:
        folder: the pages that Sphinx built.

    """
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        for link in sorted(page.links) if path.name not in _NOT_FOLLOWED else ():
            if not _is_good(link, path, pages):
                yield f"{path.relative_to(folder)}: {link}"


def _is_good(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        if (parts.scheme, parts.hostname) == ("http", "localhost"):
            return parts.port is not None
        return parts.scheme == "https" and "." in parts.netloc and not set(link) & set(" <>\"'`")
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
    if target not in pages:
        return target.is_file() and not parts.fragment
    return not parts.fragment or unquote(parts.fragment) in pages[target].names


def main() -> None:
    """Print what is broken; the exit status is 1 when anything is."""
    broken = list(broken_links(Path(sys.argv[1]).resolve()))
    for line in broken:
        print(line)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
