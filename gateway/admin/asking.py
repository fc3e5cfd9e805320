"""How it stands with asking a customer for consent, for the menu that opens its portals."""

from dataclasses import dataclass

from gateway.access import support
from gateway.admin.forms.support import AskForm
from gateway.launch.queries import Offer
from gateway.web import current


@dataclass(frozen=True, slots=True)
class Asking:
    """What the menu shows where nothing but consent is missing: what was asked last, else a form that goes to `url`."""

    url: str
    menu_url: str
    form: AskForm
    asked: support.Asked | None


def asking(customer_id: str, offer: Offer, refused: AskForm | None = None) -> Asking | None:
    """Return how it stands, or None where there is nothing to ask for; `refused` is a form with its faults."""
    if not offer.may_ask:
        return None
    form = refused or AskForm(formdata=None)
    form.reason.id = f"ask-{offer.subject_id}"
    return Asking(
        f"/admin/customers/{customer_id}/support-requests",
        f"/admin/customers/{offer.subject_id}/log-in",
        form,
        support.asked_by(current.reader(), customer_id, current.visitor().id, current.now()),
    )
