"""Files that stay in the clinic: uploaded, named by messages, downloaded (section 15)."""

from typing import Annotated

from msgspec import Struct

from consult.contract.fields import AddressEnd, Signature, ViewerType, means
from consult.contract.payloads import Payload
from consult.contract.rows import Call, Page, Work
from consult.contract.words import Words

# What browsers may show by themselves; anything else is downloaded.
INLINE = ("image/jpeg", "image/png", "image/webp", "image/gif", "audio/mpeg", "audio/mp4", "audio/ogg", "video/mp4")
PDF = "application/pdf"
UNKNOWN = "application/octet-stream"

PREFIX = "/files/"


class StoredFile(Struct, kw_only=True):
    """已保存的文件。A file as it is stored."""

    url: Annotated[
        str,
        means(
            "文件地址，原样放入 `attachments` 的 `url` 或 `thumbnail_url`；显示时接在服务器地址之后",
            "its address, for `url` or `thumbnail_url` of `attachments` as it is; to show it, put the server's address "
            "before it",
        ),
    ]
    size: Annotated[int, means("大小，字节", "its size in bytes")]
    sha256: Annotated[str, means("内容的 SHA-256，十六进制", "the SHA-256 of its content, in hexadecimal")]
    content_type: Annotated[
        str,
        means(
            "按内容识别的类型，与客户端声明的无关；认不出时为 application/octet-stream",
            "what its content is recognised as, whatever the client says; application/octet-stream where it is not",
        ),
    ]


class FileQuery(Payload):
    expires: Annotated[
        AddressEnd | None,
        means("地址何时失效，Unix 时间，秒；随地址给出", "when the address ends, in Unix seconds; given with it"),
    ] = None
    signature: Annotated[Signature | None, means("地址的签名；随地址给出", "its signature; given with it")] = None
    user_type: ViewerType = None


_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

UPLOAD = Words(
    "文件本身，Content-Type 任意；或 multipart/form-data，其中恰好有一个文件（文件名不保存，其他字段忽略）",
    "the file itself, of any Content-Type; or multipart/form-data with one file, whose name is not kept, nor are other "
    "fields",
)
UPLOAD_FILE = Call(
    "POST /api/files",
    Words("上传一个文件，之后可放入消息的附件", "uploads a file, which messages may then have as an attachment"),
    {"url": f"{PREFIX}{_SHA256}", "size": 204_800, "sha256": _SHA256, "content_type": "image/jpeg"},
    StoredFile,
    status=201,
    faults=(400, 408, 413, 507),
    work=Work.FILE,
    takes_file=True,
)

GET_FILE = Page(
    "/files/{file}",
    "*/*",
    Words(
        "已上传的文件：凭令牌，或凭消息中带签名的地址",
        "a file that was uploaded: with a token, or by the signed address that a message has",
    ),
    query=FileQuery,
    others=(206, 304),
    faults=(400, 401, 403, 404, 416, 503),
)
