-- Fills in a plugin's defaults and checks its configuration, by the attributes of Kong's schemas that a plugin of ours uses.

local _M = {}

local KNOWN = {
  "type", "required", "default", "referenceable", "encrypted", "description", "between", "len_min", "len_max", "match_any",
  "elements",
}

local TYPES = { string = "string", integer = "number", array = "table" }

local function is_reference(value)
  return type(value) == "string" and value:find("^{vault://.+}$") ~= nil
end

local function has_match(value, patterns)
  for _, pattern in ipairs(patterns) do
    if value:find(pattern) then
      return true
    end
  end
  return false
end

local fault_of

function fault_of(attributes, value)
  if type(value) ~= TYPES[attributes.type] or (attributes.type == "integer" and value % 1 ~= 0) then
    return "expected " .. (attributes.type == "string" and "a" or "an") .. " " .. attributes.type
  end
  -- A reference is checked where its value is known: by nobody.
  if attributes.referenceable and is_reference(value) then
    return nil
  end
  for _, element in ipairs(attributes.type == "array" and value or {}) do
    local fault = fault_of(attributes.elements, element)
    if fault then
      return fault
    end
  end
  if attributes.between and (value < attributes.between[1] or value > attributes.between[2]) then
    return ("value should be between %d and %d"):format(attributes.between[1], attributes.between[2])
  end
  if attributes.len_min and #value < attributes.len_min then
    return "length must be at least " .. attributes.len_min
  end
  if attributes.len_max and #value > attributes.len_max then
    return "length must be at most " .. attributes.len_max
  end
  if attributes.match_any and not has_match(value, attributes.match_any.patterns) then
    return attributes.match_any.err
  end
  return nil
end

local function refuse_unknown(attributes)
  for name in pairs(attributes) do
    local known = false
    for _, one in ipairs(KNOWN) do
      known = known or one == name
    end
    assert(known, "no attribute of a schema that the stand-in knows: " .. name)
  end
end

local function config_fields(schema)
  for _, field in ipairs(schema.fields) do
    if field.config then
      return field.config.fields
    end
  end
  error("a schema without config")
end

-- The configuration with its defaults, or nil and what is wrong with it.
function _M.complete(schema, given)
  local complete, known = {}, {}
  for _, field in ipairs(config_fields(schema)) do
    local name, attributes = next(field)
    refuse_unknown(attributes)
    known[name] = true
    local value = given[name]
    if value == nil then
      value = attributes.default
    end
    if value == nil and attributes.required then
      return nil, "in '" .. name .. "': required field missing"
    end
    local fault = value ~= nil and fault_of(attributes, value)
    if fault then
      return nil, "in '" .. name .. "': " .. fault
    end
    complete[name] = value
  end
  for name in pairs(given) do
    if not known[name] then
      return nil, "in '" .. name .. "': unknown field"
    end
  end
  return complete
end

return _M
