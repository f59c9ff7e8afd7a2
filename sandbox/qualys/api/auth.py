"""POST /auth, /auth/oauth and /auth/oidc: a JWT as plain text. Outside the rate limits."""

from flask import Blueprint, Response, request

from sandbox.qualys.answers import Refusal
from sandbox.qualys.auth import Grant
from sandbox.qualys.world import World

_TOKEN_SECONDS = 4 * 3600.0


def routes(world: World) -> Blueprint:
    api = Blueprint("auth", __name__)

    @api.post("/auth")
    def user_token() -> Response:
        if request.mimetype != "application/x-www-form-urlencoded":
            raise Refusal(415, "Content-Type must be application/x-www-form-urlencoded")
        return _token(world, world.accounts.user_token(request.form, _grant(world)))

    @api.post("/auth/oauth")
    @api.post("/auth/oidc")
    def client_token() -> Response:
        identity = request.headers.get("clientId", "")
        secret = request.headers.get("clientSecret", "")
        return _token(world, world.accounts.client_token(identity, secret, _grant(world)))

    return api


def _grant(world: World) -> Grant:
    scenario = world.scenario
    return Grant(world.clock.now(), _TOKEN_SECONDS, tuple(scenario.modules_allowed))


def _token(world: World, token: str) -> Response:
    return Response(token, status=world.scenario.auth_status, content_type="text/plain")
