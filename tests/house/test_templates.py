"""House rules on templates: none unused, none missing, no inline code, French and its typography."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from tests.house.source import ROOT, files, name_of, product_modules, strings, tree
from tests.strict import ENGLISH

TEMPLATES = ROOT / "templates"
# Rendered by libraries under names they choose.
BY_CONVENTION = (
    "account/",
    "mfa/",
    "allauth/",
    "admin/",
    "django/",
    "crispy_",
    "bootstrap5/",
    "django_tables2/",
    "registration/",
)
ERRORS = {"400.html", "403.html", "404.html", "500.html", "403_csrf.html"}
QUOTED = re.compile(r"""\{%\s*(?:include|extends)\s+["']([^"']+)["']""")
INCLUDED = re.compile(r"""\{%\s*include\s+["']([^"']+)["']""")
TEMPLATE_NAME = re.compile(r"^[\w./-]+\.(html|txt|typ)$")


def all_templates() -> list[Path]:
    return files(".html", ".txt", under="templates")


def said_in_templates() -> set[str]:
    return {name for path in all_templates() for name in QUOTED.findall(path.read_text())}


def said_in_python() -> set[str]:
    return {
        text.partition("#")[0]
        for path in product_modules()
        for text, _ in strings(path)
        if TEMPLATE_NAME.match(text.partition("#")[0])
    }


def queued_mails() -> set[str]:
    """The templates named in calls of queue_mail(template=…), by a word or by a choice between words."""
    found = set()
    for path in product_modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "queue_mail":
                for keyword in node.keywords:
                    value = keyword.value
                    choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                    if keyword.arg == "template":
                        found |= {str(c.value) for c in choices if isinstance(c, ast.Constant)}
    return found


def test_every_template_is_used():
    used = said_in_templates() | said_in_python() | ERRORS
    # A mail's template may be named by a variable: its word then stands somewhere in the code.
    words = {text for path in product_modules() for text, _ in strings(path)}
    used |= {f"emails/{word}.{kind}" for word in words if " " not in word for kind in ("txt", "html")}
    unused = []
    for path in all_templates():
        name = path.relative_to(TEMPLATES).as_posix()
        if name not in used and not name.startswith(BY_CONVENTION):
            unused.append(name)
    assert not unused, f"nobody renders: {unused}"


def test_every_named_template_exists():
    mails = {f"emails/{name}.{kind}" for name in queued_mails() for kind in ("txt", "html")}
    # « 0 » stands for the variable part of an f-string.
    named = {
        name for name in said_in_python() if "/" in name and "/0." not in name and name.endswith((".html", ".txt"))
    }
    names = said_in_templates() | named | mails
    missing = []
    for name in sorted(names):
        try:
            get_template(name)
        except Exception as error:
            missing.append(f"{name}: {type(error).__name__} {error}")
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("path", all_templates(), ids=name_of)
def test_a_template_compiles(path):
    get_template(path.relative_to(TEMPLATES).as_posix())


WIDEST = 160


def test_a_template_says_one_element_a_line():
    """djlint lays templates out (scripts/lint.sh), but cuts no line: this is what a person can read and compare."""
    long = [
        f"{name_of(path)}:{number}: {len(line)} characters"
        for path in all_templates()
        if path.suffix == ".html"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if len(line) > WIDEST
    ]
    assert not long, "\n".join(long)


def test_a_partial_is_named_with_an_underscore():
    """What templates include, or its folder, begins with « _ », unless a view renders it too."""
    included = {name for path in all_templates() for name in INCLUDED.findall(path.read_text())}
    wrong = {name for name in included - said_in_python() if "/_" not in f"/{name}"}
    assert not wrong, sorted(wrong)


INLINE = [
    (re.compile(r"<style\b", re.I), "<style>"),
    (re.compile(r"""<[^>]*\sstyle\s*=""", re.I), "style="),
    (re.compile(r"""<[^>]*\son[a-z]+\s*=""", re.I), "on…="),
    (re.compile(r"""hx-on""", re.I), "hx-on"),
    (re.compile(r"javascript:", re.I), "javascript:"),
    (re.compile(r"\|\s*safe\b"), "|safe"),
    (re.compile(r"\{%\s*autoescape\s+off"), "autoescape off"),
    (re.compile(r"https?://(?!(www\.)?(exemple|w3)\.)[a-z]", re.I), "an address of another site"),
]


def problems(text: str) -> list[str]:
    found = [label for pattern, label in INLINE if pattern.search(text)]
    for tag in re.findall(r"<script\b[^>]*>", text, re.I):
        if "src=" not in tag and "application/json" not in tag:
            found.append("inline <script>")
    return found


def test_no_template_holds_inline_code_or_raw_html():
    broken = {
        name_of(path): found
        for path in all_templates()
        if path.suffix == ".html"
        and "emails" not in path.parts
        and (found := problems(without_comments(path.read_text())))
    }
    assert not broken, broken


# French ---------------------------------------------------------------------------------------------
def without_comments(text: str) -> str:
    text = re.sub(r"\{%\s*comment\b.*?endcomment\s*%\}", "", text, flags=re.S)
    return re.sub(r"\{#.*?#\}|<!--.*?-->", "", text, flags=re.S)


def visible(text: str) -> str:
    """What a person reads: tags and template code leave a neutral mark in their place."""
    text = without_comments(text)
    said = re.findall(r"""(?:alt|title|placeholder|aria-label)\s*=\s*"([^"{]*)\"""", text)
    text = re.sub(r"<(script|style|code|kbd|pre)\b.*?</\1>", "", text, flags=re.S | re.I)
    text = re.sub(r"\{\{.*?\}\}", "0", text, flags=re.S)
    text = re.sub(r"\{%.*?%\}", "\n", text, flags=re.S)
    text = re.sub(r"</?(a|b|strong|em|span|abbr|time|small|sup|i)\b[^>]*>", "", text, flags=re.S)
    text = re.sub(r"<[^>]*>", "\n", text, flags=re.S)
    return "\n".join([text.replace("&nbsp;", "\u00a0"), *said])


# An ordinary space before « : ; ? ! » », or after « « »: a line could break there.
LOOSE = re.compile(r"[\w)»’']+ [:;?!»](?![\w/])|« ")
SHOUTED = re.compile(r"\w[\u00a0\u202f ]?!(?!=)")


def french_problems(text: str) -> list[str]:
    found = [f"English: {m.group(0)}" for m in ENGLISH.finditer(text)]
    found += [f"ordinary space: {m.group(0)!r}" for m in LOOSE.finditer(text)]
    found += [f"exclamation mark: {m.group(0)!r}" for m in SHOUTED.finditer(text)]
    return found


def test_templates_are_french_to_the_last_space():
    broken = [
        f"{name_of(path)}: {', '.join(dict.fromkeys(found))}"
        for path in all_templates()
        if (found := french_problems(visible(path.read_text())))
    ]
    assert not broken, "\n".join(broken)


ACCENTED = re.compile(r"[éèêàùçôîâûœ«]", re.I)


def test_sentences_written_in_python_are_french_to_the_last_space():
    broken = []
    for path in product_modules():
        for text, line in strings(path):
            # Only sentences: an accent, several words.
            if ACCENTED.search(text) and text.count(" ") > 2:
                found = [f for f in french_problems(text) if not f.startswith("English")]
                broken += [f"{name_of(path)}:{line}: {one}" for one in found]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("<p>Voulez-vous continuer ?</p>", True),
        ("<p>Voulez-vous continuer\u00a0?</p>", False),
        ("<p>« Bonjour »</p>", True),
        ("<p>«\u00a0Bonjour\u00a0»</p>", False),
        ("<p>Bienvenue\u00a0!</p>", True),
        ("<p>{{ a }} : {{ b }}</p>", True),
        ("<p>Voir <a href='#'>14:30</a></p>", False),
        ("<p>Please wait</p>", True),
        ("{# a comment, with the words of a developer #}<p>Bonjour</p>", False),
    ],
)
def test_the_french_check_sees_what_a_reader_would(text, wrong):
    assert bool(french_problems(visible(text))) is wrong
