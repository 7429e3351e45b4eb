"""Forms within limits: what a keyboard cannot produce or a page cannot send is refused, and nothing else."""

import aiohttp
import pytest

from chassis.web.forms import FIELDS_MAX, tame_file_name

from .conftest import Browser, Office


async def send(browser: Browser, body: bytes, content_type: str = "application/x-www-form-urlencoded", **headers: str):
    fields = await browser.fields_of(await browser.get("/search"))
    sent = {"Content-Type": content_type, "X-CSRF-Token": fields["csrf"], **headers}
    return await browser.post("/search", body, headers=sent)


async def code_of(answer: aiohttp.ClientResponse) -> str:
    text = await answer.text()
    return text.partition('<p class="error-code"><small>')[2].partition("<")[0]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"q=%00", 400, "form_control_character"),
        (b"q=a%07b", 400, "form_control_character"),
        (b"q=%C2%85", 400, "form_control_character"),
        (b"q=" + "\u202egnp.exe".encode(), 400, "form_malformed"),
        (b"q=%E2%80%AEfdp", 400, "form_control_character"),
        (b"q%00=a", 400, "form_control_character"),
        (b"q=%FF", 400, "form_malformed"),
        (b"q=%ED%A0%80", 400, "form_malformed"),
        (b"q", 400, "form_malformed"),
        (b"&".join(b"a=1" for _ in range(FIELDS_MAX + 1)), 400, "form_malformed"),
        (b"n" * 101 + b"=1", 400, "form_malformed"),
        (b"q=" + b"x" * 200_000, 413, "form_too_large"),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_odd_bodies_are_refused_with_a_code(office: Office, body: bytes, status: int, code: str) -> None:
    answer = await send(office.browse(), body)
    assert (answer.status, await code_of(answer)) == (status, code)
    assert "Traceback" not in await answer.text()
    assert office.count("library_web_refusals_total", code=code) == 1


async def test_other_types_and_packed_bodies_are_refused(office: Office) -> None:
    browser = office.browse()
    for content_type in ("application/json", "text/plain", "application/msgpack"):
        answer = await send(browser, b'{"q":1}', content_type)
        assert (answer.status, await code_of(answer)) == (415, "form_type_unknown")
    answer = await send(browser, b"not gzip", **{"Content-Encoding": "gzip"})
    assert answer.status in (400, 415)


@pytest.mark.parametrize(
    "value", ["<script>alert(1)</script>", "'; DROP TABLE loan; --", "=cmd|'/c calc'!A1", "ꦱ👍é", "a\tb"]
)
async def test_odd_but_honest_text_comes_back_escaped(office: Office, value: str) -> None:
    browser = office.browse()
    text = await (await browser.post("/search", await browser.filled("/search", q=value))).text()
    assert "<script>alert" not in text
    shown = value.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    assert f"<p>{shown}</p>" in text


async def test_line_ends_are_made_equal(office: Office) -> None:
    browser = office.browse()
    answer = await browser.post("/search", await browser.filled("/search", q="a\r\nb\rc"))
    assert "<p>a\nb\nc</p>" in await answer.text()


async def upload(browser: Browser, data: aiohttp.FormData) -> aiohttp.ClientResponse:
    token = (await browser.fields_of(await browser.get("/search")))["csrf"]
    data.add_field("csrf", token)
    return await browser.post("/upload", data)


async def test_files_arrive_with_tame_names(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    data = aiohttp.FormData(quote_fields=False)  # as browsers do
    data.add_field("note", "daftar")
    data.add_field("file", b"a;b\n" * 1000, filename="..\\..\\etc/daftar buku.csv")
    answer = await upload(browser, data)
    assert await answer.json() == ["daftar", "daftar buku.csv", 4000]


async def test_no_file_chosen_is_no_file(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    data = aiohttp.FormData()
    data.add_field("note", "kosong")
    data.add_field("file", b"", filename="")
    assert await (await upload(browser, data)).json() == ["kosong", None, 0]


async def test_files_have_a_limit_of_their_own(office: Office) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    data = aiohttp.FormData()
    data.add_field("file", b"x" * 1_100_000, filename="besar.csv")
    answer = await upload(browser, data)
    assert (answer.status, await code_of(answer)) == (413, "form_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n",
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nabc',
        b"--x\r\n\r\nno name\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="note"\r\n\r\n\xff\r\n--x--\r\n',
        b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--\r\n--x--\r\n",
        b"--other\r\n\r\n",
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_broken_multipart_bodies_are_refused(office: Office, body: bytes) -> None:
    browser = office.browse()
    await browser.sign_in("librarian")
    answer = await browser.post("/upload", body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status in (400, 403)
    assert office.count("library_web_refusals_total", code="internal") == 0


@pytest.mark.parametrize(
    ("name", "tame"),
    [
        ("daftar.csv", "daftar.csv"),
        ("/etc/passwd", "passwd"),
        ("..", "berkas"),
        ('a".csv\r\nX-Evil: 1', "a.csvX-Evil: 1"),
        ("\u202efdp.exe", "fdp.exe"),
        ("x" * 500, "x" * 120),
        ("", "berkas"),
    ],
)
def test_file_names_cannot_break_out(name: str, tame: str) -> None:
    assert tame_file_name(name) == tame
