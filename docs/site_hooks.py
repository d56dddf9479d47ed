"""Makes the site of `make docs`: pages from elsewhere in the repository join it, and links between all of them work.

README, CHANGELOG and the like stay where GitHub and PyPI look for them, and are pages of the site without a copy. A
link to a file that is no page (code, a script) becomes the file's name, or a link into the repository once `repo_url`
of mkdocs.yml is set.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "examples.md": "examples/README.md",
    "tour.md": "examples/tour.ipynb",
    "metric-card.md": "metrics/matched_miou/README.md",
    "localization-card.md": "metrics/localization/README.md",
    "security.md": "SECURITY.md",
}
"""Page of the site -> file of the repository. Every other page is the file of the same name in docs/."""
_LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)")
_PICTURE = re.compile(r"!\[(?P<text>[^\]]*)\]\((?P<target>[^)\s:]+)\)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie outside of docs/."""
    for page, source in PAGES.items():
        if (ROOT / source).exists():
            text = (ROOT / source).read_text(encoding="utf-8")
            text = _notebook(json.loads(text)) if source.endswith(".ipynb") else _FRONT_MATTER.sub("", text)
            files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn links between files of the repository into links between pages of the site."""
    folder = posixpath.dirname(PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}"))

    def link(match: re.Match[str]) -> str:
        target, anchor = match["target"], match["anchor"] or ""
        if not target or "://" in target or target.startswith("mailto:"):
            return match[0]
        return _link(match["text"], posixpath.normpath(posixpath.join(folder, target)), anchor, page, config, files)

    def picture(match: re.Match[str]) -> str:
        file = posixpath.normpath(posixpath.join(folder, match["target"]))
        return f"![{match['text']}]({_relative(file.removeprefix('docs/'), page)})"

    return _PICTURE.sub(picture, _LINK.sub(link, markdown))


def _notebook(notebook: Any) -> str:
    """A notebook as Markdown: its code, and the outputs that are stored with it."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            text = "".join(output.get("text", data.get("text/plain", ""))).rstrip("\n")
            picture = "".join(data.get("image/png", "")).replace("\n", "")
            parts.append(f"![](data:image/png;base64,{picture})" if picture else f"```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def _link(text: str, file: str, anchor: str, page: Any, config: Any, files: Any) -> str:
    by_source = {source: name for name, source in PAGES.items()}
    name = by_source.get(file, file.removeprefix("docs/") if file.startswith("docs/") else "")
    if not name and file == "examples":
        name = "examples.md"
    if name and files.get_file_from_path(name):
        return f"[{text}]({_relative(name, page)}{anchor})"
    if not (ROOT / file).exists():
        return f"[{text}]({file})"  # broken: the strict build says so
    return f"[{text}]({config.repo_url}/blob/main/{file})" if config.repo_url else text


def _relative(name: str, page: Any) -> str:
    return posixpath.relpath(name, posixpath.dirname(page.file.src_uri) or ".")
