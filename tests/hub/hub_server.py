"""A Hugging Face Hub in memory, over HTTP: what the stock client needs to push, load and stream.

A private repository exists only for requests that carry a token of its owner.
"""

import base64
import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any

Files = dict[str, bytes]


@dataclass
class Repository:
    private: bool = True
    commits: list[Files] = field(default_factory=lambda: [{}])
    """All files after each commit; the sha of a commit is its index."""
    pull_requests: list[Files] = field(default_factory=list)
    """The files that each pull request adds or replaces."""

    @property
    def files(self) -> Files:
        return self.commits[-1]


class HubServer(ThreadingHTTPServer):
    """Listens on a free port of this machine until the end of a `with` statement.

    Attributes:
        tokens: token -> user.
        repositories: (`"dataset"`, `"space"` or `"model"`, name) -> repository.
        stored: sha256 -> content of the LFS files that have arrived, committed or not.
        uploads: how many uploads of LFS files have begun.
        drop_upload: the connection of the upload with this number is closed in the middle.
        unreachable: no upload is answered any more, not even those that have begun.
        at_upload: called with the number of each upload before its content is read.
        quota: how many bytes of LFS files one batch may bring.
        sent: how many bytes of answers have been sent.
        log: method, path and status of every request; status 0 for a connection that was closed without an answer.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.tokens = {"hf_me": "me", "hf_you": "you"}
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.stored: dict[str, bytes] = {}
        self.uploads, self.drop_upload, self.unreachable = 0, 0, False
        self.at_upload: Callable[[int], None] = lambda number: None
        self.quota, self.sent = float("inf"), 0
        self.log: list[tuple[str, str, int]] = []
        self.lock = threading.RLock()
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()

    def server_close(self) -> None:
        self.shutdown()
        super().server_close()

    def environment(self, home: Path, token: str | None = "hf_me") -> dict[str, str]:
        """What a client's process needs before it imports anything; `home` is its cache."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "NO_PROXY": "*",
            **({"HF_TOKEN": token} if token else {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}),
        }


class Refusal(Exception):
    """Status, message and perhaps code of an error, by which the client tells what happened."""


def is_lfs(path: str) -> bool:
    return not path.endswith((".md", ".json", ".txt", ".py", ".yaml", ".gitattributes"))


def object_id(path: str, data: bytes) -> str:
    """The sha256 of an LFS file, the git blob of any other: what the client compares with its own files."""
    return (hashlib.sha256(data) if is_lfs(path) else hashlib.sha1(b"blob %d\0" % len(data) + data)).hexdigest()


def entries(files: Files) -> dict[str, dict[str, Any]]:
    """Path -> file or folder as the Hub describes it."""
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents} - {"."}
    entries = {path: {"type": "directory", "path": path, "oid": "0" * 40} for path in folders}
    for path, data in files.items():
        content = {"oid": object_id(path, data), "size": len(data)}
        lfs = {"lfs": {**content, "pointerSize": 130}} if is_lfs(path) else {}
        entries[path] = {"type": "file", "path": path, **content, **lfs}
    return entries


class Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr: see `HubServer.log`."""

    def do_GET(self) -> None:
        path, _, self.query = self.path.partition("?")
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = f"{self.command} {path}".replace("HEAD", "GET", 1)
        with self.server.lock:
            try:
                for pattern, endpoint in ROUTES.items():
                    if match := re.fullmatch(pattern, request):
                        return endpoint(self, *map(urllib.parse.unquote, match.groupdict("main").values()))
                raise Refusal(404, "no such address", "EntryNotFound")
            except Refusal as error:
                status, message, *code = error.args
                self.reply({"error": message}, status, {"X-Error-Message": message, "X-Error-Code": "".join(code)})

    do_HEAD = do_POST = do_GET

    def do_PUT(self) -> None:
        """Receive the content of an LFS file; several at a time, hence not locked as a whole."""
        hub, length, oid = self.server, int(self.headers["Content-Length"]), self.path.rpartition("/")[2]
        with hub.lock:
            hub.uploads += 1
            length //= 2 if hub.uploads == hub.drop_upload else 1
        hub.at_upload(hub.uploads)
        data = self.rfile.read(length)
        with hub.lock:
            if hub.unreachable or hashlib.sha256(data).hexdigest() != oid:
                hub.log.append(("PUT", self.path, 0))
                self.close_connection = True
            else:
                hub.stored[oid] = data
                self.reply({})

    def reply(self, answer: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Send bytes, or anything else as JSON."""
        self.server.log.append((self.command, self.path, status))
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.server.sent += len(data)
            self.wfile.write(data)

    def user(self, needed: bool = False) -> str | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if (token or needed) and token not in self.server.tokens:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return self.server.tokens.get(token)

    def repository(self, kind: str, name: str) -> Repository:
        repository, user = self.server.repositories.get((kind, name)), self.user()
        if repository is None or (repository.private and name.split("/")[0] != user):
            raise Refusal(404 if user else 401, "Repository not found", "RepoNotFound")
        return repository

    def commit_at(self, kind: str, name: str, revision: str) -> tuple[str, Files]:
        commits = {f"{index:040x}": files for index, files in enumerate(self.repository(kind, name).commits)}
        sha = max(commits) if revision == "main" else revision
        if sha not in commits:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha, commits[sha]

    def whoami(self) -> None:
        self.reply({"type": "user", "name": self.user(needed=True), "orgs": []})

    def create(self) -> None:
        request, user = json.loads(self.body), self.user(needed=True)
        owner, kind = request.get("organization") or user, request["type"]
        name = f"{owner}/{request['name']}"
        if owner != user:
            raise Refusal(403, f"You have no rights to create a {kind} under {owner}")
        url = {"url": f"{self.server.url}/{kind}s/{name}"}
        if (kind, name) in self.server.repositories:
            return self.reply({"error": "You already created this repo", **url}, 409)
        private = bool(request.get("private")) or request.get("visibility") == "private"
        self.server.repositories[kind, name] = Repository(private)
        self.reply(url)

    def validate_card(self) -> None:
        self.reply({"errors": [], "warnings": []})

    def info(self, kind: str, name: str, revision: str) -> None:
        sha, files = self.commit_at(kind, name, revision)
        answer = {"id": name, "sha": sha, "private": self.server.repositories[kind, name].private, "tags": []}
        self.reply({**answer, "siblings": [{"rfilename": path} for path in sorted(files)]})

    def preupload(self, kind: str, name: str) -> None:
        files = self.repository(kind, name).files
        announced = json.loads(self.body)["files"]
        for entry in announced:
            path = entry["path"]
            oid = object_id(path, files[path]) if path in files else None
            entry |= {"uploadMode": "lfs" if is_lfs(path) else "regular", "shouldIgnore": False, "oid": oid}
        self.reply({"files": announced})

    def lfs_batch(self, kind: str, name: str) -> None:
        self.repository(kind, name)
        objects = json.loads(self.body)["objects"]
        new = [upload for upload in objects if upload["oid"] not in self.server.stored]
        if sum(upload["size"] for upload in new) > self.server.quota:
            raise Refusal(403, "Private repository storage limit reached, please upgrade your plan")
        for upload in new:
            upload["actions"] = {"upload": {"href": f"{self.server.url}/lfs/{upload['oid']}"}}
        self.reply({"transfer": "basic", "objects": objects})

    def commit(self, kind: str, name: str) -> None:
        repository = self.repository(kind, name)
        commits, files = repository.commits, {}
        for operation in map(json.loads, self.body.splitlines()):
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile" and value["oid"] in self.server.stored:
                files[value["path"]] = self.server.stored[value["oid"]]
            elif operation["key"] != "header":
                raise Refusal(400, f"neither a deletion nor a file that was never uploaded: {operation}")
        if "create_pr=1" in self.query:
            repository.pull_requests.append(files)
            url = f"{self.server.url}/{name}/discussions/{len(repository.pull_requests)}"
            commit = {"commitOid": "f" * 40, "commitUrl": f"{self.server.url}/{name}/commit/{'f' * 40}"}
            return self.reply({"success": True, **commit, "pullRequestUrl": url})
        commits.append({**commits[-1], **files})
        sha = f"{len(commits) - 1:040x}"
        self.reply({"success": True, "commitOid": sha, "commitUrl": f"{self.server.url}/{kind}s/{name}/commit/{sha}"})

    def tree(self, kind: str, name: str, revision: str, folder: str) -> None:
        listed = entries(self.commit_at(kind, name, revision)[1])
        prefix = f"{folder}/".lstrip("/")
        below = [entry for path, entry in listed.items() if path.startswith(prefix)]
        if prefix and not below:
            raise Refusal(404, f"{folder} does not exist", "EntryNotFound")
        recursive = "recursive=true" in self.query.lower()
        self.reply([entry for entry in below if recursive or "/" not in entry["path"].removeprefix(prefix)])

    def paths_info(self, kind: str, name: str, revision: str) -> None:
        listed = entries(self.commit_at(kind, name, revision)[1])
        as_json = self.body.startswith(b"{")  # hub 0.x sends a form
        paths = (json.loads(self.body) if as_json else urllib.parse.parse_qs(self.body.decode()))["paths"]
        self.reply([listed[path] for path in paths if path in listed])

    def resolve_model(self, name: str, revision: str, path: str) -> None:
        self.resolve("model", name, revision, path)  # addresses of models do not say so

    def resolve(self, kind: str, name: str, revision: str, path: str) -> None:
        sha, files = self.commit_at(kind, name, revision)
        if path not in files:
            raise Refusal(404, f"{path} does not exist", "EntryNotFound")
        data, status = files[path], 200
        headers = {"ETag": f'"{object_id(path, data)}"', "X-Repo-Commit": sha}
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            data, status = data[first : last + 1], 206
        self.reply(data, status, headers)


REPOSITORY = r"/(?P<kind>dataset|space|model)s/(?P<name>[^/]+/[^/]+)"
ROUTES: dict[str, Callable[..., None]] = {
    r"GET /api/whoami-v2": Handler.whoami,
    r"POST /api/repos/create": Handler.create,
    r"POST /api/validate-yaml": Handler.validate_card,
    rf"GET /api{REPOSITORY}(/revision/(?P<revision>[^/]+))?": Handler.info,
    r"GET /api/(?P<kind>dataset|space)s/(?P<name>[^/]+)": Handler.repository,  # names without an owner, never there
    rf"POST /api{REPOSITORY}/preupload/main": Handler.preupload,
    rf"POST {REPOSITORY}\.git/info/lfs/objects/batch": Handler.lfs_batch,
    rf"POST /api{REPOSITORY}/commit/main": Handler.commit,
    rf"GET /api{REPOSITORY}/tree/(?P<revision>[^/]+)(?P<folder>(/.+)?)": Handler.tree,
    rf"POST /api{REPOSITORY}/paths-info/(?P<revision>[^/]+)": Handler.paths_info,
    rf"GET {REPOSITORY}/resolve/(?P<revision>[^/]+)/(?P<path>.+)": Handler.resolve,
    r"GET /(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)": Handler.resolve_model,
}
