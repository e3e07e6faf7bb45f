"""The socket of the client port while it closes."""

import socket

import pytest

from warmpool_serving import listener


@pytest.fixture
def bound() -> socket.socket:
    return listener.bind("127.0.0.1", 0)


def test_connections_that_nobody_has_accepted_are_counted(bound: socket.socket) -> None:
    with bound:
        bound.listen(8)
        assert listener.waiting(bound) == 0
        clients = [socket.create_connection(bound.getsockname()) for _ in range(3)]
        assert listener.waiting(bound) == 3
        bound.accept()[0].close()
        assert listener.waiting(bound) == 2
        for client in clients:
            client.close()


def test_no_new_connection_completes_once_it_is_quiet(bound: socket.socket) -> None:
    with bound:
        bound.listen(8)
        with socket.create_connection(bound.getsockname()):
            assert listener.drop_new_connections(bound)
            with pytest.raises(TimeoutError):
                socket.create_connection(bound.getsockname(), timeout=0.2)
            assert listener.waiting(bound) == 1
