-- A request's path as Kong reads it, and as it hands it on.

local RESERVED = "!*'();:@&=+$,/?%#[]"

local _M = {}

function _M.without_query(target)
  return target:match("^(.[^?]*)") or target
end

-- Escapes of all that is not reserved are decoded: of letters, of a blank, of a NUL, of bytes beyond ASCII.
local function decoded(path)
  return (path:gsub("%%(%x%x)", function(hex)
    local character = string.char(tonumber(hex, 16))
    if RESERVED:find(character, 1, true) then
      return "%" .. hex:upper()
    end
    return character
  end))
end

-- Dot segments are resolved and double slashes are one. A slash at the end stays.
function _M.normalized(path)
  path = decoded(path)
  local kept, last = {}, nil
  for segment in path:gmatch("[^/]+") do
    last = segment
    if segment == ".." then
      kept[#kept] = nil
    elseif segment ~= "." then
      kept[#kept + 1] = segment
    end
  end
  local is_open = path:sub(-1) == "/" or last == "." or last == ".."
  return "/" .. table.concat(kept, "/") .. (is_open and #kept > 0 and "/" or "")
end

function _M.escaped(path)
  return (path:gsub("[^!#$&'()*+,/:;=?@%[%]%w%-_.~%%]", function(character)
    return ("%%%02X"):format(character:byte())
  end))
end

return _M
