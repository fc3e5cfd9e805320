"""What `make demo` prepares before it starts anything."""

import stat
from pathlib import Path

from gateway import demo, serve
from gateway.settings import Settings

URL = "http://127.0.0.1:8123"


def test_the_first_settings_of_the_demo_are_complete_and_safe():
    settings = Settings.from_env(demo.environment({}, demo.read_settings(demo.first_settings()), URL))
    assert settings.base_url == URL
    assert settings.database_url == f"sqlite:///{serve.ROOT}/var/portico.db"


def test_a_setting_of_the_shell_never_reaches_the_demo():
    shell = {"PATH": "/bin", "GATEWAY_DATABASE_URL": "postgresql://production", "GATEWAY_BRAND": "Production"}
    env = demo.environment(shell, {"GATEWAY_DATABASE_URL": "sqlite:///var/portico.db"}, URL)
    assert env["PATH"] == "/bin"
    assert "production" not in " ".join(env.values()).lower()


def test_an_absolute_path_of_a_database_stays_as_it_is():
    assert demo.environment({}, {"GATEWAY_DATABASE_URL": "sqlite:////srv/x.db"}, URL)["GATEWAY_DATABASE_URL"] == (
        "sqlite:////srv/x.db"
    )


def test_a_secret_is_written_once_and_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "demo.password"
    word = demo.written_once(path, demo.password_word())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert demo.written_once(path, demo.password_word()) == word
    assert list(tmp_path.iterdir()) == [path]


def test_a_line_of_the_settings_file_keeps_what_stands_after_its_first_equals_sign():
    text = "# a comment\n\nGATEWAY_BRAND = A = B\n"
    assert demo.read_settings(text) == {"GATEWAY_BRAND": "A = B"}
