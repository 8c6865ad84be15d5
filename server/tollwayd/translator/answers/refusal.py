"""An error as a whole answer, where none has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason
from tollwayd.translator.answers.errors import error_answer
from tollwayd.translator.answers.reply import answer_headers
from tollwayd.translator.head.metadata import METADATA_PREFIX

if TYPE_CHECKING:
    from tollwayd.core.call import Call
    from tollwayd.core.errors import TollwayError
    from tollwayd.rpc.registry import Method
    from tollwayd.translator.answers.reply import Reply


async def refuse(
    reply: Reply, error: TollwayError, call_id: str, method: Method | None = None, call: Call | None = None
) -> None:
    """Answers with the error, in the words of the method's service, and with what its call had to send along."""
    reply.close_if_unread()
    answer = error_answer(error, method)
    # After a defect the call's own headers may be what is wrong.
    sound = call if error.reason != Reason.REASON_INTERNAL else None
    prefix = METADATA_PREFIX if reply.like_grpc_gateway else ""
    headers = answer_headers(call_id, answer.content_type, sound.response_metadata if sound else {}, prefix)
    await reply.send(answer.status, headers + answer.headers, answer.body, sound.trailers if sound else {})
