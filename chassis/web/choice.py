"""The reader's language: a cookie that holds `en` and nothing else, set by a link in the foot of every page.

Indonesian unless somebody asked; never from what a browser prefers, because a computer that came with English must not
surprise its clerk. The language lasts as long as a page is made: prints, exports, records and logs are always Indonesian.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from chassis.web.declarations import public
from chassis.web.guard import local_path
from language import translated
from language.catalogue import INDONESIAN, LANGUAGES, READING, catalogue

BILINGUAL = web.AppKey("bilingual", bool)
"""Set in an application whose sentences have a catalogue."""
LANGUAGE_COOKIE = "language"
KEPT_SECONDS = 365 * 24 * 3600


def language_of(request: web.Request) -> str:
    """What this browser asked for, where there is a choice."""
    if not has_choice(request):
        return INDONESIAN
    chosen = request.cookies.get(LANGUAGE_COOKIE, INDONESIAN)
    return chosen if chosen in LANGUAGES else INDONESIAN


def has_choice(request: web.Request) -> bool:
    """Whether this application's pages are made in more than one language."""
    return request.app.get(BILINGUAL, False)


@contextmanager
def reading(language: str) -> Iterator[None]:
    """While a page of this language is made. Must not span an `await`."""
    token = READING.set(catalogue(language))
    try:
        yield
    finally:
        READING.reset(token)


def in_language_of(request: web.Request, sentence: str) -> str:
    """A sentence that is kept until the next page, as plain text."""
    return str(translated(sentence, catalogue(language_of(request))))


def install_choice(app: web.Application, *, kept_seconds: int | None, is_tls: bool) -> None:
    """Reads the catalogues, and adds the address that a page's link leads to; `kept_seconds` None: until the browser is closed."""

    @public
    async def choose(request: web.Request) -> web.StreamResponse:
        answer = web.HTTPSeeOther(local_path(request.query.get("next", "/")))
        answer.set_cookie(
            LANGUAGE_COOKIE,
            request.match_info["language"],
            max_age=kept_seconds,
            httponly=True,
            samesite="Strict",
            secure=is_tls,
            path="/",
        )
        raise answer

    for language in LANGUAGES:
        catalogue(language)
    app[BILINGUAL] = True
    app.router.add_get(f"/language/{{language:{'|'.join(LANGUAGES)}}}", choose)
