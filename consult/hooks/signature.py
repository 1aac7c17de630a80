"""The headers that show a receiver who sends, by Standard Webhooks: id, time and a code of both and the body."""

import base64
import hashlib
import hmac


def signed(secret: bytes, told_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of one attempt, made at a moment in milliseconds."""
    seconds = str(at // 1000)
    digest = hmac.new(secret, b".".join((told_id.encode(), seconds.encode(), body)), hashlib.sha256).digest()
    return {
        "webhook-id": told_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
