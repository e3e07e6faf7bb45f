"""The admin token: the same for a pool as long as it lives, another one for every other pool and key."""

from warmpool_operator.desired.token import admin_token


def test_a_token_belongs_to_one_pool_and_one_key() -> None:
    token = admin_token(b"key", pool_uid="a")
    assert token == admin_token(b"key", pool_uid="a")
    assert len({token, admin_token(b"key", pool_uid="b"), admin_token(b"other", pool_uid="a")}) == 3


def test_a_token_shows_neither_key_nor_uid() -> None:
    token = admin_token(b"a-secret-key", pool_uid="a-pool-uid")
    assert len(token) == 64
    assert int(token, 16)
    assert "a-secret-key" not in token
    assert "a-pool-uid" not in token
