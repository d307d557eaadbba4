from pathlib import Path

import pytest

from coxa import config
from coxa.errors import ConfigError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    for name in (config.CONFIG_ENV, config.STORE_ENV):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def written(tmp_path, text):
    path = tmp_path / "coxa.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_all_keys_are_read_and_paths_count_from_the_file(tmp_path):
    text = 'person = "Kim"\nstore = "my.sqlite"\n[protocols]\nwall = "own.toml"\nprone = "prone"\n'
    settings = config.load(written(tmp_path, text))
    assert settings.person == "Kim"
    assert Path(settings.store) == tmp_path / "my.sqlite"
    assert settings.protocols == {"wall": str(tmp_path / "own.toml"), "prone": "prone"}


@pytest.mark.parametrize("value", ["+y +z", "-x +z", "unknown"])
def test_how_the_sensor_sits_in_its_case_is_read(tmp_path, value):
    assert config.load(written(tmp_path, f'mounting = "{value}"')).mounting == value


def test_a_byte_order_mark_does_not_matter(tmp_path):
    assert config.load(written(tmp_path, b'\xef\xbb\xbfperson = "Zo\xc3\xab"\n')).person == "Zoë"


def test_without_a_file_there_are_defaults_but_a_named_one_must_exist(tmp_path, monkeypatch):
    assert config.load() == config.Config()
    with pytest.raises(ConfigError, match=r"no settings file .*absent\.toml"):
        config.load(tmp_path / "absent.toml")
    monkeypatch.setenv(config.CONFIG_ENV, str(tmp_path / "absent.toml"))
    with pytest.raises(ConfigError, match="absent"):
        config.load()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('persn = "Kim"', ("persn", "Did you mean person?")),
        ("zzz = 1", ("zzz", "known: mounting, person, protocols, store")),
        ("person = 3", ("person is 3", "a name in quotes")),
        ('person = " "', ("person is ' '", "a name in quotes")),
        ("store = true", ("store is True", "a path in quotes")),
        ("store = []", ("store is []", "a path in quotes")),
        ('mounting = "y z"', ("mounting is 'y z'", "two axes")),
        ('mounting = "+y +y"', ("mounting is '+y +y'", "two axes")),
        ('mounting = "+y"', ("mounting is '+y'", "two axes")),
        ("mounting = 3", ("mounting is 3", "two axes")),
        ('protocols = "wall"', ("protocols is 'wall'", "a table of positions")),
        ('[protocols]\nwal = "own.toml"', ("wal", "[protocols]", "Did you mean wall?")),
        ("[protocols]\nwall = 3", ("protocols", "a table of positions")),
        ('person = "Kim\n', ("not valid TOML", "line 1")),
        ('person = "a"\nperson = "b"\n', ("not valid TOML", "line 2")),
        (b"person = '\xff\xfe'", ("cannot be read", "UTF-8")),
        (b"\0\0\0", ("not valid TOML",)),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, says):
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        config.load(path)
    message = str(error.value)
    assert "\n" not in message
    assert all(part in message for part in (str(path), *says))


def test_a_folder_is_no_settings_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path)


def test_the_store_is_the_option_then_the_environment_then_the_setting_then_the_data_folder(tmp_path, monkeypatch):
    settings = config.load(written(tmp_path, 'store = "set.sqlite"'))
    usual = config.store_path(None, config.Config())
    assert usual.name == "coxa.sqlite"
    assert usual.parent.is_dir()
    assert tmp_path in usual.parents
    assert config.store_path(None, settings) == tmp_path / "set.sqlite"
    monkeypatch.setenv(config.STORE_ENV, "env.sqlite")
    assert config.store_path(None, settings) == Path("env.sqlite")
    assert config.store_path(Path("option.sqlite"), settings) == Path("option.sqlite")
    monkeypatch.setenv(config.STORE_ENV, "")
    assert config.store_path(None, settings) == tmp_path / "set.sqlite"
