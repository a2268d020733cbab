-- A stand-in for Kong around its plugin kit, as far as a plugin can tell: finds the route, runs the plugin in its phases, drops what
-- `Connection` names, and hands the request on.

local json = require("cjson.safe").new()
local paths = require("paths")
local pdk = require("pdk")
local schemas = require("schemas")

_G.kong = pdk

local PLUGINS = { "tollgate", "tollgate-endpoint" }

local _M = { routes = {} }

local function read_file(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- `{vault://env/some-name}` is the variable SOME_NAME of Kong's environment.
local function resolve(value)
  local name = type(value) == "string" and value:match("^{vault://env/([%w-]+)}$")
  if not name then
    return value
  end
  return os.getenv((name:upper():gsub("-", "_"))) or ""
end

-- The plugins of a service that are ours, ready to run.
local function configure(declared)
  local plugins = {}
  for _, name in ipairs(PLUGINS) do
    for _, plugin in ipairs(declared or {}) do
      if plugin.name == name then
        local schema = require("kong.plugins." .. name .. ".schema")
        local config, problem = schemas.complete(schema, plugin.config or {})
        if not config then
          error("in the plugin's configuration: " .. problem, 0)
        end
        config.token = resolve(config.token)
        plugins[#plugins + 1] = { handler = require("kong.plugins." .. name .. ".handler"), config = config }
      end
    end
  end
  return plugins
end

-- The declarative configuration, as JSON.
function _M.load(name)
  for _, service in ipairs(assert(json.decode(read_file(name))).services) do
    for _, route in ipairs(service.routes) do
      table.insert(_M.routes, {
        hosts = route.hosts,
        paths = route.paths,
        methods = route.methods,
        plugins = configure(service.plugins),
        upstream = service.url:match("^http://([^/]+)"),
        preserve_host = route.preserve_host,
      })
    end
  end
end

local function is_among(list, wanted)
  for _, one in ipairs(list) do
    if one == wanted then
      return true
    end
  end
  return false
end

-- A path that begins with `~` is a regular expression and comes before all others.
local function matches(route, path, kind)
  for _, known in ipairs(route.paths) do
    local is_regex = known:sub(1, 1) == "~"
    if is_regex and kind == "regex" and ngx.re.find(path, "^" .. known:sub(2), "jo") then
      return true
    end
    if not is_regex and kind == "prefix" and path:sub(1, #known) == known then
      return true
    end
  end
  return false
end

-- By the header's host and by the path as Kong reads it.
local function find_route(path)
  local host = (ngx.var.http_host or ""):lower():gsub(":%d+$", "")
  local method = ngx.req.get_method()
  for _, kind in ipairs({ "regex", "prefix" }) do
    for _, route in ipairs(_M.routes) do
      local takes = is_among(route.hosts, host) and is_among(route.methods or { method }, method)
      if takes and matches(route, path, kind) then
        return route
      end
    end
  end
  return nil
end

local function say(status, message)
  ngx.status = status
  ngx.header["content-type"] = "application/json; charset=utf-8"
  ngx.print(json.encode({ message = message, request_id = ngx.var.kong_request_id }))
  return ngx.exit(status)
end

-- Of all protocols to which a connection may be upgraded, to one alone.
local function keep_upgrade()
  if (ngx.var.http_upgrade or ""):lower() == "websocket" then
    ngx.var.upstream_connection = "upgrade"
    ngx.var.upstream_upgrade = "websocket"
  end
end

-- What `Connection` names ends here, also what a plugin has just set (RFC 9110 §7.6.1).
local function drop_hop_by_hop()
  local connection = ngx.req.get_headers().connection
  connection = type(connection) == "table" and connection[1] or connection or ""
  for name in connection:gmatch("[^,%s]+") do
    if name:lower() ~= "upgrade" then
      ngx.req.clear_header(name)
    end
  end
end

function _M.access()
  local path = paths.normalized(paths.without_query(ngx.var.request_uri))
  local route = find_route(path)
  if not route then
    return say(404, "no Route matched with those values")
  end
  ngx.ctx.route = route
  ngx.var.upstream = route.upstream
  ngx.var.upstream_uri = paths.escaped(path) .. (ngx.var.is_args or "") .. (ngx.var.args or "")
  ngx.var.upstream_host = route.preserve_host and ngx.var.http_host or route.upstream
  for _, plugin in ipairs(route.plugins) do
    local ok, err = pcall(plugin.handler.access, plugin.handler, plugin.config)
    if not ok then
      ngx.log(ngx.ERR, "[plugin] failed: ", err)
      return say(500, "An unexpected error occurred")
    end
  end
  keep_upgrade()
  drop_hop_by_hop()
end

-- An error here ends the connection without a byte.
function _M.header_filter()
  ngx.header["X-Kong-Request-Id"] = ngx.var.kong_request_id
  for _, plugin in ipairs(ngx.ctx.route and ngx.ctx.route.plugins or {}) do
    if plugin.handler.header_filter then
      plugin.handler.header_filter(plugin.handler, plugin.config)
    end
  end
end

-- What Kong's log plugins get, as far as it is ours.
function _M.log()
  local entry = {
    request = { id = ngx.var.kong_request_id },
    response = { status = ngx.status },
    authenticated_entity = ngx.ctx.authenticated_credential,
    tollgate = (ngx.ctx.serialized or {}).tollgate,
  }
  local file = io.open(_M.log_file, "ab")
  if file then
    file:write(json.encode(entry), "\n")
    file:close()
  end
end

return _M
