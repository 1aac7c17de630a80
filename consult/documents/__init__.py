"""The protocol written down: Markdown, AsyncAPI, OpenAPI, types, and the JSON of the page, all from `consult.contract`.

The rules in words stand in `rules.txt`.
"""
