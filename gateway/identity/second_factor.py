"""The second factor (`product.md` §5): what is asked of somebody, whether it was right, set up, turned off, reset."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, select
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway.audit.operations import record
from gateway.db import rows_changed
from gateway.errors import FactorRefused, Forbidden, Invalid, KeyMissing, NotFound, Tampered
from gateway.i18n.catalog import N_
from gateway.identity import app_keys, devices, passkeys, recovery_codes, sessions, wrong_codes
from gateway.identity.concerning import concerning
from gateway.identity.factor_models import AppKey, Device, Passkey, RecoveryCode, WrongCodes
from gateway.identity.inheritance import in_force, says
from gateway.identity.models import CustomerClass, Gateway, Identity, Kind
from gateway.identity.passkeys import Party, Place
from gateway.keys import Vault
from gateway.mail.letters import Letter
from gateway.mail.operations import put

PURPOSE = "second factor"
"""What the keys of the vault are derived for."""
COUNTED = frozenset({"wrong", "used", "clock"})
"""The refusals that count against `wrong_codes`."""

HAS = (
    exists().where(AppKey.identity_id == Identity.id, AppKey.confirmed.is_(True)).label("has_app"),
    exists().where(Passkey.identity_id == Identity.id).label("has_passkey"),
)
"""The columns that say what an identity has set up."""
COLUMNS = (
    Identity.second_factor_chosen,
    CustomerClass.passkey_required,
    CustomerClass.remembered_devices,
    Gateway.admin_second_factor,
    *HAS,
)
"""The columns that `of_row` reads, beside what `says` gives of `second_factor`, and the kind."""

_customer = aliased(Identity)
_STATE = (
    select(
        Identity.kind,
        *COLUMNS,
        *says(("second_factor",), Identity, _customer, CustomerClass),
        select(func.count())
        .where(RecoveryCode.identity_id == Identity.id, RecoveryCode.used_at.is_(None))
        .scalar_subquery()
        .label("codes"),
        select(func.count())
        .where(Device.identity_id == Identity.id, Device.expires_at > bindparam("now"))
        .scalar_subquery()
        .label("devices"),
        exists().where(WrongCodes.identity_id == Identity.id, WrongCodes.locked_at.is_not(None)).label("locked"),
    )
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
    .join(Gateway, Gateway.id == 1)
    .where(Identity.id == bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Factor:
    """What is asked of somebody, `required` by those above or `chosen` by themselves, and what they have set up."""

    required: bool
    chosen: bool
    app: bool
    passkey: bool
    passkey_required: bool
    remembers: bool

    @property
    def asked(self) -> bool:
        """Tell whether a second factor is asked at the log-in."""
        return self.required or self.chosen

    @property
    def set_up(self) -> bool:
        """Tell whether there is anything to ask for."""
        return self.app or self.passkey

    @property
    def lacks_passkey(self) -> bool:
        """Tell whether a passkey is what has to be set up."""
        return self.asked and self.passkey_required and not self.passkey

    @property
    def app_counts(self) -> bool:
        """Tell whether a code of the app is enough; where the class asks for passkeys, only until there is one."""
        return self.app and not (self.passkey_required and self.passkey)

    def due(self, passed: bool) -> str | None:
        """Return the step of the second factor that is due, `code` or `enrol`; `passed`: it was right already."""
        if not self.asked:
            return None
        if self.set_up and not passed:
            return "code"
        return "enrol" if not self.set_up or self.lacks_passkey else None


@dataclass(frozen=True, slots=True)
class State:
    """What somebody's page of the second factor shows: how many recovery codes are left, how many devices there are."""

    factor: Factor
    codes: int
    devices: int
    locked: bool


def of_row(row: Any) -> Factor:
    """Return what is asked of the identity of a row with `COLUMNS`."""
    ours = row.kind is Kind.ADMINISTRATOR and row.admin_second_factor
    return Factor(
        required=in_force(row, "second_factor", ours).value,
        chosen=row.second_factor_chosen,
        app=row.has_app,
        passkey=row.has_passkey,
        passkey_required=bool(row.passkey_required),
        remembers=row.remembered_devices is not False,
    )


def state(reader: Connection, identity_id: str, now: datetime) -> State:
    """Return how the second factor of somebody stands."""
    row = reader.execute(_STATE, {"id": identity_id, "now": now}).one()
    return State(of_row(row), row.codes, row.devices, row.locked)


