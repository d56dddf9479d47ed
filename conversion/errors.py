"""The error a user meets: one paragraph that says what was got, what was expected and what to do."""


class ImageNetSError(ValueError):
    """Something about the input is wrong, and its user can mend it.

    The message is written for that user: the command line prints it as it is, without a traceback.
    """


class DownloadError(ImageNetSError):
    """A file could not be fetched: no connection, or the server refused it."""


def some(items: list[str], limit: int = 5) -> str:
    """The first few of many, for a message: `"a, b and 17 more"`."""
    shown = ", ".join(items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit:,} more"
