"""The protocol written down: Markdown, AsyncAPI, OpenAPI and the JSON of the page, all made from `consult.contract`.

The rules in words stand in `rules.txt`.
"""