def check(work: Work, vault: Vault, identity_id: str, typed: str, now: datetime, *, app_counts: bool = True) -> None:
    """Accept a code of somebody's app, or a recovery code, once.

    Raises `FactorRefused`: what the code was, `wait` (with the seconds) or `locked`; and `KeyMissing`. A refusal is
    counted and recorded: the face commits it.
    """
    identity = _held(work, identity_id)
    try:
        wrong_codes.admit(work, identity_id, now)
        _accept(work, vault, identity, typed, now, app_counts)
    except FactorRefused as refused:
        of = concerning(work, identity)
        record(work, "factor.refused", outcome="refused", reason=refused.cause, of=of)
        if refused.cause in COUNTED and wrong_codes.count(work, identity_id, now):
            record(work, "factor.locked", of=of)
            _tell(work, identity, "locked", now)
        raise
    except KeyMissing as missing:
        record(work, "key.missing", outcome="refused", of=concerning(work, identity), key=missing.key_id)
        raise


def _accept(work: Work, vault: Vault, identity: Identity, typed: str, now: datetime, app_counts: bool) -> None:
    if recovery_codes.CODE.fullmatch(typed):
        recovery_codes.use(work, identity.id, typed, now)
        record(work, "recovery_code.used", of=concerning(work, identity))
        _tell(work, identity, "code-used", now)
    elif not app_counts:
        raise FactorRefused("wrong")
    else:
        try:
            app_keys.use(work, vault, identity.id, typed, now)
        except Tampered as error:
            record(work, "key.tampered", outcome="refused", of=concerning(work, identity), table="app_key")
            raise FactorRefused("broken") from error


def use_passkey(
    work: Work, party: Party, place: Place, answer: str, now: datetime, identity_id: str | None = None
) -> tuple[str, str]:
    """Accept a passkey, one of `identity_id` if given; return whose it is and what kind of key. A refusal is recorded.

    Raises `FactorRefused`.
    """
    try:
        return passkeys.use(work, party, place, answer, now, identity_id)
    except FactorRefused as refused:
        of = concerning(work, work.get_one(Identity, identity_id)) if identity_id else None
        record(work, "factor.refused", outcome="refused", reason=refused.cause, of=of)
        raise


def begin(work: Work, vault: Vault, identity_id: str, factor: Factor, session_key: bytes, now: datetime) -> None:
    """Prepare for a half-logged-in session what has to be set up: the key of an app, or the challenge of a passkey."""
    if factor.lacks_passkey:
        passkeys.ask(work, Place("enrol", session_key), now)
    else:
        _held(work, identity_id)
        app_keys.begin(work, vault, identity_id, session_key, now)


def set_up_app(
    work: Work, vault: Vault, identity_id: str, session_key: bytes, typed: str, now: datetime, *, chosen: bool = False
) -> list[str]:
    """Let an app count, since its first code was typed, and return ten new recovery codes.

    `chosen`: its owner wants to be asked, whether it is required or not. Raises `FactorRefused`.
    """
    identity = _held(work, identity_id)
    app_keys.confirm(work, vault, identity_id, session_key, typed, now)
    identity.second_factor_chosen = identity.second_factor_chosen or chosen
    devices.forget(work, identity_id)
    record(work, "factor.set_up", of=concerning(work, identity), factor="app")
    _tell(work, identity, "app", now)
    return recovery_codes.renew(work, identity_id)


def add_passkey(
    work: Work, party: Party, place: Place, identity_id: str, answer: str, name: str, now: datetime
) -> tuple[list[str], str]:
    """Keep a new passkey; return recovery codes if these are somebody's first, and what kind of key it is.

    Raises `FactorRefused`.
    """
    identity = _held(work, identity_id)
    passkey, method = passkeys.enrol(work, party, place, identity_id, answer, name, now)
    record(work, "factor.set_up", of=concerning(work, identity), factor="passkey", passkey=passkey, name=name)
    _tell(work, identity, "passkey", now)
    left = select(RecoveryCode.key).where(RecoveryCode.identity_id == identity_id, RecoveryCode.used_at.is_(None))
    return ([] if work.execute(left.limit(1)).first() else recovery_codes.renew(work, identity_id)), method


