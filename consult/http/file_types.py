"""What a file is, by its first bytes. What its name or its sender says is not asked: that may be anything."""

from consult.contract.files import PDF, UNKNOWN

_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"OggS\x00", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", PDF),
)
_MP4_AUDIO = (b"M4A ", b"M4B ")
_MP4_VIDEO = (
    *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9"),
    *(b"mp41", b"mp42", b"avc1", b"dash", b"MSNV", b"M4V "),
)
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg",
    "video/mp4": "mp4",
    PDF: "pdf",
}


def recognised(head: bytes) -> str:
    """Return the media type of a file that begins so; UNKNOWN where it is none of those that are known here."""
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "audio/mp4" if brand in _MP4_AUDIO else "video/mp4" if brand in _MP4_VIDEO else UNKNOWN
    return "audio/mpeg" if _is_mp3_frame(head) else UNKNOWN


def ending(kind: str) -> str:
    """Return what the name of a file of that type ends with."""
    return _ENDINGS.get(kind, "bin")


def _is_mp3_frame(head: bytes) -> bool:
    """Return whether it begins with the header of a frame of MPEG audio, layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and 0 < bitrate < 15 and rate != 3
