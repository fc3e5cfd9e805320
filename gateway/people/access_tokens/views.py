"""Tokens: listed, made and shown once, revoked. One set of pages, hung on self-care and on the console."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import Blueprint, make_response, render_template
from werkzeug.wrappers import Response

from gateway.errors import Invalid
from gateway.i18n.catalog import gettext as _
from gateway.identity import api_tokens
from gateway.identity.models import Realm
from gateway.people.access_tokens.forms import LEVELS, TokenForm
from gateway.portal.registry import registry
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose tokens a page is about. `allowed`: whether the API is on for them; `may_make`: why not, or None.

    `switch_url` is where staff switch it, if they do so here.
    """

    id: str
    name: str
    realm: Realm
    allowed: bool
    layout: str
    url: str
    crumbs: Sequence[tuple[str, str]] = ()
    why_not: str | None = None
    switch_url: str | None = None
    own: bool = False


Answer = str | tuple[str, int] | Response
Find = Callable[..., Owner]


def pages(bp: Blueprint, node: str, path: str, endpoint: str, find: Find) -> None:
    """Hang the pages on a portal, under `path`, as part of `node`; `find` gets what the path has beside the token."""

    def hang(rule: str, method: str, view: Callable[..., Answer], name: str, *, sensitive: bool = False) -> None:
        def page(token: str | None = None, **place: str) -> Answer:
            owner = find(**place)
            return view(owner) if token is None else view(owner, token)

        page.__doc__ = view.__doc__
        marked = belongs_to(node)(page)
        bp.add_url_rule(f"{path}{rule}", name, needs_recent(marked) if sensitive else marked, methods=[method])

    hang("", "GET", tokens, endpoint)
    hang("", "POST", make, f"{endpoint}_make", sensitive=True)
    hang("/<token>/revoke", "POST", revoke, f"{endpoint}_revoke")


def tokens(owner: Owner) -> Answer:
    """List somebody's tokens, and offer to make one."""
    return _page(owner, TokenForm(formdata=None))


def make(owner: Owner) -> Answer:
    """Make a token; it is shown on the answering page, and never again."""
    form = TokenForm()
    form.offer(_portals(owner))
    if owner.why_not or not owner.allowed:
        return _page(owner, form), 422
    if not form.validate():
        return _page(owner, form), 422
    work = current.writer()
    try:
        token = api_tokens.make(work, owner.id, form.terms, current.now())
    except Invalid as invalid:
        for name, texts in invalid.errors.items():
            form[name].errors = texts
        return _page(owner, form), 422
    work.commit()
    return make_response(render_template("people/tokens/made.html", owner=owner, token=token, name=form.name.data))


def revoke(owner: Owner, token: str) -> Answer:
    """Revoke a token; what it opened is over at once."""
    work = current.writer()
    api_tokens.revoke(work, owner.id, token)
    work.commit()
    return see_other(f"{owner.url}?done=token-revoked")


def _page(owner: Owner, form: TokenForm) -> str:
    form.offer(_portals(owner))
    return render_template(
        "people/tokens/list.html",
        owner=owner,
        form=form,
        tokens=api_tokens.tokens(current.reader(), owner.id),
        now=current.now(),
        levels={word: _(title) for word, title in LEVELS.items()},
        titles=dict(_portals(owner)),
        most=api_tokens.MOST,
    )


def _portals(owner: Owner) -> list[tuple[str, str]]:
    """Return the portals that a token may be limited to; an administrator's works in the console alone."""
    if owner.realm is Realm.ADMIN:
        return []
    return [(portal.slug, _(portal.title)) for portal in registry().self_care()]
