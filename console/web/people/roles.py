"""Who may do what: roles, permissions, and what each route asks for. What is not written here is refused."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is trusted with; each may all that those before it may."""

    VIEWER = "viewer"
    MONITOR = "monitor"
    ENGINEER = "engineer"
    LEAD = "lead"


class Permission(StrEnum):
    """What a person may do."""

    SEE = "see"
    ACKNOWLEDGE = "acknowledge"
    REDRIVE = "redrive"
    MANAGE = "manage"


class Door(StrEnum):
    """A way in that is not a person's.

    `anyone`: what is needed to log in, and whether the process lives. `probe`: this machine itself, the
    holder of the metrics token, or whoever may see. `watchdog`: this machine itself, by a secret of its own.
    """

    ANYONE = "anyone"
    PROBE = "probe"
    WATCHDOG = "watchdog"


LEAST_ROLE = {
    Permission.SEE: Role.VIEWER,
    Permission.ACKNOWLEDGE: Role.MONITOR,
    Permission.REDRIVE: Role.ENGINEER,
    Permission.MANAGE: Role.LEAD,
}
EVERYTHING = frozenset(Permission)
_RANK = {role: rank for rank, role in enumerate(Role)}

# The first that fits counts, so the narrower paths stand first. Tests hold this against the app's own routes.
ROUTES: dict[tuple[str, str], Permission | Door] = {
    ("GET", "/healthz"): Door.ANYONE,
    ("GET", "/readyz"): Door.PROBE,
    ("GET", "/metrics"): Door.PROBE,
    ("GET", "/api/session"): Door.ANYONE,
    ("POST", "/api/login"): Door.ANYONE,
    ("POST", "/api/logout"): Door.ANYONE,
    ("GET", "/api/sessions"): Permission.MANAGE,
    ("POST", "/api/sessions/end"): Permission.MANAGE,
    ("GET", "/api/openapi.json"): Permission.SEE,
    ("GET", "/api/park"): Permission.SEE,
    ("GET", "/api/sensors"): Permission.SEE,
    ("GET", "/api/alerts"): Permission.SEE,
    ("POST", "/api/alerts/{alert_id:path}/acknowledge"): Permission.ACKNOWLEDGE,
    ("GET", "/api/alerts/{alert_id:path}"): Permission.SEE,
    ("GET", "/api/actions/{action_id}"): Permission.SEE,
    ("GET", "/api/readings"): Permission.SEE,
    ("GET", "/api/accounting"): Permission.SEE,
    ("GET", "/api/stream"): Permission.SEE,
    ("GET", "/api/deadletters"): Permission.SEE,
    ("POST", "/api/deadletters/{key}/redrive"): Permission.REDRIVE,
    ("GET", "/api/deadletters/{key}"): Permission.SEE,
    ("GET", "/api/watch"): Door.PROBE,
    ("POST", "/api/watch/acknowledge"): Door.WATCHDOG,
}
# The browser application: the same files for everybody, with nothing of the park in them.
PAGE = "/{path:path}"


def permissions_of(role: Role) -> frozenset[Permission]:
    """All that a role may."""
    return frozenset(one for one, least in LEAST_ROLE.items() if _RANK[role] >= _RANK[least])
