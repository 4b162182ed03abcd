"""`review screen`: record after record in the terminal, with the keys of the page.

Each decision is written before the next record is shown. What cannot be written is said, and the record stays.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from review.cli import output
from review.cli.keyboard import END, read_key, read_words
from review.cli.screen_card import address_lines, card_lines, criteria_lines, reason_lines
from review.errors import ReviewError

if TYPE_CHECKING:
    from review.cli.context import Review
    from review.screening.decisions import Decision
    from review.screening.queue import Card

_VERDICTS = {"i": "include", "e": "exclude", "u": "unsure"}
_OTHER_STAGE = {"title_abstract": "full_text", "full_text": "title_abstract"}
_FOUND = 9  # results of a search: one digit each
LEGEND = (
    "i include · e exclude · u unsure · s skip · z undo · n note · l label · c criteria · / search · ? help · q quit"
)
HELP = """\
i  include
e  exclude; at full text you are asked for the reason
1-9  exclude with that reason of the protocol
u  unsure: counts as include
s  skip for now: asked again at the end
z  undo your last decision of this session; its record comes back
n  note: words that are kept with your next decision
l  label: put a word on the record, or take your own off again
c  criteria and reasons
/  search: words of title, abstract or authors; a PMID, a DOI
f  the other stage: title and abstract, or full text
o  addresses under which the record can be read
?  this help
q  quit: what you decided is kept, the rest waits"""


@dataclass
class _Session:
    """What waits for this person, and what they decided since they began."""

    review: Review
    stage: str
    waiting: deque[str] = field(default_factory=deque)
    skipped: list[str] = field(default_factory=list)
    given: list[Decision] = field(default_factory=list)
    note: str | None = None

    @property
    def who(self) -> str:
        return self.review.reviewer.id


def screen_records(review: Review, stage: str) -> None:
    """Screen until nothing waits or the person quits."""
    session = _Session(review, stage)
    _begin(session)
    try:
        while _next(session):
            pass
    finally:
        # Ctrl-C too: what was decided is in the database
        _sum_up(session)


def _begin(session: _Session) -> None:
    """Ask for what waits at the session's stage."""
    from review.screening.queue import queue

    found = queue(session.review.store, session.review.project, reviewer=session.who, stage=session.stage)
    session.waiting, session.skipped = deque(found), []
    records = "1 record waits" if len(found) == 1 else f"{len(found)} records wait"
    output.say(f"{records} for {session.who} at {session.stage}. {LEGEND}")


def _next(session: _Session) -> bool:
    """One record, or what to do where none waits; False when the person quits."""
    if not session.waiting and session.skipped:
        output.say(f"\nNow the {output.counted(len(session.skipped), 'record')} that you skipped.")
        session.waiting, session.skipped = deque(session.skipped), []
    if session.waiting:
        return _record(session, session.waiting.popleft())
    output.say(f"\nNothing waits for {session.who} at {session.stage}. z undo · / search · f the other stage · q quit")
    return _record(session, None)


def _record(session: _Session, record: str | None) -> bool:
    """Show *record* and do what the keys say until it is left; False when the person quits."""
    card = _show(session, record) if record else None
    while True:
        key = read_key()
        try:
            if key in (END, "q", "\x04"):
                return False
            if key == "f":
                session.stage = _OTHER_STAGE[session.stage]
                _begin(session)
                return True
            if _leaves(session, key, card):
                return True
        except ReviewError as problem:
            output.say_error(str(problem))


def _leaves(session: _Session, key: str, card: Card | None) -> bool:
    """Do what *key* says; whether another record is to be shown now."""
    if key == "z":
        return _undo(session, card)
    if key == "/":
        return _search(session, card)
    if key == "c":
        output.styled(criteria_lines(session.review.project.criteria))
    elif key == "?":
        output.say(HELP)
    elif card is None:
        output.say("No record is shown. ? help")
    elif key in _VERDICTS or (key.isdigit() and key != "0"):
        return _decide(session, card, key)
    elif key == "s":
        session.skipped.append(card.record_id)
        return True
    elif key == "n":
        words = read_words(f"note{f' [{session.note}]' if session.note else ''}")
        session.note = words or session.note
        output.say(f"Kept for your next decision: {session.note}" if session.note else "No note.")
    elif key == "l":
        _label(session, card)
    elif key == "o":
        output.text("\n".join(address_lines(card)) or "(no address)")
    else:
        output.say(f"{key!r} is no key here. ? help")
    return False


def _decide(session: _Session, card: Card, key: str) -> bool:
    """Write one decision; False when the person thought better of it."""
    from review.screening import decisions

    reasons = session.review.project.criteria.reasons
    verdict, reason = _VERDICTS.get(key, "exclude"), None
    if key.isdigit():
        if int(key) > len(reasons):
            output.say(f"The protocol has {output.counted(len(reasons), 'reason')}: c shows them.")
            return False
        reason = reasons[int(key) - 1].code
    elif key == "e" and session.stage == "full_text":
        reason = _ask_reason(session)
        if reason is None:
            output.say("Nothing was decided.")
            return False
    done = decisions.decide(
        session.review.store,
        session.review.project,
        record=card.record_id,
        stage=session.stage,
        reviewer=session.who,
        verdict=verdict,
        reason=reason,
        note=session.note,
    )
    session.given.append(done)
    session.note = None
    output.say(f"{verdict}{f' ({reason})' if reason else ''}{'' if done.new else ', as you had said'}")
    return True


