-- Reads Tollgate's answer. Nothing of it is used before all of it has been checked: what is not plainly an allow or a refusal is none.

local json = require("cjson.safe").new()

local type = type
local pairs = pairs

-- What frames a message or belongs to one connection, and what Kong takes for the upstream's name.
local FORBIDDEN = {
  ["connection"] = true,
  ["content-encoding"] = true,
  ["content-length"] = true,
  ["host"] = true,
  ["keep-alive"] = true,
  ["te"] = true,
  ["trailer"] = true,
  ["transfer-encoding"] = true,
  ["upgrade"] = true,
}

local _M = {}

-- RFC 9110 §5.6.2, lower case.
local function is_name(name)
  return type(name) == "string" and name:find("^[%l%d!#$%%&'*+.^_`|~-]+$") ~= nil and not FORBIDDEN[name]
end

local function is_value(value)
  return type(value) == "string" and not value:find("[%z\1-\8\10-\31\127]")
end

-- A JSON record is a table without a length: it must not pass for an empty list.
local function is_list(list)
  if type(list) ~= "table" then
    return false
  end
  local count = 0
  for _ in pairs(list) do
    count = count + 1
  end
  return count == #list
end

-- { name, value, name, value } as { [name] = value or list of values }; nil where anything in it is wrong.
local function to_headers(lines)
  if not is_list(lines) or #lines % 2 ~= 0 then
    return nil
  end
  local headers = {}
  for at = 1, #lines, 2 do
    local name, value = lines[at], lines[at + 1]
    if not is_name(name) or not is_value(value) then
      return nil
    end
    local known = headers[name]
    if known == nil then
      headers[name] = value
    elseif type(known) == "table" then
      known[#known + 1] = value
    else
      headers[name] = { known, value }
    end
  end
  return headers
end

local function are_names(list)
  if not is_list(list) then
    return false
  end
  for at = 1, #list do
    if not is_name(list[at]) then
      return false
    end
  end
  return true
end

-- For logs alone: whatever is no text is left out.
local function to_facts(facts)
  local known = {}
  if type(facts) == "table" then
    for name, value in pairs(facts) do
      if type(name) == "string" and type(value) == "string" then
        known[name] = value
      end
    end
  end
  return known
end

-- A refused gRPC call is HTTP 200 with its status among the headers: there, and only there.
local function is_refusal(status, headers)
  if status == 200 then
    local code = headers["grpc-status"]
    return headers["content-type"] == "application/grpc" and type(code) == "string" and code ~= "0"
  end
  return type(status) == "number" and status % 1 == 0 and status >= 400 and status <= 599
end

-- { allow = true, set, remove, headers, facts } or { allow = false, status, body, headers, facts }; nil where the text is neither.
function _M.read(text)
  local answer = json.decode(text)
  if type(answer) ~= "table" then
    return nil
  end
  local headers, facts = to_headers(answer.headers), to_facts(answer.facts)
  if answer.allow == true then
    local set = to_headers(answer.set)
    if headers and set and are_names(answer.remove) then
      return { allow = true, set = set, remove = answer.remove, headers = headers, facts = facts }
    end
  elseif answer.allow == false then
    if headers and type(answer.body) == "string" and is_refusal(answer.status, headers) then
      return { allow = false, status = answer.status, body = answer.body, headers = headers, facts = facts }
    end
  end
  return nil
end

return _M
