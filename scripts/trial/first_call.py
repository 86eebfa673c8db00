"""What section 9 of docs/installer.md says to do in a browser, done over HTTPS: the pages' own forms and buttons.

    .venv/bin/python scripts/trial/first_call.py https://SITE CERTIFICATE EMAIL PASSWORD LIST

Its last line is the number of the case that was called.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.cookiejar
import re
import ssl
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path


class Form:
    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method
        self.fields: list[tuple[str, str]] = []
        self.choices: dict[str, list[tuple[str, str]]] = {}
        # What the button says, its name, its value, its own address.
        self.buttons: list[tuple[str, str, str, str]] = []


class Forms(HTMLParser):
    """The forms of a page as a browser would send them; and the text of its main part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.button: list[str] | None = None
        self.select = self.option = self.textarea = ""
        self.words: list[str] = []
        self.silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attributes}
        if tag in ("script", "style", "head"):
            self.silent += 1
        if tag == "form":
            self.form = Form(at.get("action", ""), at.get("method", "get").lower())
            self.forms.append(self.form)
        if self.form is None:
            return
        name, value = at.get("name", ""), at.get("value", "")
        if tag == "input" and name:
            kind = at.get("type", "text")
            if kind in ("checkbox", "radio"):
                self.form.choices.setdefault(name, []).append((value or "on", ""))
            if kind not in ("checkbox", "radio", "submit", "file") or "checked" in at:
                self.form.fields.append((name, value or ("on" if kind == "checkbox" else "")))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            self.option = value
            self.form.choices.setdefault(self.select, []).append((value, ""))
            if "selected" in at or not any(key == self.select for key, _ in self.form.fields):
                self.form.fields = [one for one in self.form.fields if one[0] != self.select]
                self.form.fields.append((self.select, value))
        elif tag == "textarea":
            self.textarea = name
            self.form.fields.append((name, ""))
        elif tag == "button":
            self.button = [name, value, at.get("formaction", "")]

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words.append(data)
        if self.form is None:
            return
        if self.textarea:
            name, value = self.form.fields.pop()
            self.form.fields.append((name, value + data))
        elif self.button is not None:
            self.button.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head"):
            self.silent -= 1
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.textarea = ""
        elif tag == "button" and self.button is not None and self.form is not None:
            name, value, address, *said = self.button
            self.form.buttons.append((" ".join("".join(said).split()), name, value, address))
            self.button = None

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


class Visitor:
    """A browser without scripts: cookies, redirects, and the forms that are on the page."""

    def __init__(self, site: str, certificate: str) -> None:
        self.site = site
        context = ssl.create_default_context(cafile=certificate)
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), urllib.request.HTTPSHandler(context=context)
        )
        self.address = self.html = ""

    def open(self, address: str, data: bytes | None = None, kind: str = "application/x-www-form-urlencoded") -> None:
        request = urllib.request.Request(urllib.parse.urljoin(self.address or self.site, address), data=data)
        request.add_header("Accept", "text/html")
        if data is not None:
            request.add_header("Content-Type", kind)
            request.add_header("Referer", self.address)
        try:
            with self.opener.open(request, timeout=120) as answer:
                self.address, self.html = answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            self.fail(f"{request.get_method()} {address} : {error.code}", error.read().decode(errors="replace"))

    def fail(self, why: str, html: str | None = None) -> None:
        text = Forms(self.html if html is None else html).text
        sys.exit(f"{why}\nPage : {self.address}\n{text[:3000]}")

    def follow(self, words: str, under: str = "") -> None:
        """Click a link, by what it says (and where it leads, when the page says it twice)."""
        for address, inside in re.findall(r'<a\b[^>]*\bhref="([^"]*)"[^>]*>(.*?)</a>', self.html, re.DOTALL):
            if address.startswith(under) and words in " ".join(
                re.sub(r"<[^>]+>", " ", inside).replace("\xa0", " ").split()
            ):
                return self.open(address.replace("&amp;", "&"))
        return self.fail(f"Aucun lien « {words} »")

    def form(self, words: str) -> Form:
        for form in Forms(self.html).forms:
            if any(words in said.replace("\xa0", " ") for said, *_ in form.buttons):
                return form
        self.fail(f"Aucun bouton « {words} »")
        raise AssertionError

    def press(self, words: str, file: tuple[str, Path] | None = None, **values: str | list[str]) -> None:
        """Fill the form that has this button, and press it."""
        form = self.form(words)
        fields = [one for one in form.fields if one[0] not in values]
        for name, given in values.items():
            fields += [(name, one) for one in ([given] if isinstance(given, str) else given)]
        _, name, value, address = next(one for one in form.buttons if words in one[0].replace("\xa0", " "))
        if name:
            fields.append((name, value))
        if file is None:
            return self.open(address or form.action or self.address, urllib.parse.urlencode(fields).encode())
        mark = uuid.uuid4().hex
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{one}\r\n' for key, one in fields]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{file[0]}"; filename="{file[1].name}"\r\n\r\n'
        body = "".join([*parts, head]).encode() + file[1].read_bytes() + f"\r\n--{mark}--\r\n".encode()
        return self.open(form.action or self.address, body, f"multipart/form-data; boundary={mark}")

    def wait_for(self, words: str, seconds: int = 300) -> None:
        """Reload until the page has this button."""
        until = time.monotonic() + seconds
        while not any(words in said for form in Forms(self.html).forms for said, *_ in form.buttons):
            if time.monotonic() > until:
                self.fail(f"« {words} » n'est pas venu en {seconds} s")
            time.sleep(2)
            self.open(self.address)


