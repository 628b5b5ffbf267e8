"""The messages that a server sends, with the fields that the checks look at. Others are ignored."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic.alias_generators import to_camel


class _Message(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class RpcError(_Message):
    """Why a request was not answered."""

    code: int
    message: str


class Reply(_Message):
    """A JSON-RPC response."""

    jsonrpc: Literal["2.0"]
    id: int
    result: dict[str, Any] | None = None
    error: RpcError | None = None


class Greeting(_Message):
    """What `initialize` and `server/discover` answer."""

    protocol_version: str = ""
    supported_versions: list[str] = []
    capabilities: dict[str, Any]
    instructions: str = ""


class Annotations(_Message):
    """The hints that a tool gives about what it does."""

    title: str | None = None
    read_only_hint: StrictBool | None = None
    destructive_hint: StrictBool | None = None
    open_world_hint: StrictBool | None = None
    idempotent_hint: StrictBool | None = None


class Tool(_Message):
    """A tool as `tools/list` describes it."""

    name: str
    title: str | None = None
    description: str = ""
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None = None
    annotations: Annotations = Annotations()
    meta: dict[str, Any] = Field(default={}, alias="_meta")


class ToolList(_Message):
    """What `tools/list` answers."""

    tools: list[Tool]


class Item(_Message):
    """One item of a tool's answer."""

    type: str
    text: str = ""


class ToolResult(_Message):
    """What `tools/call` answers."""

    content: list[Item]
    structured_content: dict[str, Any] | None = None
    is_error: bool = False

    @property
    def text(self) -> str:
        """All text items."""
        return "\n".join(item.text for item in self.content if item.type == "text")


class _Cited(BaseModel):
    id: StrictStr
    url: StrictStr


class SearchResult(_Cited):
    """A result of a search."""

    title: StrictStr
    text: StrictStr = ""
    more: list[_Cited] = []


class LibraryState(BaseModel):
    """What `search` says of the library."""

    documents: StrictInt = Field(ge=0)
    indexing: StrictBool
    files_waiting: StrictInt = Field(ge=0)
    embedded: StrictInt = Field(ge=0, le=100)
    scans_waiting: StrictInt = Field(ge=0)
    locked_files: StrictInt = Field(ge=0)


class SearchResults(BaseModel):
    """What `search` answers."""

    results: list[SearchResult]


class SearchAnswer(SearchResults):
    """The same with what stands beside the results, which only Stackroom has."""

    total: StrictInt = Field(ge=0)
    next_query: StrictStr
    notices: list[StrictStr]
    state: LibraryState = Field(alias="library")


class PartPosition(BaseModel):
    """Which part of its document a fetched text is."""

    part: int = 1
    parts: int = 1
    first_page: int = 1
    last_page: int = 1
    next_id: str = ""
    previous_id: str = ""


class Fetched(_Cited):
    """What `fetch` answers."""

    title: StrictStr
    text: StrictStr
    metadata: PartPosition


class Resource(BaseModel):
    """The protected resource's metadata (RFC 9728)."""

    resource: str
    authorization_servers: list[str] = Field(min_length=1)


class AuthorizationServer(BaseModel):
    """The authorization server's metadata (RFC 8414)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str = ""
    revocation_endpoint: str = ""
    response_types_supported: list[str] = []
    grant_types_supported: list[str] = []
    code_challenge_methods_supported: list[str] = []
    token_endpoint_auth_methods_supported: list[str] = []
    authorization_response_iss_parameter_supported: bool = False
    client_id_metadata_document_supported: bool = False


class Tokens(BaseModel):
    """What the token endpoint answers. `repr` hides the tokens, because it may end up in a log."""

    access_token: str = Field(min_length=1, repr=False)
    refresh_token: str = Field(min_length=1, repr=False)
    token_type: str
    expires_in: int


class Registered(BaseModel):
    """What the registration endpoint answers."""

    client_id: str = Field(min_length=1)
    redirect_uris: list[str]
