"""A stand-in for the Hugging Face Hub over real HTTP: enough of it for the stock client to push, load and stream.

    with StandIn() as hub:
        subprocess.run([...], env={**os.environ, **hub.environment(token="hf_me")})

Private repositories exist only for those who have a token of their owner. Faults can be arranged: a connection that
breaks off in the n-th upload, a quota.
"""

import base64
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from repositories import File, Repository, listed

_KINDS = {"datasets": "dataset", "models": "model", "spaces": "space"}
_NAME = r"(?P<name>[^/]+/[^/]+)"
_API = rf"/api/(?P<kind>datasets|models|spaces)/{_NAME}"
_ROUTES = (
    ("GET", r"/api/whoami-v2", "whoami"),
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("GET", rf"{_API}(?:/revision/(?P<revision>[^/]+))?", "info"),
    ("POST", rf"{_API}/preupload/(?P<revision>[^/]+)", "preupload"),
    ("POST", rf"{_API}/commit/(?P<revision>[^/]+)", "commit"),
    ("GET", rf"{_API}/tree/(?P<revision>[^/]+)/?(?P<path>.*)", "tree"),
    ("POST", rf"{_API}/paths-info/(?P<revision>[^/]+)", "paths_info"),
    ("POST", rf"/(?:(?P<kind>datasets|spaces)/)?{_NAME}\.git/info/lfs/objects/batch", "batch"),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", "upload"),
    ("GET", rf"/(?:(?P<kind>datasets|spaces)/)?{_NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", "resolve"),
)


class StandIn:
    """The server; in a `with` statement it listens on a free port of this machine.

    Attributes:
        tokens: token -> user.
        repositories: (kind, name) -> repository.
        stored: sha256 -> content of large files that have arrived, committed or not.
        uploads: how many uploads of large files have begun.
        break_off_in: the connection of this upload breaks off in its middle.
        unreachable: no upload arrives any more, those that have begun included.
        at_upload: called with the number of each upload before its content is read.
        quota: bytes that one push may bring.
        log: method, path and status of every request.
    """

    def __init__(self) -> None:
        self.tokens = {"hf_me": "me", "hf_you": "you"}
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.stored: dict[str, bytes] = {}
        self.uploads = 0
        self.break_off_in: int | None = None
        self.unreachable = False
        self.at_upload: Callable[[int], None] = lambda number: None
        self.quota: int | None = None
        self.log: list[tuple[str, str, int]] = []
        self.lock = threading.RLock()

    def __enter__(self) -> "StandIn":
        hub = self

        class Handler(_Handler):
            hub = self

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return hub

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self, home: Any, token: str | None = "hf_me") -> dict[str, str]:
        """What a client's process needs before it imports anything; `home` is its cache."""
        found = {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_DATASETS_CACHE": f"{home}/datasets",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_UPDATE_DOWNLOAD_COUNTS": "0",
            "NO_PROXY": "*",
        }
        return {**found, "HF_TOKEN": token} if token else {**found, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}

    def add(self, kind: str, name: str, files: dict[str, bytes], private: bool = True) -> Repository:
        """A repository that is already there."""
        made = self.repositories[kind, name] = Repository(name, kind, private)
        made.commit("files", {path: File(data, not _is_text(path)) for path, data in files.items()})
        return made


def _is_text(path: str) -> bool:
    return path.endswith((".md", ".json", ".txt", ".py", ".gitattributes"))


