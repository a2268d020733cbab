-- A stand-in for Kong's plugin development kit: the documented calls that a plugin of ours may use, and no other. Each behaves as
-- a running Kong 3.9.3 was seen to behave, where that is not what one would guess.

local json = require("cjson.safe").new()
local paths = require("paths")

local HEADERS_DEFAULT, HEADERS_MIN, HEADERS_MAX = 100, 1, 1000

local function during(...)
  local allowed = { ... }
  local phase = ngx.get_phase()
  for _, name in ipairs(allowed) do
    if name == phase then
      return
    end
  end
  error("not to be called in the phase " .. phase, 3)
end

-- Whatever is not named below is no call that a plugin may rely on.
local function sealed(name, calls)
  return setmetatable(calls, {
    __index = function(_, key)
      error("kong." .. name .. "." .. tostring(key) .. " is no documented call that the stand-in knows", 2)
    end,
  })
end

-- JSON null is a userdata here: it throws, as does every other type that is no header's.
local function check_value(name, value, lists)
  if type(name) ~= "string" then
    error("header name must be a string", 3)
  end
  local kind = type(value)
  if kind == "table" and lists then
    for _, one in ipairs(value) do
      check_value(name, one, false)
    end
  elseif kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
    error('invalid header value for "' .. name .. '": got ' .. kind, 3)
  end
end

local function check_headers(headers)
  if type(headers) ~= "table" then
    error("headers must be a table", 3)
  end
  for name, value in pairs(headers) do
    check_value(name, value, true)
  end
end

local function as_text(value)
  if type(value) ~= "table" then
    return tostring(value)
  end
  local texts = {}
  for at, one in ipairs(value) do
    texts[at] = tostring(one)
  end
  return texts
end

local request = sealed("request", {
  get_method = function()
    return ngx.req.get_method()
  end,
  get_host = function()
    return ngx.var.host
  end,
  get_path_with_query = function()
    return ngx.var.request_uri
  end,
  get_path = function()
    return paths.normalized(paths.without_query(ngx.var.request_uri))
  end,
  -- Stops counting silently but for its second value.
  get_headers = function(most)
    most = most or HEADERS_DEFAULT
    if type(most) ~= "number" or most < HEADERS_MIN or most > HEADERS_MAX then
      error("max_headers must be a number from 1 to 1000", 2)
    end
    return ngx.req.get_headers(most)
  end,
  -- Of two lines silently the first.
  get_header = function(name)
    local value = ngx.req.get_headers(HEADERS_DEFAULT)[name]
    return type(value) == "table" and value[1] or value
  end,
})

local client = sealed("client", {
  get_ip = function()
    return ngx.var.realip_remote_addr or ngx.var.remote_addr
  end,
  get_forwarded_ip = function()
    return ngx.var.remote_addr
  end,
  authenticate = function(consumer, credential)
    during("access")
    if consumer == nil and credential == nil then
      error("either credential or consumer must be provided", 2)
    end
    ngx.ctx.authenticated_consumer, ngx.ctx.authenticated_credential = consumer, credential
  end,
})

local service_request = sealed("service.request", {
  set_headers = function(headers)
    during("access", "rewrite")
    check_headers(headers)
    for name, value in pairs(headers) do
      if name:lower() == "host" then
        ngx.var.upstream_host = value
      end
      ngx.req.set_header(name, as_text(value))
    end
  end,
  -- Every line of this name is gone first.
  set_header = function(name, value)
    during("access", "rewrite")
    check_value(name, value, true)
    ngx.req.set_header(name, as_text(value))
  end,
  -- Every line of this very name; `X_User` is another name than `x-user`.
  clear_header = function(name)
    during("access", "rewrite")
    if type(name) ~= "string" then
      error("header must be a string", 2)
    end
    ngx.req.clear_header(name)
  end,
})

local GRPC_OF_HTTP = { [200] = 0, [400] = 3, [401] = 16, [403] = 7, [404] = 12, [429] = 8, [500] = 13, [503] = 14 }

local function grpc_of(status)
  return GRPC_OF_HTTP[status] or (status >= 500 and 13) or (status >= 400 and 3) or 2
end

-- Kong words a gRPC refusal itself, but only where the plugin names no content type.
local function map_to_grpc(status, body, content_type)
  local called = ngx.var.content_type or ""
  if content_type or called:sub(1, 16) ~= "application/grpc" or ngx.req.http_version() ~= 2 then
    return body
  end
  if not ngx.header["grpc-status"] then
    ngx.header["grpc-status"] = grpc_of(status)
  end
  if body then
    ngx.header["grpc-message"] = type(body) == "table" and body.message or body
  end
  return ""
end

local response = sealed("response", {
  exit = function(status, body, headers)
    during("access", "rewrite")
    if type(status) ~= "number" or status < 100 or status > 599 then
      error("code must be a number between 100 and 599", 2)
    end
    if headers ~= nil then
      check_headers(headers)
    end
    ngx.ctx.exited = true
    ngx.status = status
    local length
    for name, value in pairs(headers or {}) do
      length = length or (name:lower() == "content-length" and value)
      ngx.header[name] = as_text(value)
    end
    body = map_to_grpc(status, body, ngx.header["content-type"])
    if type(body) == "table" then
      body = json.encode(body)
      ngx.header["content-type"] = ngx.header["content-type"] or "application/json; charset=utf-8"
    end
    -- Without a body nginx has a page of its own; a length of the plugin's own cuts it.
    if body ~= nil then
      ngx.header["content-length"] = length or #body
      ngx.print(body)
    end
    return ngx.exit(status)
  end,
  set_headers = function(headers)
    during("access", "rewrite", "header_filter")
    check_headers(headers)
    for name, value in pairs(headers) do
      ngx.header[name] = as_text(value)
    end
  end,
  get_source = function()
    during("header_filter", "log")
    return ngx.ctx.exited and "exit" or "service"
  end,
})

local log = sealed("log", {
  err = function(...)
    ngx.log(ngx.ERR, "[plugin] ", ...)
  end,
  warn = function(...)
    ngx.log(ngx.WARN, "[plugin] ", ...)
  end,
  set_serialize_value = function(name, value)
    if type(name) ~= "string" then
      error("key must be a string", 2)
    end
    ngx.ctx.serialized = ngx.ctx.serialized or {}
    ngx.ctx.serialized[name] = value
  end,
})

-- What a plugin keeps between the phases of one request.
local ctx = setmetatable({}, {
  __index = function(_, name)
    if name ~= "plugin" then
      error("kong.ctx." .. tostring(name) .. " is no documented table that the stand-in knows", 2)
    end
    ngx.ctx.plugin = ngx.ctx.plugin or {}
    return ngx.ctx.plugin
  end,
})

return sealed("", {
  request = request,
  client = client,
  service = sealed("service", { request = service_request }),
  response = response,
  log = log,
  ctx = ctx,
})
