"""Settings as the computer makes them for a board."""

import pytest

from coxa.errors import UsageError
from coxa.flash.settings import check_pins, decoded


def test_pins_are_checked_where_the_board_is_named_and_left_to_it_where_not():
    check_pins(decoded(b'{"board": "auto"}'))
    check_pins(decoded(b'{"board": "xiao-esp32s3"}'))
    with pytest.raises(UsageError, match="pins must name sda on board generic-esp32c3"):
        check_pins(decoded(b'{"board": "generic-esp32c3"}'))


def test_what_is_wrong_with_a_file_is_told_by_its_place_on_the_board():
    found = decoded(b"{")
    assert found.values == decoded(None).values
    assert ["/config.json is damaged" in line for line in found.complaints] == [True]
