"""The tables an office may change."""

from collections.abc import Callable
from pathlib import Path

import pytest

from central.domain.catalogue import (
    AMOUNT_RUPIAH_MAX,
    TEXT_CHARS_MAX,
    CatalogueError,
    Per,
    parse_amounts,
    parse_exclusions,
    parse_reasons,
    parse_rules,
    parse_schemes,
)
from central.domain.reasons import NextStep, ReasonCode
from protocol.codec import pack, unpack
from protocol.schemes import Claim, Effect, Rulebook, RuleSet, Unit, month, relation

DATA = Path(__file__).parents[2] / "central" / "data"


def table(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


SCHEMES = parse_schemes(table("schemes.csv"))
RULES = parse_rules(table("schemes.csv"), table("exclusions.csv"))
BOOK = Rulebook(RULES)


def effect(a: str, b: str, when: int, link: Unit = Unit.HOUSEHOLD) -> Effect:
    return relation(BOOK, Claim(a, "", when, when), Claim(b, "", when, when), link).effect


def test_the_shipped_tables_are_sound_and_travel_in_one_feed_item() -> None:
    assert len(SCHEMES) == 15
    assert len(RULES.exclusions) == 27
    packed = pack(RULES)
    assert len(packed) < 64 * 1024
    assert unpack(packed, RuleSet) == RULES
    amounts = parse_amounts(table("scheme_amounts.csv"), SCHEMES)
    teachers = [amount for amount in amounts if amount.scheme == "GURU-NGAJI"]
    assert [(amount.amount_rupiah, amount.per) for amount in teachers] == [(700_000, Per.CYCLE)]


def test_the_food_parcel_of_2021_excludes_what_the_regency_said() -> None:
    may = month(2021, 5)
    for other in ("PKH", "BPNT", "BST", "BLT-DD"):
        assert effect("APBD-PANGAN", other, may) is effect(other, "APBD-PANGAN", may) is Effect.REJECT
    assert effect("APBD-PANGAN", "BPUM", may) is Effect.WARN  # the rule begins in August
    assert effect("APBD-PANGAN", "BPUM", month(2021, 8)) is Effect.REJECT
    assert effect("BPNT", "PKH", may) is Effect.ALLOW


def test_blt_dd_excluded_bpnt_until_2022_and_pkh_ever_since() -> None:
    assert effect("BLT-DD", "BPNT", month(2022, 12)) is Effect.REJECT
    assert effect("BLT-DD", "BPNT", month(2023, 1)) is Effect.WARN
    assert effect("BLT-DD", "PKH", month(2023, 1)) is Effect.REJECT


def test_a_report_looks_at_aid_and_aid_does_not_look_at_reports() -> None:
    assert effect("LAPOR", "PKH", month(2021, 5)) is Effect.REJECT
    assert effect("PKH", "LAPOR", month(2021, 5)) is Effect.WARN


def test_a_couple_of_teachers() -> None:
    assert effect("GURU-NGAJI", "GURU-NGAJI", month(2021, 5), Unit.HOUSEHOLD) is Effect.ALLOW
    assert effect("GURU-NGAJI", "GURU-NGAJI", month(2021, 5), Unit.PERSON) is Effect.REJECT


Change = tuple[str, str, str]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("PKH,Program", ",Program", "row 2, column code: must not be empty"),
        ("central,household,10", "pusat,household,10", "column level: 'pusat' is none of central, province"),
        ("central,household,10", "central,household,ten", "column priority"),
        ("central,household,10", "central,household,٣", "column priority"),
        ("pregnancy;", "pregnancy;pregnancy;", "column components"),
        ("BPNT,Bantuan", "PKH,Bantuan", "row 3, column code: PKH stands in the table twice"),
        ("unit,priority", "unit,prioritas", "missing: priority"),
        ("PKH,Program", "PKH,x,Program", "row 2: 10 cells under 9 columns"),
        ("PKH,Program", 'PKH,"Program', "not a CSV file"),
    ],
)
def test_a_wrong_scheme_is_refused_with_its_place(old: str, new: str, complaint: str) -> None:
    refuse(parse_schemes, table("schemes.csv").replace(old, new, 1), complaint)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("BPNT,,PKH", "BPNTT,,PKH", "column scheme: 'BPNTT' is no scheme"),
        ("BPNT,,PKH", "BPNT,eggs,PKH", "column component: 'eggs' is no component of BPNT"),
        ("PKH,pregnancy", "PKH,hunger", "column other_component"),
        ("household,allow", "household,maybe", "column effect"),
        ("allow,yes", "allow,ya", "column symmetric"),
        ("2020-01", "Jan 2020", "column valid_from: a month is written like 2021-05"),
        ("2020-04,2022-12", "2020-04,2019-12", "column valid_until: ends before"),
        (
            "BST,,BPNT,,household,reject",
            "BST,,PKH,,household,allow",
            "row 4, column effect: an earlier row answers reject",
        ),
    ],
)
def test_a_wrong_exclusion_is_refused_with_its_place(old: str, new: str, complaint: str) -> None:
    refuse(lambda text: parse_exclusions(text, SCHEMES), table("exclusions.csv").replace(old, new, 1), complaint)


