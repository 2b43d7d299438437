"""What all records have in common."""

from uuid import UUID

import pytest

from models import BearerLoggedIn, Credential, Credentials, NewCredentials, PasswordChange

NOBODY = UUID(int=1)
SECRETS = [
    NewCredentials(email="ada@example.org", password="s3cret"),
    Credentials(email="ada@example.org", password="s3cret"),
    PasswordChange(current_password="s3cret", new_password="s3cret"),
    Credential(user_id=NOBODY, email="ada@example.org", password_hash="s3cret"),
    BearerLoggedIn(user_id=NOBODY, email=None, access_token="s3cret", expires_in=1),
]


@pytest.mark.parametrize("held", SECRETS, ids=lambda held: type(held).__name__)
def test_a_record_that_holds_a_secret_does_not_show_it(held: object) -> None:
    """A record may end in a log line, and a log is read by others."""
    assert "s3cret" not in repr(held)
