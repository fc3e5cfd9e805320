"""In which language the form library speaks."""

from gettext import NullTranslations
from typing import Any

from flask_wtf import FlaskForm

from gateway.i18n.catalog import language, library_messages


def _translations(_meta: Any, _form: Any) -> NullTranslations:
    return library_messages(language())


def register() -> None:
    """Let every form, a portal's too, speak the language in force; Flask-WTF would ask a library that is not here."""
    FlaskForm.Meta.get_translations = _translations
