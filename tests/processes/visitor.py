"""A browser without scripts before real web processes: cookies, pages, and the forms that are on them."""

from __future__ import annotations

from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

from tests import pages

EDGE = "----edge"


class Page:
    def __init__(self, answer: Any) -> None:
        self.url = answer.geturl()
        self.content = answer.read()
        # As the test client's answers say it: a form without an action comes back here.
        self.request = {"PATH_INFO": urlsplit(self.url).path}

    @property
    def text(self) -> str:
        return str(self.content.decode())


class Visitor:
    """``at`` is the web process that answers next; the cookies follow from one to another, as behind one name."""

    def __init__(self, at: str) -> None:
        self.at = at
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> Page:
        return Page(self._opener.open(urljoin(self.at, path), timeout=60))

    def post(self, path: str, data: dict[str, Any]) -> Page:
        files = {name: value for name, value in data.items() if isinstance(value, bytes)}
        if not files:
            return Page(self._opener.open(urljoin(self.at, path), urlencode(data, doseq=True).encode(), timeout=60))
        fields = [
            (name, text)
            for name, value in data.items()
            if name not in files
            for text in (value if isinstance(value, list) else [value])
        ]
        parts = [
            f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
            for name, text in fields
        ]
        parts += [
            f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"; filename="liste.csv"\r\n\r\n'.encode()
            + content
            + b"\r\n"
            for name, content in files.items()
        ]
        body = b"".join(parts) + f"--{EDGE}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
        return Page(self._opener.open(Request(urljoin(self.at, path), body, kind), timeout=60))

    def press(self, page: Page, words: str, **typed: Any) -> Page:
        """Press a button of the page (``tests.pages.press``); bytes are a file."""
        answer: Page = pages.press(self, page, words, **typed)
        return answer

    def sign_in(self, email: str, password: str) -> Page:
        return self.press(self.get("/connexion/"), "Se connecter", login=email, password=password)
