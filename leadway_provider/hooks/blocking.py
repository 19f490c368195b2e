"""The hook's blocking methods, derived from the asynchronous methods of the client."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import cached_property, wraps
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from leadway_provider.api.endpoints import Endpoints
    from leadway_provider.hooks.leadway import LeadwayHook

P = ParamSpec("P")
T = TypeVar("T")


class Blocking(Generic[P, T]):
    """A method of the hook with the arguments, the result and the documentation of a method of the client.

    Nothing of the client is imported before the method is used, so a DAG file that defines a hook stays light.

    Args:
        choose: returns the method of the client that it is given.
        writes: whether the method changes the account's contacts, which is reported to Airflow's lineage.
    """

    def __init__(
        self, choose: Callable[[Endpoints], Callable[P, Coroutine[Any, Any, T]]], *, writes: bool = False
    ) -> None:
        self._choose = choose
        self._writes = writes

    @overload
    def __get__(self, hook: None, owner: type[LeadwayHook]) -> Callable[Concatenate[LeadwayHook, P], T]: ...

    @overload
    def __get__(self, hook: LeadwayHook, owner: type[LeadwayHook]) -> Callable[P, T]: ...

    def __get__(self, hook: LeadwayHook | None, owner: type[LeadwayHook]) -> Callable[..., T]:
        return self._method if hook is None else MethodType(self._method, hook)

    @cached_property
    def _method(self) -> Callable[..., T]:
        from leadway_provider.api.endpoints import Endpoints  # noqa: PLC0415 - a DAG file needs no pydantic

        original: Any = self._choose(Endpoints)  # type: ignore[arg-type]  # the class has the functions of its objects' methods

        @wraps(original)
        def method(hook: LeadwayHook, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return hook.call(lambda client: self._choose(client)(*args, **kwargs), writes=self._writes)

        return method
