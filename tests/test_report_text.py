"""Text from elsewhere in a report: nothing unseen, nothing huge, no markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecheck.report.text import (
    LIMIT,
    address,
    duration,
    markdown,
    markdown_code,
    one_line,
    shorten,
    slug,
    visible,
)

ANY_TEXT = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\u202eevil\u202c", r"\u202eevil\u202c"),
        ("\ud800", r"\ud800"),
        ("a\x00b", r"a\x00b"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("one\r\ntwo\tthree", "one\ntwo\tthree"),
        ("gradient ∂y/∂x = 勾配", "gradient ∂y/∂x = 勾配"),
    ],
)
def test_what_is_not_seen_is_written_as_in_a_literal(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT)
def test_any_text_becomes_printable_and_can_be_written(text: str) -> None:
    shown = visible(text)
    assert all(character.isprintable() or character in "\n\t" for character in shown)
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_a_short_text_stays_as_it_is() -> None:
    assert shorten("x" * LIMIT) == "x" * LIMIT


def test_a_huge_text_keeps_both_ends_and_says_how_much_is_left_out() -> None:
    short = shorten("begin" + "x" * 1000000 + "end")
    assert short.startswith("beginx")
    assert short.endswith("xend")
    assert "{:,} characters left out".format(1000008 - LIMIT) in short
    assert len(short) < LIMIT + 60


def test_a_long_line_is_cut_with_an_ellipsis() -> None:
    assert shorten("x" * 101, 100) == "x" * 99 + "…"


def test_one_line_has_no_line_break() -> None:
    assert one_line("a\n  b\tc\u2028d") == "a b c d"


def test_markdown_has_no_markup_left() -> None:
    assert markdown("a|b *c* _d_ `e` [f](g) <h> &amp; $x$") == (
        r"a\|b \*c\* \_d\_ \`e\` \[f\](g) \<h\> \&amp; \$x\$"
    )


@pytest.mark.parametrize(
    ("text", "code"), [("a_b", "`a_b`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```")]
)
def test_a_code_span_holds_any_backticks(text: str, code: str) -> None:
    assert markdown_code(text) == code


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.314, "0.31 s"), (12.36, "12.4 s"), (192.2, "3 min 12 s"), (0.0, "0.00 s")],
)
def test_a_duration_is_said_in_its_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "data:text/html,x", "//host", "https://a b", 'https://a"b', "", "x"],
)
def test_only_web_addresses_are_followed(link: str) -> None:
    assert address(link) == ""


def test_a_web_address_is_followed() -> None:
    assert address("https://example.org/a?b=c#d") == "https://example.org/a?b=c#d"


def test_a_slug_is_a_word_for_an_address() -> None:
    assert slug("tensorflow 2.21.0") == "tensorflow-2.21.0"
    assert slug("∂") == "run"
