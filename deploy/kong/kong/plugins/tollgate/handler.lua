-- Asks Tollgate about every request of a route, and does what it answers. Where no answer comes, the request is refused.

local answers = require("kong.plugins.tollgate.answer")
local client = require("kong.plugins.tollgate.client")
local facts = require("kong.plugins.tollgate.facts")

local date = os.date
local ipairs = ipairs
local kong = kong
local ngx = ngx
local pairs = pairs
local pcall = pcall

local GRPC_RESOURCE_EXHAUSTED = "8"
local GRPC_UNAVAILABLE = "14"

local Tollgate = {
  -- After cors (2000), which answers preflights and lets pages read our refusals; before all that would count, cache or change a
  -- request that may be refused: ip-restriction (990), acl (950), rate-limiting (910), request-transformer (801), proxy-cache (100).
  PRIORITY = 1050,
  VERSION = "0.1.0",
}

-- As Tollgate tells one: by the type alone, without parameters.
local function is_grpc_call()
  local content_type = ngx.var.content_type or ""
  return content_type == "application/grpc" or content_type:sub(1, 17) == "application/grpc+"
end

-- The plugin's own refusals. Kong's form of one would tell a gRPC client to retry at once, or nothing that it understands.
local function refuse(refusal)
  local headers = { ["cache-control"] = "no-store", ["retry-after"] = refusal.retry_after }
  if is_grpc_call() then
    headers["content-type"] = "application/grpc"
    headers["grpc-status"] = refusal.grpc_status
    headers["grpc-message"] = refusal.message
    return kong.response.exit(200, "", headers)
  end
  headers["content-type"] = refusal.content_type
  return kong.response.exit(refusal.status, refusal.body, headers)
end

-- `$request_id` and `$ts` of the configured body.
local function fill(body)
  return (body:gsub("%$(%l[%l_]*)", {
    request_id = facts.request_id(),
    ts = date("!%Y-%m-%dT%H:%M:%SZ", ngx.time()),
  }))
end

-- Why is told to Kong's log alone: a client needs no addresses.
local function refuse_for_outage(conf, reason)
  kong.log.err("no decision from ", conf.url, ": ", reason)
  kong.log.set_serialize_value("tollgate", { code = "no_decision" })
  return refuse({
    status = 503,
    body = fill(conf.outage_body),
    content_type = conf.outage_content_type,
    retry_after = "1",
    grpc_status = GRPC_UNAVAILABLE,
    message = "Service unavailable",
  })
end

local function refuse_for_size()
  return refuse({
    status = 431,
    body = '{"error":{"code":"headers_too_large","message":"Request header fields too large"}}',
    content_type = "application/json",
    grpc_status = GRPC_RESOURCE_EXHAUSTED,
    message = "Request header fields too large",
  })
end

-- nil and why there is none, in words for the log.
local function decide(conf, message, deadline)
  local reply, err = client.ask(conf, message, deadline)
  if not reply then
    return nil, err
  end
  if reply.status ~= 200 then
    return nil, "HTTP " .. reply.status .. ": it does not know this gateway (config.token), or could not decide"
  end
  local answer = answers.read(reply.body)
  if not answer then
    return nil, "an answer that is neither an allow nor a refusal"
  end
  return answer
end

-- conf.removed_headers as a set, made once for each configuration.
local removed_by = setmetatable({}, { __mode = "k" })

local function removed_headers(conf)
  local removed = removed_by[conf]
  if not removed then
    removed = {}
    for _, name in ipairs(conf.removed_headers) do
      removed[name:lower()] = true
    end
    removed_by[conf] = removed
  end
  return removed
end

-- Under any name that a framework could take for one of them: Kong lets X_Original_URL pass, which CGI does not tell from the other.
local function remove_misleading(conf, headers)
  local removed = removed_headers(conf)
  for name in pairs(headers) do
    if removed[name:gsub("[^%l%d]", "-")] then
      kong.service.request.clear_header(name)
    end
  end
end

local function pass(answer)
  for _, name in ipairs(answer.remove) do
    kong.service.request.clear_header(name)
  end
  kong.service.request.set_headers(answer.set)
  -- Set now, they would stand beside the upstream's own.
  kong.ctx.plugin.headers = answer.headers
  -- Kong's own plugins can then count by credential (rate-limiting: limit_by), and its logs name the key.
  if answer.facts.key_id then
    kong.client.authenticate(nil, { id = answer.facts.key_id })
  end
end

function Tollgate:access(conf)
  local headers = facts.headers()
  if not headers then
    return refuse_for_size()
  end
  local message, problem = facts.describe(conf, headers, conf.timeout)
  if problem == "too large" then
    return refuse_for_size()
  end
  local answer
  if message then
    answer, problem = decide(conf, message, ngx.now() + conf.timeout / 1000)
  end
  if not answer then
    return refuse_for_outage(conf, problem)
  end
  kong.log.set_serialize_value("tollgate", answer.facts)
  if not answer.allow then
    return kong.response.exit(answer.status, answer.body, answer.headers)
  end
  remove_misleading(conf, headers)
  pass(answer)
end

-- An error here would cost the client its whole answer.
function Tollgate:header_filter()
  local headers = kong.ctx.plugin.headers
  if not headers then
    return
  end
  local ok, err = pcall(kong.response.set_headers, headers)
  if not ok then
    kong.log.err("the headers of an allowed answer were not set: ", err)
  end
end

return Tollgate
