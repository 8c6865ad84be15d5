from __future__ import annotations

import pytest

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.fields.percent import decode


@pytest.mark.parametrize("text", ["%", "a%2", "%zz", "%2 0", "%%20", "%c3", "%ff", "%c0%af", "%ed%a0%80", "\udcff"])
def test_what_is_no_escape_or_no_utf_8_is_refused(text):
    with pytest.raises(TollwayError) as refused:
        decode(text)
    assert refused.value.reason == Reason.REASON_REQUEST_MALFORMED


def test_utf_8_is_read_escaped_or_not():
    assert decode("%E2%82%AC") == decode("€") == decode("\udce2\udc82\udcac") == "€"
