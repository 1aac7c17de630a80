"""The protocol as data: names, payloads, limits, texts and examples.

Validation, the protocol document, the page's forms and `/protocol.json` all come from here.
"""
