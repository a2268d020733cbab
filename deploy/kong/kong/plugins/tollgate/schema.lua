local typedefs = require("kong.db.schema.typedefs")

-- Tollgate lets a connection rest for minutes: whoever sends must be the one who closes, or a check meets a closing end.
local KEEPALIVE_IDLE_MS = 30000

-- By these an application could take a request for another one than was judged, or a client for a gateway of ours.
local MISLEADING = {
  "forwarded",
  "x-gateway-peer",
  "x-gateway-request-id",
  "x-gateway-token",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-host",
  "x-original-method",
  "x-original-uri",
  "x-original-url",
  "x-rewrite-url",
}

return {
  name = "tollgate",
  fields = {
    -- Who calls is what Tollgate is asked for: there is no consumer yet.
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    {
      config = {
        type = "record",
        fields = {
          {
            url = {
              type = "string",
              required = true,
              match_any = {
                patterns = { "^https?://[%w.-]+:%d+$", "^https?://%[[%x:.]+%]:%d+$", "^unix:/%S+$" },
                err = "expected http://host:port, https://host:port or unix:/path, where check.http of Tollgate listens",
              },
              description = "Where Tollgate's listener for Kong is. A name is resolved by Kong, in its own time.",
            },
          },
          {
            token = {
              type = "string",
              required = true,
              referenceable = true,
              encrypted = true,
              len_min = 32,
              len_max = 256,
              description = "What this gateway shows to that listener: the token of its entry in check.http.",
            },
          },
          {
            api = {
              type = "string",
              required = true,
              len_min = 1,
              len_max = 64,
              description = "The API to which this service or route belongs. A request whose host is another API's is refused.",
            },
          },
          {
            timeout = {
              type = "integer",
              default = 500,
              between = { 5, 60000 },
              description = "Milliseconds for the whole check: connecting, asking, answering.",
            },
          },
          {
            keepalive_pool = {
              type = "integer",
              default = 128,
              between = { 1, 4096 },
              description = "Connections that a worker keeps: at least as many as it has checks at once.",
            },
          },
          {
            keepalive_idle = {
              type = "integer",
              default = KEEPALIVE_IDLE_MS,
              between = { 1000, 60000 },
              description = "Milliseconds after which a connection without checks is closed.",
            },
          },
          {
            removed_headers = {
              type = "array",
              elements = { type = "string" },
              default = MISLEADING,
              description = "Headers of clients that no application gets, in whatever spelling of their separators.",
            },
          },
          {
            outage_body = {
              type = "string",
              default = '{"error":{"code":"service_unavailable","message":"Service unavailable"}}',
              len_max = 4096,
              description = "Body of the 503 when no decision comes, in the API's own shape. $request_id and $ts are filled in.",
            },
          },
          {
            outage_content_type = { type = "string", default = "application/json", len_max = 128 },
          },
        },
      },
    },
  },
}
