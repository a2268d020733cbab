-- What Tollgate is told of a request: everything as it came, judged by nobody yet.

local json = require("cjson.safe").new()

local kong = kong
local ngx = ngx
local type = type
local pairs = pairs
local ipairs = ipairs

-- Many more than any client sends. Kong reads a hundred unless it is told how many, and 1000 at most.
local HEADERS_MAX = 256
-- What Tollgate takes at most. nginx lets a client send 32 kB of headers, or 128 kB where it is told so as README.md says.
local MESSAGE_BYTES_MAX = 128 * 1024

-- No API takes a credential from a cookie: what is not needed is not told.
local WITHHELD = "cookie"

local _M = {}

-- Names and values in turn, a repeated name once for each of its values: get_header() would tell the first alone.
local function to_lines(headers)
  local lines, at = {}, 0
  for name, value in pairs(headers) do
    local values = type(value) == "table" and value or { value }
    for _, one in ipairs(name == WITHHELD and {} or values) do
      lines[at + 1], lines[at + 2] = name, one
      at = at + 2
    end
  end
  -- An empty table would be encoded as a record.
  return at > 0 and lines or nil
end

-- Kong's own id of the request, which it also sends upstream and to the client, here in the form of a UUID; nginx's where Kong has
-- none yet (before 3.5).
function _M.request_id()
  local id = ngx.var.kong_request_id or ngx.var.request_id
  return (id:gsub("^(" .. ("%x"):rep(8) .. ")(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x+)$", "%1-%2-%3-%4-%5"))
end

-- Every header by its name, or nil where there are more than can be told: what is told of a request must not be a part of it.
function _M.headers()
  local headers, cut = kong.request.get_headers(HEADERS_MAX)
  if cut then
    return nil
  end
  return headers
end

-- The message, or nil and why there is none. `time_left_ms` is a whole number.
function _M.describe(conf, headers, time_left_ms)
  local message, err = json.encode({
    id = _M.request_id(),
    time = tostring(ngx.req.start_time()),
    method = kong.request.get_method(),
    raw_target = kong.request.get_path_with_query(),
    path = kong.request.get_path(),
    host = kong.request.get_host(),
    peer = kong.client.get_ip(),
    client = kong.client.get_forwarded_ip(),
    timeout_ms = time_left_ms,
    api = conf.api,
    headers = to_lines(headers),
  })
  if message and #message > MESSAGE_BYTES_MAX then
    return nil, "too large"
  end
  return message, err
end

return _M