def _ask_reason(session: _Session) -> str | None:
    """The reason for an exclusion, by its digit or, of more than nine, by its code; None for any other key."""
    reasons = session.review.project.criteria.reasons
    output.styled([*reason_lines(session.review.project.criteria), [("the digit of the reason", "dim")]])
    if len(reasons) > 9:
        word = read_words("number or code")
        named = {str(place): reason.code for place, reason in enumerate(reasons, start=1)}
        return named.get(word) or next((reason.code for reason in reasons if reason.code == word), None)
    key = read_key()
    return reasons[int(key) - 1].code if key.isdigit() and 0 < int(key) <= len(reasons) else None


def _undo(session: _Session, card: Card | None) -> bool:
    """Take the last decision of the session back and show its record; False when there is none."""
    from review.screening import decisions

    if not session.given:
        output.say("You decided nothing in this session. Earlier decisions: review screen undo RECORD")
        return False
    last = session.given[-1]
    decisions.undo(
        session.review.store,
        session.review.project,
        record=last.record_id,
        stage=last.stage.value,
        reviewer=session.who,
    )
    session.given.pop()
    output.say(f"Taken back: {last.verdict.value}")
    if last.stage.value != session.stage:
        session.stage = last.stage.value
        _begin(session)
        card = None
    _come_next(session, last.record_id, before=card)
    return True


def _search(session: _Session, card: Card | None) -> bool:
    """Find records by words and show the one that is chosen; False when none is."""
    from review.screening.queue import find_records

    words = read_words("search")
    if not words:
        return False
    found = find_records(
        session.review.store,
        session.review.project,
        reviewer=session.who,
        words=words,
        stage=session.stage,
        limit=_FOUND,
    )
    if not found.rows:
        output.say(f"Nothing holds {words!r}.")
        return False
    for place, row in enumerate(found.rows, start=1):
        said = f" [{row['own_verdict']}]" if row["own_verdict"] else ""
        output.styled(
            [[(f"{place} ", "bold"), (f"{row['year'] or '----'} {row['title'] or '(no title)'}{said}", None)]]
        )
    more = f", the first {_FOUND} of {found.total}" if found.total > len(found.rows) else ""
    output.say(f"The digit of the record{more}; any other key goes back.")
    key = read_key()
    if not (key.isdigit() and 0 < int(key) <= len(found.rows)):
        return False
    _come_next(session, found.rows[int(key) - 1]["record_id"], before=card)
    return True


def _label(session: _Session, card: Card) -> None:
    """Put a label on the record; a label of one's own that is there already is taken off."""
    from review.screening import labels

    store, project = session.review.store, session.review.project
    if used := labels.own_labels(store, project, reviewer=session.who):
        output.say(f"Your labels: {', '.join(used)}")
    words = read_words("label")
    if not words:
        return
    shown = labels.visible_labels(store, project, records=[card.record_id], reviewer=session.who)
    mine = {row["label"] for row in shown.get(card.record_id, ()) if row["mine"]}
    deed = labels.remove_label if labels.clean_label(words) in mine else labels.put_label
    done = deed(store, project, record=card.record_id, reviewer=session.who, label=words)
    output.say(f"{'Taken off' if done.withdrawn else 'Label'}: {done.label}")


def _come_next(session: _Session, record: str, *, before: Card | None) -> None:
    """Put *record* first, and the one that is shown now after it."""
    order = [record] if before is None or before.record_id == record else [record, before.record_id]
    rest = [one for one in session.waiting if one not in order]
    session.waiting = deque([*order, *rest])
    session.skipped = [one for one in session.skipped if one != record]


def _show(session: _Session, record: str) -> Card:
    from review.screening.labels import visible_labels
    from review.screening.queue import show_record

    store, project = session.review.store, session.review.project
    card = show_record(store, project, record=record, reviewer=session.who, stage=session.stage)
    labels = visible_labels(store, project, records=[card.record_id], reviewer=session.who)
    left = len(session.waiting) + 1
    heading = f"── {session.stage} · {output.counted(left, 'record')} · {card.record_id[:12]} ──"
    output.styled(card_lines(card, project.highlight, heading=heading, labels=labels.get(card.record_id, ())))
    if session.note:
        output.say(f"note for your decision: {session.note}")
    output.say("i e u 1-9 s z n l c / f o ? q")
    return card


def _sum_up(session: _Session) -> None:
    """What the session came to."""
    counts = Counter(done.verdict.value for done in session.given)
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    output.say(f"\n{output.counted(len(session.given), 'decision')}{f': {told}' if told else ''}.")