def code(secret: str) -> str:
    """The six digits an application shows for this key now (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def main(site: str, certificate: str, email: str, password: str, tenants: str) -> None:
    administrator = Visitor(site, certificate)
    administrator.open("/")
    administrator.press("Se connecter", login=email, password=password)
    if "Installer la double authentification" not in administrator.html:
        administrator.fail("La double authentification n'est pas demandée.")
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', administrator.html)
    if found is None:
        administrator.fail("La clé de la double authentification n'est pas affichée.")
        raise AssertionError
    secret = found.group(1)
    administrator.press("Terminer l'installation", code=code(secret))
    print("  connexion, double authentification installée", flush=True)

    # Elsewhere: the password, then a code of the application.
    again = Visitor(site, certificate)
    again.open("/")
    again.press("Se connecter", login=email, password=password)
    time.sleep(31)  # a code serves once
    again.press("Se connecter", code=code(secret))
    again.follow("Comptes")
    print("  nouvelle connexion, avec un code", flush=True)

    again.follow("Listes")
    again.follow("Importer une liste")
    again.press("Déposer la liste", file=("file", Path(tenants)), landlord_name="Habitat de l’essai")
    again.press("Vérifier la liste")
    again.wait_for("Confirmer et écrire")
    again.press("Confirmer et écrire")
    until = time.monotonic() + 300
    while "Import en cours" in again.html and time.monotonic() < until:
        time.sleep(2)
        again.open(again.address)
    print(f"  liste importée : {again.address}", flush=True)

    again.follow("Comptes")
    again.follow("Inviter des personnes")
    again.press("Inviter", addresses="Zoé Marin <zoe.marin@exemple.fr>", role="volunteer")
    link = re.search(r'value="(https://[^"]+/invitation/[^"]+)"', again.html)
    if link is None:
        again.fail("Le lien d'invitation n'est pas affiché.")
        raise AssertionError
    volunteer = Visitor(site, certificate)
    volunteer.open(link.group(1))
    volunteer.press("Rejoindre l", password1=VOLUNTEERS, password2=VOLUNTEERS)
    print("  bénévole : lien ouvert, équipe rejointe", flush=True)

    again.follow("Comptes")
    again.follow("Claire Essai", under="/personnes/")
    again.press("Enregistrer les rôles", names=["administrator", "coordinator"])
    again.follow("Campagnes")
    again.follow("Nouvelle campagne")
    again.press("Créer la campagne", **campaign())
    page = again.address
    again.follow("Bénévoles", under="/campagnes/")
    people = again.form("Ajouter à la campagne").choices["people"]
    again.press("Ajouter à la campagne", people=[value for value, _ in people])
    again.open(page)
    again.follow("Inscrire les foyers")
    again.press("Inscrire")
    again.open(page)
    again.press("Ouvrir la campagne")
    print("  campagne ouverte", flush=True)

    volunteer.open("/appels/")
    volunteer.press("Appeler le prochain foyer")
    case = volunteer.address.rstrip("/").rpartition("/")[2]
    volunteer.press("Enregistrer l'appel", comment="Appel de l’essai.", **answers(volunteer))
    if "/appels/faits/" not in volunteer.address:
        volunteer.fail("L'appel n'est pas enregistré.")
    print("  appel enregistré", flush=True)
    print(case)


VOLUNTEERS = "une-phrase-facile-a-retenir"


def campaign() -> dict[str, str | list[str]]:
    """What the campaign's page asks for; open at any hour, for the try may be made by night."""
    return {
        "name": "Grand froid",
        "purpose": "Prendre des nouvelles des personnes âgées pendant le froid.",
        "legal_basis": "Mission d’intérêt public",
        "data_protection_contact": "donnees@exemple.fr",
        "impact_assessment": "AIPD-1",
        "ends_on": (datetime.now(tz=UTC) + timedelta(days=60)).date().isoformat(),
        "callback_number": "05 56 00 00 01",
        "on_call_number": "05 56 00 00 02",
        "training_required": [],
        **{f"hours_{number}": "00:00-23:59" for number in range(7)},
    }


def answers(volunteer: Visitor) -> dict[str, str]:
    """Everything goes well: the answer of each question that has to be answered, by the names on the page."""
    given: dict[str, str] = {}
    for question, value in (
        *(("accueil", "oui"), ("information", "oui"), ("courses", "moi")),
        *(("sante", "bien"), ("solitude", "rarement"), ("suivi", "non")),
    ):
        block = volunteer.html.partition(f'data-question="{question}"')[2].partition("data-question=")[0]
        for tag in re.findall(r"<input\b[^>]*>", block):
            name, said = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
            if name and said and said.group(1) == value:
                given[name.group(1)] = value
    return given


if __name__ == "__main__":
    main(*sys.argv[1:])
