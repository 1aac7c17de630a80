"""A text in the two languages of the protocol."""

Words = tuple[str, str]  # Chinese, English
