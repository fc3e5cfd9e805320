"""Who is it? One statement for each kind of session, built once."""

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import aliased

from gateway.access.models import AllowedRole, Role
from gateway.audit.alarms import IS_RAISED
from gateway.db import AnySelect, Prepared
from gateway.identity import networks
from gateway.identity.inheritance import PREFERENCES, says
from gateway.identity.models import CustomerClass, Gateway, Identity, Realm, Scope, Session

_subject, _customer, _actor = aliased(Identity), aliased(Identity), aliased(Identity)
_parent, _actor_role, _handed_out = aliased(Session), aliased(Role), aliased(AllowedRole)


_COMMON = (
    Session.id.label("session_id"),
    Session.stage,
    Session.started_at,
    Session.last_seen_at,
    Session.proved_at,
    Session.methods,
    Session.ended_at,
    Session.ended_why,
    _subject.id,
    _subject.kind,
    _subject.name,
    _subject.login,
    _subject.suspended,
    _subject.role_id.label("assigned_role_id"),
    Role.id.label("role_id"),
    Role.name.label("role_name"),
    Role.version.label("role_version"),
    Gateway.version.label("gateway_version"),
)

ADMINISTRATOR: AnySelect = (
    select(*_COMMON, IS_RAISED, *says(PREFERENCES, _subject), *networks.lists(_subject))
    .select_from(Session)
    .join(_subject, _subject.id == Session.subject_id)
    .outerjoin(Role, (Role.id == _subject.role_id) & (Role.realm == Realm.ADMIN))
    .join(Gateway, Gateway.id == 1)
    .where(Session.key == bindparam("key"), Session.scope == Scope.ADMIN)
)

ADMIN = Prepared(ADMINISTRATOR)

_self_care_columns = (
    *_COMMON,
    _subject.activates_on,
    _subject.expires_on,
    _customer.id.label("customer_id"),
    _customer.name.label("customer_name"),
    _customer.status.label("customer_status"),
    CustomerClass.idle_minutes,
    CustomerClass.absolute_minutes,
    CustomerClass.support_access.label("class_support"),
    AllowedRole.role_id.label("allowed_role_id"),
    exists().where(_handed_out.customer_id == _subject.customer_id).label("hands_out"),
    *says(PREFERENCES, _subject, _customer, CustomerClass),
)


def _with_subject(statement: AnySelect) -> AnySelect:
    return (
        statement.join(_subject, _subject.id == Session.subject_id)
        .join(_customer, _customer.id == _subject.customer_id)
        .join(CustomerClass, CustomerClass.id == _customer.class_id)
        .outerjoin(Role, (Role.id == _subject.role_id) & (Role.realm == Realm.SELF_CARE))
        .outerjoin(
            AllowedRole,
            (AllowedRole.customer_id == _subject.customer_id) & (AllowedRole.role_id == _subject.role_id),
        )
        .join(Gateway, Gateway.id == 1)
    )


SELF_CARE = Prepared(
    _with_subject(select(*_self_care_columns, *networks.lists(_subject, _customer)).select_from(Session)).where(
        Session.key == bindparam("key"), Session.scope == Scope.SELF_CARE
    )
)

VISIT = Prepared(
    _with_subject(
        select(
            *_self_care_columns,
            Session.mode,
            Session.view_only,
            Session.emergency,
            _customer.support_until,
            Session.reason,
            Session.handle,
            Session.launch_id,
            Session.return_to,
            _parent.ended_at.label("parent_ended_at"),
            _parent.started_at.label("parent_started_at"),
            _parent.last_seen_at.label("parent_last_seen_at"),
            _parent.key.label("parent_key"),
            _parent.methods.label("parent_methods"),
            _actor.id.label("actor_id"),
            _actor.name.label("actor_name"),
            _actor.login.label("actor_login"),
            _actor.suspended.label("actor_suspended"),
            _actor.time_zone.label("actor_time_zone"),
            _actor_role.id.label("actor_role_id"),
            _actor_role.version.label("actor_role_version"),
            *networks.lists(_actor),
        ).select_from(Session)
    )
    .join(_parent, _parent.key == Session.parent_key)
    .join(_actor, _actor.id == Session.actor_id)
    .outerjoin(_actor_role, (_actor_role.id == _actor.role_id) & (_actor_role.realm == Realm.ADMIN))
    .where(Session.key == bindparam("key"), Session.scope == Scope.VISIT, Session.handle == bindparam("handle"))
)
