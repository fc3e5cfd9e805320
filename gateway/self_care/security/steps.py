"""What is asked before each change of one's own second factor: in words."""

from dataclasses import dataclass

from gateway.i18n.catalog import N_


@dataclass(frozen=True, slots=True)
class Step:
    """A change that asks for password and code first."""

    title: str
    heading: str
    text: str
    button: str
    kind: str = "pri"


STEPS = {
    "app": Step(
        N_("Authenticator app"),
        N_("First, show that it is you"),
        N_("A new key is made for your app. The one before works until the new one is confirmed."),
        N_("Go on"),
    ),
    "recovery-codes": Step(
        N_("Recovery codes"),
        N_("First, show that it is you"),
        N_("Ten new codes are made and shown once. The ones before stop working."),
        N_("Make new ones"),
    ),
    "on": Step(
        N_("Ask for the second step"),
        N_("First, show that it is you"),
        N_("From the next log-in on, what you have set up is asked for beside the password."),
        N_("Turn on"),
    ),
    "off": Step(
        N_("Turn off"),
        N_("First, show that it is you"),
        N_("The password alone will let you in. App, recovery codes and remembered devices are forgotten."),
        N_("Turn off"),
        "bad",
    ),
    "passkeys/new": Step(
        N_("Add a passkey"),
        N_("First, show that it is you"),
        N_("A passkey can be your second step, or let you in without a password."),
        N_("Go on"),
    ),
    "passkey": Step(
        N_("Passkey"),
        N_("Remove it"),
        N_("It lets nobody in any more. Your phone or computer may still offer it; take it away there as well."),
        N_("Remove"),
        "bad",
    ),
}
