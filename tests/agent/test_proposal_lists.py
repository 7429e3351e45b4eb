"""Proposals from a file: the report first, a bad row is that row's problem, nobody is proposed twice."""

import re

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.proposal_lists import ROWS_MAX, ProposalList, read_list
from agent.store import proposal_lists
from protocol import ops
from protocol.ids import mask_nik
from protocol.lists.tables import FileProblem, ListRefused
from tests.agent.office import CYCLE, QUESTIONS, Counter, words_of
from tests.agent.test_aid_desk import KEPT, TEACHERS, made, open_cycles
from tests.chassis.conftest import Browser

TEACHING = QUESTIONS["GURU-NGAJI"]
HEAD = "No;NIK;Nama;Tempat mengajar;Alamat tempat mengajar;Jumlah santri;Mengajar sejak;ASN;Nomor telepon;Warna"
CELLS = "TPQ Al-Hikmah;Dusun Krajan RT 1;35;07-2015;tidak;0812-3456-7890;biru"


def read(text: str) -> ProposalList:
    found = read_list(text.encode(), TEACHING)
    assert isinstance(found, ProposalList), found
    return found


async def send(browser: Browser, content: bytes, cycle: str = CYCLE.code) -> aiohttp.ClientResponse:
    data = aiohttp.FormData(quote_fields=False)
    for field, value in (await browser.fields_of(await browser.get("/proposals/file"))).items():
        if field != "cycle":
            data.add_field(field, value)
    data.add_field("cycle", cycle)
    data.add_field("file", content, filename="usulan.csv", content_type="text/csv")
    return await browser.post("/proposals/file", data)


def test_a_file_as_people_keep_it_is_read_by_its_titles() -> None:
    listed = read(f"DAFTAR USULAN\n{HEAD}\n1;'3510256507850001;SITI;{CELLS}\n")
    (row,) = listed.rows
    assert (row.line, row.nik, list(row.answers)) == (3, "3510256507850001", KEPT)
    assert listed.ignored == ("Warna",)


def test_one_column_of_niks_is_enough_where_nothing_is_asked() -> None:
    listed = read_list(b"\xef\xbb\xbfNIK\r\n3510256507850001\r\n\r\n3510256507850002\r\n", ())
    assert isinstance(listed, ProposalList)
    assert [(row.line, row.nik) for row in listed.rows] == [(2, "3510256507850001"), (4, "3510256507850002")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"1;351025650785001;SITI;{CELLS}", "NIK:"),
        (f"1;9999999999999999;SITI;{CELLS}", "NIK sementara"),
        (f"1;3.51001E+15;SITI;{CELLS}", "NIK:"),
        (f"1;3510256507850002;SITI;{CELLS.replace('35', 'banyak', 1)}", "Jumlah santri: bukan bilangan bulat."),
        (f"1;3510256507850002;SITI;{CELLS.replace('tidak', '')}", "ASN: wajib dipilih"),
        ("1;3510256507850002", ""),
        (f"1;3510256507850001;LAGI;{CELLS}", "NIK ini sudah ada pada baris 2."),
    ],
)
def test_a_bad_row_is_that_rows_problem(row: str, said: str) -> None:
    listed = read(f"{HEAD}\n1;3510256507850001;SITI;{CELLS}\n{row}\n1;3510256507850009;AYU;{CELLS}\n")
    assert [each.line for each in listed.rows] == [2, 4]
    (fault,) = listed.faults
    assert fault.line == 3
    assert said in fault.sentence
    assert not re.search("[0-9]{16}", fault.nik + fault.sentence)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", FileProblem.EMPTY),
        (b"PK\x03\x04xxxx", FileProblem.NOT_A_TABLE),
        (b"Nama;Alamat\nSITI;Krajan\n", FileProblem.COLUMN_MISSING),
        (b"NIK;NIK\n1;2\n", FileProblem.COLUMN_TWICE),
        (b"satu\ndua\n", FileProblem.NO_HEADER),
        (b"NIK;Nama\n", FileProblem.EMPTY),
        (b"NIK;Nama\n" + b"3510256507850001;X\n" * (ROWS_MAX + 1), FileProblem.TOO_MANY_ROWS),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(content: bytes, problem: FileProblem) -> None:
    found = read_list(content, ())
    assert isinstance(found, ListRefused)
    assert found.problem is problem


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(content: bytes) -> None:
    assert read_list(content, TEACHING) is not None
    assert read_list(b"NIK;Jumlah santri\n" + content, TEACHING) is not None


