"""`make petunjuk`: the pictures of docs/petunjuk, taken of real pages at the size of an old screen.

The demo's centre and villages are started, and its story is told; a browser looks on at the first village and takes a
picture where a chapter needs one. Everybody on them is invented. Run it again whenever pages have changed.
"""

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Page, async_playwright

from deploy.demo.__main__ import PASSWORD, Office, Story, command, console, until
from deploy.demo.counter import Unexpected
from deploy.petunjuk import PICTURES

FOLDER = Path(__file__).parents[2] / "docs" / "petunjuk" / "gambar"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SCREEN = {"width": 1024, "height": 768}
"""The old screens of village offices."""


class Camera:
    """One person at one village's pages."""

    def __init__(self, page: Page, address: str) -> None:
        self._page = page
        self._address = address

    async def sign_in(self, login: str) -> None:
        await self.open("/login")
        await self.fill("Nama pengguna", login)
        await self.fill("Kata sandi", PASSWORD)
        await self.enter()

    async def open(self, path: str) -> None:
        await self._page.goto(self._address + path)

    async def fill(self, label: str, text: str) -> None:
        await self._page.get_by_label(label).first.fill(text)

    async def enter(self) -> None:
        async with self._page.expect_navigation():
            await self._page.keyboard.press("Enter")

    async def type_in(self, text: str) -> None:
        """What a clerk types into the field of the first page."""
        await self.open("/")
        await self._page.wait_for_function("document.activeElement.matches('[autofocus]')")
        await self._page.keyboard.type(text)
        await self.enter()

    async def take(self, name: str) -> None:
        if name not in PICTURES:
            raise Unexpected(f"no chapter asks for a picture called {name}")
        await self._page.wait_for_load_state("load")
        await self._page.screenshot(path=FOLDER / f"{name}.png")
        console.print(f"  {name}.png")

    @property
    def path(self) -> str:
        return self._page.url.removeprefix(self._address)


class Guide(Story):
    """The demo's story, with somebody who takes pictures of it."""

    browser: Browser

    async def tell(self) -> None:
        await self.open_centre()
        await self.open_villages()
        await self.register()
        office = self.offices[0]
        clerk, head = await self._camera(office), await self._camera(office)
        await self.serve_somebody(office, clerk, head)
        await self.work_offline()
        await until("the counter knows that the cable is cut", lambda: self._is_offline(office))
        await clerk.open("/sync")
        await clerk.take("luring")
        await self.mend()
        await self.read_answers(office, clerk)
        await self.replace(office)

    async def serve_somebody(self, office: Office, clerk: Camera, head: Camera) -> None:
        """One letter, from signing in to its paper, and what else one does with a resident."""
        person = next(members for members in office.households if len(members) >= FAMILY)[0]
        await clerk.open("/login")
        await clerk.take("masuk")
        await clerk.sign_in("petugas")
        await clerk.take("beranda")
        await clerk.type_in(f"cari {person.kk}")
        await clerk.take("cari")
        await clerk.type_in(person.nik)
        await clerk.take("penduduk")
        await clerk.type_in(f"sktm {person.nik}")
        await clerk.fill("Keperluan", "keringanan biaya sekolah")
        await clerk.take("surat-isian")
        await clerk.enter()
        await clerk.take("surat-periksa")
        await clerk.enter()
        await clerk.take("surat-terbit")
        letter = clerk.path
        await head.sign_in("kepala")
        await head.open(f"{letter}/void")
        await head.fill("Alasan", "Salah menulis keperluan; diganti surat baru.")
        await head.take("batalkan")
        await clerk.type_in(f"usul {person.nik}")
        await clerk.take("usulkan")

    async def read_answers(self, office: Office, clerk: Camera) -> None:
        await clerk.open("/")
        await clerk.take("beranda-kabar")
        refused = next(iter(office.proposals.values()))  # the story's first household is in another scheme
        await clerk.open(refused)
        await clerk.take("jawaban")
        await clerk.open("/numbers")
        await clerk.take("nomor")

    async def replace(self, office: Office) -> None:
        """The village's server is lost with its disk; another one takes its place."""
        if office.process is None:
            raise Unexpected("no server to replace")
        office.process.terminate()
        await office.process.wait()
        for lost in ("data", "identity"):
            shutil.rmtree(office.folder / lost)
        token = await self._central("enrol", office.home.code)
        await command("agent", "enrol", "-", "-s", str(office.settings), given=token)
        await self._agent(office, "user", "add", "kepala", "--name", "Kepala", "--role", "head", given=PASSWORD)
        await self._serve(office)
        camera = await self._camera(office)
        await camera.sign_in("kepala")
        await camera.open("/numbers")
        await camera.take("server-diganti")

    async def _is_offline(self, office: Office) -> bool:
        return (await office.clerk.road()).startswith("Luring")

    async def _camera(self, office: Office) -> Camera:
        context = await self.browser.new_context(viewport=SCREEN, locale="id-ID", color_scheme="light")  # type: ignore[arg-type]
        return Camera(await context.new_page(), f"http://127.0.0.1:{office.port}")


FAMILY = 3
"""A household large enough to show how its members are ticked."""


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kampung-petunjuk-")))
        driver = await stack.enter_async_context(async_playwright())

        def session() -> aiohttp.ClientSession:
            opened = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
            stack.push_async_callback(opened.close)
            return opened

        guide = Guide(folder, session)
        stack.push_async_callback(guide.stop)
        guide.browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        stack.push_async_callback(guide.browser.close)
        await guide.tell()
    for picture in FOLDER.glob("*.png"):
        if picture.stem not in PICTURES:
            picture.unlink()


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        asyncio.run(main())
    except Unexpected as error:
        console.print(f"[red]The story went wrong:[/red] {error}")
        sys.exit(1)
