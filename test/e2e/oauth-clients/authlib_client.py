"""A program of somebody else's: Authlib as its documentation has it, and joserfc where a resource server would verify.

It knows an issuer, a client and its secret, and a refresh token; it prints what came of them as JSON.
"""

import json
import sys

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url
from joserfc import jwt
from joserfc.jwk import KeySet

issuer, client_id, secret, refresh_token = sys.argv[1:5]

metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(issuer, external=True)).json())
token_endpoint = metadata["token_endpoint"]
models = issuer + "/v1/models"


def session(method, secret=secret):
    return OAuth2Session(client_id, secret, token_endpoint_auth_method=method)


def refuse(work):
    try:
        work()
        return "granted"
    except OAuthError as error:
        return error.error


granted = {}
for method in ("client_secret_basic", "client_secret_post"):
    client = session(method)
    client.fetch_token(token_endpoint, grant_type="client_credentials")
    granted[method] = client.get(models).status_code

keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"]).json())
verified = jwt.decode(client.token["access_token"], keys, algorithms=["EdDSA", "Ed25519"])

client = session("client_secret_basic")
client.token = {"refresh_token": refresh_token}
refreshed = client.refresh_token(token_endpoint, refresh_token=refresh_token)
opened = client.get(models).status_code
revoked = client.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"])

print(
    json.dumps(
        {
            "granted": granted,
            "verified": verified.claims["sub"],
            "open": opened,
            "revoked": revoked.status_code,
            "closed": requests.get(models, headers={"authorization": "Bearer " + refreshed["access_token"]}).status_code,
            "revokedRefresh": refuse(
                lambda: session("client_secret_basic").refresh_token(
                    token_endpoint, refresh_token=refreshed["refresh_token"]
                )
            ),
            "wrongSecret": refuse(
                lambda: session("client_secret_post", "wrong").fetch_token(token_endpoint, grant_type="client_credentials")
            ),
        }
    )
)
