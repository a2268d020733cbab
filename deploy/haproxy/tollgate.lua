-- Asks Tollgate about a request (dialect forward-auth) and does what it answers. HAProxy 2.6 and later, without any library.
--
--   lua-load-per-thread tollgate.lua
--   http-request  lua.tollgate http://127.0.0.1:9001/
--   http-response lua.tollgate_limits

local token = os.getenv("TOLLGATE_GATEWAY_TOKEN")
assert(token, "tollgate.lua needs TOLLGATE_GATEWAY_TOKEN in the environment")

-- Longer than `check.budget`, so that Tollgate refuses first.
local TIMEOUT_MS = 500

-- What frames the client's message, or is nothing that is decided by.
local NOT_ASKED = {
  connection = true, cookie = true, expect = true, te = true, trailer = true, upgrade = true,
  ["content-length"] = true, ["keep-alive"] = true, ["proxy-connection"] = true, ["transfer-encoding"] = true,
}

-- What frames Tollgate's answer, or is meant for us.
local NOT_ANSWERED = {
  connection = true, date = true, ["content-length"] = true, ["transfer-encoding"] = true, ["keep-alive"] = true,
  ["x-tollgate-set"] = true, ["x-tollgate-remove"] = true,
}

-- What a client sees when Tollgate itself is gone, in each API's own words.
local OUTAGE = '{"error":{"code":"service_unavailable","message":"Service unavailable"}}'
local OUTAGE_OF = {
  ["api.truedy.ai"] =
    '{"error":{"code":"service_unavailable","message":"Service unavailable","details":{}},"meta":{"request_id":"%s"}}',
  ["api.autype.com"] = '{"statusCode":503,"message":"Service unavailable"}',
}

-- The client's headers as they came, and what HAProxy says of the request in place of what a client sent under these names.
local function question(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not NOT_ASKED[name] then
      headers[name] = {}
      for at = 0, #values do headers[name][at + 1] = values[at] end
    end
  end
  headers["x-gateway-token"] = { token }
  headers["x-forwarded-method"] = { txn.sf:method() }
  headers["x-forwarded-uri"] = { txn.sf:pathq() }
  headers["x-forwarded-host"] = headers["host"] or { "" }
  headers["x-forwarded-for"] = { txn.sf:src() }
  return headers
end

local function names(list)
  local found = {}
  for name in string.gmatch(list or "", "[^,%s]+") do found[#found + 1] = name end
  return found
end

local function first(headers, name)
  return headers[name] and headers[name][0]
end

-- What Tollgate says of the caller goes upstream; the rest of its headers waits for the application's answer.
local function allow(txn, headers)
  local client = {}
  for name, values in pairs(headers) do
    if not NOT_ANSWERED[name] then client[name] = values end
  end
  for _, name in ipairs(names(first(headers, "x-tollgate-remove"))) do txn.http:req_del_header(name) end
  for _, name in ipairs(names(first(headers, "x-tollgate-set"))) do
    txn.http:req_set_header(name, first(headers, name))
    client[name] = nil
  end
  txn:set_priv(client)
  -- Last: what fails before leaves the request refused.
  txn:set_var("txn.tollgate", "allowed")
end

local function refuse(txn, status, headers, body)
  local kept = {}
  for name, values in pairs(headers) do
    if not NOT_ANSWERED[name] then
      kept[name] = {}
      for at = 0, #values do kept[name][at + 1] = values[at] end
    end
  end
  txn:done(txn:reply({ status = status, headers = kept, body = body }))
end

-- A refused gRPC call is worded in its headers; its HTTP status is 200 (gRPC over HTTP/2, "Trailers-Only").
local function refusal_status(answer)
  return first(answer.headers, "grpc-status") and 200 or answer.status
end

local function outage(txn)
  local host = string.lower(string.match(first(txn.http:req_get_headers(), "host") or "", "^[^:]*"))
  local body = string.format(OUTAGE_OF[host] or OUTAGE, txn:get_var("txn.request_id") or "")
  refuse(txn, 503, {
    ["content-type"] = { [0] = "application/json" },
    ["cache-control"] = { [0] = "no-store" },
    ["retry-after"] = { [0] = "1" },
  }, body)
end

core.register_action("tollgate", { "http-req" }, function(txn, url)
  local asked, answer = pcall(function()
    return core.httpclient():get({ url = url, headers = question(txn), timeout = TIMEOUT_MS })
  end)
  -- No answer, or none that is understood, is a refusal. Exactly 200 lets pass.
  if not asked or not answer or not answer.status or answer.status < 200 then return outage(txn) end
  if answer.status == 200 then return allow(txn, answer.headers) end
  -- Where nobody answers, HAProxy makes up a 503 or 504 itself; what Tollgate refuses is never stored.
  if answer.status < 400 or first(answer.headers, "cache-control") ~= "no-store" then return outage(txn) end
  refuse(txn, refusal_status(answer), answer.headers, answer.body)
end, 1)

core.register_action("tollgate_limits", { "http-res" }, function(txn)
  for name, values in pairs(txn:get_priv() or {}) do
    txn.http:res_set_header(name, values[0])
  end
end, 0)
