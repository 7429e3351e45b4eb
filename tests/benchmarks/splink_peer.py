"""splink on the same two lists: the same normalised columns, the same blocks, its own trained weights.

splink (and DuckDB below it) is no part of the product; `pip install '.[bench]'` brings it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from central.domain.blocking import name_sound
from central.domain.matching import Person, match_nik

SEED = 1
SAMPLED_PAIRS = 2e6


@dataclass(frozen=True)
class Found:
    """Seconds to train and to predict; every scored pair with its weight, best first."""

    training: float
    predicting: float
    pairs: list[tuple[float, int, int]]


def link(left: Sequence[Person], right: Sequence[Person]) -> Found:
    database = DuckDBAPI(duckdb.connect())
    tables = [database.register(table(each), dataset_display_name=name) for each, name in ((left, "a"), (right, "b"))]
    started = time.perf_counter()
    linker = Linker(tables, _SETTINGS, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match([block_on("nik")], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=SEED)
    for rule in (block_on("nik"), block_on("born", "name")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    trained = time.perf_counter()
    found = linker.inference.predict(threshold_match_probability=0.05).as_dict()
    ended = time.perf_counter()
    # which of the two tables stands on the left is splink's choice
    is_left = [name.endswith("a") for name in found["source_dataset_l"]]
    rows = zip(found["match_weight"], found["unique_id_l"], found["unique_id_r"], is_left, strict=True)
    pairs = [(weight, one, other) if first else (weight, other, one) for weight, one, other, first in rows]
    return Found(trained - started, ended - trained, sorted(pairs, reverse=True))


def table(persons: Sequence[Person]) -> pa.Table:
    """None where a record says nothing. Of several cards the one of today, as splink compares values, not sets."""
    return pa.table(
        {
            "unique_id": list(range(len(persons))),
            "nik": [match_nik(p.nik) or p.broken_nik or None for p in persons],
            "kk": [next(iter(sorted(p.kks, reverse=True)), None) for p in persons],
            "name": [p.name_key or None for p in persons],
            "sound": [name_sound(p.name_key) or None for p in persons],
            "born": [p.birth_date.isoformat() if p.birth_date else None for p in persons],
            "year": [str(p.birth_date.year) if p.birth_date else None for p in persons],
            "sex": [p.sex.value if p.sex else None for p in persons],
            "mother": [p.mother_key or None for p in persons],
            "village": [p.village for p in persons],
            "door": [f"{p.village}/{p.rt}/{p.rw}" for p in persons],
        }
    )


_SWAPPED = "born_l = substr(born_r, 1, 5) || substr(born_r, 9, 2) || '-' || substr(born_r, 6, 2)"
_SETTINGS = SettingsCreator(
    link_type="link_only",
    comparisons=[
        comparisons.DamerauLevenshteinAtThresholds("nik", [1, 2]),
        comparisons.ExactMatch("kk"),
        comparisons.JaroWinklerAtThresholds("name", [0.93, 0.85, 0.75]),
        comparisons.CustomComparison(
            output_column_name="born",
            comparison_levels=[
                levels.NullLevel("born"),
                levels.ExactMatchLevel("born"),
                levels.CustomLevel(_SWAPPED),
                levels.LevenshteinLevel("born", 1),
                levels.CustomLevel("year_l = year_r"),
                levels.ElseLevel(),
            ],
        ),
        comparisons.JaroWinklerAtThresholds("mother", [0.85]),
        comparisons.ExactMatch("sex"),
        comparisons.CustomComparison(
            output_column_name="home",
            comparison_levels=[
                levels.NullLevel("village"),
                levels.ExactMatchLevel("door"),
                levels.ExactMatchLevel("village"),
                levels.ElseLevel(),
            ],
        ),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("nik"),
        block_on("kk"),
        block_on("born", "sex"),
        block_on("sound", "year"),
        block_on("door", "name"),
        block_on("substr(nik, 7, 10)"),
    ],
)