class _Handler(BaseHTTPRequestHandler):
    hub: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._route("GET")

    def do_HEAD(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_PUT(self) -> None:
        self._route("PUT")

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr: see `StandIn.log`."""

    def _route(self, method: str) -> None:
        path, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query))
        for wanted, pattern, name in _ROUTES:
            if wanted == method and (match := re.fullmatch(pattern, path)):
                parts = {k: urllib.parse.unquote(v) for k, v in match.groupdict().items() if v is not None}
                answer: Callable[..., None] = getattr(self, f"_{name}")
                if name != "upload":
                    self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
                with self.hub.lock if name != "upload" else threading.Lock():
                    answer(**parts)
                return
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._error(404, "EntryNotFound", "the stand-in knows no such address")

    def _chunks(self) -> bytes:
        data = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return data

    # Who asks, and for what

    def _user(self) -> str | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        return self.hub.tokens.get(token)

    def _repository(self, name: str, kind: str = "models", write: bool = False) -> Repository | None:
        found = self.hub.repositories.get((_KINDS[kind], name))
        user = self._user()
        if self.headers.get("Authorization") and user is None:
            self._error(401, None, "Invalid credentials in Authorization header")
        elif found is None or (found.private and name.split("/")[0] != user):
            self._error(404 if user else 401, "RepoNotFound", "Repository not found")
        elif write and name.split("/")[0] != user:
            self._error(403, None, "You have no write access to this repository")
        else:
            return found
        return None

    # Answers

    def _send(self, status: int, data: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        self.hub.log.append((self.command, self.path, status))
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _json(self, answer: Any, status: int = 200) -> None:
        self._send(status, json.dumps(answer).encode())

    def _error(self, status: int, code: str | None, message: str) -> None:
        headers = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})}
        self._send(status, json.dumps({"error": message}).encode(), headers)

    # Endpoints

    def _whoami(self) -> None:
        user = self._user()
        if user is None:
            self._error(401, None, "Invalid credentials in Authorization header")
        else:
            self._json({"type": "user", "name": user, "orgs": [], "auth": {"type": "access_token"}})

    def _create(self) -> None:
        asked = json.loads(self.body)
        user = self._user()
        owner = asked.get("organization") or user
        name, kind = f"{owner}/{asked['name']}", asked.get("type", "model")
        if user is None:
            self._error(401, None, "Invalid credentials in Authorization header")
        elif owner != user:
            self._error(403, None, f"You don't have the rights to create a {kind} under the namespace {owner!r}")
        elif (kind, name) in self.hub.repositories:
            self._json({"error": "You already created this repo", "url": f"{self.hub.url}/{kind}s/{name}"}, 409)
        else:
            private = bool(asked.get("private")) or asked.get("visibility") == "private"
            made = self.hub.repositories[kind, name] = Repository(name, kind, private)
            self._json({"url": f"{self.hub.url}/{kind}s/{name}", "name": name, "id": made.sha[:24]})

    def _validate(self) -> None:
        self._json({"errors": [], "warnings": []})

    def _info(self, kind: str, name: str, revision: str = "main") -> None:
        if found := self._repository(name, kind):
            at = found.at(revision)
            if at is None:
                self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            else:
                self._json(found.describe(*at))

    def _preupload(self, kind: str, name: str, revision: str) -> None:
        if found := self._repository(name, kind, write=True):
            answer = []
            for one in json.loads(self.body)["files"]:
                there = found.files.get(one["path"])
                mode = "regular" if _is_text(one["path"]) else "lfs"
                oid = there.etag if there else None
                answer.append({"path": one["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
            self._json({"files": answer})

    def _batch(self, name: str, kind: str = "models") -> None:
        if self._repository(name, kind, write=True) is None:
            return
        objects = json.loads(self.body)["objects"]
        new = [one for one in objects if one["oid"] not in self.hub.stored]
        if self.hub.quota is not None and sum(one["size"] for one in new) > self.hub.quota:
            self._error(403, None, "Private repository storage limit reached, please upgrade your plan")
            return
        answer = []
        for one in objects:
            entry = {"oid": one["oid"], "size": one["size"]}
            if one in new:
                entry["actions"] = {"upload": {"href": f"{self.hub.url}/lfs/{one['oid']}", "header": {}}}
            answer.append(entry)
        self._json({"transfer": "basic", "objects": answer})

    def _upload(self, oid: str) -> None:
        with self.hub.lock:
            self.hub.uploads += 1
            broken = self.hub.uploads == self.hub.break_off_in
        length = int(self.headers.get("Content-Length") or 0)
        self.hub.at_upload(self.hub.uploads)
        if broken:
            self.rfile.read(length // 2)
            self.hub.log.append(("PUT", self.path, 0))
            self.close_connection = True
            self.connection.close()
            return
        data = self.rfile.read(length) or self._chunks()
        file = File(data, True)
        with self.hub.lock:
            if self.hub.unreachable:
                self.hub.log.append(("PUT", self.path, 0))
                self.close_connection = True
            elif file.sha256 != oid:
                self._error(400, None, "the content has another sha256")
            else:
                self.hub.stored[oid] = data
                self._json({})

    def _commit(self, kind: str, name: str, revision: str) -> None:
        found = self._repository(name, kind, write=True)
        if found is None:
            return
        files, message = {}, ""
        for line in self.body.splitlines():
            one = json.loads(line)
            value = one["value"]
            if one["key"] == "header":
                message = value["summary"]
            elif one["key"] == "file":
                files[value["path"]] = File(base64.b64decode(value["content"]), False)
            elif one["key"] == "lfsFile":
                if value["oid"] not in self.hub.stored:
                    self._error(400, None, f"{value['path']} was never uploaded")
                    return
                files[value["path"]] = File(self.hub.stored[value["oid"]], True)
            else:
                self._error(400, None, f"{one['key']}: nothing here is ever deleted")
                return
        sha = found.commit(message, files)
        self._json({"success": True, "commitOid": sha, "commitUrl": f"{self.hub.url}/{kind}/{name}/commit/{sha}"})

    def _tree(self, kind: str, name: str, revision: str, path: str = "") -> None:
        found = self._repository(name, kind)
        at = found.at(revision) if found else None
        if at is not None:
            entries = listed(at[1], path, self.query.get("recursive", "").lower() in ("true", "1"))
            if entries or not path:
                self._json(entries)
            else:
                self._error(404, "EntryNotFound", f"{path} does not exist")
        elif found:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def _paths_info(self, kind: str, name: str, revision: str) -> None:
        found = self._repository(name, kind)
        at = found.at(revision) if found else None
        if at is not None:
            if self.headers.get("Content-Type", "").startswith("application/json"):
                paths = json.loads(self.body)["paths"]
            else:
                paths = urllib.parse.parse_qs(self.body.decode()).get("paths", [])
            entries = {one["path"]: one for one in listed(at[1], "", True)}
            self._json([entries[path] for path in paths if path in entries])
        elif found:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def _resolve(self, name: str, revision: str, path: str, kind: str = "models") -> None:
        found = self._repository(name, kind)
        at = found.at(revision) if found else None
        if at is None or path not in at[1]:
            if found:
                self._error(404, "EntryNotFound" if at else "RevisionNotFound", f"{path} does not exist")
            return
        file = at[1][path]
        data, status = file.data, 200
        headers = {
            "Content-Type": "application/octet-stream",
            "ETag": f'"{file.etag}"',
            "X-Repo-Commit": at[0],
            "X-Linked-Size": str(len(data)),
            "X-Linked-ETag": f'"{file.etag}"',
            "Accept-Ranges": "bytes",
        }
        if match := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
            first, last = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
            data, status = data[first : last + 1], 206
        self._send(status, data, headers)