async def test_the_report_comes_first_and_the_confirmation_writes_what_it_said(counter: Counter) -> None:
    clerk = await counter.browser()
    known = list(counter.people)[:3]
    proposed = await counter.propose(clerk, counter.people[known[0]].hex())
    content = ("NIK;Nama\n" + "".join(f"{n};x\n" for n in (*known, "3510256507850001", "123"))).encode()
    report = await send(clerk, content)
    text = await report.text()
    assert "2 baris dapat diusulkan, 3 baris tidak." in words_of(text)
    assert "Penduduk ini sudah diusulkan untuk program dan periode ini." in text
    assert "Penduduk ini tidak tercatat di kantor ini." in text
    assert not any(nik in text for nik in known)
    assert mask_nik(known[1]) in text
    assert await counter.value("SELECT count(*) FROM proposal") == 1, "nothing is written yet"
    fields = await clerk.fields_of(report)
    done = words_of(await (await clerk.post("/proposals/file/confirm", fields)).text())
    assert "2 baris diusulkan, 3 baris tidak." in done
    assert await counter.value("SELECT count(DISTINCT nik) FROM proposal") == 3
    again = await clerk.post("/proposals/file/confirm", fields)
    assert again.status == 422, "the file is not kept"
    once_more = words_of(await (await send(clerk, content)).text())
    assert "0 baris dapat diusulkan, 5 baris tidak." in once_more
    assert proposed


async def test_a_schemes_answers_come_from_the_columns(counter: Counter) -> None:
    await open_cycles(counter)
    clerk = await counter.browser()
    nik = next(iter(counter.people))
    report = await send(clerk, f"{HEAD}\n1;{nik};SITI;{CELLS}\n".encode(), TEACHERS.code)
    assert "Kolom yang tidak dipakai: Warna." in words_of(await report.text())
    await clerk.post("/proposals/file/confirm", await clerk.fields_of(report))
    body = await made(counter, "/" + (await counter.value("SELECT lower(hex(id)) FROM proposal")))
    assert isinstance(body, ops.ProposalWithAnswers)
    assert (body.fields, body.nik) == (KEPT, nik)


async def test_only_whoever_sent_a_file_confirms_it_and_a_wrong_one_says_so(counter: Counter) -> None:
    clerk, head = await counter.browser(), await counter.browser("head")
    nik = next(iter(counter.people))
    report = await send(clerk, f"NIK;Nama\n{nik};x\n".encode())
    key = (await clerk.fields_of(report))["key"]
    form = await head.fields_of(await head.get("/proposals/file"))
    assert (await head.post("/proposals/file/confirm", {"csrf": form["csrf"], "key": key})).status == 422
    assert await counter.value("SELECT count(*) FROM proposal") == 0
    for content, cycle, said in (
        (b"", CYCLE.code, "Berkas: pilih berkas CSV"),
        (b"%PDF-1.7", CYCLE.code, "Berkas ini bukan CSV, melainkan PDF."),
        (b"NIK\n1\n", "TIDAK-ADA", "Program dan periode: pilih salah satu."),
    ):
        answer = await send(clerk, content, cycle)
        assert answer.status == 422
        assert said in words_of(await answer.text())


async def test_a_long_file_is_written_in_small_transactions_and_a_second_run_changes_nothing(counter: Counter) -> None:
    content = ("NIK\n" + "\n".join(counter.people)).encode()
    listed = read_list(content, ())
    assert isinstance(listed, ProposalList)
    unseal = counter.office.unseal
    first = await proposal_lists.take_in(counter.store, unseal, CYCLE.code, listed, "clerk")
    again = await proposal_lists.take_in(counter.store, unseal, CYCLE.code, listed, "clerk")
    assert all(report.refused is None for report in first)
    assert all(report.refused for report in again)
    assert await counter.value("SELECT count(*) FROM proposal") == len(counter.people)
