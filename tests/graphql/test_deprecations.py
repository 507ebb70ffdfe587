"""How parts of a contract that has been released are taken leave of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.errors import StartupError
from schema import export
from schema.deprecations import SHORTEST_NOTICE
from tests.graphql.released import GOES, RELEASED, TODAY, Held, changed, problems


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("old", "Fox.age is deprecated with the reason 'old'"),
        ("No longer supported", "Fox.age is deprecated with the reason 'No longer supported'"),
        ("Use `Fox.name` instead.", "Fox.age is deprecated with"),
        ("Use `Fox.name` instead; may go on 2030-02-30.", "Fox.age is deprecated with"),
        ("Use `Fox.name` instead; may go on 31/01/2030.", "Fox.age is deprecated with"),
        ("Use the name instead; may go on 2030-01-31.", "Fox.age is to be replaced by 'the name': name it"),
        ("Use `Fox.nam` instead; may go on 2030-01-31.", "Fox.age is to be replaced by `Fox.nam`, which the"),
        (
            "Use `Cat.name` instead; may go on 2030-01-31.",
            "Fox.age is to be replaced by `Cat.name`, which the",
        ),
        (
            "Use `Fox name` instead; may go on 2030-01-31.",
            "Fox.age is to be replaced by `Fox name`, which the",
        ),
    ],
)
def test_a_deprecation_names_a_day_and_what_to_use(held: Held, reason: str, problem: str) -> None:
    served = changed("age: Int!", f'age: Int! @deprecated(reason: "{reason}")')
    assert [told[: len(problem)] for told in problems(held(served))] == [problem]


@pytest.mark.parametrize("instead", ["`Hen.name`", "`Fox.weight(unit:)` and `Dog`", "`Hunt.fox`", "nothing"])
@pytest.mark.parametrize(
    ("written", "with_place"),
    [
        ("age: Int!", "age: Int! {}"),
        ("color: Color)", "color: Color {})"),
        (" BLUE", " BLUE {}"),
        ("fox: Int,", "fox: Int {},"),
        ("interface Named { name: String!", "interface Named {{ name: String! {}"),
    ],
)
def test_whatever_can_be_deprecated_may_be_in_the_form_that_is_asked_for(
    held: Held, written: str, with_place: str, instead: str
) -> None:
    contract = held()
    for reason, found in ((f"Use {instead} instead; may go on 2030-06-01.", 0), ("old", 1)):
        served = changed(written, with_place.format(f'@deprecated(reason: "{reason}")'))
        deprecated = replace(contract, served=served)
        deprecated.export()
        assert len(problems(deprecated)) == found


@pytest.mark.parametrize(
    ("place", "breaks"),
    [
        (" age: Int!", "Field Fox.age was removed."),
        (", color: Color", "Argument Fox.weight(color:) was removed."),
        (" BLUE", "Enum value Color.BLUE was removed."),
        (" fox: Int", "Field Hunt.fox was removed."),
        (" dog: Dog", "Field Query.dog was removed."),
    ],
)
def test_what_was_released_as_deprecated_may_go_on_its_day_and_not_before(
    held: Held, place: str, breaks: str
) -> None:
    contract = held(changed(place, ""), changed(place, f'{place} @deprecated(reason: "{GOES}")'))
    too_early = problems(contract, TODAY - timedelta(days=1))
    assert [told.partition(" After ")[0] for told in too_early] == [breaks]
    assert problems(contract, TODAY) == []
    still_there = replace(contract, served=RELEASED)
    still_there.export()
    assert problems(still_there, TODAY) == []


def test_a_type_goes_with_the_last_that_leads_to_it_and_no_sooner(held: Held) -> None:
    released = changed("dog: Dog", f'dog: Dog @deprecated(reason: "{GOES}")')
    served = changed("type Dog { name: String! }\n", "", changed(" dog: Dog", ""))
    contract = held(served, released)
    assert problems(contract, TODAY) == []
    assert [told.partition(" After ")[0] for told in problems(contract, TODAY - timedelta(days=1))] == [
        "Dog was removed.",
        "Field Query.dog was removed.",
    ]
    beside = changed("age: Int!", "age: Int! friend: Dog", released)
    contract.releases.folder.joinpath("1.10.1.graphql").write_text(beside)
    assert [told.partition(" After ")[0] for told in problems(contract, TODAY)] == [
        "Dog was removed.",
        "Field Fox.friend was removed.",
    ]


def test_a_deprecation_that_was_never_released_frees_nothing(held: Held) -> None:
    contract = held(changed("age: Int!", f'age: Int! @deprecated(reason: "{GOES}")'))
    assert problems(contract, TODAY) == []
    gone = replace(contract, served=changed(" age: Int!", ""))
    gone.export()
    assert len(problems(gone, TODAY)) == 1


@pytest.mark.parametrize(
    ("released_day", "served_day", "refused"),
    [
        (None, "2030-05-01", False),
        (None, "2030-04-30", True),
        ("2030-03-01", "2030-03-01", False),
        ("2030-03-01", "2030-04-01", False),
        ("2030-03-01", "2030-02-28", True),
    ],
)
def test_a_release_gives_clients_time_and_takes_none_of_it_back(
    held: Held, released_day: str | None, served_day: str, refused: bool
) -> None:
    def going(day: str | None) -> str:
        reason = f'@deprecated(reason: "Use nothing instead; may go on {day}.")' if day else ""
        return changed("age: Int!", f"age: Int! {reason}")

    contract = held(going(served_day), going(released_day))
    if refused:
        with pytest.raises(StartupError, match=rf"Fox\.age may go on {served_day}: clients have time until"):
            contract.release("1.11.0", TODAY)
    else:
        contract.release("1.11.0", TODAY)


def test_the_contract_itself_can_take_leave_of_a_field(held: Held) -> None:
    served = export.EXPORTED.read_text()
    reason = "Use `StoryGeneration.log` instead; may go on 2030-01-31."
    old = changed("  attempts: Int!\n", f'  attempts: Int! @deprecated(reason: "{reason}")\n', served)
    gone = changed("  attempts: Int!\n", "", served).replace(
        '  """\n  How often a worker has begun on it: again after a failure, a crash or a stop. 0 while'
        ' PENDING.\n  """\n\n',
        "",
    )
    contract = held(old, served)
    assert problems(contract) == []
    contract.release("2.0.0", TODAY - SHORTEST_NOTICE)
    later = replace(contract, served=gone)
    later.export()
    assert problems(later, TODAY) == []
    assert [told.partition(" After ")[0] for told in problems(later, TODAY - timedelta(days=1))] == [
        "Field StoryGeneration.attempts was removed."
    ]


def test_roots_may_have_names_of_their_own(held: Held) -> None:
    released = "schema { query: Root }" + changed("type Query", "type Root")
    old = changed(" dog: Dog", f' dog: Dog @deprecated(reason: "{GOES}")', released)
    contract = held(changed(" dog: Dog", "", changed("type Dog { name: String! }\n", "", released)), old)
    assert problems(contract, TODAY) == []
