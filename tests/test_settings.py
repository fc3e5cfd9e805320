"""The environment is complete and safe, or nothing starts."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import DESCRIPTIONS, Settings, in_force

KEY = "kV3-mZ9qTf2Lw8RbYx6NcPd4HsJg7AeU"
OLDER_KEY = "Qn5_tB1uWg8Xk2CvMz7RyLf3DpHj9SaE"
AUDIT_KEY = "f0bd61c9a27e48835d1746ce02ab98f7"
GOOD = {
    "GATEWAY_SECRET_KEYS": f"{KEY},{OLDER_KEY}",
    "GATEWAY_AUDIT_KEYS": AUDIT_KEY,
    "GATEWAY_DATABASE_URL": "sqlite:///var/portico.db",
    "GATEWAY_BASE_URL": "https://portal.example.org",
}
OPERATING = Path(__file__).parent.parent / "docs" / "operating.md"


def refused(**changes: str) -> str:
    """Return the message with which these changes to a good environment are refused."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(GOOD | {f"GATEWAY_{name}": value for name, value in changes.items()})
    return str(caught.value)


def taken(**changes: str) -> Settings:
    """Return the settings of a good environment with these changes."""
    return Settings.from_env(GOOD | {f"GATEWAY_{name}": value for name, value in changes.items()})


def test_a_complete_environment_is_read():
    settings = taken()
    assert settings.secret_keys == (KEY, OLDER_KEY)
    assert settings.audit_keys == (AUDIT_KEY,)
    assert settings.production
    assert settings.languages == ("en", "de", "fr", "es", "pt-BR", "uk", "ar", "ja")
    assert settings.redis_url is None
    assert settings.mail_url is None
    assert settings.trusted_proxies == ()
    assert settings.outbound_networks == ()


def test_an_empty_environment_names_everything_that_is_missing_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({})
    assert str(caught.value).splitlines() == [f"{name} is missing." for name in GOOD]


def test_everything_wrong_is_listed_at_once():
    message = refused(SECRET_KEYS="short", BASE_URL="ftp://x", LANGUAGES="klingon!", COLOUR="blue")
    assert len(message.splitlines()) == 4
    for name in ("GATEWAY_SECRET_KEYS", "GATEWAY_BASE_URL", "GATEWAY_LANGUAGES", "GATEWAY_COLOUR"):
        assert name in message


def test_an_unknown_name_is_refused_and_the_likely_one_is_named():
    assert refused(SECRET_KEY=KEY) == "GATEWAY_SECRET_KEY is no setting; is GATEWAY_SECRET_KEYS meant?"


def test_names_of_others_are_none_of_our_business():
    assert Settings.from_env(GOOD | {"PATH": "/bin", "FLASK_DEBUG": "0"}) == taken()


@pytest.mark.parametrize("name", ["SECRET_KEYS", "AUDIT_KEYS"])
@pytest.mark.parametrize(
    "weak",
    [
        "",
        " , ",
        KEY[:31],
        "a" * 64,
        "abab" * 16,
        "0123456789abcdef" * 2,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "changeme-" + KEY,
        "CHANGE_ME" + KEY,
        "your-secret-here-" + KEY,
        "password" + KEY,
        "insecure" + KEY,
        f"{KEY[::-1]},{KEY[::-1]}",
        f"{KEY[::-1]},short",
    ],
)
def test_a_weak_secret_is_refused_and_never_shown__KEY_01(name: str, weak: str):
    message = refused(**{name: weak})
    assert f"GATEWAY_{name}" in message
    for shown in (KEY, KEY[:31], KEY[::-1], *(key for key in weak.split(",") if len(key) > 8)):
        assert shown not in message


def test_the_record_has_keys_of_its_own():
    assert "GATEWAY_AUDIT_KEYS repeats" in refused(AUDIT_KEYS=OLDER_KEY)


def test_a_value_can_stand_in_a_file(tmp_path: Path):
    path = tmp_path / "keys"
    path.write_text(f"{KEY}\n")
    env = {name: value for name, value in GOOD.items() if name != "GATEWAY_SECRET_KEYS"}
    assert Settings.from_env(env | {"GATEWAY_SECRET_KEYS_FILE": str(path)}).secret_keys == (KEY,)