def renew_codes(work: Work, identity_id: str, now: datetime) -> list[str]:
    """Give somebody ten new recovery codes and return them; the ones before stop working."""
    identity = _held(work, identity_id)
    record(work, "recovery_codes.renewed", of=concerning(work, identity))
    _tell(work, identity, "codes", now)
    return recovery_codes.renew(work, identity_id)


def remove_passkey(work: Work, identity_id: str, id: str, now: datetime) -> None:
    """Take one of somebody's passkeys away.

    Raises `NotFound`, and `Forbidden` for the last one where something has to be there.
    """
    identity = _held(work, identity_id)
    own = select(Passkey.id).where(Passkey.identity_id == identity_id)
    if id not in (ids := set(work.scalars(own))):
        raise NotFound
    factor = _state_in(work, identity_id, now).factor
    if len(ids) == 1 and factor.asked and (factor.passkey_required or not factor.app):
        raise Forbidden(N_("This is your last one, and it is asked for at the log-in."), "last_one")
    work.execute(delete(Passkey).where(Passkey.id == id))
    record(work, "factor.removed", of=concerning(work, identity), factor="passkey", passkey=id)
    _tell(work, identity, "passkey-removed", now)


def turn_on(work: Work, identity_id: str, now: datetime) -> None:
    """Ask somebody for what they have set up, as they wish; raises `Invalid` when there is nothing."""
    identity = _held(work, identity_id)
    if not _state_in(work, identity_id, now).factor.set_up:
        raise Invalid({"": [N_("Set up an authenticator app or a passkey first.")]})
    identity.second_factor_chosen = True
    record(work, "factor.on", of=concerning(work, identity))
    _tell(work, identity, "on", now)


def turn_off(work: Work, identity_id: str, now: datetime) -> None:
    """Ask somebody for the password alone; app, recovery codes and devices are gone, passkeys stay for logging in.

    Raises `Forbidden` where it is required of them.
    """
    identity = _held(work, identity_id)
    if _state_in(work, identity_id, now).factor.required:
        raise Forbidden(N_("Two-factor authentication is required of you, so it stays on."), "required")
    identity.second_factor_chosen = False
    _drop(work, identity_id, AppKey, RecoveryCode, Device)
    record(work, "factor.off", of=concerning(work, identity))
    _tell(work, identity, "off", now)


def reset(work: Work, identity_id: str, reason: str, now: datetime) -> None:
    """Drop all of somebody's second factor and end their sessions; the policy stays, so that they may have to enrol.

    Raises `NotFound`, and `Invalid` when there is nothing to reset.
    """
    if not drop(work, identity_id, now, reason):
        raise Invalid({"": [N_("No second factor is set up, so there is nothing to reset.")]})


def drop(work: Work, identity_id: str, now: datetime, reason: str = "") -> bool:
    """Drop all of somebody's second factor, if there is any, as `reset` does; tell whether there was."""
    identity = _held(work, identity_id)
    if not _drop(work, identity_id, AppKey, Passkey, RecoveryCode, Device, WrongCodes):
        return False
    ended = sessions.end_all(work, identity_id, "factor-reset", now)
    record(work, "factor.reset", of=concerning(work, identity), why=reason or None, sessions_ended=ended)
    _tell(work, identity, "reset", now)
    return True


def forget_old(work: Work, now: datetime) -> None:
    """Take away what was never confirmed or answered, and devices whose time is over."""
    for kind in (app_keys, passkeys, devices):
        kind.forget_old(work, now)


def _held(work: Work, identity_id: str) -> Identity:
    """Lock somebody's row, so that what happens to their second factor happens one after the other."""
    found = work.scalars(
        select(Identity).where(Identity.id == identity_id).with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _state_in(work: Work, identity_id: str, now: datetime) -> State:
    work.flush()
    return state(work.connection(), identity_id, now)


def _drop(work: Work, identity_id: str, *kinds: Any) -> int:
    return sum(rows_changed(work.execute(delete(kind).where(kind.identity_id == identity_id))) for kind in kinds)


def _tell(work: Work, identity: Identity, what: str, now: datetime) -> None:
    """Write to somebody that their second factor changed (LOG-09)."""
    if identity.email:
        put(work, identity.id, identity.email, Letter.FACTOR_CHANGED, now, what=what, at=now.isoformat())
