"""Settings survive damage and power cuts, and are never a reason not to start."""

import json
import zlib
from pathlib import Path

import interpreters
import pytest

SCRIPT = Path(__file__).parent / "scripts" / "config_script.py"
SECRET = "00112233445566778899AABBccddeeff"
INNER = '{"board": "pico-w", "quiet": true}'
# What is put into the file, what then differs from the defaults, what the complaint names (None: there is none).
GIVEN = [
    (INNER, {"board": "pico-w", "quiet": True}, None),
    (f'{{"crc32": "{zlib.crc32(INNER.encode()):08x}", "config": {INNER}}}', {"board": "pico-w", "quiet": True}, None),
    (f'{{"crc32": "{zlib.crc32(INNER.encode()) ^ 1:08x}", "config": {INNER}}}', {}, ["checksum"]),
    ('{"crc32": 5, "config": {}}', {}, ["checksum"]),
    ('{"crc32": "00000000", "config": }', {}, ["damaged"]),
    (f'{{"crc32": "{zlib.crc32(b"[1]"):08x}", "config": [1]}}', {}, ["object"]),
    ("", {}, ["damaged"]),
    ("\x00" * 100, {}, ["damaged"]),
    ("[1, 2]", {}, ["object"]),
    ("12", {}, ["object"]),
    ('{"nmae": "x"}', {}, ["'nmae'"]),
    ('{"name": "far too long", "quiet": true}', {"quiet": True}, ["name", "1 to 8"]),
    ('{"name": "a\\nb"}', {}, ["name"]),
    ('{"name": ""}', {}, ["name"]),
    ('{"profile": 3}', {}, ["profile", "1 to 2"]),
    ('{"profile": true}', {}, ["profile"]),
    ('{"profile": 1.5}', {}, ["profile"]),
    ('{"token": 5}', {}, ["token"]),
    (f'{{"token": "{SECRET[1:]}"}}', {}, ["token", "32 hex digits"]),
    (f'{{"token": "{SECRET[1:]}g"}}', {}, ["token"]),
    (f'{{"token": "{SECRET}"}}', {"token": SECRET}, None),
    ('{"token": ""}', {}, None),
    ('{"idle_sleep_s": 0, "watchdog_s": 0}', {"idle_sleep_s": 0, "watchdog_s": 0}, None),
    ('{"idle_sleep_s": 5}', {}, ["idle_sleep_s", "30", "or 0"]),
    ('{"watchdog_s": 1}', {}, ["watchdog_s"]),
    ('{"quiet": null}', {}, ["quiet", "true or false"]),
    ('{"i2c_hz": 1000000}', {}, ["i2c_hz"]),
    ('{"i2c_id": 2}', {}, ["i2c_id", "null"]),
    ('{"pins": [1]}', {}, ["pins"]),
    ('{"pins": {"led": "x"}}', {}, ["pins"]),
    ('{"pins": {"led": -1}}', {}, ["pins"]),
    ('{"pins": {"led": true}}', {}, ["pins"]),
    ('{"pins": {"led": null, "sda": 4}}', {"pins": {"led": None, "sda": 4}}, None),
    ('{"battery_divider": 0.5}', {}, ["battery_divider"]),
    ('{"battery_divider": 2.5}', {"battery_divider": 2.5}, None),
    ('{"gyro_bias_mdps": [-12000, 0, 12000]}', {"gyro_bias_mdps": [-12000, 0, 12000]}, None),
    ('{"gyro_bias_mdps": [0, 0, 0]}', {"gyro_bias_mdps": [0, 0, 0]}, None),
    ('{"acc_offset_ug": [300000, -300000, 0]}', {"acc_offset_ug": [300000, -300000, 0]}, None),
    ('{"gyro_bias_mdps": null, "acc_offset_ug": null}', {}, None),
    ('{"gyro_bias_mdps": [0, 0, 12001]}', {}, ["gyro_bias_mdps", "three whole numbers", "12000", "12001"]),
    ('{"acc_offset_ug": [-300001, 0, 0]}', {}, ["acc_offset_ug", "three whole numbers", "300000"]),
    ('{"acc_offset_ug": [1, 2]}', {}, ["acc_offset_ug", "three"]),
    ('{"acc_offset_ug": [1, 2, 3, 4]}', {}, ["acc_offset_ug", "three"]),
    ('{"acc_offset_ug": [1, 2, 3.0]}', {}, ["acc_offset_ug", "whole"]),
    ('{"acc_offset_ug": [1, 2, true]}', {}, ["acc_offset_ug", "whole"]),
    ('{"acc_offset_ug": [1, 2, "3"]}', {}, ["acc_offset_ug", "whole"]),
    ('{"acc_offset_ug": [1, 2, null]}', {}, ["acc_offset_ug", "or null"]),
    ('{"acc_offset_ug": [[1], 2, 3]}', {}, ["acc_offset_ug"]),
    ('{"acc_offset_ug": {"0": 1, "1": 2, "2": 3}}', {}, ["acc_offset_ug"]),
    ('{"acc_offset_ug": "123"}', {}, ["acc_offset_ug"]),
    ('{"acc_offset_ug": 123}', {}, ["acc_offset_ug"]),
    ('{"gyro_bias_mdps": [1e99, 0, 0]}', {}, ["gyro_bias_mdps"]),
    ('{"gyro_bias_mdps": [99999999999999999999, 0, 0]}', {}, ["gyro_bias_mdps"]),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "given.json"
    path.write_text(json.dumps([text for text, _, _ in GIVEN]))
    return {
        bits: json.loads(interpreters.run(SCRIPT, path, bits=bits)) for bits in (64, 32) if interpreters.command(bits)
    }


@pytest.fixture
def found(results, bits):
    return results[bits]


def test_what_is_saved_is_loaded(found):
    assert found["missing"] == []
    assert found["round_trip"]


def test_the_file_is_json_and_its_checksum_is_that_of_zlib(found):
    whole = json.loads(found["text"])
    inner = found["text"].split('"config": ', 1)[1][:-1]
    assert whole["crc32"] == f"{zlib.crc32(inner.encode()):08x}"
    assert whole["config"]["token"] == SECRET


@pytest.mark.parametrize("case", range(len(GIVEN)))
def test_what_is_wrong_is_named_and_the_rest_is_kept(found, case):
    text, differ, words = GIVEN[case]
    assert found["given"][case]["differ"] == differ, text
    complaints = found["given"][case]["complaints"]
    if words is None:
        assert complaints == []
    else:
        assert len(complaints) == 1
        assert all(word in complaints[0] for word in words), complaints


def test_every_flipped_bit_and_every_lost_end_is_noticed(found):
    assert found["unnoticed"] == 0


def test_whatever_the_file_holds_the_settings_are_fit_and_complete(found):
    assert found["unfit"] == 0


def test_a_power_cut_leaves_the_old_or_the_new_settings(found):
    assert found["cut_in_every_write"]
    assert found["cuts"]["neither"] == 0
    assert found["cuts"]["old"] > 0
    assert found["cuts"]["new"] > 0


def test_one_setting_is_changed_and_saved_or_nothing_is(found):
    assert found["changes"] == [True, False, True, False, False]
    assert found["changed"] == [True, "7e" * 16, True]


def test_the_token_is_not_told(found):
    assert found["dumped"] == ["b'true'", "None", "None"]
    complaints = [line for given in found["given"] for line in given["complaints"]]
    assert any("token" in line for line in complaints)
    assert not any(SECRET[1:9] in line for line in complaints), "complaints are kept in the notes, which LOG reads"