def test_a_file_that_is_not_there_is_told_apart_from_a_missing_setting(tmp_path: Path):
    env = {name: value for name, value in GOOD.items() if name != "GATEWAY_SECRET_KEYS"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(env | {"GATEWAY_SECRET_KEYS_FILE": str(tmp_path / "nothing")})
    assert str(caught.value) == "GATEWAY_SECRET_KEYS_FILE names a file that cannot be read (FileNotFoundError)."


def test_a_value_and_a_file_for_one_setting_are_refused(tmp_path: Path):
    assert "both set" in refused(SECRET_KEYS_FILE=str(tmp_path))


@pytest.mark.parametrize(
    "address",
    [
        "portal.example.org",
        "http://portal.example.org",
        "http://10.0.0.1",
        "http://localhost.example.org",
        "https://",
        "https://portal.example.org/gateway",
        "https://portal.example.org?x=1",
        "https://portal.example.org#top",
        "https://name:word@portal.example.org",
        "https://portal.example.org:port",
        "https://portal.example.org:99999",
        "https://portal example.org",
        "https://bücher.example",
        "https://[::1",
    ],
)
def test_a_base_url_is_scheme_and_host_alone_and_plain_only_on_this_machine(address: str):
    assert refused(BASE_URL=address).startswith("GATEWAY_BASE_URL ")


@pytest.mark.parametrize(
    ("written", "meant", "production"),
    [
        ("https://Portal.Example.org/", "https://portal.example.org", True),
        ("https://portal.example.org:443", "https://portal.example.org", True),
        ("https://portal.example.org:8443", "https://portal.example.org:8443", True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", False),
        ("http://localhost", "http://localhost", False),
        ("http://[::1]:8000", "http://[::1]:8000", False),
    ],
)
def test_https_is_production(written: str, meant: str, production: bool):
    settings = taken(BASE_URL=written)
    assert settings.base_url == meant
    assert settings.production is production


@pytest.mark.parametrize("address", ["mysql://localhost/x", "sqlite://", "sqlite:///", "portico.db"])
def test_a_database_is_sqlite_or_postgresql(address: str):
    assert refused(DATABASE_URL=address).startswith("GATEWAY_DATABASE_URL ")


def test_a_refused_address_does_not_show_its_password():
    message = refused(DATABASE_URL="mysql://root:hunter2hunter2@db/x", REDIS_URL="http://:hunter2hunter2@redis")
    assert "hunter2" not in message
    assert len(message.splitlines()) == 2


def test_settings_do_not_show_secrets_when_printed():
    settings = taken(DATABASE_URL="postgresql://portico:hunter2hunter2@db/portico", MAIL_URL="smtps://a:hunter2@mail")
    for secret in (KEY, OLDER_KEY, AUDIT_KEY, "hunter2"):
        assert secret not in repr(settings)


def test_languages_are_tags_in_their_usual_case_the_default_first():
    assert taken(LANGUAGES="pt-br, en,zh-hant").languages == ("pt-BR", "en", "zh-Hant")


@pytest.mark.parametrize("tags", ["en_GB", "english", "xx-YY", "en,en", ","])
def test_a_language_that_nobody_speaks_is_refused(tags: str):
    assert refused(LANGUAGES=tags).startswith("GATEWAY_LANGUAGES ")


def test_networks_are_read():
    settings = taken(TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::/32", METRICS_NETWORKS="192.0.2.7")
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert settings.metrics_networks == (ip_network("192.0.2.7/32"),)


@pytest.mark.parametrize(
    "network",
    ["10.0.0.0/0.0.0.255", "10.0.0.0/255.0.0.0", "192.0.2.7/032", "::ffff:10.0.0.0/104", "fe80::1%eth0", "10.0.0.1/8"],
)
@pytest.mark.parametrize("name", ["TRUSTED_PROXIES", "METRICS_NETWORKS", "OUTBOUND_NETWORKS"])
def test_a_network_that_can_be_read_in_two_ways_is_refused(name: str, network: str):
    assert refused(**{name: f"192.0.2.0/24, {network}"}).startswith(f"GATEWAY_{name} ")


@pytest.mark.parametrize("networks", ["0.0.0.0/0", "::/0", "10.0.0.1/8", "proxy.example.org"])
def test_a_proxy_that_would_be_anybody_is_refused(networks: str):
    assert refused(TRUSTED_PROXIES=networks).startswith("GATEWAY_TRUSTED_PROXIES ")


@pytest.mark.parametrize("brand", ["x" * 61, "two\nlines", "esc\x1b[0m"])
def test_a_brand_is_one_short_line(brand: str):
    assert refused(BRAND=brand).startswith("GATEWAY_BRAND ")


def test_each_purpose_has_keys_of_its_own_the_oldest_first__KEY_04():
    settings = taken()
    launch, reset = settings.derived_keys("launch"), settings.derived_keys("reset")
    assert len({*launch, *reset}) == 4
    assert launch == settings.derived_keys("launch")
    assert taken(SECRET_KEYS=KEY).derived_keys("launch") == launch[-1:]
    assert all(len(key) == 32 for key in launch)


def test_a_key_keeps_its_id_when_others_come_and_go_and_whatever_it_is_for__LT_12():
    before, after = taken(SECRET_KEYS=OLDER_KEY).keys_by_id("launch"), taken().keys_by_id("launch")
    (older,) = before
    assert next(iter(after)) == older
    assert after[older] == before[older]
    assert list(taken().keys_by_id("reset")) == list(after)
    assert list(after.values()) == taken().derived_keys("launch")
    assert all(key_id not in key.hex() for key_id, key in after.items())


def test_what_is_in_force_says_where_it_comes_from_and_masks_secrets(tmp_path: Path):
    path = tmp_path / "mail"
    path.write_text("smtps://portico:hunter2@mail.example.org")
    rows = in_force(GOOD | {"GATEWAY_MAIL_URL_FILE": str(path)})
    told = {description.name: (shown, source) for description, shown, source in rows}
    assert told["GATEWAY_SECRET_KEYS"] == ("********", "environment")
    assert told["GATEWAY_BASE_URL"] == ("https://portal.example.org", "environment")
    assert told["GATEWAY_MAIL_URL"] == ("********", f"file {path}")
    assert told["GATEWAY_BRAND"] == ("Portico", "default")


def test_the_documented_settings_are_those_that_exist():
    documented = dict(re.findall(r"^\| `(GATEWAY_[A-Z_]+)` \| (.+?) \|", OPERATING.read_text(encoding="utf-8"), re.M))
    assert documented == {description.name: description.meaning for description in DESCRIPTIONS}
