"""What the box asks next after each answer; that it never asks for the impossible, always gets on, and never hammers."""

import copy
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from protocol.codec import BATCH_OPS_MAX
from protocol.errors import REMEDY, Code, Remedy
from protocol.messages import Directive, LogHead, SnapshotReply
from protocol.ops import Position
from protocol.session import (
    BACKOFF_SECONDS_MAX,
    BATCH_OPS_START,
    FEED_WAIT_SECONDS,
    GROWTH_MAX,
    HALT_SECONDS,
    LOOP_CONFLICTS_MAX,
    RETRY_SECONDS_MAX,
    Acked,
    Condition,
    Failed,
    FeedStored,
    Follow,
    Greet,
    Greeted,
    Lane,
    Local,
    LocalLog,
    Opened,
    OpenLog,
    Phase,
    Pull,
    Pulled,
    Rest,
    Restore,
    Salvage,
    SendOps,
    Session,
    SnapshotNeeded,
    Unreachable,
    UpEvent,
    UpWant,
)
from tests.protocol.world import NOBODY, Box, Centre, World, welcome

LOG, OLD, NEW = b"the log we write", b"the former log..", b"the log to come."
SESSION = b"a session"
SNAPSHOT = SnapshotReply("snapshot", NOBODY, [])


def at(seq: int, log_id: bytes = LOG, branch: int = 0) -> Position:
    return Position(log_id, seq, bytes([branch]) * 28 + seq.to_bytes(4, "big") if seq else bytes(32))


def local_of(*logs: LocalLog, condition: Condition = Condition.INTACT) -> Local:
    return Local(condition, logs)


HERE = local_of(LocalLog(at(10), 4))
"""Ten ops of one log, four of them acknowledged."""


def known(seq: int, epoch: int = 1, log_id: bytes = LOG) -> LogHead:
    return LogHead(epoch, at(seq, log_id), "known")


def greet(session: Session, local: Local, *heads: LogHead, directive: str = Directive.OK, now: float = 0.0) -> UpWant:
    """Say hello, hear what the centre holds; the next want. The box's own hashes are those of branch 0."""
    assert isinstance(session.wants_up(local, now), Greet)
    lengths = {log.head.log_id: log.head.seq for log in local.logs}
    named = [head.head for head in heads if head.head.seq <= lengths.get(head.head.log_id, -1)]
    own = {(head.log_id, head.seq): at(head.seq, head.log_id).hash for head in named}
    session.received_up(Greeted(welcome(directive, SESSION, list(heads)), own), local, now, 0.0)
    return session.wants_up(local, now)


def sending(local: Local = HERE, seq: int = 4) -> Session:
    session = Session()
    assert greet(session, local, known(seq)) == SendOps(LOG, seq, BATCH_OPS_START)
    return session


# --- hello, and what the box makes of the centre's heads --------------------------------------------------------------


def test_a_session_begins_with_a_hello_and_no_feed() -> None:
    session = Session()
    assert session.wants_up(HERE, 0.0) == Greet()
    assert session.wants_down(0.0) == Rest(None)


COMPARED = {
    "nothing there yet: from the start": (HERE, [], SendOps(LOG, 0, 64)),
    "a prefix: send the rest": (HERE, [known(4)], SendOps(LOG, 4, 64)),
    "more than was acknowledged: the reply was lost": (HERE, [known(9)], SendOps(LOG, 9, 64)),
    "less than was acknowledged: the centre was restored": (HERE, [known(2)], SendOps(LOG, 2, 64)),
    "the same: rest": (HERE, [known(10)], Rest(None)),
    "an empty log there": (HERE, [LogHead(1, at(0), "known")], SendOps(LOG, 0, 64)),
    "more than here: pull": (HERE, [known(12)], Pull(LOG, 1, 10)),
    "another op at our head: salvage": (HERE, [LogHead(1, at(12), "fork")], Salvage(LOG, 4, 64)),
    "another op at their head: salvage": (HERE, [LogHead(1, at(8, branch=1), "known")], Salvage(LOG, 4, 64)),
    "all acknowledged and yet another history: salvage from the start": (
        local_of(LocalLog(at(10), 10)),
        [LogHead(1, at(12), "fork")],
        Salvage(LOG, 0, 64),
    ),
    "a fork whose branch is already there: go on with it": (
        HERE,
        [LogHead(1, at(12), "fork"), known(10, 2)],
        Rest(None),
    ),
    "a fork whose branch is there in part": (HERE, [LogHead(1, at(12), "fork"), known(7, 2)], SendOps(LOG, 7, 64)),
    "a log that is not here: pull it": (HERE, [known(10), known(3, 2, NEW)], Pull(NEW, 2, 0)),
    "an empty log that is not here: nothing to pull": (HERE, [known(10), LogHead(2, at(0, NEW), "other")], Rest(None)),
    "two branches of a log that is not here: the newer": (
        HERE,
        [known(10), known(5, 3, NEW), known(3, 2, NEW)],
        Pull(NEW, 3, 0),
    ),
    "the oldest log first": (
        local_of(LocalLog(at(3, OLD), 0), LocalLog(at(10), 0)),
        [],
        SendOps(OLD, 0, 64),
    ),
    "a finished older log is passed over": (
        local_of(LocalLog(at(3, OLD), 3), LocalLog(at(10), 4)),
        [known(3, 1, OLD), known(4, 2)],
        SendOps(LOG, 4, 64),
    ),
    "pulls come before salvage": (HERE, [LogHead(1, at(12), "fork"), known(3, 2, NEW)], Pull(NEW, 2, 0)),
    "a new village opens its first log": (local_of(condition=Condition.FRESH), [], OpenLog("first")),
    "a new machine of an old village pulls first": (
        local_of(condition=Condition.FRESH),
        [known(5)],
        Pull(LOG, 1, 0),
    ),
    "a restored box whose tail the centre lacks opens a new log": (
        local_of(LocalLog(at(10), 4), condition=Condition.RESTORED),
        [known(10)],
        OpenLog("restored"),
    ),
    "a restored box whose tail the centre has pulls it": (
        local_of(LocalLog(at(10), 4), condition=Condition.RESTORED),
        [known(12)],
        Pull(LOG, 1, 10),
    ),
    "a box without its mark opens a new log": (
        local_of(LocalLog(at(10), 4), condition=Condition.UNKNOWN),
        [known(10)],
        OpenLog("replaced"),
    ),
}


