"""What is a call of the API? One entry, from which routing, checks and documents all follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel
from sqlalchemy.orm import Session

from immigration.api_keys import Answer, Caller, Scope
from immigration.messages.outbox import Outbox
from immigration.vault import Vault

B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True)
class Parameter:
    """A part of the path or the query: its name, the whole of what it may be, what it is, and what to write instead.

    One of the query may be left out unless it is `required`.
    """

    name: str
    pattern: str
    description: str
    fix: str
    required: bool = False


@dataclass(frozen=True)
class Call:
    """A request that may go ahead: its transaction, who calls, when, and the parts of its path."""

    session: Session
    vault: Vault
    caller: Caller
    now: datetime
    path: Mapping[str, str]
    outbox: Outbox
    query: Mapping[str, str] = field(default_factory=dict)


class NoBody(BaseModel):
    """The body of a call that has none."""


@dataclass(frozen=True)
class Operation(Generic[B]):
    """A call of the API.

    `answers` are those of this call alone, by status: what it means and what it looks like; those that any call may
    get are added by the documents. `query` are the parameters that may be given; `tag` is the documents' chapter;
    `media` are the types other than JSON that a success may have. `run` raises `Problem`.
    """

    method: Literal["GET", "PUT", "POST"]
    path: str
    summary: str
    description: str
    scope: Scope
    body: type[B]
    run: Callable[[Call, B], Answer]
    answers: Mapping[int, tuple[str, type[BaseModel]]]
    parameters: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    tag: Literal[
        "applications", "appointments", "messages", "payments", "reminders", "reports", "slots", "tasks", "tickets"
    ] = "applications"
    media: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it has a body and takes an Idempotency-Key."""
        return self.method != "GET"