def test_a_contradiction_is_found_the_other_way_round_too() -> None:
    reverse = "PKH,,BST,,household,allow,no,2021-01,2021-02,nobody,press\n"
    refuse(
        lambda text: parse_exclusions(text, SCHEMES), table("exclusions.csv") + reverse, "an earlier row answers reject"
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("200000", "-200000", "column amount_rupiah"),
        ("200000", "Rp 200.000", "column amount_rupiah"),
        ("200000", str(AMOUNT_RUPIAH_MAX + 1), "column amount_rupiah"),
        ("month", "week", "column per"),
        ("2020-07,2021-12", "2020-06,2021-12", "BST has another amount in these months"),
    ],
)
def test_a_wrong_amount_is_refused_with_its_place(old: str, new: str, complaint: str) -> None:
    refuse(lambda text: parse_amounts(text, SCHEMES), table("scheme_amounts.csv").replace(old, new, 1), complaint)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("under_age,", "too_young,", "column code: 'too_young' is none of"),
        ("under_age,", "not_for_ward,", "not_for_ward stands in the table twice"),
        ("{criterion}", "{Criterion}", "column sentence_id: a placeholder"),
        ("{criterion}", "{criterion", "column sentence_id: a placeholder"),
    ],
)
def test_a_wrong_reason_is_refused_with_its_place(old: str, new: str, complaint: str) -> None:
    text = table("rejection_reasons.csv").replace(old, new, 1)
    refuse(lambda changed: parse_reasons(changed, table("next_steps.csv")), text, complaint)


def test_a_missing_reason_or_step_is_refused() -> None:
    reasons, steps = table("rejection_reasons.csv"), table("next_steps.csv")
    without = "".join(line for line in reasons.splitlines(keepends=True) if not line.startswith("deceased,"))
    refuse(lambda text: parse_reasons(text, steps), without, "no row for deceased")
    without = "".join(line for line in steps.splitlines(keepends=True) if not line.startswith("wait,"))
    refuse(lambda text: parse_reasons(reasons, text), without, "no row for wait")
    refuse(lambda text: parse_reasons(reasons, text), steps.replace("{objection_until}", "{until}"), "knows only")


def test_the_wrong_file_is_refused() -> None:
    refuse(parse_schemes, "", "must name the columns")
    refuse(parse_schemes, table("exclusions.csv"), "missing: code")
    refuse(parse_schemes, "x" * (TEXT_CHARS_MAX + 1), "right file")
    refuse(parse_schemes, table("schemes.csv").splitlines()[0], "needs 1 to")


def test_a_byte_order_mark_and_blank_lines_are_read_over() -> None:
    assert parse_schemes("\ufeff" + table("schemes.csv") + "\n\n") == SCHEMES


def test_every_reason_has_its_sentence() -> None:
    reasons = parse_reasons(table("rejection_reasons.csv"), table("next_steps.csv"))
    assert set(reasons.by_code) == set(ReasonCode)
    assert set(reasons.next_sentences) == set(NextStep)


def refuse(parse: Callable[[str], object], text: str, complaint: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        parse(text)
    assert complaint in str(caught.value)