@pytest.mark.parametrize(("local", "heads", "want"), COMPARED.values(), ids=COMPARED.keys())
def test_heads_are_compared(local: Local, heads: list[LogHead], want: UpWant) -> None:
    session = Session()
    assert greet(session, local, *heads) == want
    assert session.token == SESSION
    assert session.wants_down(0.0) == Follow(FEED_WAIT_SECONDS)


@pytest.mark.parametrize("directive", ["ok", "send_from", "pull_own_log", "new_log", "fork"])
def test_the_box_trusts_heads_and_not_the_word(directive: str) -> None:
    assert greet(Session(), HERE, known(4), directive=directive) == SendOps(LOG, 4, BATCH_OPS_START)


@pytest.mark.parametrize("directive", ["duplicate", "too_old", "too_new"])
def test_a_safety_rule_halts_and_asks_again_later(directive: str) -> None:
    session = Session()
    assert greet(session, HERE, known(4), directive=directive) == Rest(HALT_SECONDS)
    assert (session.phase, session.halted, session.token) == (Phase.HALTED, directive, b"")
    assert session.wants_down(0.0) == Rest(None)
    assert session.wants_up(HERE, HALT_SECONDS - 1) == Rest(1)
    assert session.wants_up(HERE, HALT_SECONDS) == Greet()
    assert session.halted == directive  # shown until the centre says otherwise
    session.received_up(
        Greeted(welcome(Directive.OK, SESSION, [known(10)]), {(LOG, 10): at(10).hash}), HERE, 700.0, 0.0
    )
    assert session.halted == ""
    assert session.wants_up(HERE, 700.0) == Rest(None)


def test_a_halt_stands_until_the_exchange_that_met_it_succeeds() -> None:
    """A box that cannot append says hello every ten minutes, and is no less halted for that."""
    session = sending()
    session.received_up(Failed(Code.BAD_SIGNATURE), HERE, 0.0, 0.0)
    assert greet(session, HERE, known(4), now=HALT_SECONDS) == SendOps(LOG, 4, BATCH_OPS_START)
    session.received_down(FeedStored(), HALT_SECONDS, 0.0)
    assert session.halted == "bad_signature"
    session.received_up(Acked(at(10), 0.1), HERE, HALT_SECONDS, 0.0)
    assert session.halted == ""


def test_a_halt_of_the_feed_ends_with_the_feed() -> None:
    session = sending()
    session.received_down(Failed(Code.MALFORMED), 0.0, 0.0)
    greet(session, HERE, known(4), now=HALT_SECONDS)
    session.received_up(Acked(at(10), 0.1), HERE, HALT_SECONDS, 0.0)
    assert session.halted == "malformed"
    session.received_down(FeedStored(), HALT_SECONDS, 0.0)
    assert session.halted == ""


def test_a_halt_is_over_when_nothing_is_left_to_send() -> None:
    """The records went by another way, on a stick."""
    session = sending()
    session.received_up(Failed(Code.MALFORMED), HERE, 0.0, 0.0)
    assert greet(session, HERE, known(10), now=HALT_SECONDS) == Rest(None)
    assert session.halted == ""


def test_a_challenge_is_echoed_once_and_at_once() -> None:
    session = Session()
    session.wants_up(HERE, 0.0)
    again = Greeted(welcome(Directive.AGAIN, challenge=b"c1"), {})
    session.received_up(again, HERE, 0.0, 0.9)
    assert session.wants_up(HERE, 0.0) == Greet(b"c1")
    session.received_up(Greeted(welcome(Directive.AGAIN, challenge=b"c2"), {}), HERE, 0.0, 0.9)
    assert isinstance(session.wants_up(HERE, 0.0), Rest)
    assert session.wants_up(HERE, 1.0) == Greet(b"c2")
    session.received_up(Greeted(welcome(Directive.OK, SESSION, [known(4)]), {(LOG, 4): at(4).hash}), HERE, 1.0, 0.0)
    assert session.challenge == b""


