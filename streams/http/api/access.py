"""Who may do what: a bearer token with a scope, asked of Redis at every request, so that a revoked one is refused at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from redis.exceptions import RedisError

from streams.clock import monotonic, now_ms
from streams.http.answers import Problem
from streams.http.api.context import CONTEXT, Context
from streams.http.limits import passed
from streams.sinks import tokens
from streams.sinks.tokens import Token

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: The token a request came with.
TOKEN: web.RequestKey[Token] = web.RequestKey("token", Token)

#: Seconds between two notes of a token's use.
NOTE_EVERY = 10.0


def needs(scope: str) -> Callable[[Handler], Handler]:
    """Lets requests with a token of this scope or a wider one through to the handler. Redis being away is a 503."""

    def guard(handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            context = request.app[CONTEXT]
            try:
                token = await admit(context, request.headers.get("Authorization", ""))
                if not token.allows(scope):
                    raise Problem(
                        403, "Forbidden", f"This token's scope is {token.scope}, and {scope} is needed: gedrag token create --scope {scope}"
                    )
                request[TOKEN] = token
                return await handler(request)
            except RedisError:
                raise Problem(503, "Redis does not answer", "Send it again in a moment.", {"Retry-After": "1"}) from None

        return guarded

    return guard


async def admit(context: Context, authorization: str) -> Token:
    """The token of an Authorization header, counted against its limit. Raises Problem 401, 429."""
    kind, _, text = authorization.partition(" ")
    parsed = tokens.parse(text.strip()) if kind.lower() == "bearer" else None
    if parsed is None:
        raise _unauthorized("Send a token: Authorization: Bearer gdr_…, made by: gedrag token create --scope read --name NAME", "")
    token_id, secret = parsed
    rate = context.settings.rate_limit
    # By the secret shown too: whoever only knows the id can't use up the limit of the token's owner.
    counted = [("EVAL", *context.limiter.command(f"{token_id}:{tokens.hashed(secret)[:16]}", rate))] if rate else []
    values, *wait = await context.batch.ask(("HMGET", context.tokens.key(token_id), *tokens.FIELDS), *counted)
    token = tokens.read(token_id, values)
    if not tokens.matches(token, secret) or token is None:
        raise _unauthorized("This token is not known, or was revoked: gedrag token list", "invalid_token")
    if token.expires is not None and token.expires <= now_ms():
        raise _unauthorized("This token has expired: gedrag token create", "invalid_token")
    for each in wait:
        passed(int(each))
    await _note(context, token)
    return token


async def _note(context: Context, token: Token) -> None:
    now = monotonic()
    if now - context.noted.get(token.id, float("-inf")) > NOTE_EVERY:
        context.noted[token.id] = now
        await context.tokens.note_use(token.id, now_ms())


def _unauthorized(detail: str, error: str) -> Problem:
    return Problem(401, "Unauthorized", detail, {"WWW-Authenticate": f'Bearer error="{error}"' if error else "Bearer"})
