"""Better Auth's own planner judges our tables."""

from tests.better_auth.pair import EXAMPLE, run


def test_better_auth_plans_no_change(better_auth_dsn: str) -> None:
    """After ``make migrate`` its planner has nothing to create and nothing to add."""
    plan = run(EXAMPLE / "plan.mjs", better_auth_dsn)

    assert (plan.stdout, plan.returncode) == ("Better Auth needs nothing more.\n", 0), plan.stderr
