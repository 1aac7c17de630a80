"""Headers of every answer that tell browsers what a page of this server may do."""

HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; "
    "object-src 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
# Only over TLS: a browser comes back by https alone for half a year.
HSTS = {"strict-transport-security": "max-age=15552000"}
