"""The tests of Careline. The modules below are no tests, but their assertions tell as much when they fail."""

import pytest

pytest.register_assert_rewrite("tests.server", "tests.clients", "tests.packets", "tests.protocol.answers")