def test_a_challenged_clone_halts() -> None:
    session = Session()
    session.received_up(Greeted(welcome(Directive.AGAIN, challenge=b"c1"), {}), HERE, 0.0, 0.0)
    session.received_up(Greeted(welcome(Directive.DUPLICATE), {}), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Rest(HALT_SECONDS)
    assert session.wants_up(HERE, HALT_SECONDS) == Greet()  # the next hello is challenged anew


def test_wait_means_wait_and_more_each_time() -> None:
    session = Session()
    for _ in range(3):
        session.received_up(Greeted(welcome(Directive.WAIT, retry_seconds=30), {}), HERE, 0.0, 0.5)
    assert session.wants_up(HERE, 0.0) == Rest(30 + 0.5 * 4)
    assert session.token == b""


def test_a_directive_of_a_later_version_without_a_session_is_waited_out() -> None:
    session = Session()
    session.received_up(Greeted(welcome("unheard_of", b""), {}), HERE, 0.0, 0.5)
    assert session.wants_up(HERE, 0.0) == Rest(0.5)
    assert session.wants_up(HERE, 1.0) == Greet()


# --- sending ----------------------------------------------------------------------------------------------------------


def test_an_acknowledgement_moves_on_and_rest_ends_when_something_is_written() -> None:
    session = sending()
    session.received_up(Acked(at(10), 0.1), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Rest(None)
    assert session.wants_up(local_of(LocalLog(at(11), 10)), 0.0) == SendOps(LOG, 10, 10 * BATCH_OPS_START)


def test_batches_double_while_the_line_is_quick_and_halve_when_it_is_not() -> None:
    session = sending()
    sizes = []
    for seconds in [0.5] * 9 + [1.5] + [2.5] * 12:
        session.received_up(Acked(at(5), seconds), HERE, 0.0, 0.0)
        sizes.append(session.batch)
    assert sizes[:9] == [128, 256, 512, 1024, 2048, 4096, 8192, BATCH_OPS_MAX, BATCH_OPS_MAX]
    assert sizes[9] == BATCH_OPS_MAX
    assert sizes[10:18] == [8192, 4096, 2048, 1024, 512, 256, 128, 64]
    assert set(sizes[18:]) == {BATCH_OPS_START}


def test_batches_grow_by_what_still_fits_an_exchange() -> None:
    session = sending()
    sizes = []
    for seconds in (0.3, 0.0, 0.6, 0.2, 0.1):
        session.received_up(Acked(at(5), seconds), HERE, 0.0, 0.0)
        sizes.append(session.batch)
    assert sizes == [192, 192 * GROWTH_MAX, 192 * GROWTH_MAX * 2, BATCH_OPS_MAX, BATCH_OPS_MAX]


def test_a_slow_line_never_makes_a_small_batch_larger() -> None:
    session = sending()
    session.resized(5)
    session.received_up(Acked(at(5), 10.0), HERE, 0.0, 0.0)
    assert session.batch == 5
    session.received_up(Unreachable(), HERE, 0.0, 0.0)
    assert session.batch == 5
    session.resized(0)
    assert session.batch == 1


def test_a_batch_too_large_is_quartered_at_once_and_one_op_too_large_is_not_hammered() -> None:
    session = sending()
    for size in (16, 4, 1):
        session.received_up(Failed(Code.TOO_LARGE), HERE, 0.0, 0.5)
        assert session.wants_up(HERE, 0.0) == SendOps(LOG, 4, size)
    session.received_up(Failed(Code.TOO_LARGE), HERE, 0.0, 0.5)
    assert isinstance(session.wants_up(HERE, 0.0), Rest)


def test_a_hello_too_large_is_not_hammered() -> None:
    session = Session()
    session.received_up(Failed(Code.TOO_LARGE), HERE, 0.0, 0.5)
    assert isinstance(session.wants_up(HERE, 0.0), Rest)


def test_a_lost_line_keeps_the_session_and_begins_small() -> None:
    session = sending()
    session.batch = 4096
    session.received_up(Unreachable(), HERE, 0.0, 0.5)
    assert session.wants_up(HERE, 0.0) == Rest(0.5)
    assert session.wants_up(HERE, 0.5) == SendOps(LOG, 4, BATCH_OPS_START)


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [code for code in Code if REMEDY[code] is Remedy.HALT])
def test_what_cannot_succeed_halts(code: Code) -> None:
    for fail in (_fail_up, _fail_down):
        session = sending()
        fail(session, Failed(code, 5))
        assert (session.phase, session.halted, session.token) == (Phase.HALTED, str(code), b"")
        assert session.wants_up(HERE, 0.0) == Rest(HALT_SECONDS)
        assert session.wants_down(0.0) == Rest(None)
        assert session.wants_up(HERE, HALT_SECONDS) == Greet()


def _fail_up(session: Session, event: Failed) -> None:
    session.received_up(event, HERE, 0.0, 0.5)


def _fail_down(session: Session, event: Failed) -> None:
    session.received_down(event, 0.0, 0.5)


@pytest.mark.parametrize("code", [Code.GAP, Code.FORK, Code.PARENT_MISSING, Code.UNKNOWN_LOG])
def test_a_conflict_sends_the_box_back_to_hello_at_once(code: Code) -> None:
    session = sending()
    session.received_up(Failed(code), HERE, 0.0, 0.5)
    assert session.wants_up(HERE, 0.0) == Greet()


@pytest.mark.parametrize("code", [Code.BUSY, Code.INTERNAL])
def test_a_busy_centre_is_given_its_time_and_more(code: Code) -> None:
    session = sending()
    session.received_up(Failed(code, 30), HERE, 0.0, 0.5)
    assert session.wants_up(HERE, 0.0) == Rest(30.5)
    assert session.wants_up(HERE, 30.5) == SendOps(LOG, 4, BATCH_OPS_START)
    session.received_down(Failed(code, 30), 0.0, 0.5)
    assert session.wants_down(0.0) == Rest(30.5)


def test_a_superseded_session_says_hello_anew_on_either_lane() -> None:
    for fail in (_fail_up, _fail_down):
        session = sending()
        fail(session, Failed(Code.SUPERSEDED, token=SESSION))
        assert session.token == b""
        assert session.wants_down(9.0) == Rest(None)
        assert session.wants_up(HERE, 9.0) == Greet()


def test_an_answer_about_a_former_session_ends_nothing() -> None:
    """The long-poll that was under way when the box said hello again is refused; the new session stands."""
    session = sending()
    for fail in (_fail_up, _fail_down):
        fail(session, Failed(Code.SUPERSEDED, token=b"the former one"))
    assert session.token == SESSION
    assert session.wants_down(0.0) == Follow(FEED_WAIT_SECONDS)


@pytest.mark.parametrize(
    "late",
    [Acked(at(10), 0.1), Acked(at(10), 0.1, is_salvage=True), Pulled(at(10), has_more=False), Opened()],
    ids=["acked", "salvaged", "pulled", "opened"],
)
@pytest.mark.parametrize("code", [Code.SUPERSEDED, Code.REVOKED])
def test_an_answer_that_crossed_the_end_of_the_session_moves_nothing(late: UpEvent, code: Code) -> None:
    session = sending()
    session.received_down(Failed(code), 0.0, 0.0)
    before = copy.deepcopy(session)
    session.received_up(late, HERE, 0.0, 0.0)
    assert session == before
    assert isinstance(session.wants_up(HERE, 0.0), Greet | Rest)


@pytest.mark.parametrize(
    "late",
    [
        Unreachable(),
        Failed(Code.BUSY),
        Failed(Code.GAP),
        Greeted(welcome("ok", SESSION), {}),
        Greeted(welcome("wait"), {}),
    ],
)
def test_no_late_answer_cuts_a_halt_short(late: UpEvent) -> None:
    session = sending()
    session.received_up(Failed(Code.GAP), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Greet()
    session.received_down(Failed(Code.REVOKED), 0.0, 0.0)
    session.received_up(late, HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Rest(HALT_SECONDS)


def test_the_same_conflict_in_a_row_breaks_the_loop() -> None:
    session, now, hellos = sending(), 0.0, 0
    for _ in range(LOOP_CONFLICTS_MAX):
        session.received_up(Failed(Code.GAP), HERE, now, 0.0)
        if session.wants_up(HERE, now) == Greet():
            hellos += 1
            greet(session, HERE, known(4), now=now)
        now += 0.01
    assert hellos == LOOP_CONFLICTS_MAX - 1
    assert session.wants_up(HERE, now - 0.01) == Rest(BACKOFF_SECONDS_MAX / 2)


def test_a_slow_loop_of_conflicts_slows_down_too() -> None:
    """Half a second is less than one exchange on a thin line: there the count alone would never stop it."""
    session, now, requests = sending(), 0.0, 0
    while now < 3600.0:
        want = session.wants_up(HERE, now)
        if isinstance(want, Rest):
            assert want.seconds is not None
            now += want.seconds
            continue
        requests += 1
        now += 0.3
        if isinstance(want, Greet):
            session.received_up(Greeted(welcome("ok", SESSION, [known(4)]), {(LOG, 4): at(4).hash}), HERE, now, 0.5)
        else:
            session.received_up(Failed(Code.GAP), HERE, now, 0.5)
    assert requests < 2 * 3600 / (BACKOFF_SECONDS_MAX / 2) + 40
    session.received_up(Acked(at(10), 0.1), HERE, now, 0.5)
    assert not session.conflicts


# --- pull, salvage, open ----------------------------------------------------------------------------------------------


def test_a_pull_goes_on_until_there_is_no_more_and_then_ops_flow() -> None:
    session = Session()
    assert greet(session, HERE, known(14)) == Pull(LOG, 1, 10)
    longer = local_of(LocalLog(at(12), 12))
    session.received_up(Pulled(at(12), has_more=True), longer, 0.0, 0.0)
    assert session.wants_up(longer, 0.0) == Pull(LOG, 1, 12)
    whole = local_of(LocalLog(at(14), 14))
    session.received_up(Pulled(at(14), has_more=False), whole, 0.0, 0.0)
    assert session.wants_up(whole, 0.0) == Rest(None)


def test_a_replaced_machine_pulls_every_log_in_order_and_opens_a_new_one() -> None:
    session, local = Session(), local_of(condition=Condition.FRESH)
    assert greet(session, local, known(2, 2, NEW), known(3, 1, OLD)) == Pull(OLD, 1, 0)
    local = local_of(LocalLog(at(3, OLD), 3), condition=Condition.FRESH)
    session.received_up(Pulled(at(3, OLD), has_more=False), local, 0.0, 0.0)
    assert session.wants_up(local, 0.0) == Pull(NEW, 2, 0)
    local = local_of(LocalLog(at(3, OLD), 3), LocalLog(at(2, NEW), 2), condition=Condition.FRESH)
    session.received_up(Pulled(at(2, NEW), has_more=False), local, 0.0, 0.0)
    assert session.wants_up(local, 0.0) == OpenLog("replaced")
    local = local_of(LocalLog(at(3, OLD), 3), LocalLog(at(2, NEW), 2), LocalLog(at(1), 0))
    session.received_up(Opened(), local, 0.0, 0.0)
    assert session.wants_up(local, 0.0) == SendOps(LOG, 0, BATCH_OPS_START)


def test_a_restored_box_that_got_its_tail_back_goes_on_with_its_log() -> None:
    session = Session()
    assert isinstance(greet(session, local_of(LocalLog(at(10), 4), condition=Condition.RESTORED), known(12)), Pull)
    whole = local_of(LocalLog(at(12), 12))
    session.received_up(Pulled(at(12), has_more=False), whole, 0.0, 0.0)
    assert session.wants_up(whole, 0.0) == Rest(None)


def test_what_was_pulled_and_does_not_continue_our_own_is_a_fork_for_the_next_hello() -> None:
    session = Session()
    greet(session, HERE, known(14))
    session.received_up(Failed(Code.FORK), HERE, 0.0, 0.0)
    assert greet(session, HERE, LogHead(1, at(14, branch=1), "fork")) == Salvage(LOG, 4, BATCH_OPS_START)


def forked(local: Local = HERE) -> Session:
    session = Session()
    assert isinstance(greet(session, local, LogHead(1, at(12, branch=1), "fork")), Salvage)
    return session


def test_a_salvaged_branch_is_followed_by_a_new_log() -> None:
    session = forked()
    session.received_up(Acked(at(7), 0.1, is_salvage=True), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Salvage(LOG, 7, 10 * BATCH_OPS_START)
    session.received_up(Acked(at(10), 0.1, is_salvage=True), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == OpenLog("fork")
    session.received_up(Opened(), HERE, 0.0, 0.0)
    local = local_of(LocalLog(at(10), 10), LocalLog(at(1, NEW), 0))
    assert session.wants_up(local, 0.0) == SendOps(NEW, 0, 100 * BATCH_OPS_START)


def test_letters_issued_during_a_salvage_belong_to_the_branch() -> None:
    session = forked()
    grown = local_of(LocalLog(at(11), 10))
    session.received_up(Acked(at(10), 0.1, is_salvage=True), grown, 0.0, 0.0)
    assert session.wants_up(grown, 0.0) == Salvage(LOG, 10, 10 * BATCH_OPS_START)
    session.received_up(Acked(at(11), 0.1, is_salvage=True), grown, 0.0, 0.0)
    assert session.wants_up(grown, 0.0) == OpenLog("fork")


@pytest.mark.parametrize("code", [Code.GAP, Code.FORK])
def test_a_branch_whose_root_the_centre_lost_is_offered_from_its_start(code: Code) -> None:
    session = forked()
    session.received_up(Failed(code), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Salvage(LOG, 0, BATCH_OPS_START)
    session.received_up(Failed(code), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Greet()


def test_several_forked_logs_are_salvaged_one_after_the_other() -> None:
    local = local_of(LocalLog(at(3, OLD), 1), LocalLog(at(10), 4))
    session = Session()
    heads = [LogHead(1, at(5, OLD, 1), "fork"), LogHead(2, at(12, branch=1), "fork")]
    assert greet(session, local, *heads) == Salvage(OLD, 1, BATCH_OPS_START)
    session.received_up(Acked(at(3, OLD), 1.5, is_salvage=True), local, 0.0, 0.0)
    assert session.wants_up(local, 0.0) == Salvage(LOG, 4, BATCH_OPS_START)
    session.received_up(Acked(at(10), 1.5, is_salvage=True), local, 0.0, 0.0)
    assert session.wants_up(local, 0.0) == OpenLog("fork")


def test_ops_behind_a_seal_are_salvaged() -> None:
    session = sending()
    session.received_up(Failed(Code.SEALED), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Salvage(LOG, 4, BATCH_OPS_START)
    session.received_up(Acked(at(10), 0.1, is_salvage=True), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == OpenLog("fork")


def test_a_log_whose_parent_nobody_has_any_more_is_salvaged_after_a_second_look() -> None:
    session = sending()
    session.received_up(Failed(Code.PARENT_MISSING), HERE, 0.0, 0.0)
    assert greet(session, HERE) == SendOps(LOG, 0, BATCH_OPS_START)
    session.received_up(Failed(Code.PARENT_MISSING), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Salvage(LOG, 4, BATCH_OPS_START)
    session.received_up(Acked(at(10), 0.1, is_salvage=True), HERE, 0.0, 0.0)
    assert session.wants_up(HERE, 0.0) == Rest(None)  # the log goes on: nothing is wrong with it


# --- feed -------------------------------------------------------------------------------------------------------------


def test_the_feed_is_followed_without_pause() -> None:
    session = sending()
    session.received_down(FeedStored(), 0.0, 0.5)
    assert session.wants_down(0.0) == Follow(FEED_WAIT_SECONDS)


def test_a_snapshot_is_fetched_until_it_stands() -> None:
    session = sending()
    session.received_down(SnapshotNeeded(SNAPSHOT), 0.0, 0.5)
    assert session.wants_down(0.0) == Restore(SNAPSHOT)
    session.received_down(Unreachable(), 0.0, 0.5)
    assert session.wants_down(0.0) == Rest(0.5)
    assert session.wants_down(0.5) == Restore(SNAPSHOT)
    session.received_down(FeedStored(), 0.5, 0.5)
    assert session.wants_down(0.5) == Follow(FEED_WAIT_SECONDS)


def test_a_snapshot_whose_chunks_are_gone_is_asked_for_anew_ever_more_slowly() -> None:
    session, waits = sending(), []
    for _ in range(6):
        session.received_down(SnapshotNeeded(SNAPSHOT), 0.0, 1.0)
        session.received_down(Failed(Code.UNKNOWN_CHUNK), 0.0, 1.0)
        waits.append(session.down.until)
        assert session.wants_down(session.down.until) == Follow(FEED_WAIT_SECONDS)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


# --- patience ---------------------------------------------------------------------------------------------------------


def test_backoff_doubles_to_its_limit_and_any_success_resets_it() -> None:
    lane, waits = Lane(), []
    for _ in range(40):
        lane.fail(0.0, 1.0)
        waits.append(lane.until)
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 64, BACKOFF_SECONDS_MAX]
    assert set(waits[8:]) == {BACKOFF_SECONDS_MAX}
    lane.succeed()
    assert (lane.failures, lane.until) == (0, 0.0)


def test_the_jitter_is_full_and_the_fleet_spreads_out() -> None:
    for chance in (0.0, 0.25, 0.999):
        lane = Lane()
        lane.fail(100.0, chance, spread=40.0)
        assert lane.until == 100.0 + 40.0 * chance
    session = Session()
    calm = Greeted(welcome("ok", SESSION, [known(10)], spread_seconds=100), {(LOG, 10): at(10).hash})
    session.received_up(calm, HERE, 0.0, 0.0)
    session.received_up(Unreachable(), HERE, 0.0, 0.5)
    session.received_down(Unreachable(), 0.0, 0.25)
    assert session.wants_up(HERE, 0.0) == Rest(50.0)
    assert session.wants_down(0.0) == Rest(25.0)


@pytest.mark.parametrize("seconds", [2**31, 2**53, -5, 0])
def test_no_answer_silences_a_village_for_longer_than_ten_minutes(seconds: int) -> None:
    lane = Lane()
    lane.fail(0.0, 0.0, at_least=seconds)
    assert 0.0 <= lane.until <= RETRY_SECONDS_MAX


def test_a_pull_is_a_success() -> None:
    session = Session()
    greet(session, HERE, known(14))
    for _ in range(5):
        session.received_up(Unreachable(), HERE, 0.0, 0.0)
    session.received_up(Pulled(at(12), has_more=True), HERE, 0.0, 0.0)
    assert session.up == Lane()


# --- whatever happens -------------------------------------------------------------------------------------------------

any_seq = st.integers(0, 12)
any_head = st.builds(
    lambda epoch, seq, log_id, branch, relation: LogHead(epoch, at(seq, log_id, branch), relation),
    st.integers(1, 4),
    any_seq,
    st.sampled_from([LOG, OLD, NEW]),
    st.integers(0, 1),
    st.sampled_from(["known", "fork", "other"]),
)
any_welcome = st.builds(
    welcome,
    st.sampled_from([value for name, value in vars(Directive).items() if name.isupper()] + ["unheard_of"]),
    st.sampled_from([b"", SESSION, b"another session"]),
    st.lists(any_head, max_size=4),
    challenge=st.sampled_from([b"", b"c"]),
    retry_seconds=st.integers(-5, 2**53),
    spread_seconds=st.integers(-5, 2**53),
)
any_failure = st.builds(
    Failed, st.sampled_from(Code), st.integers(-5, 2**53), st.sampled_from([None, SESSION, b"another session", b""])
)
chances = st.floats(0.0, 1.0, exclude_max=True)


class AnyCentre(RuleBasedStateMachine):
    """A centre that answers anything, two lanes whose answers cross, a clerk who goes on writing."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.now = 0.0
        self.local = HERE
        self.asked: UpWant = Rest(None)
        self.halted_at: float | None = None

    def ask(self) -> None:
        self.asked = self.session.wants_up(self.local, self.now)

    def hear(self, event: UpEvent, chance: float) -> None:
        self.session.received_up(event, self.local, self.now, chance)
        self.asked = Rest(None)

    @precondition(lambda self: isinstance(self.asked, Rest))
    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 100.0, 1000.0]))
    def time_passes_and_the_box_asks(self, seconds: float) -> None:
        self.now += seconds
        self.ask()

    @rule()
    def a_letter_is_issued(self) -> None:
        *older, last = self.local.logs
        grown = Position(last.head.log_id, last.head.seq + 1, at(last.head.seq + 1, last.head.log_id).hash)
        self.local = Local(self.local.condition, (*older, LocalLog(grown, last.acked_seq)))

    @precondition(lambda self: isinstance(self.asked, Greet))
    @rule(answer=any_welcome, chance=chances)
    def welcomed(self, answer: object, chance: float) -> None:
        own = {(log.head.log_id, seq): at(seq, log.head.log_id).hash for log in self.local.logs for seq in range(1, 13)}
        self.hear(Greeted(answer, own), chance)  # type: ignore[arg-type]

    @precondition(lambda self: isinstance(self.asked, SendOps | Salvage))
    @rule(ops=st.integers(1, 64), seconds=st.sampled_from([0.1, 1.5, 9.0]), chance=chances)
    def acknowledged(self, ops: int, seconds: float, chance: float) -> None:
        assert isinstance(self.asked, SendOps | Salvage)
        head = next(log.head for log in self.local.logs if log.head.log_id == self.asked.log_id)
        seq = min(head.seq, self.asked.seq + min(ops, self.asked.ops_max))
        self.hear(Acked(at(seq, head.log_id), seconds, isinstance(self.asked, Salvage)), chance)

    @precondition(lambda self: isinstance(self.asked, Pull))
    @rule(has_more=st.booleans(), chance=chances)
    def pulled(self, has_more: bool, chance: float) -> None:
        assert isinstance(self.asked, Pull)
        log_id, seq = self.asked.log_id, self.asked.seq + 1
        logs = [log for log in self.local.logs if log.head.log_id != log_id]
        self.local = Local(self.local.condition, (LocalLog(at(seq, log_id), seq), *logs))
        self.hear(Pulled(at(seq, log_id), has_more), chance)

    @precondition(lambda self: isinstance(self.asked, OpenLog))
    @rule(chance=chances)
    def opened(self, chance: float) -> None:
        self.local = Local(Condition.INTACT, self.local.logs)
        self.hear(Opened(), chance)

    @precondition(lambda self: not isinstance(self.asked, Rest | OpenLog))
    @rule(event=any_failure | st.just(Unreachable()), chance=chances)
    def fails(self, event: Failed | Unreachable, chance: float) -> None:
        self.hear(event, chance)

    @rule(
        event=any_failure | st.sampled_from([Unreachable(), FeedStored(), SnapshotNeeded(SNAPSHOT)]),
        chance=chances,
    )
    def feed_answers(self, event: Failed | Unreachable | FeedStored | SnapshotNeeded, chance: float) -> None:
        self.session.received_down(event, self.now, chance)

    @rule(ops=st.integers(0, 20_000))
    def resized(self, ops: int) -> None:
        self.session.resized(ops)

    @rule(condition=st.sampled_from(Condition))
    def started_anew(self, condition: Condition) -> None:
        self.session, self.asked, self.halted_at = Session(), Rest(None), None
        self.local = Local(condition, self.local.logs)

    @invariant()
    def nothing_impossible_is_asked(self) -> None:
        session = copy.deepcopy(self.session)
        match session.wants_up(self.local, self.now):
            case SendOps(log_id, seq, ops_max) | Salvage(log_id, seq, ops_max):
                assert session.token
                head = next(log.head for log in self.local.logs if log.head.log_id == log_id)
                assert 0 <= seq < head.seq
                assert 1 <= ops_max <= BATCH_OPS_MAX
            case Pull(_, epoch, seq):
                assert session.token
                assert epoch >= 1
                assert seq >= 0
            case OpenLog(how):
                assert session.token
                assert how in {"first", "restored", "replaced", "fork"}
            case Rest(seconds):
                assert seconds is None or 0.0 <= seconds <= RETRY_SECONDS_MAX + BACKOFF_SECONDS_MAX
            case Greet(challenge):
                assert len(challenge) <= 16

    @invariant()
    def the_feed_is_only_asked_under_a_session(self) -> None:
        match self.session.wants_down(self.now):
            case Follow(seconds):
                assert self.session.token
                assert seconds == FEED_WAIT_SECONDS
            case Restore():
                assert self.session.token
            case Rest(seconds):
                assert seconds is None or 0.0 <= seconds <= RETRY_SECONDS_MAX + BACKOFF_SECONDS_MAX

    @invariant()
    def a_halted_box_is_silent_for_its_time_and_then_asks(self) -> None:
        if self.session.phase is not Phase.HALTED:
            self.halted_at = None
            return
        self.halted_at = self.now if self.halted_at is None else self.halted_at
        assert self.session.halted
        assert not self.session.token
        later = copy.deepcopy(self.session)
        assert isinstance(later.wants_up(self.local, self.halted_at + HALT_SECONDS - 1), Rest)
        assert isinstance(later.wants_up(self.local, self.now + HALT_SECONDS), Greet)


TestAnyCentre = AnyCentre.TestCase
TestAnyCentre.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)

HEALED_STEPS_MAX = 400
"""Requests after which everything must have arrived: the longest healing seen took 60."""


class LostAndFound(RuleBasedStateMachine):
    """One box and a centre that keeps the rules; disasters of either; then every request succeeds and all must arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.boxes = [copy.deepcopy(self.world.box)]
        self.centres = [copy.deepcopy(self.world.centre)]

    @rule(count=st.integers(1, 70))
    def letters(self, count: int) -> None:
        self.world.box.write(count)

    @rule(steps=st.integers(1, 6))
    def exchanges(self, steps: int) -> None:
        for _ in range(steps):
            self.world.step()

    @rule(steps=st.integers(1, 6))
    def letters_during_exchanges(self, steps: int) -> None:
        for _ in range(steps):
            self.world.step()
            self.world.box.write(1)

    @rule()
    def the_reply_is_lost(self) -> None:
        want = self.world.want()
        if isinstance(want, Rest):
            return
        event = self.world.answer(want)
        self.world.report(event if isinstance(want, OpenLog) else Unreachable())

    @rule()
    def somebody_says_hello_for_us(self) -> None:
        self.world.centre.sessions += 1

    @rule()
    def the_box_is_restarted(self) -> None:
        self.world.session = Session()

    @rule()
    def backups_are_taken(self) -> None:
        self.boxes.append(copy.deepcopy(self.world.box))
        self.centres.append(copy.deepcopy(self.world.centre))

    @rule(which=st.integers(0, 9), mark=st.sampled_from(["kept", "lost", "restored too"]), letters=st.integers(0, 3))
    def the_box_is_restored(self, which: int, mark: str, letters: int) -> None:
        former, box = self.world.box, copy.deepcopy(self.boxes[which % len(self.boxes)])
        kept: dict[str, Callable[[], Position | None]] = {"kept": lambda: former.mark, "lost": lambda: None}
        box.mark = kept.get(mark, lambda: box.mark)()
        box.judge()
        box.written = former.written
        self.world.box, self.world.session = box, Session()
        if letters:
            box.write(letters)

    @rule()
    def the_machine_is_replaced(self) -> None:
        self.world.box, self.world.session = Box(written=self.world.box.written), Session()

    @rule(which=st.integers(0, 9))
    def the_centre_is_restored(self, which: int) -> None:
        sessions = self.world.centre.sessions + 1
        self.world.centre = copy.deepcopy(self.centres[which % len(self.centres)])
        self.world.centre.sessions = sessions

    @rule()
    def all_is_well(self) -> None:
        world = self.world
        for _ in range(HEALED_STEPS_MAX):
            if world.step() != Rest(None):
                continue
            if world.session.token == world.centre.token:
                break
            token = world.session.token  # what the feed request of an idle box is told
            world.session.received_down(Failed(Code.SUPERSEDED, token=token), world.now, 0.5)
        else:
            pytest.fail(f"no rest in sight: {world.wants[-12:]}")
        assert world.is_whole()
        assert not world.session.halted

    def teardown(self) -> None:
        self.all_is_well()


TestLostAndFound = LostAndFound.TestCase
TestLostAndFound.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)


def test_a_branch_and_its_trunk_both_reach_the_centre() -> None:
    """A disk image is put back, a letter is written before the cable is plugged in: two histories of one log."""
    world = World()
    world.box.write(3)
    image = copy.deepcopy(world.box)
    world.box.write(2)
    while world.step() != Rest(None):
        pass
    trunk = world.box.logs[0].head
    image.written = world.box.written
    world.box, world.session = image, Session()
    world.box.write(1)
    branch = world.box.logs[0].head
    while world.step() != Rest(None):
        pass
    assert [log.log_id for log in world.centre.logs[:2]] == [trunk.log_id, trunk.log_id]
    assert {log.head for log in world.centre.logs[:2]} == {trunk, branch}
    assert world.box.logs[1].parent == branch
    assert isinstance(world.centre, Centre)
