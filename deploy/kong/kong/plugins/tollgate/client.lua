-- Asks Tollgate: one POST, one answer, on a connection that is kept. Hand-written, because that is what most of a check costs here:
-- lua-resty-http takes longer than the wire, and its pool belongs to whichever plugin opened it first.

local ngx = ngx
local ceil = math.ceil
local pcall = pcall
local tonumber = tonumber

local HEAD_BYTES_MAX = 8 * 1024
local ANSWER_BYTES_MAX = 256 * 1024
local CHUNK_BYTES = 16 * 1024

local _M = {}

-- The parts of `http://host:port` and `https://host:port`; for `unix:/path` none.
local function parts_of(url)
  local scheme, host, port = url:match("^(https?)://(.+):(%d+)$")
  return scheme, host, tonumber(port)
end

-- Each wait gets what is left of the whole: a receive would begin its own time anew with every byte.
local function arm(sock, deadline)
  local left_ms = ceil((deadline - ngx.now()) * 1000)
  if left_ms < 1 then
    return nil, "timeout"
  end
  sock:settimeout(left_ms)
  return true
end

-- The certificate must be of an authority in Kong's lua_ssl_trusted_certificate, and name the host. Where a handshake ends at once,
-- lua-resty-core throws what is wrong with the certificate instead of returning it.
local function handshake(sock, host, deadline)
  local ok, err = arm(sock, deadline)
  if not ok then
    return nil, err
  end
  local returned, session, problem = pcall(sock.sslhandshake, sock, nil, host, true)
  if not returned then
    return nil, "handshake failed"
  end
  return session, problem
end

local function is_reused(sock)
  return (sock:getreusedtimes() or 0) > 0
end

local function connect(sock, conf, try)
  local ok, err = arm(sock, try.deadline)
  if not ok then
    return nil, err
  end
  local options = { pool = try.pool, pool_size = conf.keepalive_pool }
  local scheme, host, port = parts_of(conf.url)
  if not scheme then
    return sock:connect(conf.url, options)
  end
  ok, err = sock:connect(host, port, options)
  if not ok or scheme == "http" or is_reused(sock) then
    return ok, err
  end
  return handshake(sock, host, try.deadline)
end

-- Status, length of the body, and whether the connection may be kept. What this client does not know ends the exchange.
local function read_head(head)
  local status = head:match("^HTTP/1%.1 (%d%d%d) ")
  head = head:lower()
  local length, more = head:match("\r\ncontent%-length:%s*(%d+)%s*\r\n()")
  if not status or not length or head:find("\r\ntransfer-encoding:", 1, true) then
    return nil, "an answer without status or length"
  end
  if head:find("\r\ncontent-length:", more - 2, true) then
    return nil, "an answer with two lengths"
  end
  local kept = not head:find("\r\nconnection:%s*close")
  return { status = tonumber(status), length = tonumber(length), kept = kept }
end

-- The answer, or nil, why there is none, and whether any byte of it came.
local function receive(sock, deadline)
  local buffer, head, body_at = "", nil, nil
  while not head or #buffer < body_at - 1 + head.length do
    local ok, err = arm(sock, deadline)
    local chunk
    if ok then
      chunk, err = sock:receiveany(CHUNK_BYTES)
    end
    if not chunk then
      return nil, err, buffer ~= ""
    end
    buffer = buffer .. chunk
    if not head then
      local _, head_end = buffer:find("\r\n\r\n", 1, true)
      if head_end then
        head, err = read_head(buffer:sub(1, head_end))
        if not head then
          return nil, err, true
        end
        body_at = head_end + 1
      elseif #buffer > HEAD_BYTES_MAX then
        return nil, "an answer whose head has no end", true
      end
    end
    if #buffer > ANSWER_BYTES_MAX or (head and head.length > ANSWER_BYTES_MAX) then
      return nil, "an answer that is too long", true
    end
  end
  if #buffer > body_at - 1 + head.length then
    return nil, "an answer with more behind it", true
  end
  return { status = head.status, body = buffer:sub(body_at), kept = head.kept }
end

local function exchange(sock, request, deadline)
  local ok, err = arm(sock, deadline)
  if ok then
    ok, err = sock:send(request)
  end
  if not ok then
    return nil, err, false
  end
  return receive(sock, deadline)
end

-- One attempt. Without an answer it also tells whether the connection was an old one that had ended before a byte came.
local function attempt(conf, request, try)
  local sock = ngx.socket.tcp()
  local ok, err = connect(sock, conf, try)
  if not ok then
    sock:close()
    return nil, err, false
  end
  local reused = is_reused(sock)
  local answer, problem, begun = exchange(sock, request, try.deadline)
  if answer and answer.kept and try.keep then
    sock:setkeepalive(conf.keepalive_idle, conf.keepalive_pool)
  else
    sock:close()
  end
  return answer, problem, reused and not begun and problem ~= "timeout"
end

local function compose(conf, message)
  -- Where the vault has none, it is empty.
  local token = conf.token or ""
  if token:find("[^\33-\126]") then
    return nil, "config.token holds what a header cannot carry"
  end
  return {
    "POST /v1/kong HTTP/1.1\r\nHost: tollgate\r\nContent-Type: application/json\r\nContent-Length: ",
    #message,
    "\r\nX-Gateway-Token: ",
    token,
    "\r\n\r\n",
    message,
  }
end

-- Tollgate's answer as { status, body }, or nil and why there is none. `deadline` is a time of ngx.now(): nothing waits longer, but a
-- name in the address is resolved by Kong in its own time.
--
-- A connection that Tollgate closes as the request arrives is an error of nobody: it is asked again on a new one, once. The repeat
-- spends nothing twice, because it carries the same request id.
function _M.ask(conf, message, deadline)
  local request, err = compose(conf, message)
  if not request then
    return nil, err
  end
  local pool = "tollgate|" .. conf.url
  local answer, problem, again = attempt(conf, request, { pool = pool, keep = true, deadline = deadline })
  if not answer and again then
    -- A pool of which nothing is ever kept: the connection is a new one.
    answer, problem = attempt(conf, request, { pool = pool .. "|new", keep = false, deadline = deadline })
  end
  return answer, problem
end

return _M
